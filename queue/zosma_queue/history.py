"""Which jobs somebody asked for, newest first, for as long as jobs are kept."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from zosma_queue import keys
from zosma_queue.job import Job, readable
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import texts

#: Of one owner's jobs the newest are known.
HISTORY_MAX = 200
#: As long as an ended job is kept (DONE_TTL_MS of the scripts).
HISTORY_TTL_S = 30 * 24 * 3600


async def note_job(redis: Any, owner: str, job_id: str) -> None:
    """Writes down that an owner asks for a job, before it is queued: one that is queued can't be missing then.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    key = keys.history(owner)
    pipe = redis.pipeline(transaction=True)
    # Not again for the same job sent twice. Among jobs of one millisecond their ids decide, which begin with the time.
    pipe.zadd(key, {job_id: int(time.time() * 1000)}, nx=True)
    pipe.zremrangebyrank(key, 0, -HISTORY_MAX - 1)
    pipe.expire(key, HISTORY_TTL_S)
    with redis_errors():
        await pipe.execute()


async def unnote_job(redis: Any, owner: str, job_id: str) -> None:
    """Takes back what was noted of a job that was refused.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        await redis.zrem(keys.history(owner), job_id)


async def jobs_of(redis: Any, owner: str, *, limit: int) -> list[Job]:
    """An owner's newest jobs, newest first. Those that are forgotten, or were never queued, are passed over.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    jobs: list[Job] = []
    with redis_errors():
        noted: list[bytes] = await redis.zrange(keys.history(owner), 0, HISTORY_MAX - 1, desc=True)
        for first in range(0, len(noted), max(limit, 1)):
            if len(jobs) >= limit:
                break
            ids = texts(keys.history(owner), noted[first : first + limit])
            pipe = redis.pipeline(transaction=False)
            for job_id in ids:
                pipe.hgetall(keys.job(job_id))
            found = readable(ids, await pipe.execute(raise_on_error=False))
            # An id that was somebody else's before is this owner's job, however it was asked for again.
            jobs += [job for job in found if job.owner == owner]
    return jobs[:limit]


async def read_jobs(redis: Any, ids: Collection[str]) -> list[Job]:
    """The jobs of these ids, without those that are unknown, forgotten or can't be read.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    pipe = redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hgetall(keys.job(job_id))
    with redis_errors():
        return readable(ids, await pipe.execute(raise_on_error=False) if ids else [])
