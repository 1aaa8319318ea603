"""The queue as a worker sees it, the mirror of `client.Queue`: everything a worker may ask of it or tell it.

`WorkerQueue` is the contract and `RedisWorkerQueue` the way over Redis. A worker knows nothing of keys, scripts or
calls, so that another way (over HTTPS, through the bot) needs no change in it. What a worker says about a delivery is
an `Outcome`, made by `done`, `fail`, `retry` or `release`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from dramatiq import Broker

from zosma_queue import calls, keys, unreadable
from zosma_queue.broker import Slot, ZosmaBroker
from zosma_queue.calls import RELEASE, Heard, Outcome, Swept, cancelled, done, fail, release, retry
from zosma_queue.calls import Lease as LeaseState
from zosma_queue.connections import worker_async_client
from zosma_queue.errors import QueueRefusesError, QueueUnavailableError
from zosma_queue.fleet import Capabilities, Trust, WorkerState
from zosma_queue.hourly import Hourly
from zosma_queue.needs import Needs
from zosma_queue.picture_store import PictureStore, RedisPictures, place, shown
from zosma_queue.results import Bucket
from zosma_queue.s3_pictures import S3Pictures
from zosma_queue.scripts import Call, T, acall, redis_errors

__all__ = [
    "RELEASE",
    "Heard",
    "LeaseState",
    "Outcome",
    "PastFailures",
    "RedisWorkerQueue",
    "Swept",
    "WorkerQueue",
    "cancelled",
    "done",
    "fail",
    "release",
    "retry",
]

#: A worker whose new abilities are being filed says that it lives as often as any other.
AGAIN_S = 2.0

log = logging.getLogger(__name__)

#: Of so many attempts a worker remembers where it has put their pictures; it never finishes more than two at a time.
CHOICES_KEPT = 16
NOTES_TTL_S = 90 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class PastFailures:
    """How a job went wrong in earlier attempts."""

    count: int = 0
    kind: str = ""
    """The kind of the last one; '' for none."""
    place: str | None = None
    """`<hostname>/<webui host:port>` of the WebUI that it is to avoid since; None for nowhere."""


class WorkerQueue(Protocol):
    """What one worker asks of the queue. Each method that waits raises QueueUnavailableError when nobody answers."""

    @property
    def worker(self) -> str:
        """This worker's id: `<hostname>/<webui host:port>/<4 hex>`."""

    @property
    def place(self) -> str:
        """Where its WebUI is, which outlives the process: the id without its last part."""

    async def beat(
        self,
        state: WorkerState,
        *,
        loaded: str | None,
        pixels: int,
        reason: str = "",
        trust: Trust = Trust.TRUSTED,
        about: Capabilities | None = None,
    ) -> Heard:
        """Joins, or stays: a sign of life. `pixels`: the most that it can make. The answer may ask for `about`."""

    async def leave(self) -> None:
        """Goes; its place in the fleet is free at once."""

    async def try_now_asked(self) -> bool:
        """True once after each time an admin wanted the WebUI tried at once."""

    async def oldest_protocol(self) -> int:
        """The oldest worker protocol that may work; 0 when nobody says."""

    async def renew(
        self,
        job_id: str,
        attempt: int,
        *,
        progress: float | None = None,
        eta_s: float | None = None,
        preview: bytes = b"",
        estimated: bool = False,
    ) -> LeaseState:
        """Keeps a running job and publishes how far it is; what has become of it meanwhile.

        `progress` is 0…1, `preview` an encoded picture or b'' for none, and `estimated` says that the progress was
        worked out by time, because the WebUI doesn't tell it.
        """

    async def picture_input(self, input_id: str) -> bytes | None:
        """The bytes of a picture that a request starts from; None when it is no longer stored."""

    async def store_picture(self, job_id: str, attempt: int, index: int, data: bytes) -> None:
        """Stores a finished picture, for a settle with `done` to name. Safe to repeat.

        Raises StoreUnavailableError where it isn't Redis that keeps the pictures, and what does can't be asked.
        """

    def stored_in(self, job_id: str, attempt: int) -> str:
        """Where the pictures that were stored of an attempt are, for `Picture.store`; '' for Redis."""

    async def drop_pictures(self, job_id: str, attempt: int, count: int) -> None:
        """Takes back the first `count` pictures that were stored of an attempt, which no settle will name."""

    async def past_failures(self, job_id: str) -> PastFailures:
        """How a job went wrong before."""

    async def speed(self) -> float | None:
        """Real seconds for each predicted one at this worker's place; None when nobody knows."""

    async def tell_speed(self, ratio: float) -> None:
        """Tells a measured speed. The queue keeps its own if it has learned one from jobs."""

    async def read_notes(self) -> bytes:
        """What workers at this place have noted for those after them; b'' for nothing."""

    async def write_notes(self, data: bytes) -> None:
        """Notes something instead of that; b'' for nothing."""

    async def sweep(self) -> Swept:
        """Does what time alone changes, unless somebody else does."""

    async def look_again(self) -> None:
        """Has its consumer, which may be waiting for a job, look at once. No error when nobody answers."""

    def broker(self, slot: Slot) -> Broker:
        """What Dramatiq fetches jobs with, when `slot` is free, and settles them by. Its caller closes it."""


