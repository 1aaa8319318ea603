"""What all viewers see of queue and fleet: read once a second, however many pages are open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from zosma_queue.admin import Pause
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Depth, InLine, Queue
from zosma_queue.fleet import Trust, WorkerInfo, WorkerState
from zosma_queue.job import Job, State

T = TypeVar("T")

#: Hundreds of pages ask at once when something changes.
AGE_S = 1.0
#: More running jobs than are shown.
RUNNING_MAX = 500


@dataclass(frozen=True)
class Now:
    """The queue and the fleet at one moment."""

    depth: Depth
    workers: Sequence[WorkerInfo]
    """Also those that are away."""
    last_seen_ms: int | None
    """When one was last ready, while none is."""
    jobs_wait: bool
    """True while none is, and jobs may wait for one."""
    running: dict[str, Job]
    """By id, oldest first."""
    pauses: list[Pause]
    speeds: dict[str, float]
    """Place → real seconds for each predicted one."""

    @property
    def ready(self) -> int:
        """Workers that take jobs."""
        return sum(one.state is not WorkerState.AWAY for one in self.workers)

    @property
    def quarantined(self) -> int:
        """Workers that may not."""
        return sum(one.trust is Trust.QUARANTINED for one in self.workers)

    @property
    def is_paused(self) -> bool:
        """True when nothing is handed out at all."""
        return any(pause.scope == "queue" for pause in self.pauses)


class Board:
    """Reads for all."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._now = _Recent(self._read)
        self._catalogue = _Recent(queue.catalogue)

    async def now(self) -> Now:
        """At most a second old.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await self._now.get()

    async def catalogue(self) -> Catalogue:
        """What the living fleet offers, or the last one did; likewise."""
        return await self._catalogue.get()

    async def line(self, first: int, limit: int) -> list[tuple[InLine, Job]]:
        """Waiting jobs as they will run, from the `first` on.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        line = await self._queue.line(first, limit)
        jobs = {job.id: job for job in await self._queue.jobs([one.id for one in line])}
        return [(one, jobs[one.id]) for one in line if one.id in jobs and jobs[one.id].state is State.WAITING]

    async def _read(self) -> Now:
        queue = self._queue
        fleet = await queue.fleet()
        running = await queue.admin.jobs(State.RUNNING, limit=RUNNING_MAX)
        return Now(
            depth=await queue.depth(),
            workers=fleet.workers,
            last_seen_ms=fleet.last_seen_ms,
            jobs_wait=bool(fleet.last),
            running={job.id: job for job in running if job.state is State.RUNNING},
            pauses=await queue.admin.pauses(),
            speeds=await queue.speeds(),
        )


class _Recent(Generic[T]):
    """What was read a moment ago; whoever comes meanwhile gets the same."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._found: tuple[float, T] | None = None

    async def get(self) -> T:
        async with self._lock:
            if self._found is None or time.monotonic() - self._found[0] > AGE_S:
                self._found = (time.monotonic(), await self._read())
            return self._found[1]
