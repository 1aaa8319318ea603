"""The fleet as it was when somebody was last there: programs read lists once, at their start, and keep empty menus."""

from __future__ import annotations

import asyncio
import dataclasses
import time

from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue

#: Hundreds of clients ask at once.
AGE_S = 0.5


class LastFleet:
    """The catalogue that requests and lists go by."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._last = Catalogue()
        self._now = (float("-inf"), Catalogue())
        self._reading = asyncio.Lock()

    async def catalogue(self) -> Catalogue:
        """What the living fleet offers; with no worker ready, what the last ones did, and `ready` 0. At most 0.5 s old.

        Where jobs may wait for a worker, Redis knows the last ones; else those that this process has seen are it.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        async with self._reading:
            read, now = self._now
            if time.monotonic() - read > AGE_S:
                now = await self._queue.catalogue()
                self._now = (time.monotonic(), now)
        if now.ready:
            self._last = now
        return now if now.takes_jobs else dataclasses.replace(self._last, ready=0, is_new=now.is_new)
