"""How many jobs one process submits in a second, by the size of the fleet: admission, order and limits, all of it.

Nobody works here: workers only say that they are there, so each submit is what it costs beside everything else.

uv run python bench/submit.py
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls
from zosma_queue.client import Queue, Sender
from zosma_queue.connections import worker_client
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, WorkerState
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

FLEETS = (4, 50, 1_000)
JOBS = 1_000
WARM_UP = 100
#: Nobody gives signs of life for them meanwhile.
STAYS_MS = 3600_000
#: Submits on their way at once.
AT_ONCE = (1, 16)
#: As many names as an ordinary WebUI lists.
CHECKPOINTS, LORAS, SAMPLERS = 20, 100, 20


def about(number: int) -> Capabilities:
    """A worker with the lists of an ordinary WebUI."""
    return Capabilities(
        webui=f"http://gpu-{number}:7860", flavour="a1111", host=f"gpu-{number}",
        checkpoints=tuple(Checkpoint(name=f"model-{n}", title=f"model-{n}.safetensors") for n in range(CHECKPOINTS)),
        samplers=("Euler a", *(f"sampler {n}" for n in range(SAMPLERS))),
        schedulers=(Scheduler(name="karras", label="Karras"),), loras=tuple(f"lora-{n}" for n in range(LORAS)),
    )  # fmt: skip


async def submits(queue: Queue, at_once: int, first: int) -> tuple[float, float]:
    """(submits a second, ms of this process's CPU for each), `at_once` on their way."""
    numbers = iter(range(first, first + WARM_UP + JOBS))

    async def some(count: int) -> None:
        for _ in range(count):
            number = next(numbers)
            request = {"prompt": "a cat", "seed": number, "checkpoint": "model-1", "sampler": "Euler a"}
            await queue.submit(parse_request(request), Sender(owner=f"owner-{number % 20}", group="guild"))

    await some(WARM_UP)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(some(JOBS // at_once) for _ in range(at_once)))
    return JOBS / (time.perf_counter() - began), (time.process_time() - cpu) / JOBS * 1000


async def measure(url: str, workers: int) -> None:
    """Prints the rows of one size of fleet."""

    with worker_client(url) as client:
        later_ms = int(time.time() * 1000) + STAYS_MS
        for number in range(workers):
            beat = calls.beat(
                f"gpu-{number}/gpu-{number}:7860/0000", WorkerState.READY, loaded="model-1", pixels=PIXELS_MAX,
                about=about(number), now_ms=later_ms,
            )  # fmt: skip
            call(client, beat)
    async with Queue(url) as queue:
        for turn, at_once in enumerate(AT_ONCE):
            rate, cpu_ms = await submits(queue, at_once, turn * 1_000_000)
            print(f"| {workers:7,d} | {at_once:7d} | {rate:9,.0f} | {cpu_ms:6.2f} |", flush=True)


def main() -> None:
    """A private Valkey for each size of fleet."""
    print("| workers | at once | submits/s | CPU ms |\n|---|---|---|---|")
    for workers in FLEETS:
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as valkey:
            asyncio.run(measure(valkey.url, workers))


if __name__ == "__main__":
    main()
