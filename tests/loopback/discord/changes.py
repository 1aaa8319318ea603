"""One bell for everything that changes: who waits looks again when it rings, and never polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Like `asyncio.Condition`, but ringing needs no lock, so that plain functions can ring it."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, look: Callable[[], T | None], timeout: float, what: Callable[[], str]) -> T:
        """Return the first answer of `look` that is not None; `what` explains the timeout to the reader."""
        try:
            async with asyncio.timeout(timeout):
                while (found := look()) is None:
                    await self._rung()
        except TimeoutError:
            raise TimeoutError(f"not within {timeout:g} s: {what()}") from None
        return found

    async def _rung(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
