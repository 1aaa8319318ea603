"""`zosma queue …`: seeing and steering the queue through the bot process's HTTP API."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console

from zosma_cli import tables
from zosma_cli.options import LOCAL_SERVER, Key, Server
from zosma_queue.policy import LIMITS, with_limits
from zosma_queue.terminal import visible_all

if TYPE_CHECKING:  # a machine that only works has no HTTP client
    from zosma_cli.client import Client

app = typer.Typer(help="Show and steer the queue.", invoke_without_command=True, no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[str, typer.Argument(help="Id of the job.", show_default=False)]
Scope = Annotated[
    str,
    typer.Argument(
        help="queue, lane:fast, lane:relax, checkpoint:NAME or worker:NAME (its id, or its WebUI's host:port).",
        show_default=False,
    ),
]
POLL_S = 0.5

Ask = Callable[["Client"], Awaitable[Any]]
Show = Callable[[Any, Console], None]


def run(server: str, key: str | None, ask: Ask, show: Show, *, as_json: bool) -> Any:
    """Asks the server, and prints the answer for people or for programs. Returns it."""
    from zosma_cli.client import connect

    async def call() -> Any:
        async with connect(server, key) as client:
            return await ask(client)

    return show_answer(call(), show, as_json=as_json)


def show_answer(call: Coroutine[Any, Any, Any], show: Show, *, as_json: bool) -> Any:
    """Prints the answer of a call, for people or for programs. Returns it."""
    answer = asyncio.run(call)
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        show(visible_all(answer), tables.for_people())
    return answer


def say(text: str | Callable[[Any], str]) -> Show:
    """Shows an answer as one sentence."""
    return lambda answer, console: console.print(
        text if isinstance(text, str) else text(answer), highlight=False, soft_wrap=True, markup=False
    )


def _path(*parts: str, **query: object) -> str:
    """A path of the admin API; names may hold anything."""
    return "/".join(quote(part, safe="") for part in parts) + (f"?{urlencode(query)}" if query else "")


@app.callback()
def overview(context: typer.Context, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show how full the queue is: depth by state, oldest wait, workers."""
    if context.invoked_subcommand is None:
        run(server, key, lambda client: client.request("GET", "/api/v1/queue"), tables.show_queue, as_json=as_json)


