"""How long an idle fleet takes to start a job: from the call of `submit` to the request at the WebUI.

Beside it, in the same run, a raw BLPOP: a process that blocks on a list answers on another one. That is the least that
any queue over this Redis can do; a worker also checks the job in, reads it and calls the WebUI.

uv run python bench/dispatch.py
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import redis.asyncio

from clockwork import Clockwork, driven
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

JOBS = 200
WARM_UP = 10
#: Between two jobs, so that the worker is idle again and blocks.
PAUSE_S = 0.05

_ECHO = """
import redis, sys
server = redis.Redis.from_url(sys.argv[1])
while (word := server.blpop(["bench:there"])[1]) != b"end":
    server.rpush("bench:back", word)
"""


async def dispatch(queue: Queue, webui: Clockwork) -> tuple[list[float], list[float]]:
    """Seconds from the call of `submit` to the WebUI, and from accepted to leased (whole ms), for jobs one by one."""
    request = {"prompt": "a cat", "width": 512, "height": 512, "steps": 20, "checkpoint": "dream"}
    taken, leased = [], []
    for number in range(JOBS):
        began = time.perf_counter()
        job_id = await queue.submit(parse_request({**request, "seed": number}), Sender(owner="ann", group="guild"))
        while len(webui.answered) <= number:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.001)
        taken.append(webui.arrived[number] - began)
        while (await queue.depth()).running:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        if (job := await queue.job(job_id)) and job.started_ms:
            leased.append((job.started_ms - job.created_ms) / 1000)
        await asyncio.sleep(PAUSE_S)
    return taken[WARM_UP:], leased[WARM_UP:]


async def round_trips(redis_url: str) -> list[float]:
    """Seconds for a word to a blocked process and back."""
    echo = await asyncio.create_subprocess_exec(sys.executable, "-c", _ECHO, redis_url)
    server = redis.asyncio.Redis.from_url(redis_url)
    taken = []
    try:
        for _ in range(JOBS):
            began = time.perf_counter()
            await server.rpush("bench:there", "word")
            await server.blpop(["bench:back"])
            taken.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE_S)
        await server.rpush("bench:there", "end")
        await echo.wait()
    finally:
        await server.aclose()
    return taken[WARM_UP:]


async def measure(redis_url: str) -> None:
    """Prints both rows."""
    webui = Clockwork(512, 0.0)
    async with driven(webui, redis_url) as queue:
        started, leased = await dispatch(queue, webui)
    raw = await round_trips(redis_url)
    print(f"{JOBS - WARM_UP} jobs into an idle fleet, one by one; milliseconds")
    print(f"{'':>34} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}")
    rows = {
        "submit to request at the WebUI": started,
        "accepted to leased, whole ms": leased,
        "a word to a BLPOP and back": raw,
    }
    for name, found in rows.items():
        cuts = statistics.quantiles(found, n=100)
        numbers = "".join(f" {1000 * one:7.2f}" for one in (statistics.median(found), cuts[94], cuts[98], max(found)))
        print(f"{name:>34}{numbers}")


def main() -> None:
    """Measures in a private Valkey."""
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder)) as valkey:
        asyncio.run(measure(valkey.url))


if __name__ == "__main__":
    main()
