"""`zosma`: every command, its options and its help. What they do lies in the modules they import.

Those are imported inside the commands, because a worker's machine has no discord.py and a client's no numpy.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from zosma_cli import later
from zosma_cli.options import LOCAL_SERVER, Key, Server
from zosma_queue.collector import collector_resting
from zosma_queue.errors import ZosmaError
from zosma_queue.terminal import visible

T = TypeVar("T")

app = typer.Typer(
    name="zosma",
    cls=later.Group,
    help="Stable Diffusion for a Discord community: one fair queue in front of a fleet of WebUIs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

later.add_to(app, "rules", "audit", "export", "import")

#: Exit code for everything that the user can put right.
USAGE = 2

Prompt = Annotated[str, typer.Argument(help="What the picture should show.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the pictures; made when it isn't there.")]
PICTURES = Path("zosma-pictures")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, of a module that no list of commands needs."""
    import asyncio

    return asyncio.run(work)


@app.command()
def demo(prompt: Prompt, out: Out = PICTURES) -> None:
    """Make a picture with nothing installed: private Valkey, built-in WebUI, a worker and the bot process.

    The prompt goes the whole way that it would go in production. The built-in WebUI draws on the CPU; it is a
    stand-in for a real one and says so in the picture's parameters.
    """
    from zosma_cli.demo import run

    run_async(run(prompt, out))


@app.command()
def up() -> None:
    """Run everything on this machine until Ctrl-C, with the real parts that .env names.

    Whatever .env or the environment doesn't name is built in: Redis (REDIS_URL), WebUIs (SD_API_HOST), Discord
    (DISCORD_TOKEN; without it, the HTTP side only).
    """
    from zosma_cli.up import run

    run_async(run())


@app.command()
def bot() -> None:
    """Run the bot process: Discord, the queue manager and the HTTP server on port 1324."""
    with collector_resting():
        from zosma_bot.main import run
        from zosma_bot.settings import BotSettings
        from zosma_cli.doctor.settings_check import say_misspelled
        from zosma_queue import logs
        from zosma_queue.settings import load

    settings = load(BotSettings)
    logs.set_up(settings.log_format)
    say_misspelled()
    run(settings)


@app.command()
def worker(
    webui: Annotated[
        list[str] | None,
        typer.Option(help="Address of a WebUI, like http://127.0.0.1:7860; more than one: repeat. [SD_API_HOST]"),
    ] = None,
) -> None:
    """Run a worker: one slot for each WebUI address, until SIGTERM (the running job is finished first)."""
    with collector_resting():
        from zosma_cli.doctor.settings_check import say_misspelled
        from zosma_queue import logs
        from zosma_queue.settings import load
        from zosma_worker.main import run
        from zosma_worker.settings import WorkerSettings

    settings = load(WorkerSettings, {"SD_API_HOST": ",".join(webui)} if webui else None)
    logs.set_up(settings.log_format)
    say_misspelled()
    raise typer.Exit(run(settings))


@app.command()
def webui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    models: Annotated[str, typer.Option(help="Names of its checkpoints, with commas between.")] = "dream,anime",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    load_seconds: Annotated[float, typer.Option(min=0, help="Seconds that loading a checkpoint takes.")] = 2.0,
    step_seconds: Annotated[float, typer.Option(min=0, help="Seconds for one step at 512×512.")] = 0.05,
) -> None:
    """Run the built-in WebUI alone: AUTOMATIC1111's API, pictures drawn on the CPU."""
    from zosma_queue import logs
    from zosma_queue.settings import LogSettings, load
    from zosma_webui.main import run

    logs.set_up(load(LogSettings).log_format)
    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names:
        fail("--models names no checkpoint: give at least one, like --models dream,anime")
    try:
        run(host=host, port=port, models=names, load_seconds=load_seconds, step_seconds=step_seconds)
    except OSError as error:
        fail(f"--port {port}: can't listen on {host}:{port} ({error.strerror or error}): choose another port")


@app.command()
def imagine(
    prompt: Prompt,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    out: Out = PICTURES,
    negative: Annotated[str, typer.Option(help="What it should not show.")] = "",
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT in pixels; default: what suits the model.")] = None,
    steps: Annotated[int | None, typer.Option(help="Sampling steps; default: what suits the model.")] = None,
    guidance: Annotated[
        float | None, typer.Option(help="CFG scale: how closely to follow the prompt; default: what suits the model.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same picture; -1: a new one.")] = -1,
    count: Annotated[int, typer.Option(help="How many pictures.")] = 1,
    checkpoint: Annotated[str | None, typer.Option(help="Model to use; default: what is loaded.")] = None,
    sampler: Annotated[str | None, typer.Option(help="Sampler, like 'Euler a'.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Noise schedule, like Karras.")] = None,
    delay: Annotated[float, typer.Option(min=0, help="Seconds to wait before it may start.")] = 0,
) -> None:
    """Have a picture made by the fleet behind a bot process."""
    from zosma_cli.client import fields_of
    from zosma_cli.imagine import run

    fields = fields_of(
        prompt=prompt, negative_prompt=negative, size=size, steps=steps, cfg_scale=guidance, seed=seed, count=count,
        checkpoint=checkpoint, sampler=sampler, scheduler=scheduler, delay_s=delay or None,
    )  # fmt: skip
    run_async(run(fields, server, key, out))


@app.command()
def init() -> None:
    """Ask for what this machine's set-up needs, try each answer, and write .env.

    Looks for WebUIs on the usual ports, checks the Discord token and lists its servers, and tries Redis.
    """
    from zosma_cli.init import run
    from zosma_cli.tables import for_people

    if not sys.stdin.isatty():
        fail("`zosma init` asks questions: run it in a terminal, or copy .env.example to .env and fill it in")
    run_async(run(Path(".env"), for_people()))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at every part of this set-up: what is wrong, and what mends it. Changes nothing.

    Reads .env of this folder and the environment, and asks Redis, Discord, the WebUIs and the bot process. Ends with 1
    when something is wrong.
    """
    from zosma_cli.doctor.run import run
    from zosma_cli.tables import for_people

    raise typer.Exit(0 if run_async(run(as_json=as_json, console=for_people())) else 1)


@app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again and again, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.5, help="With --watch: seconds between two looks.")] = 2.0,
    server: Server = LOCAL_SERVER,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --watch an object a line.")] = False,
) -> None:
    """Show on one screen how it goes: queue, each GPU and what it does, bots, Redis, faults of the last hour.

    Asks Redis itself (REDIS_URL), as the bot's user, so it works while no bot runs; --server is only asked whether a
    bot answers there.
    """
    from zosma_cli.status import run

    run(server=server, watch=watch, every_s=every, as_json=as_json)


later.add_to(app, "queue", "keys", "workflows")


def missing(module: str, arguments: list[str]) -> str:
    """What to install, for a command that found a module missing: an image has only what its own process needs."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    return (
        f"`zosma {command}` needs {module.partition('.')[0]}, which is not installed here: `pip install zosma` brings"
        " it (the images have only what the bot or a worker needs)"
    )


def fail(text: str) -> NoReturn:
    """Ends the command with one line and exit code 2."""
    sys.stderr.write(f"zosma: {visible(' '.join(text.split()))}\n")
    raise SystemExit(USAGE)


def main() -> None:
    """The entry point: every error that a user can put right is one line."""
    # A file or pipe on Windows, or an old locale, has no way to write some of what we say: `?` for that, no traceback.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except ZosmaError as error:
        fail(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("zosma_"):
            raise
        fail(missing(error.name, sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
