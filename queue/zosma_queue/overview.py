"""The queue at a glance, for admins: how much waits and runs, of what and whose.

Nothing here looks at single waiting jobs: the scripts keep count by class and owner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.needs import Lane, Needs
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import finite, row_or, skipping, texts

#: Owners that are listed.
OWNERS = 15
#: Those that may be seen are looked for among so many with open jobs.
OWNERS_READ = 5_000
#: More jobs than any fleet runs at once.
RUNNING_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class OwnerDepth:
    """One owner's part of the queue."""

    owner: str
    open: int
    """Jobs that wait, back off or run."""
    running: int

    @property
    def waiting(self) -> int:
        """Jobs that wait or back off."""
        return max(self.open - self.running, 0)


@dataclass(frozen=True, kw_only=True)
class RunningCounts:
    """How many jobs run of what, most first."""

    lanes: dict[str, int]
    checkpoints: dict[str, int]
    """By the checkpoint they run on; under "" those that run on none."""
    workers: dict[str, int]
    """By the worker's id: one that it makes, and one that it may still be finishing."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What waits and runs of what, as nearly of one moment as Redis tells it; `Queue.depth` has the totals."""

    lanes: dict[str, int]
    """Waiting jobs."""
    checkpoints: dict[str, int]
    """Waiting jobs by the checkpoint they ask for, most first; under "" those that take any."""
    owners: tuple[OwnerDepth, ...]
    """Those with the most open jobs, most first."""
    running_of: RunningCounts


async def take_overview(redis: Any, sees: Callable[[str], bool] | None = None) -> Overview:
    """Looks, in two round trips. Owners whom `sees` denies are not listed; None: all may be.

    What it costs grows with the number of classes (different needs among the waiting jobs) and of running jobs, neither
    with that of waiting jobs nor of owners: 1 ms with 100,000 waiting jobs, as with ten. With `sees` up to 5,000 owners
    are looked through.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        pipe = redis.pipeline(transaction=True)
        pipe.hgetall(keys.DEPTH)
        pipe.hgetall(keys.NEEDS)
        pipe.zrange(keys.BUSIEST, 0, (OWNERS_READ if sees else OWNERS) - 1, desc=True, withscores=True)
        pipe.zrange(keys.LEASES, 0, RUNNING_MAX - 1)
        depth, needs, open_, leased = await pipe.execute()
        most = [(owner.decode(errors="replace"), int(count)) for owner, count in open_]
        most = [(owner, count) for owner, count in most if sees is None or sees(owner)][:OWNERS]
        owners, running_of = await _second_look(redis, most, texts(keys.LEASES, leased))
    lanes, checkpoints = Counter[str](dict.fromkeys(Lane, 0)), Counter[str]()
    for name, count in depth.items():
        with skipping(keys.DEPTH):
            lane, checkpoint = _class(name, needs.get(name))
            waiting = int(finite(count))
            lanes[lane] += waiting
            checkpoints[checkpoint] += waiting
    return Overview(
        lanes=dict(lanes), checkpoints=dict(checkpoints.most_common()), owners=owners, running_of=running_of
    )


async def owner_depth(redis: Any, owner: str) -> OwnerDepth:
    """One owner's part.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        pipe = redis.pipeline(transaction=True)
        pipe.hget(keys.OPEN, owner)
        pipe.hget(keys.RUNNING, owner)
        open_, running = await pipe.execute()
    return OwnerDepth(owner=owner, open=_count(keys.OPEN, open_), running=_count(keys.RUNNING, running))


async def _second_look(
    redis: Any, most: list[tuple[str, int]], leased: list[str]
) -> tuple[tuple[OwnerDepth, ...], RunningCounts]:
    """What the first look gave names of: the owners with most jobs, and what runs."""
    pipe = redis.pipeline(transaction=False)
    for owner, _ in most:
        pipe.hget(keys.RUNNING, owner)
    for job_id in leased:
        pipe.hmget(keys.job(job_id), "class", "runs_on", "worker")
    found = await pipe.execute(raise_on_error=False) if most or leased else []
    rows = [row_or(keys.LEASES, row, []) for row in found]
    owners = tuple(
        OwnerDepth(owner=owner, open=count, running=_count(keys.RUNNING, its))
        for (owner, count), its in zip(most, rows, strict=False)
    )
    return owners, _running(leased, rows[len(most) :])


def _running(leased: list[str], rows: list[list[bytes | None]]) -> RunningCounts:
    lanes, checkpoints, workers = Counter[str](), Counter[str](), Counter[str]()
    for job_id, row in zip(leased, rows, strict=True):
        with skipping(keys.job(job_id)):
            class_, checkpoint, worker = (value.decode() if value else "" for value in row)
            if class_:
                lanes[Lane(class_.partition("|")[0])] += 1
                checkpoints[checkpoint] += 1
                workers[worker] += 1
    return RunningCounts(
        lanes=dict(lanes.most_common()),
        checkpoints=dict(checkpoints.most_common()),
        workers=dict(workers.most_common()),
    )


def _count(key: str, value: bytes | None) -> int:
    """How many; 0 where nothing or no number is kept."""
    with skipping(key):
        return int(finite(value or b"0"))
    return 0


def _class(name: bytes, needs: bytes | None) -> tuple[Lane, str]:
    """Lane and checkpoint of a class, by its needs where they are at hand (parked owners' aren't), else by its name."""
    lane, *tokens = name.decode().split("|")
    if needs:
        return Lane(lane), Needs.from_json(needs).checkpoint or ""
    return Lane(lane), next((token.partition(":")[2] for token in tokens if token.startswith("checkpoint:")), "")
