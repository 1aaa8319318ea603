"""Reads what a forecast needs, in three round trips whatever the number of jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zosma_queue import keys
from zosma_queue.calls import WORKER_TTL_MS
from zosma_queue.forecast import Machine, Snapshot, WaitingJob
from zosma_queue.needs import Lane
from zosma_queue.scripts import redis_errors

#: A job that should have ended by now ends soon: nobody knows when, and this is never far off.
OVERDUE_S = 1.0
_JOB_FIELDS = ("owner", "group", "class", "needs", "cost", "seq", "skips", "skipped_since")
_HASHES = (keys.TAGS, keys.WEIGHTS, keys.CAPS, keys.RUNNING, keys.SPEED, keys.LOADS, keys.STATS, keys.ACCURACY)


async def take_snapshot(redis: Any, limit: int, *, now_ms: int = 0) -> Snapshot:
    """The `limit` jobs that have waited longest, and the workers.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        pipe = redis.pipeline(transaction=True)
        pipe.time()
        pipe.zrange(keys.WAITING, 0, limit - 1)
        pipe.zrange(keys.WORKERS, 0, -1, withscores=True)
        pipe.hkeys(keys.PAUSED)
        pipe.zrange(keys.BUMPED, 0, 99)
        for key in _HASHES:
            pipe.hgetall(key)
        time, ids, seen, paused, bumped, *hashes = await pipe.execute()
        now_ms = now_ms or int(time[0] * 1000 + time[1] // 1000)
        jobs, workers, abilities = await _rows(redis, ids, [name for name, at in seen if at >= now_ms - WORKER_TTL_MS])
        tags, weights, caps, running, speed, loads, stats, accuracy = (_numbers(one) for one in hashes)
        groups = sorted({job.group for job in jobs})
        current, inner = await _more(redis, [worker.get(b"job", b"").decode() for worker in workers.values()], groups)
    machines = tuple(
        _machine(name, worker, abilities[name], current.get(worker.get(b"job", b"").decode()), now_ms)
        for name, worker in workers.items()
        if worker.get(b"state") in (b"ready", b"busy")
    )
    return Snapshot(
        now_ms=now_ms,
        jobs=tuple(jobs),
        machines=machines,
        clock=tags.pop("v", 0.0),
        group_tags=tags,
        group_clocks={group: found.pop("v", 0.0) for group, found in inner.items()},
        owner_tags={owner: tag for found in inner.values() for owner, tag in found.items() if owner != "v"},
        weights=weights,
        caps={owner: int(cap) for owner, cap in caps.items()},
        running={owner: int(count) for owner, count in running.items()},
        speed=speed,
        loads=loads,
        paused=frozenset(scope.decode() for scope in paused),
        bumped=tuple(job_id.decode() for job_id in bumped),
        fast_in_a_row=int(stats.get("fast_in_a_row", 0)),
        bias=accuracy.get("bias", 1.0),
    )


async def _rows(
    redis: Any, ids: list[bytes], names: list[bytes]
) -> tuple[list[WaitingJob], dict[str, dict[bytes, bytes]], dict[str, frozenset[str]]]:
    """The jobs, and each worker's hash and abilities."""
    pipe = redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hmget(keys.job(job_id.decode()), *_JOB_FIELDS)
    for name in names:
        pipe.hgetall(keys.worker(name.decode()))
        pipe.smembers(keys.can(name.decode()))
    rows = await pipe.execute() if ids or names else []
    jobs = [_job(job_id.decode(), row) for job_id, row in zip(ids, rows[: len(ids)], strict=True) if row[0]]
    rest = rows[len(ids) :]
    workers = {name.decode(): row for name, row in zip(names, rest[0::2], strict=True)}
    abilities = {
        name.decode(): frozenset(token.decode() for token in row) for name, row in zip(names, rest[1::2], strict=True)
    }
    return jobs, workers, abilities


async def _more(
    redis: Any, running: list[str], groups: list[str]
) -> tuple[dict[str, list[bytes | None]], dict[str, dict[str, float]]]:
    """What the running jobs are at, and the tags inside each group."""
    pipe = redis.pipeline(transaction=False)
    for job_id in running:
        pipe.hmget(keys.job(job_id), "owner", "started", "charged", "eta", "progress")
    for group in groups:
        pipe.hgetall(keys.group_tags(group))
    rows = await pipe.execute() if running or groups else []
    current = dict(zip(running, rows[: len(running)], strict=True))
    inner = {group: _numbers(row) for group, row in zip(groups, rows[len(running) :], strict=True)}
    return current, inner


def _job(job_id: str, row: list[bytes | None]) -> WaitingJob:
    owner, group, class_, needs_json, cost, seq, skips, since = (value.decode() if value else "" for value in row)
    needs = json.loads(needs_json)
    return WaitingJob(
        id=job_id,
        owner=owner,
        group=group,
        lane=Lane(class_.partition("|")[0]),
        cost=float(cost),
        seq=int(seq),
        tokens=frozenset(needs["tokens"]),
        pixels=needs["pixels"],
        checkpoint=needs.get("checkpoint"),
        avoid=needs.get("avoid"),
        skips=int(skips or 0),
        skipped_since_ms=int(since) if since else None,
    )


def _machine(
    name: str, worker: Mapping[bytes, bytes], can: frozenset[str], current: list[bytes | None] | None, now_ms: int
) -> Machine:
    owner, busy_s = None, 0.0
    if current and current[0]:
        owner = current[0].decode()
        busy_s = _remaining_s(current, now_ms)
    target = worker.get(b"target", b"").decode() or None
    return Machine(
        id=name,
        can=can,
        pixels=int(worker.get(b"pixels", b"0")),
        # What it is loading now is what it will hold when it is free.
        loaded=target or worker.get(b"loaded", b"").decode() or None,
        target=target,
        busy_s=busy_s,
        owner=owner,
    )


def _remaining_s(current: list[bytes | None], now_ms: int) -> float:
    """The WebUI's own estimate once it has one, else what was predicted less what has passed."""
    _, started, charged, eta, progress = (
        float(value) if value and index else 0.0 for index, value in enumerate(current)
    )
    if progress and eta:
        return max(eta, OVERDUE_S)
    return max(charged - (now_ms - started) / 1000, OVERDUE_S)


def _numbers(pairs: Mapping[bytes, bytes]) -> dict[str, float]:
    return {name.decode(): float(value) for name, value in pairs.items()}
