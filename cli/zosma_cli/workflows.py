"""`zosma workflows …`: an operator's own workflows for ComfyUI, checked and tried before members see them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from zosma_queue.errors import SettingsError, ZosmaError
from zosma_queue.settings import load
from zosma_queue.terminal import visible

if TYPE_CHECKING:  # a client's machine has no worker
    from zosma_worker.comfyui.trial import Judged
    from zosma_worker.settings import Address, WorkerSettings

T = TypeVar("T")

app = typer.Typer(help="Check and try workflows for ComfyUI.", no_args_is_help=True)

#: Exit code for everything that the user can put right.
USAGE = 2
Url = Annotated[
    str | None, typer.Option("--comfyui", help="Address of the ComfyUI, like http://127.0.0.1:8188. [SD_API_HOST]")
]
Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Files or folders; left out, the folder ZOSMA_WORKFLOWS.", show_default=False),
]


@app.command()
def check(files: Files = None, comfyui: Url = None) -> None:
    """Say what is wrong with workflow files. With --comfyui also whether that server has all they need.

    Exits with 2 when something is.
    """
    from zosma_worker.comfyui import trial

    paths = _paths(files)
    nodes = asyncio.run(_caught(trial.nodes_of(_address(comfyui)))) if comfyui else None
    judged = [trial.judge(path, nodes) for path in paths]
    for one in judged:
        _say(f"{one.path}: {_verdict(one)}")
    if any(one.problems for one in judged):
        raise typer.Exit(USAGE)


@app.command("list")
def show(comfyui: Url = None) -> None:
    """List the workflows that come with Zosma and those of ZOSMA_WORKFLOWS; with --comfyui, what that makes of them."""
    from zosma_worker.comfyui import trial
    from zosma_worker.comfyui.recipes import PACKAGED

    settings = _settings()
    folders = [PACKAGED, *([settings.workflows] if settings.workflows else [])]
    nodes = asyncio.run(_caught(trial.nodes_of(_address(comfyui)))) if comfyui else None
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            one = trial.judge(path, nodes)
            which = ", ".join(one.checkpoints) or "the checkpoint that it names"
            how = "makes all pictures of" if one.automatic else "by name, for"
            _say(f"{path.stem}: {one.title}; {how} {which}: {_verdict(one)}")


@app.command("try")
def attempt(
    file: Annotated[Path, typer.Argument(help="The workflow file.", show_default=False)],
    prompt: Annotated[str, typer.Argument(help="What the picture should show.")] = "a lighthouse at dusk",
    comfyui: Url = None,
    checkpoint: Annotated[str | None, typer.Option(help="Left out: the first that the workflow is for.")] = None,
    seed: Annotated[int, typer.Option(min=-1, help="-1: drawn.")] = -1,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT; default: what suits the workflow.")] = None,
    steps: Annotated[int | None, typer.Option(help="Sampling steps; default: what suits the workflow.")] = None,
    guidance: Annotated[float | None, typer.Option(help="CFG scale; default: what suits the workflow.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="One of the workflow's own, as name=value; repeat.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the picture goes.")] = Path("zosma-workflow.png"),
) -> None:
    """Make one picture with a workflow file, as a worker would."""
    from zosma_worker.comfyui import trial

    wide, _, high = (size or "").partition("x")
    fields = {
        "prompt": prompt, "checkpoint": checkpoint, "seed": seed, "steps": steps, "cfg_scale": guidance,
        "width": wide or None, "height": high or None,
    }  # fmt: skip
    options = {name: value for name, _, value in (given.partition("=") for given in option or ())}
    made = asyncio.run(_caught(trial.attempt(_address(comfyui), file, fields, options)))
    out.write_bytes(made.data[0])
    _say(f"{out}: {made.pictures[0].parameters.splitlines()[-1]}")


def _verdict(one: Judged) -> str:
    if one.problems:
        return "not offered: " + "".join(f"\n  {problem}" for problem in one.problems)
    return f"good ({', '.join(one.abilities)})" if one.abilities else "good"


def _paths(files: list[Path] | None) -> list[Path]:
    """The files named, and those in folders that are."""
    folder = _settings().workflows
    given = files or ([folder] if folder else [])
    if not given:
        _fail("no file is named, and ZOSMA_WORKFLOWS is not set: name a workflow file")
    found = [path for one in given for path in (sorted(one.glob("*.json")) if one.is_dir() else [one])]
    if not found:
        _fail(f"{given[0]} holds no .json file")
    return found


def _settings() -> WorkerSettings:
    from zosma_worker.settings import WorkerSettings

    try:
        return load(WorkerSettings)
    except SettingsError as error:
        _fail(str(error))


def _address(url: str | None) -> Address:
    """The ComfyUI that is named, else the first of SD_API_HOST."""
    from zosma_worker.settings import WorkerSettings

    try:
        settings = load(WorkerSettings, {"SD_API_HOST": url} if url else None)
    except SettingsError as error:
        _fail(str(error))
    if not settings.webuis:
        _fail("no ComfyUI is named: give --comfyui http://127.0.0.1:8188, or set SD_API_HOST")
    return settings.webuis[0]


async def _caught(work: Awaitable[T]) -> T:
    """What it comes to; its errors end the command with a line."""
    try:
        return await work
    except ZosmaError as error:
        _fail(str(error))


def _say(text: str) -> None:
    sys.stdout.write(f"{visible(text, lines=True)}\n")


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"zosma: {visible(' '.join(text.split()))}\n")
    raise SystemExit(USAGE)
