"""The fleet as it was when somebody was last there: programs read lists once, at their start, and keep empty menus."""

from __future__ import annotations

import dataclasses

from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue


class LastFleet:
    """The catalogue that requests and lists go by."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._last = Catalogue()

    async def catalogue(self) -> Catalogue:
        """What the living fleet offers; with no worker ready, what the last ones did, and `ready` 0.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        now = await self._queue.catalogue()
        if now.ready:
            self._last = now
        return now if now.ready else dataclasses.replace(self._last, ready=0)
