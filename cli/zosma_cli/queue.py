"""`zosma queue`: how full the queue is."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from zosma_cli.client import connect


async def run(server: str, key: str | None, *, as_json: bool) -> None:
    """Prints the queue, for people or for programs."""
    async with connect(server, key) as client:
        queue = await client.queue()
    if as_json:
        sys.stdout.write(json.dumps(queue, indent=2) + "\n")
    else:
        show(queue, Console())


def show(queue: dict[str, Any], console: Console) -> None:
    """Prints depth and workers as two tables."""
    depth = Table("waiting", "delayed", "running", "failed", "undelivered", "oldest wait", title="Queue")
    oldest = queue["oldest_wait_s"]
    numbers = [str(queue[state]) for state in ("waiting", "delayed", "running", "failed", "undelivered")]
    depth.add_row(*numbers, "–" if oldest is None else f"{oldest:.0f} s")
    console.print(depth)
    workers = Table("worker", "state", "WebUI", "kind", "checkpoint", "job", title="Workers")
    for worker in queue["workers"]:
        state = worker["state"] + (f": {worker['reason']}" if worker["reason"] else "")
        cells = (worker["id"], state, worker["webui"], worker["flavour"], worker["checkpoint"], worker["job"])
        workers.add_row(*(cell or "–" for cell in cells))
    console.print(workers if queue["workers"] else "No worker is there. Start one with `zosma worker`.")
