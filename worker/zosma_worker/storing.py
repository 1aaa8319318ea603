"""One job's pictures on their way into the store, begun while they are still looked at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.worker_queue import LeaseState, WorkerQueue
from zosma_worker.lease import Lease

#: While the store is away, pictures are offered to it again this often.
STORE_AGAIN_S = 0.5


class Storing:
    """What has been stored of one attempt counts for nothing until a settle names it. Make it on the event loop."""

    def __init__(self, queue: WorkerQueue, job_id: str, attempt: int, lease: Lease) -> None:
        self._queue = queue
        self._id = job_id
        self._attempt = attempt
        self._lease = lease
        self._loop = asyncio.get_running_loop()
        self._begun: list[tuple[bytes, asyncio.Task[None]]] = []
        self._given_up = False

    def begin(self, data: Sequence[bytes]) -> None:
        """Begins to store the next pictures of the job. From any thread."""
        self._loop.call_soon_threadsafe(self._begin, data)

    def _begin(self, data: Sequence[bytes]) -> None:
        for one in data:
            index = len(self._begun)
            self._begun.append((one, asyncio.create_task(self._store(index, one))))

    async def all_stored(self, data: Sequence[bytes]) -> bool:
        """True once exactly these pictures are stored; False when nobody wants them any more."""
        if [id(one) for one in data] != [id(one) for one, _ in self._begun]:  # other bytes, or none yet
            await self.drop()
            self._given_up = False
            self._begin(data)
        await asyncio.gather(*(task for _, task in self._begun))
        # A cancel in this moment is the settle script's to decide.
        return self._lease.state is not LeaseState.LOST

    async def drop(self) -> None:
        """Takes back what was stored, if it can be done at once: it goes by itself else."""
        count = len(self._begun)
        await self._end()
        with contextlib.suppress(QueueUnavailableError):
            await self._queue.drop_pictures(self._id, self._attempt, count)

    async def _end(self) -> None:
        # Not by a cancel: in the middle of a call that would leak its connection.
        self._given_up = True
        await asyncio.gather(*(task for _, task in self._begun))
        self._begun = []

    async def _store(self, index: int, data: bytes) -> None:
        while not self._lease.over.is_set() and not self._given_up:
            try:
                await self._queue.store_picture(self._id, self._attempt, index, data)
                return
            except QueueUnavailableError:
                await asyncio.sleep(STORE_AGAIN_S)
