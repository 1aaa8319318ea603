"""Deletes pictures from the bucket that they may be kept in: Redis forgets by itself, a bucket doesn't."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError, StoreUnavailableError
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
#: The whole bucket is looked through for what no job names; without a bucket, what is noted of one is forgotten.
ORPHANS_EVERY_S = 3600.0


class BucketKeeper:
    """A look now and then, for as long as `run` is not cancelled. Any number of processes may look."""

    def __init__(
        self,
        queue: Queue,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._sleep = sleep
        self._clock = clock
        self._looked_through_at = float("-inf")
        self._said = Hourly()

    async def run_once(self) -> float:
        """Deletes what is over; seconds until the next look. The sweeper reports a Redis that is away."""
        with suppress(QueueUnavailableError):
            try:
                await self._queue.drop_ended_pictures()
                if self._clock() - self._looked_through_at >= ORPHANS_EVERY_S:
                    if dropped := await self._queue.drop_orphans():
                        log.info("%s: deleted %d pictures that no job names", self._queue.bucket, dropped)
                    self._looked_through_at = self._clock()
                self._said.forget()
            except StoreUnavailableError as error:
                if self._said.due(str(error)):
                    log.warning("pictures whose time is over can't be deleted: %s", error)
        return LOOK_EVERY_S if self._queue.bucket else ORPHANS_EVERY_S

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self._sleep(await self.run_once())
