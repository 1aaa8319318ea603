"""discord.py's account of Discord's limits: what there is room for is sent, and what was sent is known at once."""

from __future__ import annotations

import asyncio

import discord.http
import discord.webhook.async_
from discord.webhook.async_ import AsyncDeferredLock


class Bucket(discord.http.Ratelimit):
    """With `max_ratelimit_timeout` discord.py's own refuses whatever falls into a longer window, also while there is
    room: of ten private messages in ten minutes the second would wait for nine of them.
    """

    __slots__ = ()

    async def acquire(self) -> None:
        """Takes a place; waits for one where there is none.

        Raises:
          RateLimited: when that would take longer than the client wants to wait.
        """
        if self.is_expired():
            self.reset()  # type: ignore[no-untyped-call]
        if self.remaining <= 0:
            await super().acquire()
            return
        self._last_request = self._loop.time()
        self.remaining -= 1
        self.outgoing += 1


class TokensLine(AsyncDeferredLock):
    """Who finds an interaction's limit used up waits for the next window. discord.py's own has the one wait who used it
    up, with the answer in hand: a result that is shown would not be noted as that, a command not be gone on with.
    """

    async def __aexit__(self, *_: object) -> None:
        if self.delta:
            asyncio.get_running_loop().call_later(self.delta, self.lock.release)
        else:
            self.lock.release()


def use() -> None:
    """Has discord.py keep account so, for clients that are made later."""
    vars(discord.http)["Ratelimit"] = Bucket
    vars(discord.webhook.async_)["AsyncDeferredLock"] = TokensLine
