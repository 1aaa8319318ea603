"""How long a GPU stands idle between two jobs while work waits: a real worker process against a WebUI that keeps times.

What lies between the last byte of an answer and the next request is everything a worker does about a job besides making
it.

uv run python bench/gap.py
PYTHONPATH=tests uv run python bench/gap.py comfyui
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from clockwork import Clockwork, driven, worker_at
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

JOBS = 60
WARM_UP = 5
SIZES = (512, 1024)
#: What the GPU takes for a picture.
JOB_S = 0.2


async def measure(side: int, redis_url: str) -> tuple[int, list[float]]:
    """Bytes of an answer, and the gaps."""
    webui = Clockwork(side, JOB_S)
    async with driven(webui, redis_url) as queue:
        await run_jobs(queue, side)
    return len(webui.body), webui.gaps(WARM_UP)


async def measure_comfyui(side: int, redis_url: str) -> tuple[int, list[float]]:
    """Bytes of a picture, and the gaps, on a ComfyUI."""
    from clockwork_comfyui import ClockworkComfyUI

    async with ClockworkComfyUI(side, JOB_S) as comfyui:
        async with worker_at(comfyui.url, redis_url) as queue:
            await run_jobs(queue, side)
        return len(comfyui.body), comfyui.gaps(WARM_UP)


async def run_jobs(queue: Queue, side: int) -> None:
    """Queues all jobs at once and waits for the last."""
    request = {"prompt": "a cat", "width": side, "height": side, "steps": 20, "checkpoint": "dream"}
    for number in range(JOBS):
        await queue.submit(parse_request({**request, "seed": number}), Sender(owner="ann", group="guild"))
    while (depth := await queue.depth()).waiting + depth.running:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def main() -> None:
    """Prints a row for each size."""
    run = measure_comfyui if "comfyui" in sys.argv[1:] else measure
    print(f"{JOBS} jobs of {JOB_S * 1000:.0f} ms, all queued at the start; milliseconds from answer to next request")
    print(f"{'picture':>10} {'answer':>10} {'p50':>7} {'p95':>7} {'max':>7}")
    for side in SIZES:
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder)) as valkey:
            size, gaps = asyncio.run(run(side, valkey.url))
        p95 = statistics.quantiles(gaps, n=20)[18]
        numbers = "".join(f" {1000 * one:7.1f}" for one in (statistics.median(gaps), p95, max(gaps)))
        print(f"{side}x{side:<5} {size / 1e6:7.2f} MB{numbers}")


if __name__ == "__main__":
    main()
