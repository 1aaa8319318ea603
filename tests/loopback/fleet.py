"""A member's view of the fleet, for tests that run real workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from loopback.webui import ScriptedWebUI
from zosma_queue.client import Queue, Sender
from zosma_queue.fleet import WorkerInfo, WorkerState
from zosma_queue.job import Job, State
from zosma_queue.request import parse_request
from zosma_worker.circuit_breaker import Pauses
from zosma_worker.settings import Address
from zosma_worker.timeouts import Timeouts

T = TypeVar("T")

#: Reads progress fast and believes nobody for long.
HASTY = Timeouts(
    poll_s=0.03, preview_s=0.05, deaf_s=0.3, stalled_s=30.0, loading_s=30.0, stubborn_s=5.0, floor_s=30.0,
    pauses=Pauses(first_s=0.05),
)  # fmt: skip


async def until(look: Callable[[], Awaitable[T | None]], *, timeout: float = 60.0) -> T:
    """The first answer of `look` that is true; it is asked every 20 ms."""
    async with asyncio.timeout(timeout):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.02)


class Join(Protocol):
    """Starts a worker in this process and returns when it is in the wanted state."""

    async def __call__(
        self, where: ScriptedWebUI | Address, *, state: WorkerState = ..., timeouts: Timeouts = ..., **options: Any
    ) -> WorkerInfo: ...


class Community:
    """What a member can do and see."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    async def asks(self, *, owner: str = "ann", **fields: object) -> str:
        """Submits a small request of this member's; its job id."""
        request = parse_request({"prompt": "a cat", "width": 64, "height": 64, "steps": 4, "seed": 7, **fields})
        return await self.queue.submit(request, Sender(owner=owner, group="guild"))

    async def job(self, job_id: str) -> Job:
        """A job that must exist."""
        found = await self.queue.job(job_id)
        assert found is not None
        return found

    async def gets(self, job_id: str, *, timeout: float = 60.0) -> Job:
        """The job once it has ended."""

        async def ended() -> Job | None:
            job = await self.job(job_id)
            return job if job.state.ended else None

        return await until(ended, timeout=timeout)

    async def waits(self, job_id: str) -> Job:
        """The job once it has been given back. A worker says that it is away before it lets go of its job."""

        async def waiting() -> Job | None:
            job = await self.job(job_id)
            return job if job.state is State.WAITING and job.attempt else None

        return await until(waiting)

    async def worker(self, state: WorkerState, place: str = "", *, timeout: float = 60.0) -> WorkerInfo:
        """A worker once it is in a state."""

        async def found() -> WorkerInfo | None:
            workers = await self.queue.workers()
            return next((one for one in workers if one.state is state and place in one.id), None)

        return await until(found, timeout=timeout)
