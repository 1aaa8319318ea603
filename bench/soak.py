"""Fifty thousand pictures through a real bot and a real worker, and what that does to their memory and to Redis's.

So many A1111 clients ask for one after the other by `POST /sdapi/v1/txt2img`, of a WebUI that answers at once. Redis
keeps `PICTURES_MAX` of pictures, which are full long before the end, and of each job what is asked of it for 30 days:
what it grows by is told for each job.

PYTHONPATH=tests uv run python bench/soak.py [jobs]
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import redis

from clockwork import Clockwork, served
from streams import rss_mb
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey

JOBS, CLIENTS, POINTS = 50_000, 12, 10
PICTURES_MAX = "64MB"
#: The first points are those of caches that fill. From here on memory is flat, or it leaks.
WARM = 3
#: What may be between the first of them and the last: the resolution of an allocator, not of 35,000 pictures.
FLAT_MB = 12.0
WISH = {"prompt": "a cat", "width": 64, "height": 64, "steps": 1}


@asynccontextmanager
async def running(command: str, folder: Path, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`zosma COMMAND` with these settings and no others."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
    with (folder / f"{command}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_cli", command, env=env | settings, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def ask(http: aiohttp.ClientSession) -> bool:
    """One picture; False when it did not come."""
    try:
        async with http.post("/sdapi/v1/txt2img", json=WISH) as answer:
            return answer.status == 200 and len((await answer.json())["images"]) == 1
    except aiohttp.ClientError:
        return False


async def soak(redis_url: str, folder: Path, jobs: int) -> None:
    """Prints a row at each point, and whether the memory was flat."""
    port, failed = free_port(), 0
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        served(Clockwork(64, 0.0)) as url,
        running("bot", folder, REDIS_URL=redis_url, ZOSMA_PORT=str(port), ZOSMA_PICTURES_MAX=PICTURES_MAX) as bot,
        running("worker", folder, REDIS_URL=redis_url, SD_API_HOST=url, SD_BENCHMARK="off") as worker,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as http,
    ):
        async with asyncio.timeout(60):
            while not await ask(http):  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.1)

        async def client(count: int) -> int:
            return sum([not await ask(http) for _ in range(count)])

        found = []
        print("| jobs | seconds | a second | bot, MB | worker, MB | Redis, MB |\n|---|---|---|---|---|---|", flush=True)
        with redis.Redis.from_url(redis_url) as server:
            for point in range(1, POINTS + 1):
                began, each = time.monotonic(), jobs // POINTS // CLIENTS
                failed += sum(await asyncio.gather(*(client(each) for _ in range(CLIENTS))))
                took = time.monotonic() - began
                used = server.info("memory")["used_memory"] / 2**20
                found.append((rss_mb(bot.pid), rss_mb(worker.pid), used))
                row = " | ".join(f"{one:.1f}" for one in found[-1])
                print(f"| {point * each * CLIENTS:,} | {took:.0f} | {each * CLIENTS / took:.0f} | {row} |", flush=True)
    done = jobs // POINTS // CLIENTS * CLIENTS * (POINTS - WARM)
    grown = [last - first for first, last in zip(found[WARM - 1], found[-1], strict=True)]
    least = [statistics.median(one[part] for one in found[WARM - 1 :]) for part in range(2)]
    flat = "flat" if max(grown[:2]) <= FLAT_MB else "**not flat**"
    print(
        f"\nOver the last {done:,} jobs: bot {grown[0]:+.1f} MB (median {least[0]:.0f}), worker {grown[1]:+.1f} MB"
        f" (median {least[1]:.0f}): {flat}. Redis {1024 * grown[2] / done:+.2f} kB for each job."
        f" {failed} pictures did not come."
    )


def main() -> None:
    """Once."""
    jobs = int(sys.argv[1]) if sys.argv[1:] else JOBS
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey", durable=False) as valkey:
        asyncio.run(soak(valkey.url, Path(folder), jobs))


if __name__ == "__main__":
    main()
