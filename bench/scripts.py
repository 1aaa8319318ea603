"""What the verbs cost while few and while many jobs wait, and the memory of a waiting job.

uv run python bench/scripts.py
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

import redis

from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls
from zosma_queue.calls import NewJob
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
from zosma_queue.messages import encode_request
from zosma_queue.needs import needs_of
from zosma_queue.request import PIXELS_MAX, Request
from zosma_queue.scripts import call

DEPTHS = (1_000, 10_000, 100_000)
SAMPLES = 300
OWNERS = 300
GUILDS = 10
CHECKPOINTS = tuple(f"checkpoint-{number}" for number in range(1, 7))
PROMPT = "a lighthouse at dusk, " * 46  # about 1 kB
WORKER = "gpu/webui/1"


def new_job(number: int, dice: random.Random) -> NewJob:
    """A job with a prompt of 1 kB."""
    request = Request(prompt=PROMPT, seed=number, checkpoint=dice.choice(CHECKPOINTS), sampler="Euler a")
    member = dice.randrange(OWNERS)
    guild = f"discord:{member % GUILDS}"
    return NewJob(
        id=f"{number:020d}", message=encode_request(f"{number:020d}", request), owner=f"{guild}/{member}",
        group=guild, needs=needs_of(request), cost=4.0,
    )  # fmt: skip


def beat(client: redis.Redis) -> None:
    """One worker that can do everything."""
    about = Capabilities(
        webui="http://gpu:7860", flavour="a1111", host="gpu", samplers=("Euler a",), schedulers=(),
        checkpoints=tuple(Checkpoint(name=name, title=name) for name in CHECKPOINTS),
    )  # fmt: skip
    call(client, calls.beat(WORKER, WorkerState.READY, loaded=CHECKPOINTS[0], pixels=PIXELS_MAX, about=about))


def microseconds(samples: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{statistics.median(samples) * 1e6:6.0f} / {statistics.quantiles(samples, n=20)[18] * 1e6:6.0f}"


def measure(client: redis.Redis, depth: int, number: int) -> tuple[list[float], list[float]]:
    """Seconds of enqueue and of fetch (each with its undoing outside the clock), at `depth` waiting jobs."""
    dice = random.Random(depth)
    enqueues, fetches = [], []
    for sample in range(SAMPLES):
        beat(client)
        job = new_job(number + sample, dice)
        began = time.perf_counter()
        call(client, calls.enqueue(job))
        enqueues.append(time.perf_counter() - began)
        began = time.perf_counter()
        leased = call(client, calls.fetch(WORKER))
        fetches.append(time.perf_counter() - began)
        if leased is None:
            raise SystemExit("nothing to fetch: the benchmark is wrong")
        call(client, calls.settle(leased.id, leased.attempt, calls.fail("bench", "")))
    return enqueues, fetches


def main() -> None:
    """Fills the queue step by step and prints a row for each depth."""
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as server:
        client = redis.Redis.from_url(server.url)
        beat(client)
        empty = int(client.info("memory")["used_memory"])
        print("| waiting | enqueue, µs p50 / p95 | fetch, µs p50 / p95 | ping, µs p50 / p95 | bytes a waiting job |")
        print("|---|---|---|---|---|")
        number = 0
        for depth in DEPTHS:
            while number < depth:
                if number % 500 == 0:
                    beat(client)
                call(client, calls.enqueue(new_job(number, dice)))
                number += 1
            memory = (int(client.info("memory")["used_memory"]) - empty) / depth
            enqueues, fetches = measure(client, depth, 10_000_000 + number)
            pings = []
            for _ in range(SAMPLES):
                began = time.perf_counter()
                client.ping()
                pings.append(time.perf_counter() - began)
            cells = (f"{depth:7,d}", *(microseconds(one) for one in (enqueues, fetches, pings)), f"{memory:5.0f}")
            print(f"| {' | '.join(cells)} |")
        client.close()


if __name__ == "__main__":
    main()
