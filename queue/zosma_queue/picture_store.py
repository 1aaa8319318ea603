"""Where the bytes of finished pictures lie: in Redis, or in a bucket (s3_pictures.py).

A picture's place is `<job or part>:<attempt>:<index>`, the same in every store: the attempt is in it, so that a late
worker overwrites nothing. Each picture's record (`Picture.store`) says which store has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from zosma_queue import keys
from zosma_queue.scripts import redis_errors

#: What a record says of a picture that lies in Redis.
IN_REDIS = ""
#: A picture that nobody is shown goes after this; settled jobs shorten it once they are delivered.
PICTURE_TTL_S = 24 * 3600


def place(job_id: str, attempt: int, index: int) -> str:
    """Where one picture of a job, or of a part of a set, lies."""
    return f"{job_id}:{attempt}:{index}"


class PictureStore(Protocol):
    """Bytes by places. Each method raises QueueUnavailableError while the store can't serve; all are safe to repeat."""

    @property
    def name(self) -> str:
        """What a picture's record says of this store; '' for Redis."""

    async def put(self, where: str, data: bytes) -> None:
        """Stores a picture. It counts for nothing until a settle names it."""

    async def get(self, places: Sequence[str]) -> list[bytes | None]:
        """The bytes of each; None for one that is not, or no longer, there."""

    async def drop(self, places: Sequence[str]) -> None:
        """Deletes those that are there."""


class RedisPictures:
    """Pictures in the queue's own Redis, where they go by themselves."""

    name = IN_REDIS

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def put(self, where: str, data: bytes) -> None:
        """Stores a picture for a day."""
        with redis_errors():
            await self._redis.set(keys.stored_image(where), data, ex=PICTURE_TTL_S)

    async def get(self, places: Sequence[str]) -> list[bytes | None]:
        """One MGET."""
        if not places:
            return []
        with redis_errors():
            found: list[bytes | None] = await self._redis.mget([keys.stored_image(one) for one in places])
        return found

    async def drop(self, places: Sequence[str]) -> None:
        """One DEL."""
        if places:
            with redis_errors():
                await self._redis.delete(*(keys.stored_image(one) for one in places))
