"""How many jobs wait and run of what, and whose: counted job by job, without reading what they are about."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.needs import Lane
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import row_or, skipping, texts

#: Jobs counted of each state; more are a number that nobody reads name by name.
COUNTED = 10_000
#: Read in one go; other work has its turn in between.
BATCH = 500
_FIELDS = ("owner", "class", "needs", "worker")

Counts = dict[str, tuple[int, int]]
"""Name → jobs that wait, jobs that run; those with most first."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many jobs there are of what."""

    lanes: Counts
    checkpoints: Counts
    """Under "" those that take any."""
    owners: Counts
    workers: Counts


@dataclass(frozen=True)
class _Row:
    owner: str
    lane: str
    checkpoint: str
    worker: str


async def take_tally(redis: Any) -> Tally:
    """The jobs of this moment, or nearly so.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    waiting, running = await _rows(redis, keys.WAITING), await _rows(redis, keys.LEASES)

    def count(name: str) -> Counts:
        waits, runs = (Counter(getattr(row, name) for row in rows) for rows in (waiting, running))
        return {one: (waits[one], runs[one]) for one, _ in (waits + runs).most_common()}

    workers: Iterable[tuple[str, int]] = Counter(row.worker for row in running if row.worker).most_common()
    return Tally(
        lanes=count("lane"),
        checkpoints=count("checkpoint"),
        owners=count("owner"),
        workers={worker: (0, runs) for worker, runs in workers},
    )


async def _rows(redis: Any, key: str) -> list[_Row]:
    found: list[_Row] = []
    with redis_errors():
        ids = texts(key, await redis.zrange(key, 0, COUNTED - 1))
        for first in range(0, len(ids), BATCH):
            pipe = redis.pipeline(transaction=False)
            for job_id in ids[first : first + BATCH]:
                pipe.hmget(keys.job(job_id), *_FIELDS)
            for job_id, found_row in zip(ids[first:], await pipe.execute(raise_on_error=False), strict=False):
                row = row_or(keys.job(job_id), found_row, [None])
                with skipping(keys.job(job_id)):
                    if row[0] is not None:
                        found.append(_row(row))
    return found


def _row(row: list[bytes | None]) -> _Row:
    owner, class_, needs, worker = (value.decode() if value else "" for value in row)
    checkpoint = json.loads(needs).get("checkpoint") if needs else None
    return _Row(owner, class_.partition("|")[0] or Lane.FAST, checkpoint or "", worker)
