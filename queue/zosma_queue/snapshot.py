"""Reads what a forecast needs, in three round trips whatever the number of jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zosma_queue import keys
from zosma_queue.calls import WORKER_TTL_MS
from zosma_queue.forecast import Machine, Snapshot, WaitingJob, WaitingVariant
from zosma_queue.keys import whole
from zosma_queue.needs import Lane, Needs
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import finite, numbers, row_or, skipping, texts

#: A job that should have ended by now ends soon: nobody knows when, and this is never far off.
OVERDUE_S = 1.0
_JOB_FIELDS = ("owner", "group", "class", "needs", "cost", "seq", "skips", "skipped_since", "set")
_LISTS = (keys.WAITING, keys.WORKERS, keys.PAUSED, keys.BUMPED, keys.PERSON_OF, keys.IDLE)
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
        pipe.hgetall(keys.PERSON_OF)
        pipe.zrange(keys.IDLE, 0, -1)
        for key in _HASHES:
            pipe.hgetall(key)
        time, *rows = await pipe.execute(raise_on_error=False)
        ids, seen, paused, bumped, persons, idle = (
            row_or(key, row, []) for key, row in zip(_LISTS, rows[: len(_LISTS)], strict=True)
        )
        hashes = [row_or(key, row, {}) for key, row in zip(_HASHES, rows[len(_LISTS) :], strict=True)]
        time = row_or(keys.PREFIX, time, None)
        now_ms = now_ms or int(time[0] * 1000 + time[1] // 1000)
        jobs, workers = await _rows(
            redis,
            texts(keys.WAITING, ids),
            texts(keys.WORKERS, [name for name, at in seen if at >= now_ms - WORKER_TTL_MS]),
        )
        tags, weights, caps, running, speed, loads, stats, accuracy = (
            numbers(key, one) for key, one in zip(_HASHES, hashes, strict=True)
        )
        groups = sorted({job.group for job in jobs})
        current, inner, abilities = await _more(
            redis,
            [_text(worker.get(b"job")) for worker in workers.values()],
            groups,
            sorted({_text(worker.get(b"profile")) for worker in workers.values()}),
        )
    machines: list[Machine] = []
    for name, worker in workers.items():
        if worker.get(b"state") in (b"ready", b"busy"):
            with skipping(keys.worker(name)):
                machines.append(_machine(name, worker, abilities, current.get(_text(worker.get(b"job"))), now_ms))
    return Snapshot(
        now_ms=now_ms,
        jobs=tuple(jobs),
        machines=tuple(machines),
        clock=tags.pop("v", 0.0),
        group_tags=tags,
        group_clocks={group: found.pop("v", 0.0) for group, found in inner.items()},
        owner_tags={job.owner: inner.get(job.group, {}).get(job.owner, 0.0) for job in jobs},
        weights=weights,
        caps={owner: int(cap) for owner, cap in caps.items()},
        running={owner: int(count) for owner, count in running.items()},
        persons={_text(owner): _text(person) for owner, person in dict(persons).items()},
        speed=speed,
        loads=loads,
        paused=frozenset(texts(keys.PAUSED, paused)),
        bumped=tuple(texts(keys.BUMPED, bumped)),
        idle=tuple(texts(keys.IDLE, idle)),
        fast_in_a_row=int(stats.get("fast_in_a_row", 0)),
        bias=accuracy.get("bias", 1.0),
    )


async def read_waiting(redis: Any, ids: list[str]) -> list[WaitingJob]:
    """Those of the jobs that wait, as the order looks at them.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    if not ids:
        return []
    with redis_errors():
        pipe = redis.pipeline(transaction=False)
        for job_id in ids:
            pipe.hmget(keys.job(job_id), "state", *_JOB_FIELDS)
        rows = await pipe.execute(raise_on_error=False)
        jobs: list[WaitingJob] = []
        for job_id, found in zip(ids, rows, strict=True):
            state, *row = row_or(keys.job(job_id), found, [None, None])
            with skipping(keys.job(job_id)):
                if state == b"waiting":
                    jobs.append(_job(job_id, row))
    return jobs


