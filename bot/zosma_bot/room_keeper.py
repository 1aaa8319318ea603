"""Keeps the pictures in Redis below what they may take, so that there is always room for the next ones.

Those that open jobs start from stay for as long as the job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
#: While no pictures come or go.
LOOK_IDLE_S = 5.0
#: Those that open jobs need are looked for in one of so many looks.
PROLONG_EVERY = 60


class RoomKeeper:
    """One look a second, fewer while nothing changes, for as long as `run` is not cancelled.

    Any number of processes may look.
    """

    def __init__(
        self, queue: Queue, most_bytes: int | None, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """`most_bytes`: what all pictures together may take; None: half of Redis's `maxmemory`."""
        self._queue = queue
        self._most_bytes = most_bytes
        self._sleep = sleep
        self._looks = 0
        self._stored = 0

    async def run_once(self) -> float:
        """Looks, and drops pictures that are needed no longer if need be; seconds until the next look.

        The sweeper reports a Redis that is away.
        """
        with suppress(QueueUnavailableError):
            if self._looks % PROLONG_EVERY == 0:
                await self._queue.prolong_inputs()
            self._looks += 1
            evicted = await self._queue.make_room(self._most_bytes)
            stored, before = evicted.bytes + evicted.left_bytes, self._stored
            self._stored = evicted.left_bytes
            if evicted.jobs:
                log.info(
                    "room: pictures of %d jobs, shown or left here for too long, are gone: %.1f of %.1f MB",
                    evicted.jobs, evicted.bytes / 1e6, stored / 1e6,
                )  # fmt: skip
            if not evicted.jobs and stored == before:
                return LOOK_IDLE_S
        return LOOK_EVERY_S

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self._sleep(await self.run_once())
