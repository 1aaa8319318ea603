"""Jobs that open connections wait for. When this process dies, they end: nobody draws for clients that it had."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from aiohttp import web

from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.tasks import end

log = logging.getLogger(__name__)

#: A job ends when nobody has said for so long that a client waits for it.
LEASE_S = 20.0
RENEW_EVERY_S = 5.0


class Wanted:
    """The jobs of this process's blocked clients."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._clients: Counter[str] = Counter()

    def add(self, job_id: str) -> None:
        """A client is about to wait for a job, which its submit says for the first `LEASE_S`."""
        self._clients[job_id] += 1

    async def drop(self, job_id: str, *, ended: bool) -> None:
        """A client waits no more. The job is cancelled when it was the last one, unless it has `ended`."""
        if self._is_last(job_id) and not ended:
            with suppress(QueueUnavailableError):  # then its lease runs out
                await self._queue.cancel(job_id)

    async def disown(self, job_id: str) -> None:
        """The job turned out to be another request's, and is let be: `renew` may have told of it meanwhile."""
        if self._is_last(job_id):
            with suppress(QueueUnavailableError):
                await self._queue.want([job_id], 0)

    def _is_last(self, job_id: str) -> bool:
        self._clients[job_id] -= 1
        if self._clients[job_id] > 0:
            return False
        del self._clients[job_id]
        return True

    async def renew(self) -> int:
        """Says that all of them are still waited for; how many.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if self._clients:
            await self._queue.want(list(self._clients), LEASE_S)
        return len(self._clients)

    async def run(self) -> None:
        """Renews until cancelled."""
        while True:
            with suppress(QueueUnavailableError):  # said by everybody else
                await self.renew()
            await asyncio.sleep(RENEW_EVERY_S)

    def beside(self) -> Callable[[web.Application], AsyncIterator[None]]:
        """For `cleanup_ctx`: renews for as long as the application runs."""

        async def renewing(_: web.Application) -> AsyncIterator[None]:
            task = asyncio.create_task(self.run())
            yield
            await end(task)

        return renewing
