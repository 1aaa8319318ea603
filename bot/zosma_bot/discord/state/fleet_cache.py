"""What the fleet can do right now, read at most every two seconds however many members type."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue
from zosma_queue.feasibility import can_do
from zosma_queue.fleet import WorkerInfo
from zosma_queue.request import Request

MAX_AGE_S = 2.0


class FleetCache:
    """A short-lived copy of what the workers say about themselves."""

    def __init__(self, queue: Queue, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._clock = clock
        self._read_at = float("-inf")
        self._workers: tuple[WorkerInfo, ...] = ()
        self._catalogue = Catalogue()
        self._reading: asyncio.Task[None] | None = None

    def forget(self) -> None:
        """Drops the copy, which is known to be wrong."""
        self._read_at = float("-inf")

    async def _refresh(self) -> None:
        if self._clock() - self._read_at < MAX_AGE_S:
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._has_read)
        # All who ask at the same time wait for one answer, and none of them ends it.
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        fleet = await self._queue.fleet()
        self._workers = fleet.workers
        self._catalogue = fleet.catalogue(load_s=await self._queue.load_s())
        self._read_at = self._clock()

    def _has_read(self, reading: asyncio.Task[None]) -> None:
        self._reading = None
        if not reading.cancelled():
            reading.exception()  # told to those who wait

    async def catalogue(self) -> Catalogue:
        """What the ready workers offer together; while there are none, what those did for which jobs may wait.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        await self._refresh()
        return self._catalogue

    async def can_do(self, request: Request) -> bool:
        """True when a worker that takes jobs can do this one.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        await self._refresh()
        return any(can_do(worker, request) for worker in self._workers)
