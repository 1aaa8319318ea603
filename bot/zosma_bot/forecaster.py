"""Notes what is forecast for each new job, so that forecasts learn from how they turn out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError

NOTE_EVERY_S = 2.0


class Forecaster:
    """One look every two seconds, for as long as `run` is not cancelled."""

    def __init__(self, queue: Queue, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._queue = queue
        self._sleep = sleep

    async def run_once(self) -> int:
        """How many jobs got a forecast; 0 while Redis is away, which the sweeper reports."""
        with suppress(QueueUnavailableError):
            return await self._queue.note_forecasts()
        return 0

    async def run(self) -> None:
        """Notes how forecasts turned out, until cancelled."""
        while True:
            await self.run_once()
            await self._sleep(NOTE_EVERY_S)
