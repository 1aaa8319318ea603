"""Which jobs somebody asked for, newest first, for as long as jobs are kept. `enqueue.lua` writes them down."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import Job, State, readable
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import row_or, skipping, texts

#: Of one owner's jobs the newest are known: more than a program queues at once.
HISTORY_MAX = 10_000
#: Of those, so many are looked at for one page, however few of them are in the wanted states.
SCAN_MAX = 2_000
#: Jobs that are read in one go.
BATCH = 200
_MS_DIGITS = 15
_CURSOR = "give the `next` of the page before, or leave it out"
#: As long as an ended job is kept (DONE_TTL_MS of the scripts).
HISTORY_TTL_S = 30 * 24 * 3600


@dataclass(frozen=True)
class Page:
    """A part of an owner's jobs, newest first."""

    jobs: list[Job]
    next: str | None
    """Cursor of what comes after it; None at the end. A page may have fewer jobs than asked for, and yet a next one."""


@dataclass(frozen=True)
class Row:
    """What `rows_of` says of one job."""

    id: str
    state: State
    finished_ms: int | None


async def jobs_of(redis: Any, owner: str, *, limit: int) -> list[Job]:
    """An owner's newest jobs, newest first. Those that are forgotten, or were never queued, are passed over.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    return (await page_of(redis, owner, limit=limit)).jobs


async def page_of(
    redis: Any, owner: str, *, limit: int, states: Collection[State] = (), cursor: str | None = None
) -> Page:
    """An owner's jobs in these states (none: in all), from the cursor of the page before on.

    Raises:
      RequestRefusedError: when the cursor is none.
      QueueUnavailableError: when Redis doesn't answer.
    """
    key = keys.history(owner)
    jobs: list[Job] = []
    with redis_errors():
        first = await _rank_after(redis, key, cursor) if cursor else 0
        noted: list[tuple[bytes, float]] = await redis.zrange(
            key, first, first + SCAN_MAX - 1, desc=True, withscores=True
        )
    looked = 0
    while looked < len(noted) and len(jobs) < limit:
        # No more than are wanted: the last one looked at is where the next page begins.
        batch = noted[looked : looked + min(BATCH, limit - len(jobs))]
        ids = texts(key, [job_id for job_id, _ in batch])
        if states:
            ids = [row.id for row in await _rows(redis, ids, owner) if row.state in states]
        # An id that was somebody else's before is this owner's job, however it was asked for again.
        jobs += [job for job in await read_jobs(redis, ids) if job.owner == owner and _is_in(job, states)]
        looked += len(batch)
    if not looked or looked == len(noted) < SCAN_MAX:
        return Page(jobs, None)
    last, at_ms = noted[looked - 1]
    return Page(jobs, f"{at_ms:.0f}.{last.decode(errors='replace')}")


def _is_in(job: Job, states: Collection[State]) -> bool:
    return not states or job.state in states


async def _rank_after(redis: Any, key: str, cursor: str) -> int:
    """The rank, newest first, of what comes after a cursor, however many newer ones there are by now."""
    at_ms, _, job_id = cursor.partition(".")
    if not (at_ms.isascii() and at_ms.isdecimal() and len(at_ms) <= _MS_DIGITS and job_id):
        raise RequestRefusedError(
            detail=f"is {cursor[:60]!r}: {_CURSOR}",
            code="malformed",
            field="cursor",
            values={"given": cursor[:60], "problem": _CURSOR},
        )
    rank: int | None = await redis.zrevrank(key, job_id)
    # It may have been forgotten since: rather its neighbours of the same millisecond twice than never.
    return rank + 1 if rank is not None else int(await redis.zcount(key, f"({at_ms}", "+inf"))


async def rows_of(redis: Any, owner: str, *, but: Collection[str] = ()) -> list[Row]:
    """The state of each of an owner's jobs, newest first, without those in `but`.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    key = keys.history(owner)
    with redis_errors():
        noted = texts(key, await redis.zrange(key, 0, -1, desc=True))
    ids = [job_id for job_id in noted if job_id not in but]
    return [row for first in range(0, len(ids), BATCH) for row in await _rows(redis, ids[first : first + BATCH], owner)]


async def _rows(redis: Any, ids: list[str], owner: str) -> list[Row]:
    pipe = redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hmget(keys.job(job_id), "owner", "state", "finished")
    with redis_errors():
        found = await pipe.execute(raise_on_error=False) if ids else []
    rows: list[Row] = []
    for job_id, row in zip(ids, found, strict=True):
        its, state, finished = row_or(keys.job(job_id), row, [None] * 3)
        with skipping(keys.job(job_id)):
            if state and its == owner.encode():
                rows.append(Row(job_id, State(state.decode()), int(finished) if finished else None))
    return rows


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
