"""The queue as the bot process sees it: submit, look, cancel, hear, fetch pictures. All asyncio."""

from __future__ import annotations

import asyncio
import functools
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from redis.exceptions import ResponseError

from zosma_queue import allowance, backup_redis, calls, history, keys, privacy, remains, tracing
from zosma_queue.admin import Admin, Pause
from zosma_queue.admission import check_admitted
from zosma_queue.allowance import Allowance, Made
from zosma_queue.api_keys import ApiKeys
from zosma_queue.asked import Asked
from zosma_queue.backup import Contents, Kind
from zosma_queue.bots import Bots
from zosma_queue.calls import (
    INPUT_TTL_S,
    Accepted,
    Admission,
    Cancelled,
    Evicted,
    NewJob,
    Room,
    Skipped,
    Summons,
    Swept,
    Variant,
)
from zosma_queue.catalogue import Catalogue
from zosma_queue.connections import PULSE_S, bot_client, listener_client
from zosma_queue.copies import Copy
from zosma_queue.cost import predict_gpu_seconds
from zosma_queue.documents import Documents
from zosma_queue.errors import LimitError, NoWorkerError, QueueUnavailableError, RequestRefusedError
from zosma_queue.events import Event, hear
from zosma_queue.feasibility import can_do, serves, why_infeasible, with_embeddings
from zosma_queue.fleet import OLDEST_PROTOCOL, WorkerInfo
from zosma_queue.fleet_reader import FleetCopy, read_fleet
from zosma_queue.forecast import Place, Snapshot, WaitingJob, place_if_added
from zosma_queue.forecasts import JOBS_MAX, Forecasts
from zosma_queue.history import Page, Row
from zosma_queue.job import Job, State
from zosma_queue.job_sets import OPEN, jobs_in
from zosma_queue.last_fleet import Fleet, LastFleet
from zosma_queue.messages import encode_request
from zosma_queue.moderation import ContentRules, check_age, held_to, suited_here
from zosma_queue.needs import Lane, Needs, needs_of
from zosma_queue.picture_headers import format_of
from zosma_queue.picture_room import make_room
from zosma_queue.policy import UNLIMITED, policy_for
from zosma_queue.privacy import Erased
from zosma_queue.remains import Remains
from zosma_queue.request import INPUT_MAX_BYTES, Request
from zosma_queue.results import Bucket
from zosma_queue.rulebook import Rulebook, note_change
from zosma_queue.s3_pictures import S3Pictures
from zosma_queue.scopes import CHECKPOINT, LANE, QUEUE, Scope
from zosma_queue.scripts import Call, T, acall, redis_errors
from zosma_queue.series import Span, Step, read_series
from zosma_queue.stored_pictures import StoredPictures, image_keys, newest_stored
from zosma_queue.unreadable import finite, note, skipping, texts
from zosma_queue.webhooks import Webhooks
from zosma_queue.workers import read_workers

#: Images of a delivered job stay a while for whoever asks again.
IMAGE_KEEP_MS = 15 * 60_000
FORECAST_BATCH = 200
#: Pictures that open jobs start from are given more time so long before they would go: a bot may be away for so long.
INPUT_SOON_S = 12 * 3600
#: Until the request is queued.
INPUT_UNUSED_TTL_S = 600
#: Bytes of them for one owner's jobs that have not ended, and for all: about 100 photographs, and 800.
INPUTS_MAX_BYTES = 256 * 1024 * 1024
INPUTS_OF_ALL_MAX_BYTES = 2 * 1024 * 1024 * 1024
INPUTS_RETRY_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who a job is charged to."""

    owner: str
    """Unique within the whole queue, like `discord:<guild>/<user>` or `key:<name>`."""
    group: str
    """What the owner shares with others, like `discord:<guild>`."""
    person: str = ""
    """Who the owner is in all places together, like `discord:user/<id>` of a member of several guilds; '' for nobody
    but the owner. Limits count over all of those, besides in each."""
    roles: tuple[str, ...] = ()
    """Names under which a policy may be kept for them, like `role:<id>`."""
    all_ages: bool = False
    """True where people of every age may ask: a Discord channel without age restriction, direct messages. Holders of an
    API key are known to whoever gave it to them."""

    @property
    def everywhere(self) -> str:
        """Under which name all that the sender holds in all places is counted."""
        return self.person or self.owner


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


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What waits for a GPU."""

    jobs: int
    gpu_seconds: float
    """As predicted."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """The Redis that the queue is in."""

    name: str
    """Redis or Valkey, with its version; '' where it doesn't say."""
    now_ms: int
    """By its own clock."""
    took_ms: float
    """Until it had answered one question."""
    used_bytes: int | None
    """Of memory; None where it doesn't say."""
    most_bytes: int | None
    """That it may use; None for no bound of its own, and where it doesn't say."""


