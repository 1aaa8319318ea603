"""The queue as the bot process sees it: submit, look, cancel, hear, fetch pictures. All asyncio."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self

from redis.exceptions import ResponseError

from zosma_queue import calls, keys
from zosma_queue.admin import Admin
from zosma_queue.admission import check_admitted
from zosma_queue.calls import Cancelled, NewJob, Swept
from zosma_queue.catalogue import Catalogue
from zosma_queue.connections import bot_client, listener_client
from zosma_queue.cost import predict_gpu_seconds
from zosma_queue.errors import RequestRefusedError
from zosma_queue.events import Event, decode_event
from zosma_queue.fleet import OLDEST_PROTOCOL, WorkerInfo
from zosma_queue.forecast import Place, places
from zosma_queue.job import Job
from zosma_queue.messages import encode_request
from zosma_queue.needs import Lane, needs_of
from zosma_queue.offer import nearest_offer
from zosma_queue.policy import UNLIMITED, policy_for
from zosma_queue.records import Records
from zosma_queue.request import INPUT_MAX_BYTES, Request
from zosma_queue.scripts import Call, T, acall, redis_errors
from zosma_queue.snapshot import take_snapshot

#: Images of a delivered job stay a while for whoever asks again.
IMAGE_KEEP_MS = 15 * 60_000
#: A snapshot of the order serves everybody who asks for a place within this time.
SNAPSHOT_AGE_S = 2.0
#: A full one is taken anew this often for those who aren't in it.
SNAPSHOT_FULL_AGE_S = 0.5
#: Places are worked out among this many waiting jobs.
SNAPSHOT_JOBS = 500
FORECAST_BATCH = 200
#: Jobs in an owner's history, and for how long after his last one it is kept: as long as a failed job.
HISTORY_MAX = 200
HISTORY_TTL_S = 30 * 24 * 3600
#: A picture that a request starts from, once that is queued: for as long as its result is kept.
INPUT_TTL_S = 24 * 3600
#: Before that, and after a refusal.
INPUT_UNUSED_TTL_S = 600


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who a job is charged to."""

    owner: str
    """Unique within the whole queue, like `discord:<guild>/<user>` or `key:<name>`."""
    group: str
    """What the owner shares with others, like `discord:<guild>`."""
    roles: tuple[str, ...] = ()
    """Names under which a policy may be kept for him, like `role:<id>`."""


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was forgotten of an owner."""

    jobs: int
    pictures: int
    cancelled: int
    """Of the jobs, those that waited or ran."""


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How full the queue is."""

    waiting: int
    delayed: int
    running: int
    failed: int
    undelivered: int
    oldest_wait_s: float | None
    """Seconds that the job at the far end has waited; None when none waits."""


