"""Finished pictures as the bot has them: read from wherever each lies, deleted from a bucket when their time is over.

Redis forgets by itself. Of what is in a bucket `keys.OBJECT_ENDS` says when it goes; what no record names, because its
worker died before it was settled, say, is found by looking through the bucket.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from zosma_queue import keys
from zosma_queue.errors import ElsewhereError
from zosma_queue.hourly import Hourly
from zosma_queue.job import Job, Picture
from zosma_queue.picture_headers import format_of
from zosma_queue.picture_store import IN_REDIS, PICTURE_TTL_S, RedisPictures, place, shown
from zosma_queue.s3_pictures import S3Pictures
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import note, skipping

log = logging.getLogger(__name__)

#: Jobs whose pictures are deleted in one go.
DROP_LIMIT = 250
#: What no job names is nobody's once a worker can't be about to settle it.
ORPHAN_S = PICTURE_TTL_S + 3600
#: Of so many attempts before the one that is noted what they may have left is deleted with it.
EARLIER_MAX = 8
#: As the bucket was found so long ago, it counts as still being.
CHECKED_S = 5.0


class StoredPictures:
    """Redis, and the bucket beside it if there is one."""

    def __init__(self, redis: Any, bucket: S3Pictures | None) -> None:
        self._redis = redis
        self._bucket = bucket
        self._in_redis = RedisPictures(redis)
        self._said = Hourly()
        self._checked_at = -CHECKED_S

    @property
    def bucket(self) -> str:
        """Its name; '' where there is only Redis."""
        return self._bucket.name if self._bucket else ""

    # -- reading ------------------------------------------------------------------------------------------------

    async def read(self, job: Job, pictures: Sequence[Picture]) -> list[bytes | None]:
        """The bytes of these pictures of a job, as `client.Queue.pictures` promises."""
        if all(made.store == IN_REDIS for made in pictures):
            found = await self._in_redis.get([place_of(job, made) for made in pictures])
        else:
            found = await self._read_apart(job, pictures)
        return [_checked(job.id, made.format, data) for made, data in zip(pictures, found, strict=True)]

    async def _read_apart(self, job: Job, pictures: Sequence[Picture]) -> list[bytes | None]:
        """Of a set that several workers made, each may have put its pictures elsewhere."""
        by_place: dict[str, bytes | None] = {}
        for name in dict.fromkeys(made.store for made in pictures):
            places = [place_of(job, made) for made in pictures if made.store == name]
            by_place.update(zip(places, await self._read_in(name, job, places), strict=True))
        return [by_place[place_of(job, made)] for made in pictures]

    async def _read_in(self, name: str, job: Job, places: Sequence[str]) -> list[bytes | None]:
        if name == IN_REDIS:
            return await self._in_redis.get(places)
        if self._bucket and name == self._bucket.name:
            return await self._bucket.get(places)
        if job.finished_ms is not None and job.finished_ms / 1000 + 2 * PICTURE_TTL_S < time.time():
            return [None] * len(places)  # wherever they were, their time is over
        why = f"pictures of job {job.id} are in {shown(name)}, which this process doesn't read"
        raise ElsewhereError(f"{why}: set its RESULTS_URL to that, as its worker's was")

    async def check(self) -> None:
        """Returns when the bucket may be read. One that could be a moment ago still can."""
        if self._bucket is None or time.monotonic() - self._checked_at < CHECKED_S:
            return
        await self._bucket.marked()
        self._checked_at = time.monotonic()

    async def announce(self) -> None:
        """Tells workers from where pictures are read: they put them nowhere else."""
        with redis_errors():
            told: bytes = await self._redis.get(keys.RESULTS) or b""
            if told.partition(b" ")[0] != self.bucket.encode():  # nowhere until ours is known to be there
                await self._redis.set(keys.RESULTS, "")
        if self._bucket:
            mark = await self._bucket.mark()
            with redis_errors():
                await self._redis.set(keys.RESULTS, f"{self._bucket.name} {mark}")

    # -- deleting -----------------------------------------------------------------------------------------------

    async def drop_ended(self) -> int:
        """Deletes from the bucket what is noted as over; of how many jobs, or parts of sets."""
        with redis_errors():
            seconds, _ = await self._redis.time()
            ids: list[bytes] = await self._redis.zrangebyscore(
                keys.OBJECT_ENDS, "-inf", seconds * 1000, start=0, num=DROP_LIMIT
            )
            noted = await self._redis.hmget(keys.OBJECT_BYTES, ids) if ids else []
        places = [
            where
            for job_id, text in zip(ids, noted, strict=True)
            for where in self._ours(job_id.decode(errors="replace"), text, earlier=EARLIER_MAX)
        ]
        if self._bucket:
            await self._bucket.drop(places)
        if ids:
            pipe = self._redis.pipeline(transaction=True)
            pipe.zrem(keys.OBJECT_ENDS, *ids)
            pipe.zrem(keys.OBJECT_SHOWN, *ids)
            pipe.hdel(keys.OBJECT_BYTES, *ids)
            with redis_errors():
                await pipe.execute()
        return len(ids)

    def _ours(self, job_id: str, noted: bytes | None, *, earlier: int = 0) -> list[str]:
        """The places in our bucket that are noted of a job; of another one only that somebody must see to it.

        `earlier`: of so many attempts before as well, whose workers may have died between storing and telling.
        """
        with skipping(keys.OBJECT_BYTES):
            _, attempt, count, name = (noted or b"").decode().split(" ")
            if self._bucket and name == self._bucket.name:
                first = max(int(attempt) - earlier, 1)
                return [
                    place(job_id, one, index) for one in range(first, int(attempt) + 1) for index in range(int(count))
                ]
            if self._said.due(name):
                log.warning(
                    "pictures that are to be deleted lie in %s, which this process doesn't know: its lifecycle rule"
                    " must do it",
                    shown(name),
                )
        return []

    async def drop_of(self, jobs: Sequence[Job]) -> int:
        """Deletes all pictures of these jobs, those of superseded attempts too; how many were stored in a bucket."""
        ids = [job_id for job in jobs for job_id, _ in _with_parts(job)]
        with redis_errors():
            noted = await self._redis.hmget(keys.OBJECT_BYTES, ids) if ids else []
        stored = [where for job_id, text in zip(ids, noted, strict=True) if text for where in self._ours(job_id, text)]
        if self._bucket:
            await self._bucket.drop([where for job in jobs for where in places_of(job)])
        return len(stored)

    async def drop_orphans(self) -> int:
        """Deletes from the bucket what is older than any worker could still settle, and noted nowhere; how many.

        It also announces the bucket again, which keeps its mark from growing old.
        """
        if self._bucket is None:
            return 0
        await self.announce()
        dropped = 0
        old = datetime.now(UTC) - timedelta(seconds=ORPHAN_S)
        async for found in self._bucket.stored():
            places = [where for where, at in found if at < old]
            with redis_errors():
                ends = await self._redis.zmscore(keys.OBJECT_ENDS, [_job_in(one) for one in places]) if places else []
            orphans = [where for where, end in zip(places, ends, strict=True) if end is None]
            await self._bucket.drop(orphans)
            dropped += len(orphans)
        return dropped


def place_of(job: Job, made: Picture) -> str:
    """Where one of a job's pictures lies, in whichever store."""
    return made.stored or place(job.id, job.result.attempt if job.result else 0, made.index)