@dataclass(frozen=True, kw_only=True)
class InLine:
    """A waiting job, as the line shows it."""

    id: str
    place: Place | None
    """None for one that waits for something else than its turn, or is far behind."""
    held: bool
    """Only a pause keeps it from having a place."""
    at_limit: bool = False
    """Its owner has as many running as they may at once."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a request would cost, were it submitted now."""

    cost_s: float | None = None
    """Predicted GPU-seconds; None where the request itself is wrong."""
    place: Place | None = None
    """None where it would have none, like far back in a long queue."""
    paused: bool = False
    """It would wait for an admin to resume something."""
    workers: tuple[str, ...] = ()
    """Ids of the workers that could do it."""
    refusal: RequestRefusedError | None = None
    """Why it would not be taken."""


@dataclass(frozen=True)
class _Judged:
    """A request that may be asked for, as far as fleet and rules say."""

    job: NewJob
    """As the queue is to get it."""
    request: Request
    """In the fleet's own names."""
    workers: Sequence[WorkerInfo]
    """By whom it was judged: those that there are, or that there were."""

    def why_infeasible(self) -> RequestRefusedError:
        """Why nobody can do it."""
        return _why_infeasible(self.request, self.workers)


def new_job_id() -> str:
    """A fresh job id: 20 characters, sortable by time, and those of one process by their order."""
    return next(_IDS)


def _ids() -> Iterator[str]:
    last = 0
    while True:
        drawn = int(time.time() * 1000) << 32 | secrets.randbits(31)
        # Of one millisecond: on from the one before, by a drawn step.
        last = drawn if drawn >> 32 > last >> 32 else last + 1 + secrets.randbits(16)
        yield f"{last:020x}"


_IDS = _ids()


