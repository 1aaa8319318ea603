"""How much room finished jobs' pictures may take, in Redis and in a bucket, and making it when they take more."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from redis.exceptions import ResponseError

from zosma_queue import calls
from zosma_queue.calls import NO_LIMIT, Evicted
from zosma_queue.scripts import acall, redis_errors

#: Of `maxmemory`, unless the operator says how many bytes.
SHARE = 0.5
#: When Redis holds more than this share of `maxmemory`, pictures that have been shown go whatever they take: submits
#: are refused once it is full.
PRESSURE = 0.9


async def make_room(redis: Any, most_bytes: int | None) -> Evicted:
    """Drops pictures until the rest takes `most_bytes` (None: half of `maxmemory`, and in a bucket whatever they do):
    those that their owners have seen, and last those that a program has left here for an hour. What a member has not
    seen stays.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    memory: dict[str, Any] = {}
    with redis_errors(), suppress(ResponseError):  # hosts may have renamed INFO, or keep it from our user
        memory = await redis.info("memory")
    limit, used = int(memory.get("maxmemory") or 0), int(memory.get("used_memory") or 0)
    most_in_bucket = most_bytes or NO_LIMIT
    if most_bytes is None:
        most_bytes = int(limit * SHARE) if limit else NO_LIMIT
    must_free = max(used - int(limit * PRESSURE), 0) if limit else 0
    return await acall(redis, calls.evict(most_bytes, must_free=must_free, most_in_bucket=most_in_bucket))
