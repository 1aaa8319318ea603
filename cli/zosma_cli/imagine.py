"""One picture, from the command line: submit, show how it goes, save."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from zosma_cli.client import Client, ServerError, connect

POLL_S = 0.15
NAME_MAX_CHARS = 60


async def run(fields: dict[str, Any], server: str, key: str | None, out: Path) -> None:
    """`zosma imagine`."""
    console = Console()
    async with connect(server, key) as client:
        await make(client, fields, out, console)


async def make(client: Client, fields: dict[str, Any], out: Path, console: Console) -> list[Path]:
    """Has the pictures made and saves them; prints path, seed and seconds of each.

    Raises:
      ServerError: when the job is refused or ends without a picture.
    """
    prepare(out)
    began = time.monotonic()
    job = await client.submit(fields)
    try:
        job = await _watch(client, job, console)
    except asyncio.CancelledError:
        await client.cancel(job["id"])
        raise
    seconds = time.monotonic() - began
    if job["state"] != "done":
        error = job.get("error") or {"text": "the job was cancelled"}
        raise ServerError(f"no picture: {error['text']}")
    saved = []
    for image in job["result"]["images"]:
        path = free_path(out, fields["prompt"], image["seed"], image["format"])
        path.write_bytes(await client.picture(image["url"]))
        console.print(f"{path}  seed {image['seed']}  {seconds:.1f} s", soft_wrap=True, highlight=False)
        saved.append(path)
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


def free_path(out: Path, prompt: str, seed: int, image_format: str) -> Path:
    """A file name that says what the picture is and isn't taken."""
    words = re.sub(r"[^\w]+", "-", prompt.casefold()).strip("-")[:NAME_MAX_CHARS].rstrip("-") or "picture"
    suffix = {"jpeg": "jpg"}.get(image_format, image_format)
    path = out / f"{words}-{seed}.{suffix}"
    number = 2
    while path.exists():
        path = out / f"{words}-{seed}-{number}.{suffix}"
        number += 1
    return path


async def _watch(client: Client, job: dict[str, Any], console: Console) -> dict[str, Any]:
    """Follows a job to its end with a progress bar."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("queued", total=1.0)
        while job["state"] not in ("done", "failed", "cancelled"):
            bar.update(task, description=_words(job), completed=job["progress"] or 0.0)
            await asyncio.sleep(POLL_S)
            job = await client.job(job["id"])
        bar.update(task, description=job["state"], completed=1.0 if job["state"] == "done" else job["progress"] or 0.0)
    return job


def _words(job: dict[str, Any]) -> str:
    if job["state"] == "waiting" and job.get("paused"):
        return "paused by an admin"
    if job["state"] == "waiting" and job["position"]:
        return f"number {job['position']} in line"
    if job["state"] == "running" and job["eta_s"]:
        return f"running, {job['eta_s']:.0f} s left"
    return str(job["state"])
