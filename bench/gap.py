"""How long a GPU stands idle between two jobs while work waits: a real worker process against a WebUI that keeps times.

What lies between the last byte of an answer and the next request is everything a worker does about a job besides making
it. Beside it in the same run, before and after: a bare aiohttp client that decodes an answer's JSON and asks again.
Valkey syncs its log once a second, as compose.yaml has it.

uv run python bench/gap.py [jobs]
PYTHONPATH=tests uv run python bench/gap.py comfyui
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

import aiohttp

from clockwork import Clockwork, bare_call, served, worker_at
from figures import note
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

JOBS = 60
WARM_UP = 5
#: (side, pictures of one call).
SHAPES = ((512, 1), (512, 4), (1024, 1))
#: What the GPU takes for a picture.
JOB_S = 0.2


async def measure(side: int, count: int, jobs: int, redis_url: str) -> tuple[int, list[float], list[float]]:
    """Bytes of an answer, the worker's gaps and a bare client's."""
    webui = Clockwork(side, JOB_S, count)
    async with served(webui) as url:
        bare = await bare_gaps(webui, url, side, count, jobs // 2)
        async with worker_at(url, redis_url) as queue:
            await run_jobs(queue, side, count, jobs)
        ours = webui.gaps(WARM_UP)
        bare += await bare_gaps(webui, url, side, count, jobs // 2)
    return len(webui.body), ours, bare


async def bare_gaps(webui: Clockwork, url: str, side: int, count: int, jobs: int) -> list[float]:
    """The gaps of a script that asks, reads and asks again."""
    webui.forget()
    async with aiohttp.ClientSession() as session:
        for seed in range(jobs):
            fields = {"prompt": "a cat", "width": side, "height": side, "batch_size": count, "seed": seed}
            await bare_call(session, url, fields)
    gaps = webui.gaps(1)
    webui.forget()
    return gaps


async def measure_comfyui(side: int, jobs: int, redis_url: str) -> tuple[int, list[float]]:
    """Bytes of a picture, and the gaps, on a ComfyUI."""
    from clockwork_comfyui import ClockworkComfyUI

    async with ClockworkComfyUI(side, JOB_S) as comfyui:
        async with worker_at(comfyui.url, redis_url) as queue:
            await run_jobs(queue, side, 1, jobs)
        return len(comfyui.body), comfyui.gaps(WARM_UP)


async def run_jobs(queue: Queue, side: int, count: int, jobs: int) -> None:
    """Queues all jobs at once and waits for the last."""
    request = {"prompt": "a cat", "width": side, "height": side, "steps": 20, "checkpoint": "dream", "count": count}
    for number in range(jobs):
        await queue.submit(parse_request({**request, "seed": number}), Sender(owner="ann", group="guild"))
    while (depth := await queue.depth()).waiting + depth.running:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def main() -> None:
    """Prints a row for each shape and who asked."""
    jobs = next((int(word) for word in sys.argv[1:] if word.isdecimal()), JOBS)
    print(f"{jobs} jobs of {JOB_S * 1000:.0f} ms, all queued at the start; milliseconds from answer to next request")
    print("Valkey syncs once a second, as compose.yaml has it")
    print(f"{'pictures':>12} {'answer':>10} {'who':>8} {'p50':>7} {'p95':>7} {'max':>7} {'× bare':>7}")
    if "comfyui" in sys.argv[1:]:
        for side in sorted({side for side, _ in SHAPES}):
            with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), synced="everysec") as valkey:
                size, gaps = asyncio.run(measure_comfyui(side, jobs, valkey.url))
            row(f"{side}²", size, "worker", gaps)
        return
    for side, count in SHAPES:
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), synced="everysec") as valkey:
            size, ours, bare = asyncio.run(measure(side, count, jobs, valkey.url))
        row(f"{side}² × {count}", size, "bare", bare)
        ratio = statistics.median(ours) / statistics.median(bare)
        row(f"{side}² × {count}", size, "worker", ours, ratio)
        note(f"gap, {side}² × {count}, × bare", ratio)


def row(what: str, size: int, who: str, gaps: list[float], ratio: float | None = None) -> None:
    """One line of the table."""
    p95 = statistics.quantiles(gaps, n=20)[18]
    numbers = "".join(f" {1000 * one:7.1f}" for one in (statistics.median(gaps), p95, max(gaps)))
    shown = "" if ratio is None else f" {ratio:7.2f}"
    print(f"{what:>12} {size / 1e6:7.2f} MB {who:>8}{numbers}{shown}", flush=True)


if __name__ == "__main__":
    main()