def new_job_id() -> str:
    """A fresh job id: 20 characters, sortable by time to the millisecond."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(4)}"


class Queue:
    """The queue over one Redis. Close it with `async with`."""

    def __init__(self, url: str) -> None:
        self._url = url
        # redis-py types each reply `bytes | str`; with `decode_responses` off they are bytes.
        self._redis: Any = bot_client(url)
        self.admin = Admin(self._redis)
        self.records = Records(self._redis)
        self._snapshot: tuple[float, dict[str, Place]] = (float("-inf"), {})
        self._noted: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()
        # Cancelled commands have left transports that close in the loop's next turn; there may be no later one.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _run(self, call: Call[T]) -> T:
        return await acall(self._redis, call)

    async def ping(self) -> None:
        """Returns when Redis answers.

        Raises:
          QueueUnavailableError: when it doesn't within 3 s.
        """
        with redis_errors():
            await self._redis.ping()

    async def announce(self) -> None:
        """Writes down which workers may work: those that speak a protocol this code still understands.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            await self._redis.set(keys.PROTOCOL, OLDEST_PROTOCOL)

    async def risks(self) -> list[str]:
        """What in this Redis's settings could lose accepted jobs, in words; empty where it doesn't show them.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            try:
                found = await self._redis.config_get("appendonly", "maxmemory-policy", "maxmemory")
            except ResponseError:  # hosted ones and restricted users keep their settings to themselves
                return []
        settings: dict[str, str] = found  # this one reply redis-py decodes
        risks = []
        if settings.get("appendonly") == "no":
            risks.append("appendonly is off: a crash of Redis loses jobs; set `appendonly yes`")
        if settings.get("maxmemory", "0") != "0" and settings.get("maxmemory-policy") != "noeviction":
            policy = settings.get("maxmemory-policy")
            risks.append(f"maxmemory-policy is {policy}: a full Redis throws jobs away; set `noeviction`")
        return risks

    # -- jobs ---------------------------------------------------------------------------------------------------

    async def submit(
        self,
        request: Request,
        sender: Sender,
        *,
        job_id: str | None = None,
        lane: Lane | None = None,
        run_at_ms: int = 0,
        delay_ms: int = 0,
        patience_ms: int = calls.PATIENCE_MS,
        reply: str = "",
    ) -> str:
        """Takes a request in and returns its job id. The same `job_id` twice is the same job.

        Raises:
          NoWorkerError: when no worker is ready.
          InfeasibleError: when none of them can do it.
          LimitError: when it would break a limit of the sender's policy.
          RequestRefusedError: when the request names something nobody has.
          QueueUnavailableError: when Redis doesn't answer.
        """
        workers = await self.workers()
        request = Catalogue.of(workers).resolve(request.pinned())
        job_id = job_id or new_job_id()
        policies = await self.admin.policies()
        job = NewJob(
            id=job_id,
            message=encode_request(job_id, request),
            owner=sender.owner,
            group=sender.group,
            needs=needs_of(request),
            cost=predict_gpu_seconds(request),
            lane=lane,
            run_at_ms=run_at_ms,
            delay_ms=delay_ms,
            patience_ms=patience_ms,
            reply=reply,
            policy=policy_for((sender.owner, *sender.roles), policies),
            group_weight=policies.get(sender.group, UNLIMITED).weight,
        )
        if not await self._hold_inputs(request, INPUT_TTL_S):
            raise RequestRefusedError("the picture to start from is no longer stored: send it again")
        admission = await self._run(calls.enqueue(job))
        try:
            check_admitted(admission, lambda: nearest_offer(request, workers))
        except RequestRefusedError:
            await self._hold_inputs(request, INPUT_UNUSED_TTL_S)
            raise
        await self._note_in_history(sender.owner, job_id)
        return job_id

    async def _note_in_history(self, owner: str, job_id: str) -> None:
        key = keys.history(owner)
        pipe = self._redis.pipeline(transaction=True)
        pipe.zadd(key, {job_id: int(time.time() * 1000)})
        pipe.zremrangebyrank(key, 0, -HISTORY_MAX - 1)
        pipe.expire(key, HISTORY_TTL_S)
        with redis_errors():
            await pipe.execute()

    async def jobs_of(self, owner: str, *, limit: int = 25) -> list[Job]:
        """An owner's jobs that are still known, newest first."""
        with redis_errors():
            ids = [one.decode() for one in await self._redis.zrevrange(keys.history(owner), 0, -1)]
        found: list[Job] = []
        for job_id in ids:
            if len(found) == limit:
                break
            if job := await self.job(job_id):
                found.append(job)
        return found

    async def export(self, owner: str) -> list[dict[str, Any]]:
        """All that is kept of an owner's jobs, for himself."""
        return [
            {
                "id": job.id,
                "state": str(job.state),
                "created_ms": job.created_ms,
                "finished_ms": job.finished_ms,
                "request": job.request.model_dump(mode="json", exclude_defaults=True) if job.request else None,
                "result": job.result.model_dump(mode="json") if job.result else None,
                "error": job.error,
            }
            for job in await self.jobs_of(owner, limit=HISTORY_MAX)
        ]

    async def erase(self, owner: str) -> Erased:
        """Forgets an owner's jobs with their pictures; what waits or runs is cancelled first."""
        jobs = await self.jobs_of(owner, limit=HISTORY_MAX)
        cancelled = pictures = 0
        for job in jobs:
            outcome = None if job.state.ended else await self.cancel(job.id)
            cancelled += outcome in (Cancelled.CANCELLED, Cancelled.CANCELLING)
            images = _image_keys(job)
            with redis_errors():
                if images:
                    pictures += await self._redis.delete(*images)
                if outcome is not Cancelled.CANCELLING:
                    await self._redis.delete(keys.job(job.id), keys.reply(job.id))
                    await self._redis.zrem(keys.UNDELIVERED, job.id)
                    await self._redis.zrem(keys.DEAD, job.id)
        with redis_errors():
            await self._redis.delete(keys.history(owner))
        return Erased(jobs=len(jobs), pictures=pictures, cancelled=cancelled)

    async def keep_input(self, data: bytes) -> str:
        """Stores a picture that a request is to start from, and returns the id by which the request names it.

        Raises:
          RequestRefusedError: when it is too large.
          QueueUnavailableError: when Redis doesn't answer.
        """
        if len(data) > INPUT_MAX_BYTES:
            raise RequestRefusedError(f"the picture has {len(data):,} bytes, at most {INPUT_MAX_BYTES:,} are possible")
        input_id = secrets.token_hex(16)
        with redis_errors():
            await self._redis.set(keys.picture_input(input_id), data, ex=INPUT_UNUSED_TTL_S)
        return input_id

    async def _hold_inputs(self, request: Request, ttl_s: int) -> bool:
        """Keeps the pictures that a request starts from for so long; False when one of them is gone."""
        with redis_errors():
            return all([await self._redis.expire(keys.picture_input(one), ttl_s) for one in request.inputs])

    async def job(self, job_id: str) -> Job | None:
        """The job, or None when it is unknown or forgotten."""
        with redis_errors():
            fields: dict[bytes, bytes] = await self._redis.hgetall(keys.job(job_id))
        return Job.from_hash(job_id, fields) if fields else None

    async def cancel(self, job_id: str) -> Cancelled:
        """Cancels a job, waiting or running."""
        return await self._run(calls.cancel(job_id))

    async def preview(self, job_id: str) -> bytes | None:
        """The newest preview of a running job, an encoded image."""
        with redis_errors():
            preview: bytes | None = await self._redis.get(keys.preview(job_id))
        return preview

    async def pictures(self, job: Job) -> list[bytes | None]:
        """The bytes of a finished job's pictures, in order; None for one whose time is over."""
        if job.result is None:
            return []
        with redis_errors():
            found: list[bytes | None] = await self._redis.mget(_image_keys(job))
        return found

    async def place(self, job_id: str) -> Place | None:
        """Where a waiting job stands and when it will run; None when it isn't among the first few hundred."""
        return (await self._places(wanted=job_id)).get(job_id)

    async def note_forecasts(self) -> int:
        """Writes down what is forecast for jobs that are new, so that it is compared with what happens; how many."""
        known = await self._places()
        new = [job_id for job_id in known if job_id not in self._noted]
        self._noted = set(known)
        for first in range(0, len(new), FORECAST_BATCH):
            batch = new[first : first + FORECAST_BATCH]
            await self._run(calls.note_forecasts({job_id: known[job_id].raw_ends_in_s for job_id in batch}))
        return len(new)

    async def _places(self, wanted: str | None = None) -> dict[str, Place]:
        """Everybody's place, at most two seconds old; taken anew for one who isn't in it, unless he is far back."""
        taken, known = self._snapshot
        age = time.monotonic() - taken
        missing = wanted is not None and wanted not in known
        if age > SNAPSHOT_AGE_S or (missing and (len(known) < SNAPSHOT_JOBS or age > SNAPSHOT_FULL_AGE_S)):
            snapshot = await take_snapshot(self._redis, SNAPSHOT_JOBS)
            # Some tens of milliseconds for a long queue: not on the loop that answers Discord.
            known = await asyncio.to_thread(places, snapshot)
            self._snapshot = (time.monotonic(), known)
        return known

    # -- delivery -----------------------------------------------------------------------------------------------

    async def reply(self, job_id: str) -> str | None:
        """Where the answer to a job goes, as given to `submit` or `set_reply`."""
        with redis_errors():
            found: bytes | None = await self._redis.get(keys.reply(job_id))
        return found.decode() if found else None

    async def set_reply(self, job_id: str, reply: str) -> None:
        """Changes where the answer goes."""
        with redis_errors():
            await self._redis.set(keys.reply(job_id), reply, keepttl=True)

    async def undelivered(self, limit: int = 1000) -> list[str]:
        """Ids of jobs whose end has not been shown, oldest first."""
        with redis_errors():
            return [job_id.decode() for job_id in await self._redis.zrange(keys.UNDELIVERED, 0, limit - 1)]

    async def open_jobs(self, limit: int = 1000) -> list[str]:
        """Ids of jobs that wait, back off or run."""
        with redis_errors():
            found = [await self._redis.zrange(key, 0, limit - 1) for key in (keys.LEASES, keys.WAITING, keys.DELAYED)]
        return [job_id.decode() for ids in found for job_id in ids]

    async def mark_delivered(self, job: Job) -> None:
        """Notes that a job's end has been shown."""
        await self._run(calls.delivered(job.id, _image_keys(job), keep_ms=IMAGE_KEEP_MS))

    # -- the whole ----------------------------------------------------------------------------------------------

    async def depth(self) -> Depth:
        """How full the queue is, all numbers of one moment."""
        pipe = self._redis.pipeline(transaction=True)
        for key in (keys.WAITING, keys.DELAYED, keys.LEASES, keys.DEAD, keys.UNDELIVERED):
            pipe.zcard(key)
        pipe.zrange(keys.WAITING, 0, 0, withscores=True)
        pipe.time()
        with redis_errors():
            waiting, delayed, running, failed, undelivered, oldest, now = await pipe.execute()
        wait = now[0] + now[1] / 1e6 - oldest[0][1] / 1000 if oldest else None
        return Depth(
            waiting=waiting,
            delayed=delayed,
            running=running,
            failed=failed,
            undelivered=undelivered,
            oldest_wait_s=wait and max(wait, 0.0),
        )

    async def workers(self) -> list[WorkerInfo]:
        """The workers that have shown a sign of life in the last ten seconds."""
        with redis_errors():
            ids = [worker.decode() for worker in await self._redis.zrange(keys.WORKERS, 0, -1)]
            pipe = self._redis.pipeline(transaction=False)
            for worker in ids:
                pipe.hgetall(keys.worker(worker))
            found: list[dict[bytes, bytes]] = await pipe.execute() if ids else []
            paused = {scope.decode() for scope in await self._redis.hkeys(keys.PAUSED)} if ids else set()
        workers = [WorkerInfo.from_hash(worker, fields) for worker, fields in zip(ids, found, strict=True) if fields]
        return [one.shown_paused() if paused & {f"worker:{one.id}", f"worker:{one.place}"} else one for one in workers]

    async def catalogue(self) -> Catalogue:
        """What the ready workers offer together."""
        return Catalogue.of(await self.workers())

    async def load_s(self) -> float | None:
        """What loading a checkpoint takes in this fleet, as measured; None while nobody has loaded one."""
        with redis_errors():
            found: bytes | None = await self._redis.hget(keys.LOADS, "")
        return float(found) if found else None

    async def sweep(self) -> Swept:
        """Does what time alone changes."""
        return await self._run(calls.sweep())

    async def events(self) -> AsyncIterator[Event | None]:
        """Events as they happen; None once, at the start, when it is certain that no later event is missed.

        Raises:
          QueueUnavailableError: when the connection breaks; what happened meanwhile must be read from the jobs.
        """
        client = listener_client(self._url)
        async with aclosing(client), aclosing(client.pubsub(ignore_subscribe_messages=False)) as channel:
            with redis_errors():
                await channel.subscribe(keys.EVENTS)
                async for message in channel.listen():
                    if message["type"] == "subscribe":
                        yield None
                    elif event := decode_event(message["data"]):
                        yield event


def _image_keys(job: Job) -> list[str]:
    if job.result is None:
        return []
    return [keys.image(job.id, job.result.attempt, picture.index) for picture in job.result.pictures]