async def _rows(redis: Any, ids: list[str], names: list[str]) -> tuple[list[WaitingJob], dict[str, dict[bytes, bytes]]]:
    """The jobs, and each worker's hash."""
    pipe = redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hmget(keys.job(job_id), *_JOB_FIELDS)
    for name in names:
        pipe.hgetall(keys.worker(name))
    rows = await pipe.execute(raise_on_error=False) if ids or names else []
    jobs: list[WaitingJob] = []
    for job_id, found in zip(ids, rows[: len(ids)], strict=True):
        row = row_or(keys.job(job_id), found, [None])
        with skipping(keys.job(job_id)):
            if row[0]:
                jobs.append(_job(job_id, row))
    workers = {name: row_or(keys.worker(name), row, {}) for name, row in zip(names, rows[len(ids) :], strict=True)}
    return jobs, workers


async def _more(
    redis: Any, running: list[str], groups: list[str], profiles: list[str]
) -> tuple[dict[str, list[bytes | None]], dict[str, dict[str, float]], dict[str, frozenset[str]]]:
    """What the running jobs are at, the tags inside each group, and what workers of each profile can do."""
    pipe = redis.pipeline(transaction=False)
    for job_id in running:
        pipe.hmget(keys.job(job_id), "owner", "started", "charged", "eta", "progress")
    for group in groups:
        pipe.hgetall(keys.group_tags(group))
    for profile in profiles:
        pipe.smembers(keys.can(profile))
    rows = await pipe.execute(raise_on_error=False) if running or groups or profiles else []
    current = {
        job_id: row_or(keys.job(job_id), row, [None]) for job_id, row in zip(running, rows[: len(running)], strict=True)
    }
    inner = {
        group: numbers(keys.group_tags(group), row_or(keys.group_tags(group), row, {}))
        for group, row in zip(groups, rows[len(running) :], strict=False)
    }
    abilities = {
        profile: frozenset(texts(keys.can(profile), row_or(keys.can(profile), row, ())))
        for profile, row in zip(profiles, rows[len(running) + len(groups) :], strict=True)
    }
    return current, inner, abilities


def _text(value: bytes | None) -> str:
    return value.decode(errors="replace") if value else ""


def _job(job_id: str, row: list[bytes | None]) -> WaitingJob:
    owner, group, class_, needs_json, cost, seq, skips, since, set_json = (
        value.decode() if value else "" for value in row
    )
    needs = Needs.from_json(needs_json)
    may_become = json.loads(set_json or "{}")
    return WaitingJob(
        id=job_id,
        owner=owner,
        group=group,
        lane=Lane(class_.partition("|")[0]),
        cost=finite(cost),
        seq=float(seq),
        tokens=frozenset(needs.tokens),
        pixels=needs.pixels,
        checkpoint=needs.checkpoint,
        avoid=needs.avoid,
        kind=needs.kind,
        skips=int(skips or 0),
        skipped_since_ms=int(since) if since else None,
        pictures=int(may_become.get("count", 1)),
        variants=tuple(_variant(one) for one in may_become.get("variants", ())),
    )


def _variant(one: Mapping[str, Any]) -> WaitingVariant:
    needs = Needs.from_json(one["needs"])
    return WaitingVariant(
        tokens=frozenset(needs.tokens), pixels=needs.pixels, checkpoint=needs.checkpoint, cost=finite(str(one["cost"]))
    )


def _machine(
    name: str,
    worker: Mapping[bytes, bytes],
    abilities: Mapping[str, frozenset[str]],
    current: list[bytes | None] | None,
    now_ms: int,
) -> Machine:
    owner, busy_s = None, 0.0
    if current and current[0]:
        owner = current[0].decode()
        busy_s = _remaining_s(current, now_ms)
    target = worker.get(b"target", b"").decode() or None
    return Machine(
        id=name,
        can=abilities[_text(worker.get(b"profile"))],
        pixels=int(worker.get(b"pixels", b"0")),
        # What it is loading now is what it will hold when it is free.
        loaded=target or worker.get(b"loaded", b"").decode() or None,
        target=target,
        busy_s=busy_s,
        owner=owner,
        job=whole(_text(worker.get(b"job"))) if owner else None,
        promised=_text(worker.get(b"promised")) or None,
    )


def _remaining_s(current: list[bytes | None], now_ms: int) -> float:
    """The WebUI's own estimate once it has one, else what was predicted less what has passed."""
    _, started, charged, eta, progress = (
        finite(value) if value and index else 0.0 for index, value in enumerate(current)
    )
    if progress and eta:
        return max(eta, OVERDUE_S)
    return max(charged - (now_ms - started) / 1000, OVERDUE_S)
