"""What is kept of one owner: all of it to look at, or erased.

Both look through every job there is, in small steps that hold nobody up: an owner may have more jobs than their history
lists, and none may be left out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zosma_queue import calls, keys
from zosma_queue.allowance import forget_made
from zosma_queue.calls import Cancelled
from zosma_queue.job import Job, readable
from zosma_queue.scripts import acall, redis_errors
from zosma_queue.stored_pictures import StoredPictures, places_of
from zosma_queue.unreadable import row_or, skipping, texts

#: Keys that one step looks at: about 10 ms of the loop that answers Discord.
STEP = 250
#: Jobs that are read or forgotten in one go.
BATCH = 200
#: Of a result, what says how we are set up.
_INTERNAL: Any = {"info": True, "attempt": True, "worker": True, "pictures": {"__all__": {"store"}}}


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was erased."""

    jobs: int
    """Forgotten, those that were cancelled for it included."""
    pictures: int
    """Whose bytes were still stored, both made and sent ones."""
    cancelled: int
    replies: tuple[tuple[str, str], ...] = ()
    """(job id, where its answer went) of all these jobs, as given to `submit` or `set_reply`."""


async def export(redis: Any, owner: str) -> list[dict[str, Any]]:
    """An owner's jobs as plain JSON, oldest first, without the pictures' bytes.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    jobs = [job for ids in _batches(await _ids_of(redis, owner)) for job in await _read(redis, ids)]
    return [_plain(job) for job in sorted(jobs, key=lambda job: (job.created_ms, job.id))]


async def erase(redis: Any, pictures_in: StoredPictures, owner: str) -> Erased:
    """Cancels an owner's open jobs and forgets all of theirs: requests, results, pictures, where answers went, history.

    What they haven't been told yet of an end (cancelled jobs, mostly) is forgotten once they have, within the hour at
    most. A picture that is being made this very moment goes with its own time, within a day. Their cooldown and the
    GPU-seconds that they have used today stay until they run out: erasing is no way around a limit. Safe to repeat,
    also after it broke off.

    Raises:
      QueueUnavailableError: when Redis doesn't answer, or the bucket in which pictures are.
    """
    begun = int(time.time() * 1000)
    cancelled = pictures = forgotten = 0
    replies: list[tuple[str, str]] = []
    for ids in _batches(await _ids_of(redis, owner)):
        jobs = await _read(redis, ids)
        for job in jobs:
            if not job.state.ended:
                outcome = await acall(redis, calls.cancel(job.id))
                cancelled += outcome in (Cancelled.CANCELLED, Cancelled.CANCELLING)
        replies += await _replies(redis, jobs)
        stored = [key for job in jobs for key in _stored(job)]
        if stored:
            with redis_errors():
                pictures += await redis.unlink(*stored)
        pictures += await pictures_in.drop_of(jobs)
        sent = [one for job in jobs if job.request for one in job.request.inputs]
        await acall(redis, calls.let_go("", sent))
        if jobs:
            with redis_errors():
                await redis.unlink(*(keys.webhook(job.id) for job in jobs))
        forgotten += await acall(redis, calls.forget(owner, [job.id for job in jobs]))
    await forget_made(redis, owner)
    with redis_errors():
        # What they ask for while this goes on is not their past.
        await redis.zremrangebyscore(keys.history(owner), "-inf", begun)
    return Erased(jobs=forgotten, pictures=pictures, cancelled=cancelled, replies=tuple(replies))


async def _replies(redis: Any, jobs: Sequence[Job]) -> list[tuple[str, str]]:
    """Where the answers to these jobs went, of those that have one."""
    with redis_errors():
        found = await redis.mget([keys.reply(job.id) for job in jobs]) if jobs else []
    replies: list[tuple[str, str]] = []
    for job, reply in zip(jobs, found, strict=True):
        with skipping(keys.reply(job.id)):
            if reply:
                replies.append((job.id, reply.decode()))
    return replies


async def _ids_of(redis: Any, owner: str) -> list[str]:
    """The ids of all the owner's jobs that are kept."""
    prefix, wanted = keys.job(""), owner.encode()
    found: set[str] = set()  # a scan may show a key twice
    cursor = None
    with redis_errors():
        while cursor != 0:
            cursor, names = await redis.scan(cursor or 0, match=f"{prefix}*", count=STEP)
            pipe = redis.pipeline(transaction=False)
            for name in names:
                pipe.hget(name, "owner")
            owners = await pipe.execute(raise_on_error=False) if names else []
            its = [name for name, owner in zip(names, owners, strict=True) if row_or(prefix, owner, None) == wanted]
            found |= {keys.whole(name.removeprefix(prefix)) for name in texts(prefix, its)}  # of a part, its set
    return sorted(found)


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]


async def _read(redis: Any, ids: Sequence[str]) -> list[Job]:
    pipe = redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hgetall(keys.job(job_id))
    with redis_errors():
        return readable(ids, await pipe.execute(raise_on_error=False))


def _stored(job: Job) -> list[str]:
    """The keys under which pictures of the job may lie, made and sent ones."""
    if job.request is None:
        return []
    made = [keys.stored_image(where) for where in places_of(job)]
    return [*made, keys.preview(job.id), *(keys.picture_input(one) for one in job.request.inputs)]


def _plain(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": str(job.state),
        "owner": job.owner,
        "group": job.group,
        "lane": str(job.lane),
        "created_ms": job.created_ms,
        "run_at_ms": job.run_at_ms,
        "started_ms": job.started_ms,
        "finished_ms": job.finished_ms,
        "error": job.error,
        "request": job.request and job.request.model_dump(mode="json", exclude_defaults=True),
        "result": job.result and job.result.model_dump(mode="json", exclude=_INTERNAL),
    }
