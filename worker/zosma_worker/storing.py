"""One job's pictures on their way into the store, begun while they are still looked at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

from zosma_queue.errors import QueueUnavailableError, StoreUnavailableError
from zosma_queue.worker_queue import LeaseState, WorkerQueue
from zosma_worker.lease import Lease

log = logging.getLogger(__name__)

#: While Redis is away, pictures are offered to it again this often.
STORE_AGAIN_S = 0.5
#: A bucket that is away, or wants us to slow down, is asked after one such time, then after 2, 4, 8 … of them.
BUCKET_WAITS_MAX = 16
#: Redis is full, and has been for so long that nobody's deliveries make room: a job whose own pictures fill it would
#: wait for ever, and everybody else behind it.
FULL_S = 300.0


class Storing:
    """What has been stored of one attempt counts for nothing until a settle names it. Make it on the event loop."""

    def __init__(
        self, queue: WorkerQueue, job_id: str, attempt: int, lease: Lease, leaving: asyncio.Event | None = None
    ) -> None:
        """`leaving`: set once the worker's grace is over, and no bucket is waited for any more."""
        self._queue = queue
        self._id = job_id
        self._attempt = attempt
        self._lease = lease
        self._loop = asyncio.get_running_loop()
        self._begun: list[tuple[bytes, asyncio.Task[None]]] = []
        self._given_up = False
        self._leaving = leaving or asyncio.Event()
        self._left_behind = False
        self._said = False
        self._stored = 0
        self.no_room = False
        """Some of the pictures are stored, and Redis has no room for the others."""

    def begin(self, data: Sequence[bytes]) -> None:
        """Begins to store the next pictures of the job. From any thread."""
        self._loop.call_soon_threadsafe(self._begin, data)

    def _begin(self, data: Sequence[bytes]) -> None:
        for one in data:
            index = len(self._begun)
            self._begun.append((one, asyncio.create_task(self._store(index, one))))

    async def all_stored(self, data: Sequence[bytes]) -> bool:
        """True once exactly these pictures are stored.

        False when nobody wants them any more, we are to leave, or there is `no_room`.
        """
        if [id(one) for one in data] != [id(one) for one, _ in self._begun]:  # other bytes, or none yet
            await self.drop()
            self._given_up = False
            self._begin(data)
        await asyncio.gather(*(task for _, task in self._begun))
        # A cancel in this moment is the settle script's to decide.
        return self._lease.state is not LeaseState.LOST and not self._left_behind and not self.no_room

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
        self._begun, self._stored = [], 0

    async def _store(self, index: int, data: bytes) -> None:
        waits, began = 1, time.monotonic()
        while not self._is_over():
            try:
                await self._queue.store_picture(self._id, self._attempt, index, data)
                self._stored += 1
                return
            except StoreUnavailableError as error:
                if self._leaving.is_set():  # another worker makes it, and may find the bucket well
                    self._left_behind = True
                    return
                self._say(error)
                await self._wait(waits)
                waits = min(waits * 2, BUCKET_WAITS_MAX)
            except QueueUnavailableError as error:
                if error.code == "OOM":
                    self._say(error)
                    self.no_room |= self._stored > 0 and time.monotonic() - began >= FULL_S
                await self._wait(1)

    def _is_over(self) -> bool:
        return self._lease.over.is_set() or self._given_up or self.no_room

    async def _wait(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(STORE_AGAIN_S)
            if self._is_over() or (times > 1 and self._leaving.is_set()):
                return

    def _say(self, error: StoreUnavailableError | QueueUnavailableError) -> None:
        if not self._said:
            log.warning("job %s is kept until its pictures can be stored: %s", self._id, error)
        self._said = True
