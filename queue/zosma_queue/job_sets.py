"""The sorted sets that a job is in one of, one after the other, until its end has been told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zosma_queue import keys
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import texts

#: Jobs that run, wait or back off.
OPEN = (keys.LEASES, keys.WAITING, keys.DELAYED)


async def jobs_in(redis: Any, sets: Sequence[str], limit: int = 0) -> list[str]:
    """Ids of the jobs in these sets, at most `limit` (0: all) of each, oldest first. A job made in parts is one.

    All sets are read at one moment: one after the other they would miss a job that moves between them.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    pipe = redis.pipeline(transaction=True)
    for key in sets:
        pipe.zrange(key, 0, limit - 1)
    with redis_errors():
        found = await pipe.execute()
    ids = [job_id for key, some in zip(sets, found, strict=True) for job_id in texts(key, some)]
    return list(dict.fromkeys(keys.whole(job_id) for job_id in ids))
