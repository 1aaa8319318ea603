"""One picture, from the command line: submit, show how it goes, save."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import zosma
from zosma_cli.client import ServerError, connect

NAME_MAX_CHARS = 60
#: A job that is made goes on while the bot is started anew.
PATIENCE_S = 120.0


async def run(fields: dict[str, Any], server: str, key: str | None, out: Path) -> None:
    """`zosma imagine`."""
    await make(fields, server, key, out, Console())


async def make(fields: dict[str, Any], server: str, key: str | None, out: Path, console: Console) -> list[Path]:
    """Has the pictures made and saves them; prints path, seed and seconds of each.

    Raises:
      ServerError: when the job is refused or ends without a picture.
    """
    prepare(out)
    began = time.monotonic()
    async with connect(server, key, retry_for_s=PATIENCE_S) as client:
        job = await client.submit(**fields)
        try:
            await _watch(job, console)
            seconds = time.monotonic() - began
            pictures = await job.pictures()
        except zosma.JobError as error:
            raise ServerError(f"no picture: {error}") from error
        except (asyncio.CancelledError, zosma.ForbiddenError):  # a key that isn't for reading gets no picture
            with suppress(zosma.ConflictError):
                await job.cancel()
            raise
    saved = []
    for picture in pictures:
        path = free_path(out, fields["prompt"], picture)
        saved.append(picture.save(path))
        console.print(f"{path}  seed {picture.seed}  {seconds:.1f} s", soft_wrap=True, highlight=False)
    return saved


def prepare(out: Path) -> None:
    """Makes the folder, before anything is asked of a GPU.

    Raises:
      ServerError: when it can't be made or written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".zosma-writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServerError(f"--out {str(out)!r}: can't write there ({error.strerror}): choose another folder") from error


def free_path(out: Path, prompt: str, picture: zosma.Picture) -> Path:
    """A file name that says what the picture is and isn't taken."""
    words = re.sub(r"[^\w]+", "-", prompt.casefold()).strip("-")[:NAME_MAX_CHARS].rstrip("-") or "picture"
    path = out / f"{words}-{picture.seed}{picture.suffix}"
    number = 2
    while path.exists():
        path = out / f"{words}-{picture.seed}-{number}{picture.suffix}"
        number += 1
    return path


async def _watch(job: zosma.AsyncJob, console: Console) -> None:
    """Follows a job to its end with a progress bar."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(_words(job.view), total=1.0)
        async for update in job:
            bar.update(task, description=_words(update.job), completed=update.progress)


def _words(job: zosma.JobView) -> str:
    if job.state == "waiting":
        return "paused by an admin" if job.paused else f"number {job.position} in line" if job.position else "queued"
    if job.state == "running" and job.eta_s:
        return f"running, {job.eta_s:.0f} s left"
    return job.state
