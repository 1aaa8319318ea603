"""The queue at a glance, for admins: how much waits, of what, whose, and who could do it.

Nothing here looks at single waiting jobs: the scripts keep count by class and owner.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.calls import WORKER_TTL_MS
from zosma_queue.needs import Lane
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import row_or, skipping, texts

#: Owners that are listed.
OWNERS = 15


@dataclass(frozen=True, kw_only=True)
class OwnerDepth:
    """One owner's part of the queue."""

    owner: str
    open: int
    """Jobs that wait, back off or run."""
    running: int


@dataclass(frozen=True, kw_only=True)
class WorkerDepth:
    """One worker's part of the queue."""

    id: str
    state: str
    loaded: str | None
    job: str | None
    """What it runs."""
    could_do: int
    """Waiting jobs that it is able to do."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What waits and runs, all numbers of one moment."""

    waiting: int
    delayed: int
    running: int
    failed: int
    oldest_wait_s: float | None
    """Seconds that the job at the far end has waited; None when none waits."""
    lanes: dict[Lane, int]
    """Waiting jobs."""
    checkpoints: dict[str, int]
    """Waiting jobs by the checkpoint they ask for, most first; under "" those that take any."""
    owners: tuple[OwnerDepth, ...]
    """Those with the most open jobs, most first."""
    workers: tuple[WorkerDepth, ...]


@dataclass(frozen=True)
class _Class:
    lane: Lane
    tokens: frozenset[str]
    pixels: int
    checkpoint: str
    waiting: int


async def take_overview(redis: Any) -> Overview:
    """Looks, in two round trips.

    What it costs grows with the number of classes (different needs among the waiting jobs) and of workers, neither with
    that of jobs nor of owners: 5 ms with 100,000 waiting jobs, as with ten.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        pipe = redis.pipeline(transaction=True)
        pipe.time()
        for key in (keys.WAITING, keys.DELAYED, keys.LEASES, keys.DEAD):
            pipe.zcard(key)
        pipe.zrange(keys.WAITING, 0, 0, withscores=True)
        for key in (keys.DEPTH, keys.CLASSES):
            pipe.hgetall(key)
        pipe.zrange(keys.BUSIEST, 0, OWNERS - 1, desc=True, withscores=True)
        pipe.zrange(keys.WORKERS, 0, -1, withscores=True)
        time, waiting, delayed, running, failed, oldest, depth, needs, most, seen = await pipe.execute()
        now_ms = time[0] * 1000 + time[1] // 1000
        names = texts(keys.WORKERS, [name for name, at in seen if at >= now_ms - WORKER_TTL_MS])
        pipe = redis.pipeline(transaction=False)
        for name in names:
            pipe.hmget(keys.worker(name), "state", "loaded", "job", "pixels")
            pipe.smembers(keys.can(name))
        for owner, _ in most:
            pipe.hget(keys.RUNNING, owner)
        rows = await pipe.execute(raise_on_error=False) if names or most else []
        rows = [row_or(keys.WORKERS, row, []) for row in rows]
    busy = rows[2 * len(names) :]
    classes: list[_Class] = []
    for name, count in depth.items():
        with skipping(keys.DEPTH):
            classes.append(_class(name, int(count), needs.get(name)))
    workers: list[WorkerDepth] = []
    for at, worker in enumerate(names):
        with skipping(keys.worker(worker)):
            workers.append(_worker(worker, rows[2 * at], rows[2 * at + 1], classes))
    lanes, checkpoints = Counter(dict.fromkeys(Lane, 0)), Counter[str]()
    for one in classes:
        lanes[one.lane] += one.waiting
        checkpoints[one.checkpoint] += one.waiting
    return Overview(
        waiting=waiting,
        delayed=delayed,
        running=running,
        failed=failed,
        oldest_wait_s=max(now_ms - oldest[0][1], 0.0) / 1000 if oldest else None,
        lanes=dict(lanes),
        checkpoints=dict(checkpoints.most_common()),
        owners=tuple(
            OwnerDepth(owner=owner.decode(errors="replace"), open=int(count), running=_count(its))
            for (owner, count), its in zip(most, busy, strict=True)
        ),
        workers=tuple(workers),
    )


def _count(value: bytes | None) -> int:
    """How many; 0 where nothing or no number is kept."""
    with skipping(keys.RUNNING):
        return int(value or 0)
    return 0


def _class(name: bytes, waiting: int, needs: bytes | None) -> _Class:
    """A class, by its needs where they are at hand (parked owners' are not), else by its name."""
    lane, *tokens, pixels = name.decode().split("|")
    if needs:
        known = json.loads(needs)
        return _Class(Lane(lane), frozenset(known["tokens"]), known["pixels"], known.get("checkpoint") or "", waiting)
    if pixels.startswith("not:"):
        pixels = tokens.pop()
    checkpoint = next((token.partition(":")[2] for token in tokens if token.startswith("checkpoint:")), "")
    return _Class(Lane(lane), frozenset(tokens), int(pixels.partition(":")[2]), checkpoint, waiting)


def _worker(name: str, fields: list[bytes | None], can: set[bytes], classes: list[_Class]) -> WorkerDepth:
    state, loaded, job, pixels = (value.decode() if value else "" for value in fields)
    able, limit = frozenset(token.decode() for token in can), int(pixels or 0)
    return WorkerDepth(
        id=name,
        state=state,
        loaded=loaded or None,
        job=job or None,
        could_do=sum(one.waiting for one in classes if one.pixels <= limit and one.tokens <= able),
    )
