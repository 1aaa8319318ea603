"""discord.py's account of one of Discord's limits, which sends what there is room for."""

from __future__ import annotations

import discord.http


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


def use() -> None:
    """Has discord.py keep account so, for clients that are made later."""
    vars(discord.http)["Ratelimit"] = Bucket