@app.command("list")
def list_jobs(
    state: Annotated[str, typer.Option(help="waiting, delayed, running or failed.")] = "waiting",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most jobs to list.")] = 100,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List jobs in a state: waiting ones with place and forecast, failed ones with their reason."""
    path = _path("jobs", state=state, limit=limit)
    run(server, key, lambda client: client.admin("GET", path), tables.show_jobs, as_json=as_json)


@app.command()
def dead(
    purge: Annotated[bool, typer.Option("--purge", help="Forget them all.")] = False,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs that failed for good, or forget them."""
    if purge:
        done = say(lambda answer: f"{answer['purged']} jobs forgotten")
        run(server, key, lambda client: client.admin("POST", "purge", {}), done, as_json=as_json)
    else:
        run(server, key, lambda client: client.admin("GET", "jobs?state=failed"), tables.show_jobs, as_json=as_json)


@app.command()
def show(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show everything about a job."""
    run(server, key, lambda client: client.admin("GET", _path("jobs", job)), tables.show_job, as_json=as_json)


@app.command()
def pictures(
    job: JobId,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path(),
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Save the pictures of anybody's job as they were made, while they are stored. The audit trail says so."""
    from zosma_cli.imagine import free_path, prepare

    async def ask(client: Client) -> list[str]:
        found = await client.admin("GET", _path("jobs", job))
        prepare(out)
        saved = []
        for picture in await client.admin_pictures(found):
            path = free_path(out, found["request"].get("prompt", ""), picture)
            saved.append(str(picture.save(path)))
        return saved

    run(server, key, ask, say(lambda saved: "\n".join(saved) or f"{job} has no pictures"), as_json=as_json)


@app.command()
def cancel(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Cancel anybody's job, waiting or running."""
    ask: Ask = lambda client: client.admin("POST", _path("jobs", job, "cancel"), {})  # noqa: E731
    run(server, key, ask, say(lambda answer: f"{job} {answer['state']}"), as_json=as_json)


@app.command()
def retry(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Give a job that failed for good a new life."""
    ask: Ask = lambda client: client.admin("POST", _path("jobs", job, "retry"), {})  # noqa: E731
    run(server, key, ask, say(f"{job} waits again"), as_json=as_json)


@app.command()
def bump(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Move a waiting job before everybody's."""
    ask: Ask = lambda client: client.admin("POST", _path("jobs", job, "bump"), {})  # noqa: E731
    run(server, key, ask, say(f"{job} goes next"), as_json=as_json)


@app.command()
def clear(
    owner: Annotated[str, typer.Argument(help="Owner, as `list` shows it.", show_default=False)],
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Cancel every job of an owner."""
    ask: Ask = lambda client: client.admin("POST", "clear", {"owner": owner})  # noqa: E731
    run(server, key, ask, say(lambda answer: f"{answer['cancelled']} jobs of {owner} cancelled"), as_json=as_json)


@app.command()
def pause(
    scope: Scope = "queue",
    why: Annotated[str, typer.Option(help="Reason, for those who look.")] = "",
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Hand out no more jobs, of everything or a part. Running jobs finish."""
    ask: Ask = lambda client: client.admin("POST", "pause", {"scope": scope, "why": why})  # noqa: E731
    run(server, key, ask, say(lambda answer: f"{answer['scope']} is paused"), as_json=as_json)


@app.command()
def resume(scope: Scope = "queue", server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Go on with what was paused."""
    ask: Ask = lambda client: client.admin("POST", "resume", {"scope": scope})  # noqa: E731
    done = say(lambda answer: f"{answer['scope']} {'goes on' if answer['changed'] else 'was not paused'}")
    run(server, key, ask, done, as_json=as_json)


@app.command()
def drain(
    scope: Scope = "queue",
    why: Annotated[str, typer.Option(help="Reason, for those who look.")] = "",
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait at the most.")] = 600.0,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Pause, and wait until nothing of it runs: then a worker can be stopped, or the machine restarted."""

    async def ask(client: Client) -> Any:
        paused = await client.admin("POST", "pause", {"scope": scope, "why": why})
        path = _path("jobs", state="running", scope=paused["scope"], limit=1000)
        deadline = time.monotonic() + timeout
        while running := len(await client.admin("GET", path)):
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(POLL_S)
        return {"scope": paused["scope"], "drained": not running, "running": running}

    def done(answer: Any) -> str:
        if answer["drained"]:
            return f"{answer['scope']} is drained"
        return f"{answer['scope']} is not drained: {answer['running']} jobs still run; it stays paused"

    run(server, key, ask, say(done), as_json=as_json)


@app.command()
def workers(server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List the workers and what they can do."""
    run(server, key, lambda client: client.admin("GET", "workers"), tables.show_workers, as_json=as_json)


@app.command()
@with_limits(lambda limit: Annotated[limit.type, typer.Option(min=0, help=limit.help)], defaults=True)
def limits(
    name: Annotated[
        str | None, typer.Argument(help="default, role:ID, key:NAME or an owner; none: show all.", show_default=False)
    ] = None,
    lane: Annotated[str, typer.Option(help="fast or relax.")] = "fast",
    drop: Annotated[bool, typer.Option("--drop", help="Remove the policy.")] = False,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
    **options: float,
) -> None:
    """Show the policies, or set or drop the one of a role or key."""
    if name is None:
        run(server, key, lambda client: client.admin("GET", "limits"), tables.show_limits, as_json=as_json)
        return
    if drop:
        dropped: Callable[[Any], str] = lambda answer: (  # noqa: E731
            f"{name} has no policy of its own any more" if answer["changed"] else f"{name} had no policy of its own"
        )
        ask: Ask = lambda client: client.admin("DELETE", _path("limits", name))  # noqa: E731
        run(server, key, ask, say(dropped), as_json=as_json)
        return
    fields = {"lane": lane, **{limit.name: options[limit.option] for limit in LIMITS}}
    run(
        server, key, lambda client: client.admin("PUT", _path("limits", name), fields),
        lambda answer, console: tables.show_limits({name: answer}, console), as_json=as_json,
    )  # fmt: skip


async def _verified(client: Client, noted: str) -> dict[str, Any]:
    """The whole trail, `verified` or why it is `broken`: worked out here, whatever the server says of it."""
    from zosma_queue.audit import BrokenChainError, Chain, verify

    told = await client.admin("GET", "audit/chain")
    try:
        verified = asdict(verify(Chain(entries=told["entries"], head=told["head"]), noted))
    except BrokenChainError as error:
        return {"broken": str(error), "verified": None, **told}
    return {"broken": "", "verified": verified, **told}


@app.command()
def audit(
    verify: Annotated[bool, typer.Option("--verify", help="Verify the whole trail; --json prints all of it.")] = False,
    head: Annotated[str, typer.Option(help="With --verify: the head that was printed before.")] = "",
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what admins did, newest first, or verify that nobody has changed what is written down."""
    if verify or head:
        found = run(server, key, lambda client: _verified(client, head), tables.show_verified, as_json=as_json)
        if found["broken"]:
            raise typer.Exit(1)
        return
    run(server, key, lambda client: client.admin("GET", "audit"), tables.show_audit, as_json=as_json)


@app.command()
def stats(server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show counters since the beginning: jobs, checkpoint loads saved, how forecasts turned out."""
    run(server, key, lambda client: client.admin("GET", "stats"), tables.show_stats, as_json=as_json)
