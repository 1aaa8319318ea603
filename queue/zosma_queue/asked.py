"""What the bot has taken and not yet queued: should its process die in between, nobody waits for ever.

Between "Discord shows that the bot is thinking" and "the job is in the queue" lies a moment, with an attachment some
seconds. Only the bot reads and writes this, and only by Python: no script touches it.
"""

from __future__ import annotations

from typing import Any

from zosma_queue import keys
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import skipping, texts


class Asked:
    """Requests whose job is yet to be, by the job's id. All methods raise QueueUnavailableError."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def note(self, job_id: str, reply: str, *, at_s: float, keep_s: float) -> None:
        """Notes a request for `keep_s` seconds. `reply` says where its answer goes, as for `Queue.submit`."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(keys.asked(job_id), reply, px=int(keep_s * 1000))
        pipe.zadd(keys.ASKED, {job_id: int(at_s * 1000)})
        pipe.expire(keys.ASKED, int(keep_s) + 1)
        with redis_errors():
            await pipe.execute()

    async def forget(self, job_id: str) -> None:
        """The request has become a job, or its sender knows why not."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.delete(keys.asked(job_id))
        pipe.zrem(keys.ASKED, job_id)
        with redis_errors():
            await pipe.execute()

    async def before(self, at_s: float) -> dict[str, str]:
        """Job id → where the answer goes, of what was noted before then; '' where nobody can be answered any more."""
        with redis_errors():
            ids = texts(keys.ASKED, await self._redis.zrangebyscore(keys.ASKED, "-inf", int(at_s * 1000)))
            values = await self._redis.mget([keys.asked(job_id) for job_id in ids]) if ids else []
        found = dict.fromkeys(ids, "")
        for job_id, value in zip(ids, values, strict=True):
            with skipping(keys.asked(job_id)):
                found[job_id] = value.decode() if value else ""
        return found
