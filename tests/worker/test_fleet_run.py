"""200 jobs over three WebUIs, of which one hangs and one crashes every 20 jobs and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from loopback.webui import Hold, ScriptedWebUI, Turn, pictures
from zosma_queue import keys
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker.circuit_breaker import Pauses
from zosma_worker.timeouts import Timeouts

JOBS = 200
#: A picture takes this long.
JOB_S = 0.01
#: A WebUI is down for this long.
START_S = 0.3
#: A job that is hit waits for the watchdog, the interrupt and its turn elsewhere, and never longer than this.
MAX_WAIT_S = 30.0
TIMEOUTS = Timeouts(
    poll_s=0.03, deaf_s=0.3, stalled_s=0.3, floor_s=0.3, loading_s=5.0, stubborn_s=0.3, pauses=Pauses(first_s=0.1)
)


class Crashing(ScriptedWebUI):
    """Dies in every 20th job, and is started again by its operator."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.crashes = 0
        self.restarts: set[asyncio.Task[None]] = set()

    async def usual(self, turn: Turn) -> web.StreamResponse:
        """As usual, but every 20th time not."""
        await asyncio.sleep(JOB_S)
        self.made += 1
        if self.made % 20 == 0:
            self.crashes += 1
            restart = asyncio.create_task(self._restart())
            self.restarts.add(restart)
            restart.add_done_callback(self.restarts.discard)
            await self.crash()
        return await super().usual(turn)

    async def _restart(self) -> None:
        await self.stop()
        await asyncio.sleep(START_S)
        await self.start()


class Hanging(ScriptedWebUI):
    """Makes ten pictures, then hangs in each, canaries too, and heeds no interrupt."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.hold = Hold(heeds=False)

    async def usual(self, turn: Turn) -> web.StreamResponse:
        """As usual, for a while."""
        self.made += 1
        return await (self.hold(turn) if self.made > 10 else pictures()(turn))


@pytest.fixture(name="crashing")
async def _crashing() -> AsyncIterator[Crashing]:
    async with Crashing() as webui:
        yield webui


@pytest.fixture(name="hanging")
async def _hanging() -> AsyncIterator[Hanging]:
    async with Hanging() as webui:
        yield webui


async def test_two_hundred_jobs_over_a_good_a_hanging_and_a_crashing_webui(
    webui, crashing, hanging, join, queue, raw, ann
):
    for one in (webui, crashing, hanging):
        await join(one, timeouts=TIMEOUTS)
    began = time.monotonic()
    jobs = [await ann.asks(seed=seed, width=64 + 8 * (seed % 3)) for seed in range(JOBS)]

    ended = [await ann.gets(job_id, timeout=60) for job_id in jobs]

    assert [job.state for job in ended] == [State.DONE] * JOBS
    assert [job.result.pictures[0].seed for job in ended] == list(range(JOBS))
    assert [len(await queue.pictures(job)) for job in ended] == [1] * JOBS
    assert int(raw.hget(keys.STATS, "done")) == JOBS
    assert all(job.failures <= 1 for job in ended)
    assert max(job.finished_ms - job.created_ms for job in ended) / 1000 < MAX_WAIT_S
    assert time.monotonic() - began < MAX_WAIT_S
    # At most two jobs fail on a sick WebUI; a hanging one that heeds no interrupt gets no second.
    assert len(hanging.jobs) == 11
    assert crashing.crashes >= 2
    away = await ann.worker(WorkerState.AWAY, hanging.address.place)
    assert away.reason.startswith("sick: ")
    hanging.hold.released.set()
    await asyncio.gather(*crashing.restarts)
