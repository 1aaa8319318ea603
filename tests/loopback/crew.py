"""Several played workers at once, each making one job after the other by itself."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Self

from loopback.played_worker import PlayedWorker
from zosma_queue.tasks import end

#: How far a job is when its worker tells of it.
TOLD_AT = (0.25, 0.5, 0.75)


class Crew:
    """Use as `async with Crew(redis_url, 4) as crew`. `made` has each job's pictures."""

    def __init__(self, url: str, workers: int, *, job_s: float = 0.0) -> None:
        """`job_s` is what a job takes; only benches give it."""
        self._players = [PlayedWorker(url, f"gpu/played-{number}") for number in range(workers)]
        self._job_s = job_s
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self.made: dict[str, list[bytes]] = {}
        #: How often each job was begun: more than once is work done in vain.
        self.begun: list[str] = []
        self.by_worker: dict[str, int] = {player.name: 0 for player in self._players}

    async def __aenter__(self) -> Self:
        for player in self._players:
            await self._stack.enter_async_context(player)
        self._tasks = [asyncio.create_task(self._work(player)) for player in self._players]
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(end(task) for task in self._tasks))
        await self._stack.aclose()

    async def _work(self, player: PlayedWorker) -> None:
        while True:
            await player.beat()  # `take` gives no sign of life while there is always work
            leased = await player.take(timeout=3600)
            self.begun.append(leased.id)
            for share in TOLD_AT:
                if self._job_s:
                    await asyncio.sleep(self._job_s / len(TOLD_AT))
                await player.progress(leased, share, eta_s=self._job_s * (1 - share))
            self.made[leased.id] = await player.finish(leased)
            self.by_worker[player.name] += 1