def places_of(job: Job) -> list[str]:
    """Where pictures of the job may lie: of every attempt, for a superseded one has left its own behind."""
    if job.request is None:
        return []
    attempts = max(job.attempt, job.result.attempt if job.result else 0)
    return [
        place(job_id, attempt, index)
        for job_id, count in _with_parts(job)
        for attempt in range(1, attempts + 1)
        for index in range(count)
    ]


def _with_parts(job: Job) -> list[tuple[str, int]]:
    """(id, how many pictures) of a job and of the parts that it was split into."""
    count = job.request.count if job.request else 0
    return [(job.id, count), *((keys.part(job.id, first), count) for first, count in job.parts)]


def image_keys(job: Job) -> list[str]:
    """The keys of a job's pictures, as far as they are in Redis."""
    made = job.result.pictures if job.result else ()
    return [keys.stored_image(place_of(job, one)) for one in made if one.store == IN_REDIS]


async def newest_stored(redis: Any, limit: int) -> list[bytes]:
    """Jobs whose pictures are still stored, whichever store has them: some of those that stay longest."""
    found: list[tuple[bytes, float]] = []
    for key in (keys.PICTURE_ENDS, keys.OBJECT_ENDS):
        with redis_errors():
            found += await redis.zrange(key, 0, limit - 1, desc=True, withscores=True)
    return [job_id for job_id, at in sorted(found, key=lambda one: -one[1]) if at > 0][:limit]


def _job_in(where: str) -> str:
    return where.rsplit(":", 2)[0]


def _checked(job_id: str, told: str, data: bytes | None) -> bytes | None:
    """The picture, if its bytes are of the format that its worker told."""
    if data is None or told == format_of(data):
        return data
    note(keys.job(job_id), f"a picture is no {told:.20}")
    return None
