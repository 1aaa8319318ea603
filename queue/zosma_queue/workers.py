"""Reads the workers out of Redis."""

from __future__ import annotations

from typing import Any

from zosma_queue import keys
from zosma_queue.fleet import WorkerInfo
from zosma_queue.scopes import worker_scopes
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import row_or, skipping, texts


async def read_workers(redis: Any) -> list[WorkerInfo]:
    """The workers that have shown a sign of life in the last eight seconds.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        ids = texts(keys.WORKERS, await redis.zrange(keys.WORKERS, 0, -1))
        pipe = redis.pipeline(transaction=False)
        for worker in ids:
            pipe.hgetall(keys.worker(worker))
        found = await pipe.execute(raise_on_error=False) if ids else []
        paused = set(texts(keys.PAUSED, await redis.hkeys(keys.PAUSED))) if ids else set()
        workers = [one for worker, row in zip(ids, found, strict=True) if (one := worker_in(worker, row))]
    return [one.shown_paused() if paused & worker_scopes(one.id) else one for one in workers]


def read_workers_now(redis: Any) -> list[WorkerInfo]:
    """What `read_workers` gives, over a blocking connection, and without what is paused.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        ids = texts(keys.WORKERS, redis.zrange(keys.WORKERS, 0, -1))
        return [one for worker in ids if (one := worker_in(worker, redis.hgetall(keys.worker(worker))))]


def worker_in(worker: str, row: Any) -> WorkerInfo | None:
    """The worker in a row of a pipeline, its hash; None when it is gone or can't be read."""
    fields = row_or(keys.worker(worker), row, {})
    with skipping(keys.worker(worker)):
        return WorkerInfo.from_hash(worker, fields) if fields else None
    return None
