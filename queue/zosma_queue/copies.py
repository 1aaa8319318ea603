"""Copies of what all processes share, each read once for all in this process who ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Nobody goes by a copy that was not held against the original for longer.
RECENT_S = 1.0


class Copy(Generic[T]):
    """A copy of something in Redis.

    Parameters:
      look: given the copy so far (None at first), returns the same when nothing has changed, else a new one.
    """

    def __init__(self, look: Callable[[T | None], Awaitable[T]]) -> None:
        self._look = look
        self._copy: T | None = None
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def latest(self) -> T:
        """It as it is after this call: one look serves all who asked before it began.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        asked = time.monotonic()
        async with self._looking:
            if self._copy is None or self._looked_at <= asked:
                began = time.monotonic()
                self._copy = await self._look(self._copy)
                self._looked_at = began
            return self._copy

    async def recent(self) -> T:
        """It as it was at most a second ago.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if self._copy is not None and time.monotonic() - self._looked_at < RECENT_S:
            return self._copy
        return await self.latest()
