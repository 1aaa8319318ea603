"""Where jobs' ends are told by webhook, and what has been told: it outlives every bot process.

Only the bot reads and writes this, and only by Python: no script touches it. All methods raise QueueUnavailableError.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import skipping, texts

#: An open job is looked at this often, should nobody have heard of its end.
LOOK_MS = 5 * 60_000
#: A bot process that has taken one up is done with it, or dead.
CLAIM_MS = 60_000
#: Longer than any job is put off and kept.
KEPT_S = 62 * 24 * 3600
DUE_MAX = 200


@dataclass(frozen=True)
class Webhook:
    """One job's."""

    url: str
    told: str
    """Id of the event that was told last; '' for none."""
    tries: int
    first_ms: int
    """When the event was first tried, in ms since 1970; 0 while it wasn't."""


class Webhooks:
    """The webhooks of all jobs."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def note(self, job_id: str, url: str) -> None:
        """Notes one, before its job is queued: a job that is can't be without it then."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hsetnx(keys.webhook(job_id), "url", url)
        pipe.expire(keys.webhook(job_id), KEPT_S)
        pipe.zadd(keys.WEBHOOKS, {job_id: _now_ms() + LOOK_MS}, nx=True)
        with redis_errors():
            await pipe.execute()

    async def drop(self, job_id: str) -> None:
        """Forgets one: its job was not taken, or is forgotten."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.unlink(keys.webhook(job_id), keys.claim(f"webhook:{job_id}"))
        pipe.zrem(keys.WEBHOOKS, job_id)
        with redis_errors():
            await pipe.execute()

    async def wake(self, job_ids: list[str]) -> None:
        """These jobs have ended: those that have one are due."""
        pipe = self._redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.exists(keys.webhook(job_id))
        with redis_errors():
            there = await pipe.execute() if job_ids else []
            due = {job_id: _now_ms() for job_id, is_there in zip(job_ids, there, strict=True) if is_there}
            if due:
                await self._redis.zadd(keys.WEBHOOKS, due)

    async def due(self) -> list[str]:
        """Ids of the jobs whose turn it is, the longest overdue first."""
        with redis_errors():
            found = await self._redis.zrangebyscore(keys.WEBHOOKS, "-inf", _now_ms(), start=0, num=DUE_MAX)
        return texts(keys.WEBHOOKS, found)

    async def claim(self, job_id: str) -> bool:
        """True for the one bot process that may tell it now."""
        with redis_errors():
            return bool(await self._redis.set(keys.claim(f"webhook:{job_id}"), "", nx=True, px=CLAIM_MS))

    async def get(self, job_id: str) -> Webhook | None:
        """A job's webhook; None when it has none."""
        with redis_errors():
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.webhook(job_id))
        with skipping(keys.webhook(job_id)):
            text = {name.decode(): value.decode() for name, value in found.items()}
            if "url" in text:
                return Webhook(text["url"], text.get("told", ""), int(text.get("tries", 0)), int(text.get("first", 0)))
        return None

    async def again(self, job_id: str, after_s: float, *, tries: int, first_ms: int) -> None:
        """Its next turn is in so many seconds; it was tried so often, first then."""
        pipe = self._redis.pipeline(transaction=True)
        if tries:
            pipe.hset(keys.webhook(job_id), mapping={"tries": tries, "first": first_ms})
        pipe.zadd(keys.WEBHOOKS, {job_id: _now_ms() + int(after_s * 1000)}, xx=True)
        pipe.unlink(keys.claim(f"webhook:{job_id}"))
        with redis_errors():
            await pipe.execute()

    async def done(self, job_id: str, event_id: str) -> None:
        """The event has been told, or given up. Should the job get a new life, its next end is told too."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(keys.webhook(job_id), "told", event_id)
        pipe.hdel(keys.webhook(job_id), "tries", "first")
        pipe.zrem(keys.WEBHOOKS, job_id)
        pipe.unlink(keys.claim(f"webhook:{job_id}"))
        with redis_errors():
            await pipe.execute()


def _now_ms() -> int:
    return int(time.time() * 1000)
