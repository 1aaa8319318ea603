"""Keeps the pictures below what they may take, so that there is always room for the next ones, and a bucket tidy.

Those that open jobs start from stay for as long as the job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError, StoreUnavailableError
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
#: While no pictures come or go.
LOOK_IDLE_S = 5.0
#: Those that open jobs need are looked for in one of so many looks.
PROLONG_EVERY = 60
#: What no job names is looked for in one of so many looks, in the first too: every hour or two.
ORPHANS_EVERY = 1800


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
        self._said = Hourly()

    async def run_once(self) -> float:
        """Looks, and drops pictures that are needed no longer if need be; seconds until the next look.

        The sweeper reports a Redis that is away.
        """
        await self._tidy_bucket()
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

    async def _tidy_bucket(self) -> None:
        """Redis forgets by itself; from a bucket somebody must delete what is over, and seldom what was left behind."""
        seldom = self._looks % ORPHANS_EVERY == 0
        if not self._queue.bucket and not seldom:
            return
        try:
            await self._queue.drop_ended_pictures()
            dropped = await self._queue.drop_orphans() if seldom else 0
            if dropped:
                log.info("%s: deleted %d pictures that no job names", self._queue.bucket, dropped)
            self._said.forget()
        except StoreUnavailableError as error:
            if self._said.due(str(error)):
                log.warning("pictures whose time is over can't be deleted: %s", error)
        except QueueUnavailableError:
            pass  # the sweeper reports it

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await self._sleep(await self.run_once())
