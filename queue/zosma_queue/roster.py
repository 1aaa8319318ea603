"""Reads the workers out of Redis."""

from __future__ import annotations

from typing import Any

from zosma_queue import keys
from zosma_queue.fleet import WorkerInfo
from zosma_queue.scripts import redis_errors


async def read_workers(redis: Any) -> list[WorkerInfo]:
    """The workers that have shown a sign of life in the last eight seconds.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        ids = [worker.decode() for worker in await redis.zrange(keys.WORKERS, 0, -1)]
        pipe = redis.pipeline(transaction=False)
        for worker in ids:
            pipe.hgetall(keys.worker(worker))
        found: list[dict[bytes, bytes]] = await pipe.execute() if ids else []
        paused = {scope.decode() for scope in await redis.hkeys(keys.PAUSED)} if ids else set()
    workers = [WorkerInfo.from_hash(worker, fields) for worker, fields in zip(ids, found, strict=True) if fields]
    return [one.shown_paused() if paused & {f"worker:{one.id}", f"worker:{one.place}"} else one for one in workers]
