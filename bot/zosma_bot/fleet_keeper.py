"""Remembers what the workers that are here can do, so that it is known when the last of them has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError

#: What workers say of themselves may be long.
LOOK_EVERY_S = 5.0


class FleetKeeper:
    """One look every five seconds, for as long as `run` is not cancelled. Any number of processes may look."""

    def __init__(self, queue: Queue, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._queue = queue
        self._sleep = sleep

    async def run(self) -> None:
        """Looks until cancelled. The sweeper reports a Redis that is away."""
        while True:
            with suppress(QueueUnavailableError):
                await self._queue.note_fleet()
            await self._sleep(LOOK_EVERY_S)
