"""Bytes that several may hold at the same time, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """Who asks first gets first; a single one is never too large."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._turn = asyncio.Lock()
        self._given_back = asyncio.Event()

    async def take(self, size: int) -> None:
        """Returns once there is room."""
        async with self._turn:
            while self._taken and self._taken + size > self._most:
                self._given_back.clear()
                await self._given_back.wait()
            self._taken += size

    def give_back(self, size: int) -> None:
        """Makes room again."""
        self._taken -= size
        self._given_back.set()

    @asynccontextmanager
    async def holding(self, size: int) -> AsyncIterator[None]:
        """Has so many bytes inside the block; 0 are there at once, whoever waits."""
        if size:
            await self.take(size)
        try:
            yield
        finally:
            self.give_back(size)