class Queue:
    """The queue over one Redis. Close it with `async with`."""

    def __init__(self, url: str, *, wait_for_gpu_s: float = 0, results: Bucket | None = None) -> None:
        """`wait_for_gpu_s`: jobs are taken although no worker is ready, if one was within so many seconds, and wait as
        long for one. 0: they are refused. `results`: where workers may keep finished pictures beside Redis.

        Raises:
          SettingsError: when what it takes to speak with a bucket is not installed.
        """
        self._url = url
        self._wait_ms = int(wait_for_gpu_s * 1000)
        # redis-py types each reply `bytes | str`; with `decode_responses` off they are bytes.
        self._redis: Any = bot_client(url)
        self._stored = StoredPictures(self._redis, S3Pictures(results) if results else None)
        self.admin = Admin(self._redis)
        self.api_keys = ApiKeys(self._redis)
        self.documents = Documents(self._redis)
        self.bots = Bots(self._redis)
        self.asked = Asked(self._redis)
        self.webhooks = Webhooks(self._redis)
        self.last_fleet = LastFleet(self._redis)
        self.on_script: Callable[[str, float], None] | None = None
        """Told of each verb that ran, and the seconds until its answer was there."""
        self._fleet: Copy[FleetCopy] = Copy(functools.partial(read_fleet, self._redis, self._fleet_with))
        self.on_delivered: Callable[[str], None] = _unheard
        """Told of each end that somebody was shown or sent, by which way: `interaction`, `webhook`, …"""
        self._forecasts = Forecasts(self._redis)
        self._estimating = asyncio.Lock()
        self._noted: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._forecasts.close()
        await self._redis.aclose()
        # Cancelled commands have left transports that close in the loop's next turn; there may be no later one.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _run(self, call: Call[T]) -> T:
        began = time.perf_counter()
        try:
            return await acall(self._redis, call)
        finally:
            if self.on_script:
                self.on_script(call.verb, time.perf_counter() - began)

    async def ping(self) -> None:
        """Returns when Redis answers a PING.

        Raises:
          QueueUnavailableError: when it doesn't within 3 s.
        """
        with redis_errors():
            await self._redis.ping()

    async def server(self) -> Server:
        """What Redis says of itself; a user without the right to ask hears its clock alone.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        began = time.perf_counter()
        with redis_errors():
            seconds, micros = await self._redis.time()
        took_ms = (time.perf_counter() - began) * 1000
        about: dict[str, Any] = {}
        with redis_errors(), suppress(ResponseError):
            about = await self._redis.info()
        if about and all(isinstance(node, dict) for node in about.values()):  # a cluster's, by node
            about = next(iter(about.values()))
        version = about.get("valkey_version") or about.get("redis_version")
        kind = "Valkey" if about.get("server_name") == "valkey" else "Redis"
        return Server(
            name=f"{kind} {version}" if version else "",
            now_ms=seconds * 1000 + micros // 1000,
            took_ms=took_ms,
            used_bytes=int(about["used_memory"]) if "used_memory" in about else None,
            most_bytes=int(about.get("maxmemory", 0)) or None,
        )

    async def check_writable(self) -> None:
        """Returns when Redis takes writes; it changes nothing that `announce` hasn't written.

        Raises:
          QueueUnavailableError: when it doesn't; the text has Redis's own words.
        """
        with redis_errors():
            await self._redis.set(keys.PROTOCOL, OLDEST_PROTOCOL, nx=True)

    async def announce(self) -> None:
        """Writes down which workers may work: those that speak a protocol this code still understands.

        What older versions kept within workers' reach is moved out of it, unless it has been written anew.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            for key in (keys.AUDIT, keys.POLICIES, keys.RULES):
                with suppress(ResponseError):  # there is none
                    await self._redis.renamenx(key.removeprefix("bot:"), key)
            pipe = self._redis.pipeline(transaction=True)
            pipe.set(keys.PROTOCOL, OLDEST_PROTOCOL)
            note_change(pipe)
            await pipe.execute()
        await self._stored.announce()

    async def read_backup(
        self, kinds: Mapping[str, Kind], *, failed_jobs: bool, left_out: Callable[[str], None]
    ) -> Contents:
        """What people have set up (backup.py). `left_out` is told of each thing that can't be read.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await backup_redis.read(self._redis, kinds, failed_jobs=failed_jobs, left_out=left_out)

    async def write_backup(
        self, now: Contents, then: Contents, kinds: Mapping[str, Kind], *, who: str, mode: str
    ) -> None:
        """Makes `then` of what is set up `now` (backup.py).

        Raises:
          QueueUnavailableError: when Redis doesn't answer; the same call once more does the rest.
        """
        await backup_redis.write(self._redis, now, then, kinds, who=who, mode=mode)

    async def risks(self) -> list[str]:
        """What in this Redis's settings could lose accepted jobs, in words; empty where it doesn't show them.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            try:
                found = await self._redis.config_get("appendonly", "appendfsync", "maxmemory-policy", "maxmemory")
            except ResponseError:  # hosted ones and restricted users keep their settings to themselves
                return []
        settings: dict[str, str] = found  # this one reply redis-py decodes
        risks = []
        if settings.get("appendonly") == "no":
            risks.append("appendonly is off: a crash of Redis loses jobs; set `appendonly yes`")
        elif settings.get("appendfsync") == "no":
            risks.append("appendfsync is no: a power cut loses half a minute of jobs; set `appendfsync everysec`")
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
        digest: str = "",
        lane: Lane | None = None,
        run_at_ms: int = 0,
        delay_ms: int = 0,
        patience_ms: int = calls.PATIENCE_MS,
        reply: str = "",
        keep_s: float = 0,
        wanted_s: float = 0,
    ) -> str:
        """Takes a request in and returns its job id. The same `job_id` twice is the same job.

        `keep_s` is how long the job is kept once its end is shown, without its pictures; 0: 30 days. `digest` is of
        what was asked: the same `job_id` with another one is a mistake of its sender. `wanted_s`: an open connection
        waits for it, and it ends after so long unless that says so again (`want`); 0: none does.

        Raises:
          OtherRequestError: when the job of this id asked for something else.
          NoWorkerError: when no worker is ready, and none was here lately.
          InfeasibleError: when none of them can do it.
          LimitError: when it would break a limit of the sender's policy.
          BlockedError: when it has a word that is not allowed there.
          RequestRefusedError: when the request names something nobody has, or what the rules don't allow.
          QueueUnavailableError: when Redis doesn't answer.
        """

        def asked(job: NewJob) -> NewJob:
            _check_lane(job, lane)
            return replace(
                job, lane=lane, run_at_ms=run_at_ms, delay_ms=delay_ms, patience_ms=patience_ms, digest=digest,
                reply=reply, keep_ms=int(keep_s * 1000), wanted_ms=int(wanted_s * 1000),
            )  # fmt: skip

        job_id = job_id or new_job_id()
        with tracing.span("submit", "producer", {"zosma.job": job_id}):
            judged, admission = await self._admitted(request, sender, job_id, asked)
            try:
                check_admitted(admission, judged.why_infeasible)
            except RequestRefusedError:
                await self._let_go(job_id, request.inputs)
                raise
        return job_id

    async def suited(self, fields: Mapping[str, Any], sender: Sender) -> dict[str, Any]:
        """A request's fields as somebody said them, with what suits their checkpoint where they said nothing.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        rules = (await self.admin.rulebook.recent()).rules_for(sender.group)
        return suited_here(await self.catalogue(), fields, rules)

    async def check(
        self, request: Request, sender: Sender, *, job_id: str = "", digest: str = "", run_at_ms: int = 0,
        wanted_s: float = 0,
    ) -> bool:  # fmt: skip
        """Judges a request as `submit` would, without taking it. True when the job of this id is there already: then a
        connection waits for that from now on, for `wanted_s`.

        Its pictures need not be stored yet: whoever may not submit is told before they are.

        Raises:
          what `submit` raises.
        """
        judged, admission = await self._admitted(
            request, sender, job_id or new_job_id(),
            lambda job: replace(
                job, message=b"", inputs=(), digest=digest, run_at_ms=run_at_ms, wanted_ms=int(wanted_s * 1000)
            ),
        )  # fmt: skip
        check_admitted(admission, judged.why_infeasible)
        return admission.answer is Accepted.EXISTS

    async def estimate(
        self, request: Request, sender: Sender, *, lane: Lane | None = None, put_off: bool = False
    ) -> Estimate:
        """What a request would cost and when it would be done, without taking it. `put_off`: nobody knows when.

        Raises:
          RequestRefusedError: when it names something nobody has, or what the rules don't allow.
          QueueUnavailableError: when Redis doesn't answer.
        """
        judged = await self._judged(request, sender, new_job_id(), await self._latest())
        able = tuple(one.id for one in judged.workers if not one.gone and serves(one, judged.job.needs))
        job, estimate = judged.job, Estimate(cost_s=judged.job.cost, workers=able)
        try:
            _check_lane(job, lane)
            # Asked again while somebody fills in a form: no submit, so what it would be refused is counted by nobody.
            asked = replace(job, message=b"?", inputs=(), lane=lane, delay_ms=int(put_off))
            check_admitted(await self._run(calls.enqueue(asked)), judged.why_infeasible)
        except RequestRefusedError as error:
            return replace(estimate, refusal=error)
        if put_off:
            return estimate
        order = (await self._forecasts.newest()).order
        if len(order.jobs) >= JOBS_MAX:
            return estimate
        added, order = _as_added(job, order)
        async with self._estimating:  # some milliseconds of a processor each
            place = await asyncio.to_thread(place_if_added, order, added)
            unpaused = None
            if place is None and order.paused:
                unpaused = await asyncio.to_thread(place_if_added, replace(order, paused=frozenset()), added)
        return replace(estimate, place=place, paused=unpaused is not None)

    async def _admitted(
        self, request: Request, sender: Sender, job_id: str, asked: Callable[[NewJob], NewJob]
    ) -> tuple[_Judged, Admission]:
        """A request as it was judged, and the queue's answer to what `asked` makes of its job.

        It is judged by what this process knows of fleet and rules. The script says when that has changed since, and who
        is refused before it is judged once more by what is certain.
        """
        fleet = await self._fleet.recent()
        if not fleet.fleet.ready:  # what those that were here could do has no version
            fleet = await self._fleet.latest()
        known, certain = (fleet, await self.admin.rulebook.recent()), False
        while True:  # each time round somebody has changed something, so this ends
            refused = None
            try:
                judged = await self._judged(request, sender, job_id, known)
                admission = await self._run(calls.enqueue(asked(judged.job)))
                if admission.answer is not Accepted.STALE:
                    return judged, admission
            except RequestRefusedError as error:
                refused = error
            before, known = known, await self._latest()
            if refused and (certain or known == before):
                raise refused
            certain = True

    async def _latest(self) -> tuple[FleetCopy, Rulebook]:
        return await self._fleet.latest(), await self.admin.rulebook.latest()

    async def _judged(
        self, request: Request, sender: Sender, job_id: str, known: tuple[FleetCopy, Rulebook]
    ) -> _Judged:
        fleet, rulebook = known
        workers = fleet.fleet.judges
        try:
            request = fleet.catalogue.resolve(request.pinned())
        except NoWorkerError:
            await self.check_writable()  # nor can workers say that they are there in a Redis that takes no writes
            raise
        if rules := rulebook.rules_for(sender.group):
            check_age(rules, all_ages=sender.all_ages)
            # Some tens of milliseconds for a prompt made to be slow: not on the loop that answers Discord.
            request = await asyncio.to_thread(_held_to, rules, request, fleet.catalogue, workers)
        if fleet.fleet.last and not all(any(can_do(one, variant) for one in workers) for variant in request.variants):
            raise _why_infeasible(request, workers)
        job = NewJob(
            id=job_id,
            message=encode_request(job_id, request),
            owner=sender.owner,
            group=sender.group,
            needs=_needs_of(request, fleet.catalogue, workers),
            cost=predict_gpu_seconds(request),
            person=sender.person,
            policy=policy_for((sender.owner, *sender.roles), rulebook.policies),
            group_weight=rulebook.policies.get(sender.group, UNLIMITED).weight,
            pictures=request.count if request.splits else 1,
            variants=_variants(request, fleet.catalogue, workers),
            inputs=request.inputs,
            fleet_version=fleet.version,
            rules_version=rulebook.version,
            wait_ms=self._wait_ms,
        )
        return _Judged(job, request, workers)

    async def want(self, job_ids: Sequence[str], for_s: float) -> None:
        """Says that clients' open connections wait for these jobs: who doesn't say so again in time ends them.

        With 0 nobody waits for them any more, and they are let be.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        await self._run(calls.want(job_ids, for_ms=int(for_s * 1000)))

    async def keep_input(self, data: bytes, owner: str = "nobody") -> str:
        """Stores a picture that a request is to start from, and returns the id by which the request names it.

        Raises:
          RequestRefusedError: when it is too large.
          LimitError: when its sender, or all together, have too many bytes stored for jobs that have not ended.
          QueueUnavailableError: when Redis doesn't answer.
        """
        if len(data) > INPUT_MAX_BYTES:
            raise RequestRefusedError(
                f"the picture has {len(data):,} bytes, at most {INPUT_MAX_BYTES:,} are possible",
                code="too-many-bytes",
                values={"given": len(data), "most": INPUT_MAX_BYTES},
            )
        input_id = secrets.token_hex(16)
        room = await self._run(
            calls.reserve(
                input_id, owner, len(data), ttl_ms=INPUT_UNUSED_TTL_S * 1000, most=INPUTS_MAX_BYTES,
                most_of_all=INPUTS_OF_ALL_MAX_BYTES,
            )
        )  # fmt: skip
        if room is not Room.OK:
            whose = "you have" if room is Room.OWNER else "all together have"
            raise LimitError(
                f"{whose} as many pictures stored for open jobs as is possible: try again when some have ended",
                retry_after_s=INPUTS_RETRY_S,
                code="limit-stored",
            )
        try:
            with redis_errors():
                await self._redis.set(keys.picture_input(input_id), data, ex=INPUT_UNUSED_TTL_S)
        except QueueUnavailableError:
            with suppress(QueueUnavailableError):
                await self._let_go("", (input_id,))
            raise
        return input_id

    async def drop_inputs(self, input_ids: Sequence[str]) -> None:
        """Deletes stored pictures that no request will start from.

        Raises:
          QueueUnavailableError: when Redis doesn't answer; then they go by themselves within minutes.
        """
        await self._let_go("", input_ids)

    async def _let_go(self, job_id: str, input_ids: Sequence[str]) -> None:
        if input_ids:
            await self._run(calls.let_go(job_id, input_ids))

    async def job(self, job_id: str) -> Job | None:
        """The job, or None when it is unknown, forgotten or can't be read."""
        with redis_errors():
            fields: dict[bytes, bytes] = await self._redis.hgetall(keys.job(job_id))
        with skipping(keys.job(job_id)):
            return Job.from_hash(job_id, fields) if fields else None
        return None

    async def jobs(self, job_ids: Sequence[str]) -> list[Job]:
        """The jobs of these ids; those that are unknown, forgotten or can't be read are left out."""
        batches = [job_ids[first : first + history.BATCH] for first in range(0, len(job_ids), history.BATCH)]
        return [job for ids in batches for job in await history.read_jobs(self._redis, ids)]

    async def jobs_of(self, owner: str, *, limit: int = 25) -> list[Job]:
        """The newest jobs that somebody asked for with `submit` and that are still known, newest first."""
        return await history.jobs_of(self._redis, owner, limit=limit)

    async def page_of(
        self, owner: str, *, limit: int, states: Collection[State] = (), cursor: str | None = None
    ) -> Page:
        """As `jobs_of`, of these states (none: of all), and part by part: `cursor` is the `next` of the page before.

        Raises:
          RequestRefusedError: when the cursor is none.
        """
        return await history.page_of(self._redis, owner, limit=limit, states=states, cursor=cursor)

    async def rows_of(self, owner: str, *, but: Collection[str] = ()) -> tuple[int, list[Row]]:
        """(the Redis server's ms since 1970 before it looked, the state of each of an owner's jobs, newest first)."""
        with redis_errors():
            seconds, micros = await self._redis.time()
        return seconds * 1000 + micros // 1000, await history.rows_of(self._redis, owner, but=but)

    async def export(self, owner: str) -> list[dict[str, Any]]:
        """All that is kept of an owner's jobs, ready for JSON (privacy.py)."""
        return await privacy.export(self._redis, owner)

    async def erase(self, owner: str) -> Erased:
        """Cancels an owner's open jobs and forgets all that is kept of them but what a limit goes by (privacy.py)."""
        return await privacy.erase(self._redis, self._stored, owner)

    async def allowance(self, sender: Sender) -> Allowance:
        """What a sender has left of their limits (allowance.py).

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        policy = policy_for((sender.owner, *sender.roles), await self.admin.policies())
        return await allowance.allowance(self._redis, sender.owner, sender.person, policy)

    async def made(self, scope: str) -> Made:
        """What was made for an owner or a group in the last 30 days (allowance.py).

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await allowance.made(self._redis, scope)

    async def drop_documents(self, by: int) -> int:
        """Drops what was kept for one member alone, like a described picture's words; how many documents."""
        return await remains.drop_documents(self._redis, by)

    async def remains(self, owners: Sequence[str], user_id: int) -> Remains:
        """What still names a member after `erase`, because something else needs it (remains.py)."""
        return await remains.remains(self._redis, owners, user_id)

    async def cancel(self, job_id: str) -> Cancelled:
        """Cancels a job, waiting or running."""
        return await self._run(calls.cancel(job_id))

    async def skip(self, job_id: str) -> Skipped:
        """Ends the picture that a running job is at, as far as it is; the job goes on with the next."""
        return await self._run(calls.skip(job_id))

    async def preview(self, job_id: str) -> bytes | None:
        """The newest preview of a running job; None for none, and for what is none of `FORMATS` by its bytes."""
        with redis_errors():
            preview: bytes | None = await self._redis.get(keys.preview(job_id))
        if preview is None or format_of(preview):
            return preview
        note(keys.preview(job_id), "it is no picture")
        return None

    async def pictures(self, job: Job) -> list[bytes | None]:
        """The bytes of a finished job's pictures, in order; None for one whose time is over.

        A worker may write what it likes under a picture's name: what isn't of the format that the result names, one of
        `FORMATS`, is no more there than one whose time is over.

        Raises:
          StoreUnavailableError: when they are in a bucket that doesn't answer, or that this process doesn't know.
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await self._stored.read(job, job.result.pictures if job.result else ())

    async def picture(self, job: Job, index: int) -> bytes | None:
        """One of them; None also where the job has no such picture.

        Raises:
          what `pictures` raises.
        """
        wanted = job.result.pictures[index : index + 1] if job.result else ()
        found = await self._stored.read(job, wanted)
        return found[0] if found else None

    async def check_pictures(self) -> None:
        """Returns when finished pictures can be read: when the bucket lets us, where there is one.

        Raises:
          StoreUnavailableError: when it doesn't; the text says why.
        """
        await self._stored.check()

    async def place(self, job_id: str) -> Place | None:
        """Where a waiting job stands and when it will run; None when it isn't among the first few hundred."""
        return (await self._forecasts.places((job_id,))).get(job_id)

    async def standings(self, job_ids: Collection[str]) -> dict[str, tuple[Place | None, bool]]:
        """Of each of these waiting jobs its place, and whether it has none only because an admin paused something.

        One look at the order for all of them.
        """
        known, newest = await self._forecasts.places(job_ids), await self._forecasts.newest()
        paused = () if all(job_id in known for job_id in job_ids) else await self.pauses()

        def is_held(job_id: str) -> bool:
            return job_id not in known and bool(paused) and (QUEUE in paused or job_id in newest.held)

        return {job_id: (known.get(job_id), is_held(job_id)) for job_id in job_ids}

    async def pauses(self) -> tuple[str, ...]:
        """The scopes that are paused: `queue`, `lane:…`, `checkpoint:…`, `worker:…`. `admin.pauses` says why."""
        return tuple(pause.scope for pause in await self.admin.pauses())

    async def is_held(self, job_id: str) -> bool:
        """True for a waiting job that has no place in line only because an admin paused something."""
        paused = await self.pauses()
        if not paused or QUEUE in paused:
            return bool(paused)
        return job_id in (await self._forecasts.newest((job_id,))).held

    async def is_at_limit(self, job_id: str) -> bool:
        """True for a waiting job whose owner has as many running as they may at once."""
        return job_id in (await self._forecasts.newest((job_id,))).parked

    async def pause_of(self, job: Job) -> Pause | None:
        """The pause that holds a waiting job back; None for none of its own, like that of every worker that can do it.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        checkpoint = job.request.checkpoint if job.request else None
        scopes = (QUEUE, str(Scope(LANE, job.lane)), *([str(Scope(CHECKPOINT, checkpoint))] if checkpoint else []))
        return next((one for one in await self.admin.pauses() if one.scope in scopes), None)

    async def in_order(self, jobs: Iterable[Job]) -> list[Job]:
        """Waiting jobs as they will run; then those that a pause holds back, as they would; then the rest by age."""
        jobs = sorted(jobs, key=lambda job: job.created_ms)
        newest = await self._forecasts.newest(anew=True)  # whoever looks has often just changed something

        def rank(job: Job) -> tuple[int, int]:
            place = newest.places.get(job.id)
            return (0, place.position) if place else (1, newest.held[job.id]) if job.id in newest.held else (2, 0)

        return sorted(jobs, key=rank)

    async def line(self, first: int = 0, limit: int = 100) -> list[InLine]:
        """Waiting jobs from the `first` on (0: the next to start), as they will run; then those that a pause holds
        back, as they would; then the rest by age. At most two seconds old; no job is read for it.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        newest = await self._forecasts.newest()
        front = [
            InLine(id=job_id, place=place, held=False, at_limit=job_id in newest.parked)
            for job_id, place in newest.places.items()
        ]
        front += [
            InLine(id=job_id, place=None, held=True) for job_id in sorted(newest.held, key=newest.held.__getitem__)
        ]
        if first + limit <= len(front):
            return front[first : first + limit]
        with redis_errors():
            waiting = await self._redis.zrange(keys.WAITING, 0, first + limit + len(front) - 1)
        known = {one.id for one in front}
        paused = QUEUE in await self.pauses()
        rest = [
            InLine(id=job_id, place=None, held=paused, at_limit=job_id in newest.parked)
            for job_id in texts(keys.WAITING, waiting)
            if job_id not in known
        ]
        return [*front, *rest][first : first + limit]

    async def with_pictures(self, limit: int = 200) -> list[str]:
        """Ids of finished jobs, whoever asked, whose pictures are still stored: of those that stay longest, some.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return texts(keys.PICTURE_ENDS, await newest_stored(self._redis, limit))

    async def speeds(self) -> dict[str, float]:
        """Worker's place → real seconds for each predicted one, as learned over all checkpoints.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.SPEED)
        known: dict[str, float] = {}
        for name, value in found.items():
            with skipping(keys.SPEED):
                place, _, checkpoint = name.decode().partition("|")
                if place and not checkpoint:
                    known[place] = finite(value)
        return known

    async def note_forecasts(self) -> int:
        """Writes down what is forecast for jobs that are new, so that it is compared with what happens; how many."""
        if not self._noted:
            with redis_errors():
                if not await self._redis.exists(keys.WAITING):
                    return 0
        known = (await self._forecasts.newest()).places
        new = [job_id for job_id in known if job_id not in self._noted]
        self._noted = set(known)
        for first in range(0, len(new), FORECAST_BATCH):
            batch = new[first : first + FORECAST_BATCH]
            await self._run(calls.note_forecasts({job_id: known[job_id].raw_ends_in_s for job_id in batch}))
        return len(new)

    # -- delivery -----------------------------------------------------------------------------------------------

    async def reply(self, job_id: str) -> str | None:
        """Where the answer to a job goes, as given to `submit` or `set_reply`."""
        with redis_errors():
            found: bytes | None = await self._redis.get(keys.reply(job_id))
        with skipping(keys.reply(job_id)):
            return found.decode() if found else None
        return None

    async def replies(self, job_ids: Sequence[str]) -> dict[str, str]:
        """Where the answers to these jobs go, as `reply`; those without are left out.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if not job_ids:
            return {}
        with redis_errors():
            found: list[bytes | None] = await self._redis.mget([keys.reply(job_id) for job_id in job_ids])
        told: dict[str, str] = {}
        for job_id, reply in zip(job_ids, found, strict=True):
            with skipping(keys.reply(job_id)):
                if reply:
                    told[job_id] = reply.decode()
        return told

    async def set_reply(self, job_id: str, reply: str) -> None:
        """Changes where the answer goes."""
        await self._run(calls.set_reply(job_id, reply))

    async def undelivered(self, limit: int = 1000) -> list[str]:
        """Ids of jobs whose end has not been shown, oldest first."""
        with redis_errors():
            return texts(keys.UNDELIVERED, await self._redis.zrange(keys.UNDELIVERED, 0, limit - 1))

    async def open_jobs(self, limit: int = 1000) -> list[str]:
        """Ids of jobs that wait, back off or run."""
        return await jobs_in(self._redis, OPEN, limit)

    async def untold(self, limit: int = 1000) -> list[str]:
        """Ids of jobs whose end has not been shown, oldest first, and of those that wait, back off or run."""
        return await jobs_in(self._redis, (keys.UNDELIVERED, *OPEN), limit)

    async def mark_delivered(self, job: Job, keep_s: float | None = None, *, seen: bool = True) -> None:
        """Notes that a job's end has been shown. The bytes of its pictures stay for `keep_s` more, None: 15 min.

        `seen`: its owner has the pictures. They go earlier when room is needed; what nobody has seen does not.
        """
        keep_ms = IMAGE_KEEP_MS if keep_s is None else int(keep_s * 1000)
        # Of a month's jobs the WebUI's own words would fill most of the memory, and say each prompt again.
        kept = job.result.model_copy(update={"info": {}}).model_dump_json() if job.result else ""
        await self._run(calls.delivered(job.id, image_keys(job), keep_ms=keep_ms, kept=kept, seen=seen))

    async def note_fetched(self, job: Job, index: int) -> None:
        """Notes that a program has fetched picture `index` of its job. Once it has all, they go when room is needed.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        await self._run(calls.fetched(job.id, index))

    async def make_room(self, most_bytes: int | None = None) -> Evicted:
        """Drops pictures that are needed no longer, when all of them take more than they may (picture_room.py).

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await make_room(self._redis, most_bytes)

    @property
    def bucket(self) -> str:
        """The name of the bucket in which workers may keep pictures; '' for none."""
        return self._stored.bucket

    async def drop_ended_pictures(self) -> int:
        """Deletes from the bucket the pictures whose time is over; of how many jobs and parts, 250 at most.

        Raises:
          QueueUnavailableError: when Redis or the bucket doesn't answer.
        """
        return await self._stored.drop_ended()

    async def drop_orphans(self) -> int:
        """Deletes from the bucket what no job names any more; how many pictures.

        Raises:
          QueueUnavailableError: when Redis or the bucket doesn't answer.
        """
        return await self._stored.drop_orphans()

    async def prolong_inputs(self) -> int:
        """Keeps the pictures that open jobs start from, however long those wait; how many had to be.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await self._run(calls.prolong(within_ms=INPUT_SOON_S * 1000, ttl_ms=INPUT_TTL_S * 1000))

    async def secret(self) -> bytes:
        """What this installation signs with; made at the first call, the same ever after.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            if not await self._redis.exists(keys.SECRET):  # a full Redis still signs with the one that it has
                await self._redis.set(keys.SECRET, secrets.token_bytes(32), nx=True)
            found: bytes = await self._redis.get(keys.SECRET)
        return found

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
        """The workers that have shown a sign of life in the last eight seconds, by name: a list keeps its order."""
        return sorted(await read_workers(self._redis), key=lambda one: one.id)

    async def fleet(self) -> Fleet:
        """The workers that there are; while none of them is ready, also those for which jobs may wait.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await self.last_fleet.fleet(await self.workers(), self._wait_ms)

    async def catalogue(self) -> Catalogue:
        """What the ready workers offer together; while there are none, what those did for which jobs may wait."""
        return (await self._fleet.latest()).catalogue

    async def _fleet_with(self, workers: Collection[WorkerInfo]) -> Fleet:
        return await self.last_fleet.fleet(workers, self._wait_ms)

    async def note_fleet(self) -> int:
        """Remembers what the ready workers can do, for when they are gone; of how many something was written.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await self.last_fleet.note(await self.workers())

    async def demand(self) -> Demand:
        """What waits for a GPU now; most of a long queue by what the jobs at its head cost. At most two seconds old.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        known = (await self._forecasts.newest()).order.jobs
        with redis_errors():
            waiting = int(await self._redis.zcard(keys.WAITING))
        mean_s = sum(job.cost for job in known) / len(known) if known else 0.0
        return Demand(jobs=waiting, gpu_seconds=mean_s * waiting)

    async def summon(self, what: str, *, again_s: float, most_s: float, idle_s: float = 0) -> Summons:
        """Whether the operator's machines are to be called to come (`wake`) or to go (`idle`) (lua/summon.lua).

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await self._run(
            calls.summon(
                what, again_ms=int(again_s * 1000), most_ms=int(most_s * 1000), idle_ms=int(idle_s * 1000)
            )
        )  # fmt: skip

    async def load_s(self) -> float | None:
        """What loading a checkpoint takes in this fleet, as measured; None while nobody has loaded one."""
        with redis_errors():
            found: bytes | None = await self._redis.hget(keys.LOADS, "")
        with skipping(keys.LOADS):
            return finite(found) if found else None
        return None

    async def series(self, step: Step, count: int, *, size: int = 1) -> list[Span]:
        """What happened in the newest `count` spans of `size` minutes or hours, oldest first (series.py).

        Raises:
          ValueError: when more are asked for than are kept.
          QueueUnavailableError: when Redis doesn't answer.
        """
        return await read_series(self._redis, step, count, size=size)

    async def sweep(self, by: str = "") -> Swept:
        """Wakes delayed jobs, retries lost ones and forgets old ones, by time alone.

        `by`: `bot <id>`, who does nothing while another one sweeps; "" does in any case.
        """
        swept = await self._run(calls.sweep(by))
        if swept.filing:
            await self._run(calls.file())
        return swept

    async def events(self, pulse_s: float = PULSE_S) -> AsyncGenerator[Event | None]:
        """Events as they happen; None once, at the start, when it is certain that no later event is missed.

        A connection that died in silence is noticed within twice `pulse_s`.

        Raises:
          QueueUnavailableError: when the connection breaks; what happened meanwhile must be read from the jobs.
        """
        client = listener_client(self._url)
        async with (
            aclosing(client),
            aclosing(client.pubsub(ignore_subscribe_messages=False)) as channel,
            aclosing(hear(channel, pulse_s)) as heard,
        ):
            async for event in heard:
                yield event


def _unheard(_: str) -> None:
    """For a process in which nobody counts."""


def _check_lane(job: NewJob, lane: Lane | None) -> None:
    if lane is Lane.FAST and job.policy.lane is Lane.RELAX:
        problem = "your limits are those of the lane relax, leave it out"
        raise RequestRefusedError(
            detail=f"is 'fast': {problem}", code="malformed", field="lane", values={"given": "fast", "problem": problem}
        )


def _as_added(job: NewJob, order: Snapshot) -> tuple[WaitingJob, Snapshot]:
    """A job as the order would look at it, and the order with what the job's limits say of its owner."""
    others = [other for other in order.jobs if other.owner == job.owner]
    added = WaitingJob(
        id=job.id, owner=job.owner, group=others[0].group if others else job.group, lane=job.lane or job.policy.lane,
        cost=job.cost, seq=max((other.seq for other in order.jobs), default=0) + 1,
        tokens=frozenset(job.needs.tokens), pixels=job.needs.pixels, checkpoint=job.needs.checkpoint,
    )  # fmt: skip
    caps = {job.owner: job.policy.running} if job.policy.running else {}
    persons = {job.owner: job.person} if job.person else {}
    return added, replace(
        order, caps={**order.caps, **caps}, weights={**order.weights, job.owner: job.policy.weight},
        persons={**order.persons, **persons},
    )  # fmt: skip


