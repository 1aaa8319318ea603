"""Where a waiting job stands: the fair order, run forward over a snapshot of the queue."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from zosma_queue import keys
from zosma_queue.scripts import redis_errors


@dataclass(frozen=True)
class Place:
    """A job's place in line."""

    position: int
    """1 for the job that goes next."""


@dataclass(frozen=True)
class WaitingJob:
    """What the order needs to know of a waiting job."""

    id: str
    owner: str
    group: str
    cost: float
    seq: int


@dataclass(frozen=True)
class Snapshot:
    """The waiting jobs and the tags that order them, at one moment."""

    jobs: tuple[WaitingJob, ...]
    group_tags: dict[str, float] = field(default_factory=dict)
    owner_tags: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    async def take(cls, redis: Any, limit: int) -> Snapshot:
        """Reads the longest waiting `limit` jobs.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            ids = [job.decode() for job in await redis.zrange(keys.WAITING, 0, limit - 1)]
            pipe = redis.pipeline(transaction=False)
            for job_id in ids:
                pipe.hmget(keys.job(job_id), "owner", "group", "cost", "seq")
            pipe.hgetall(keys.TAGS)
            pipe.hgetall(keys.WEIGHTS)
            *rows, group_tags, weights = await pipe.execute()
            jobs = tuple(
                WaitingJob(job_id, owner.decode(), group.decode(), float(cost), int(seq))
                for job_id, (owner, group, cost, seq) in zip(ids, rows, strict=True)
                if owner
            )
            pipe = redis.pipeline(transaction=False)
            groups = sorted({job.group for job in jobs})
            for group in groups:
                pipe.hgetall(keys.group_tags(group))
            inner: list[dict[bytes, bytes]] = await pipe.execute() if groups else []
        return cls(
            jobs,
            _floats(group_tags),
            {owner: tag for tags in inner for owner, tag in _floats(tags).items()},
            _floats(weights),
        )


def _floats(pairs: dict[bytes, bytes]) -> dict[str, float]:
    return {name.decode(): float(value) for name, value in pairs.items()}


def places(snapshot: Snapshot) -> dict[str, Place]:
    """The place of each job when groups, and owners within them, take turns as the fetch script lets them."""
    queues: dict[str, dict[str, list[tuple[int, WaitingJob]]]] = defaultdict(lambda: defaultdict(list))
    for job in snapshot.jobs:
        heapq.heappush(queues[job.group][job.owner], (job.seq, job))

    def weight(name: str) -> float:
        return snapshot.weights.get(name, 1.0)

    def first_seq(owners: dict[str, list[tuple[int, WaitingJob]]]) -> int:
        return min(jobs[0][0] for jobs in owners.values())

    inner: dict[str, list[Any]] = {
        group: sorted((snapshot.owner_tags.get(owner, 0.0), jobs[0][0], owner) for owner, jobs in owners.items())
        for group, owners in queues.items()
    }
    outer = [(snapshot.group_tags.get(group, 0.0), first_seq(owners), group) for group, owners in queues.items()]
    heapq.heapify(outer)
    found: dict[str, Place] = {}
    while outer:
        group_tag, _, group = heapq.heappop(outer)
        owner_tag, _, owner = heapq.heappop(inner[group])
        jobs = queues[group][owner]
        _, job = heapq.heappop(jobs)
        found[job.id] = Place(len(found) + 1)
        if jobs:
            heapq.heappush(inner[group], (owner_tag + job.cost / weight(owner), jobs[0][0], owner))
        if inner[group]:
            next_seq = inner[group][0][1]
            heapq.heappush(outer, (group_tag + job.cost / weight(f"group {group}"), next_seq, group))
    return found
