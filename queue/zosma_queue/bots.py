"""The bot processes that share one queue and one Discord token: which of them posts, and who takes up what
members do.

One posts, all of them hear. When an interaction comes, whoever claims it first handles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zosma_queue import calls, keys
from zosma_queue.calls import BOT_TTL_MS, Standing
from zosma_queue.scripts import acall, redis_errors

#: An interaction's token lives so long; nobody hears of it again later.
CLAIM_TTL_S = 15 * 60


@dataclass(frozen=True, kw_only=True)
class Bot:
    """A bot process that has given a sign of life in the last seconds. One without Discord gives none."""

    id: str
    seen_ms: int
    """By the Redis server's clock."""
    hears: bool
    """It is connected to Discord's gateway."""
    posts: bool
    """It is the one that shows results."""


class Bots:
    """What bot processes tell each other."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def stand(self, bot: str, *, hears: bool) -> Standing:
        """A sign of life, wanted every second or so; `hears`: it is connected to Discord's gateway.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await acall(self._redis, calls.stand(bot, hears=hears))

    async def there(self) -> list[Bot]:
        """The bot processes that are there.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        pipe = self._redis.pipeline(transaction=True)
        pipe.zrange(keys.BOTS, 0, -1, withscores=True)
        pipe.zrange(keys.HEARING, 0, -1)
        pipe.get(keys.POSTER)
        pipe.time()
        with redis_errors():
            found, hearing, poster, (seconds, micros) = await pipe.execute()
        silent = seconds * 1000 + micros // 1000 - BOT_TTL_MS
        return [
            Bot(id=bot.decode(errors="replace"), seen_ms=int(at), hears=bot in hearing, posts=bot == poster)
            for bot, at in found
            if at > silent
        ]

    async def go(self, bot: str) -> None:
        """Says goodbye, so that another one posts at once.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        await acall(self._redis, calls.stand(bot, hears=False, goes=True))

    async def claim(self, name: str, bot: str) -> bool:
        """True for the first bot process that asks for this name.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            return bool(await self._redis.set(keys.claim(name), bot, nx=True, ex=CLAIM_TTL_S))
