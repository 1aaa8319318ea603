"""What finished pictures cost Redis, kept there and kept in a bucket; and what a bucket costs in time.

Jobs go through the queue by a worker's own calls, with a PNG of noise of the size that a 1024×1024 picture has. The
bucket is moto's, on loopback and in Python: its times say what our side costs, not what a bucket does.

uv run python bench/results.py [jobs]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import redis

from loopback.played_worker import PlayedWorker
from loopback.s3 import moto, s3_on_loopback
from zosma_cli.valkey import PrivateValkey
from zosma_queue.calls import done
from zosma_queue.client import Queue, Sender
from zosma_queue.job import Picture, Result
from zosma_queue.request import parse_request
from zosma_queue.results import Bucket
from zosma_queue.worker_queue import RedisWorkerQueue

PICTURE_BYTES = 1_500_000
ANN = Sender(owner="discord:1/2", group="discord:1")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a job with one picture costs, as long as its picture is kept."""

    redis_bytes: float
    store_ms: float
    read_ms: float


async def finished(queue: Queue, worker: PlayedWorker, puts: RedisWorkerQueue, data: bytes) -> tuple[str, float]:
    """A job whose picture is stored; its id, and the ms that storing took."""
    await worker.beat()
    await queue.submit(parse_request({"prompt": "a lighthouse at dusk", "seed": 1}), ANN, reply="{}")
    leased = await worker.take()
    began = time.perf_counter()
    await puts.store_picture(leased.id, leased.attempt, 0, data)
    took_ms = (time.perf_counter() - began) * 1000
    made = Picture(
        index=0, format="png", width=1024, height=1024, bytes=len(data), seed=1, parameters="a lighthouse at dusk",
        store=puts.stored_in(leased.id, leased.attempt),
    )  # fmt: skip
    result = Result(
        pictures=(made,), attempt=leased.attempt, checkpoint="dream", sampler="Euler a", worker="gpu/played",
        gpu_seconds=4.0, info={"prompt": "a lighthouse at dusk", "seed": 1},
    )  # fmt: skip
    await worker.settle(leased, done(result))
    return leased.id, took_ms


async def cost_of(url: str, results: Bucket | None, jobs: int) -> Cost:
    """The cost in a Redis that nobody else uses."""
    data = b"\x89PNG\r\n\x1a\n" + os.urandom(PICTURE_BYTES - 8)
    with redis.Redis.from_url(url) as raw:
        async with (
            Queue(url, results=results) as queue,
            PlayedWorker(url) as worker,
            RedisWorkerQueue(url, worker.name, results=results) as puts,
        ):
            await queue.announce()
            for _ in range(3):
                await finished(queue, worker, puts, data)
            before: Any = raw.info("memory")
            made = [await finished(queue, worker, puts, data) for _ in range(jobs)]
            after: Any = raw.info("memory")
            read_ms = []
            for job_id, _ in made:
                job = await queue.job(job_id)
                began = time.perf_counter()
                if job is None or await queue.picture(job, 0) != data:
                    raise SystemExit(f"the picture of job {job_id} is lost")
                read_ms.append((time.perf_counter() - began) * 1000)
    return Cost(
        redis_bytes=(after["used_memory"] - before["used_memory"]) / jobs,
        store_ms=median(took_ms for _, took_ms in made),
        read_ms=median(read_ms),
    )


@asynccontextmanager
async def bucket() -> AsyncIterator[Bucket]:
    """One on loopback."""
    with moto() as behind:
        async with s3_on_loopback(behind) as server:
            yield server.bucket()


async def main(jobs: int) -> None:
    """Prints the table."""
    print(
        "| pictures of 1.5 MB kept in | Redis, for each job until its pictures go | store | read |\n|---|---|---|---|"
    )
    for name in ("Redis", "a bucket"):
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as server:
            if name == "Redis":
                cost = await cost_of(server.url, None, jobs)
            else:
                async with bucket() as results:
                    # More of them: so few bytes are lost in what Redis keeps for our connections.
                    cost = await cost_of(server.url, results, jobs * 5)
        print(f"| {name} | {cost.redis_bytes:,.0f} bytes | {cost.store_ms:.1f} ms | {cost.read_ms:.1f} ms |")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 100))