class RedisWorkerQueue:
    """A `WorkerQueue` over Redis. Close it with `async with`."""

    def __init__(self, url: str, worker: str, *, results: Bucket | None = None) -> None:
        """`results`: where finished pictures are to be kept, None: in Redis.

        Raises:
          SettingsError: when what it takes to speak with a bucket is not installed.
        """
        self._url = url
        self._worker = worker
        # No other worker settles our jobs: it may read their hashes, but not this.
        self._token = secrets.token_hex(16)
        # redis-py types each reply `bytes | str`; with `decode_responses` off they are bytes.
        self._redis: Any = worker_async_client(url)
        self._pictures: PictureStore = RedisPictures(self._redis)
        self._bucket = S3Pictures(results) if results else None
        self._chosen: dict[tuple[str, int], PictureStore] = {}
        self._choosing = asyncio.Lock()
        self._read_there = ""
        self._said = Hourly()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    @property
    def worker(self) -> str:
        """This worker's id."""
        return self._worker

    @property
    def place(self) -> str:
        """Where its WebUI is: the id without the part that is drawn anew with each start."""
        return self._worker.rpartition("/")[0] or self._worker

    async def _run(self, call: Call[T]) -> T:
        return await acall(self._redis, call)

    # -- the fleet ----------------------------------------------------------------------------------------------

    async def beat(
        self,
        state: WorkerState,
        *,
        loaded: str | None,
        pixels: int,
        reason: str = "",
        trust: Trust = Trust.TRUSTED,
        about: Capabilities | None = None,
    ) -> Heard:
        """A sign of life. Where what waits must be filed for a new sort of worker first, that is done on the way.

        Over a slow line that takes long: meanwhile it is said again and again, or this worker would count as gone.
        """
        told = calls.beat(self._worker, state, loaded=loaded, pixels=pixels, reason=reason, trust=trust, about=about)
        while (heard := await self._run(told)).filing:
            until = time.monotonic() + AGAIN_S
            while not await self._run(calls.file()) and time.monotonic() < until:
                pass
        return heard

    async def leave(self) -> None:
        """Leaves the fleet."""
        await self._run(calls.leave(self._worker))

    async def try_now_asked(self) -> bool:
        """Takes the admin's request, so that it is granted once."""
        with redis_errors():
            return bool(await self._redis.getdel(keys.try_now(self._worker)))

    async def oldest_protocol(self) -> int:
        """What the bot has announced; 0 when no bot has yet."""
        with redis_errors():
            told = await self._redis.get(keys.PROTOCOL)
        with unreadable.skipping(keys.PROTOCOL):
            return int(told or 0)
        return 0

    async def speed(self) -> float | None:
        """Real seconds for each predicted one, as `lua/_speed.lua` has learned them."""
        with redis_errors():
            known = await self._redis.hget(keys.SPEED, f"{self.place}|")
        with unreadable.skipping(keys.SPEED):
            return unreadable.finite(known) if known else None
        return None

    async def tell_speed(self, ratio: float) -> None:
        """Writes a measured speed where none is known."""
        with redis_errors():
            await self._redis.hsetnx(keys.SPEED, f"{self.place}|", repr(ratio))

    async def read_notes(self) -> bytes:
        """One GET."""
        with redis_errors():
            return await self._redis.get(keys.notes(self.place)) or b""

    async def write_notes(self, data: bytes) -> None:
        """Kept for as long as a WebUI can be expected to run on without a worker."""
        with redis_errors():
            if data:
                await self._redis.set(keys.notes(self.place), data, ex=NOTES_TTL_S)
            else:
                await self._redis.delete(keys.notes(self.place))

    async def sweep(self) -> Swept:
        """One sweep, or none while another process sweeps."""
        swept = await self._run(calls.sweep(f"worker {self._worker}"))
        if swept.filing:
            await self._run(calls.file())
        return swept

    async def look_again(self) -> None:
        """Wakes whoever blocks on this worker's list."""
        with suppress(QueueUnavailableError), redis_errors():
            await self._redis.lpush(keys.wake(self._worker), "1")
            await self._redis.pexpire(keys.wake(self._worker), calls.WORKER_TTL_MS)

    # -- one job ------------------------------------------------------------------------------------------------

    async def renew(
        self,
        job_id: str,
        attempt: int,
        *,
        progress: float | None = None,
        eta_s: float | None = None,
        preview: bytes = b"",
        estimated: bool = False,
    ) -> LeaseState:
        """Renews the lease and publishes progress."""
        return await self._run(
            calls.renew(
                job_id,
                attempt,
                progress=progress,
                eta_s=eta_s,
                preview=preview,
                estimated=estimated,
                token=self._token,
            )
        )

    async def picture_input(self, input_id: str) -> bytes | None:
        """An input's bytes; None when they have run out."""
        with redis_errors():
            data: bytes | None = await self._redis.get(keys.picture_input(input_id))
        return data

    async def store_picture(self, job_id: str, attempt: int, index: int, data: bytes) -> None:
        """Stores a picture where all of the attempt go."""
        store = await self._store_for(job_id, attempt) if self._bucket else self._pictures
        await store.put(place(job_id, attempt, index), data)

    def stored_in(self, job_id: str, attempt: int) -> str:
        """The name of the store that was chosen for them."""
        return self._chosen.get((job_id, attempt), self._pictures).name

    async def drop_pictures(self, job_id: str, attempt: int, count: int) -> None:
        """Deletes them."""
        if count:
            store = self._chosen.get((job_id, attempt), self._pictures)
            await store.drop([place(job_id, attempt, index) for index in range(count)])

    async def _store_for(self, job_id: str, attempt: int) -> PictureStore:
        """One for all pictures of an attempt, however often they are stored anew."""
        async with self._choosing:
            if (job_id, attempt) not in self._chosen:
                self._chosen[job_id, attempt] = await self._choose()
                if len(self._chosen) > CHOICES_KEPT:
                    del self._chosen[next(iter(self._chosen))]
            return self._chosen[job_id, attempt]

    async def _choose(self) -> PictureStore:
        """The bucket, if the bot reads pictures from the same: what it can't read would be lost. Else Redis."""
        bucket = self._bucket
        try:
            with redis_errors():
                told = (await self._redis.get(keys.RESULTS) or b"").decode(errors="replace")
        except QueueRefusesError as error:  # a login from before there was a choice
            return self._in_redis(f"this Redis user may not read {keys.RESULTS} ({error.code})")
        name, _, mark = told.partition(" ")
        if bucket is None or name != bucket.name:
            return self._in_redis(f"the bot reads {shown(name) if name else 'them from Redis alone'}")
        if told != self._read_there:
            if await bucket.marked() != mark:
                return self._in_redis("the bot reads them from a bucket of the same name on another server")
            self._read_there = told
            log.info("finished pictures go to %s", bucket.bucket.shown)
        self._said.forget()
        return bucket

    def _in_redis(self, why: str) -> PictureStore:
        if self._bucket and self._said.due(why):
            log.warning(
                "RESULTS_URL names %s, but %s: pictures go to Redis until both have the same RESULTS_URL",
                self._bucket.bucket.shown, why,
            )  # fmt: skip
        return self._pictures

    async def past_failures(self, job_id: str) -> PastFailures:
        """What the job's hash says of them."""
        with redis_errors():
            failures, kind, needs = await self._redis.hmget(keys.job(job_id), "failures", "error_kind", "needs")
        with unreadable.skipping(keys.job(job_id)):
            return PastFailures(
                count=int(failures or 0),
                kind=kind.decode() if kind else "",
                place=Needs.from_json(needs).avoid if needs else None,
            )
        return PastFailures(count=0, kind="", place=None)

    def broker(self, slot: Slot) -> Broker:
        """A broker with a connection of its own: Dramatiq's threads block on it."""
        return ZosmaBroker(self._url, worker=self._worker, slot=slot, token=self._token)