def _needs_of(request: Request, catalogue: Catalogue, workers: Sequence[WorkerInfo]) -> Needs:
    """What a request needs, its embeddings too where some have them and others don't."""
    request = request.variants[0]
    return with_embeddings(needs_of(request), catalogue.embeddings_for(request), workers)


def _variants(request: Request, catalogue: Catalogue, workers: Sequence[WorkerInfo]) -> tuple[Variant, ...]:
    if request.compare is None:
        return ()
    return tuple(Variant(_needs_of(one, catalogue, workers), predict_gpu_seconds(one)) for one in request.variants)


def _held_to(
    rules: Sequence[ContentRules], request: Request, catalogue: Catalogue, workers: Sequence[WorkerInfo]
) -> Request:
    """The request as the rules allow it, each of its variants too."""
    for one in request.variants if request.compare else ():
        held_to(rules, one, catalogue, workers)
    if request.compare and request.compare.field == "checkpoint":
        return request
    return held_to(rules, request, catalogue, workers)


def _why_infeasible(request: Request, workers: Sequence[WorkerInfo]) -> RequestRefusedError:
    """Why nobody can do it, or the first of its variants that nobody can."""
    impossible = (one for one in request.variants if not any(can_do(worker, one) for worker in workers))
    return why_infeasible(next(impossible, request), workers)
