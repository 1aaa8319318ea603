"""One job's message, from the first "in line" to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from zosma_bot.budget import Budget
from zosma_bot.classifier import Classifier
from zosma_bot.discord.api.rate_limits import RateLimiter
from zosma_bot.discord.delivery import grid, render
from zosma_bot.discord.delivery.fallbacks import Fallbacks, RemovedError, TooLargeError, UnreachableError, is_passing
from zosma_bot.discord.delivery.packing import MESSAGE_MAX_BYTES, Packer
from zosma_bot.discord.state.fleet_cache import FleetCache
from zosma_bot.discord.state.open_messages import OpenMessages
from zosma_bot.discord.state.reply_record import UPLOAD_LIMIT, Outlet
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.card import Card
from zosma_bot.hub import Hub, Watch
from zosma_bot.links import KEEP_S as LINK_KEEP_S
from zosma_bot.links import Links
from zosma_queue import logs, tracing
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.forecast import Place
from zosma_queue.hourly import Hourly
from zosma_queue.job import Job, Result, State
from zosma_queue.sandbox import SandboxError

log = logging.getLogger(__name__)

#: A message is edited at most this often; Discord lets through 5 edits in 5 seconds.
EDIT_EVERY_S = 1.5
#: Without any event the job is looked at again after this time, or where there are many when the next edit may come:
#: its place in line moves without a word.
LOOK_EVERY_S = 5.0
RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0
#: A forecast is told anew when it moves by more than this, and by more than this share of the wait.
MOVES_S, MOVES_SHARE = 5.0, 0.15
#: Results that are read, made to fit and uploaded at the same time.
UPLOADS_AT_ONCE = 8
#: Bytes of large ones' pictures that are on their way at once: a set of 2048² has 40 MB, and takes twice that for a
#: moment. Small ones pass by those that wait.
LARGE_BYTES_AT_ONCE = 48 * 1024 * 1024
SMALL_MAX_BYTES = 4 * 1024 * 1024
#: Pictures that could be shown nowhere stay stored for so long.
UNCOLLECTED_KEEP_S = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What every job's message works with."""

    queue: Queue
    hub: Hub
    fleet: FleetCache
    fallbacks: Fallbacks
    rate_limiter: RateLimiter
    links: Links
    classifier: Classifier | None = None
    grid: bool = False
    open_messages: OpenMessages = field(default_factory=OpenMessages)
    edit_every_s: float = EDIT_EVERY_S
    look_every_s: float = LOOK_EVERY_S
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = time.time
    said: Hourly = field(default_factory=Hourly)
    """Why ends wait: what keeps a thousand back is one line an hour."""
    uploads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))
    large: Budget = field(default_factory=lambda: Budget(LARGE_BYTES_AT_ONCE))


class JobMessage:
    """Keeps the one message of a job true. `run` it as a task; `stop` it, and cancel it when it is `asleep`."""

    def __init__(self, job_id: str, tools: Tools, *, pace_s: Callable[[], float]) -> None:
        """`pace_s` says how long after an edit or a look the next may come because of all the others."""
        self._id = job_id
        self._tools = tools
        self._pace_s = pace_s
        self._watch: Watch | None = None
        self._shown: Card | None = None
        self._editable = True
        self._packer = Packer(tools.links, tools.classifier, as_grid=tools.grid)
        self._not_before = 0.0
        self._told_start: int | None = None
        self._filling: tuple[int, bytes | None] | None = None
        """How many pictures of a set are made, and they as one small one."""
        self.asleep = False
        """True while it waits before another try at the end."""
        self.stopping = False
        """True once it was told to end before its job has."""

    def poke(self) -> None:
        """Makes the message look at its job again."""
        if self._watch:
            self._watch.notify()

    @property
    def rests(self) -> bool:
        """True while it could be edited and has nothing to say. Another one looks again by itself."""
        return self._watch is not None and self._editable and time.monotonic() >= self._not_before

    def stop(self) -> None:
        """Ends `run` after the step that it is doing."""
        self.stopping = True
        self.poke()

    async def run(self) -> None:
        """Until the job's end is shown, or `stop`."""
        with logs.about(job=self._id), self._tools.hub.watch(self._id) as watch:
            self._watch = watch
            outlet = None
            while not self.stopping:
                try:
                    outlet = outlet or await self._open()
                    if outlet is None or await self._look(outlet):
                        break
                except QueueUnavailableError:
                    # The hub wakes everybody as soon as Redis is back.
                    pass
                await watch.changed(self._rest_s())
        if not self.stopping:
            self._tools.open_messages.forget(self._id)

    async def _open(self) -> Outlet | None:
        """Where the message stands, as the queue knows it; as we remember it when the queue has lost it."""
        known = self._tools.open_messages
        outlet = await Outlet.open(self._tools.queue, self._id)
        if outlet:
            known.note(self._id, outlet.reply)
        elif remembered := known.find(self._id):
            outlet = Outlet(self._tools.queue, self._id, remembered)
        return outlet

    def _rest_s(self) -> float:
        wait = self._not_before - time.monotonic()
        return wait if wait > 0 else max(self._tools.look_every_s, self._pace_s())

    async def _look(self, outlet: Outlet) -> bool:
        """Shows what is new; True when there is nothing left to do."""
        job = await self._tools.queue.job(self._id)
        if job is None:
            log.warning("job %s: lost by the queue before its end was shown", self._id)
            await self._until_shown(lambda: self._try_to_tell_lost(outlet))
            return True
        if job.state.ended:
            await self._end(outlet, job)
            return True
        if outlet.reply.removed:
            if not job.cancelling:
                log.info("job %s: its message was deleted, so it is cancelled", self._id)
                await self._tools.queue.cancel(self._id)
            return False
        if self._editable and time.monotonic() >= self._not_before:
            await self._show(outlet, await self._card(outlet, job))
        return False

    async def _card(self, outlet: Outlet, job: Job) -> Card:
        queue = self._tools.queue
        place, preview, capable, paused, at_limit, last_seen_ms = None, None, True, None, False, None
        if job.result:
            preview = await self._filled(outlet, job, job.result)
        elif job.state is State.RUNNING:
            wanted = job.progress and self._may_preview(outlet)
            preview = await queue.preview(job.id) if wanted else None
        else:
            capable = job.request is None or await self._tools.fleet.can_do(job.request)
            if not capable and job.wait_ms:
                last_seen_ms = (await self._tools.fleet.catalogue()).last_seen_ms
            place = await queue.place(job.id) if job.state is State.WAITING and capable else None
            if place is None and job.state is State.WAITING and await queue.is_held(job.id):
                pause = await queue.pause_of(job)
                paused = pause.why if pause else ""
            at_limit = job.state is State.WAITING and await queue.is_at_limit(job.id)
        return render.going_on(
            outlet.reply.words, job, outlet.of_job, place=place, starts_at=self._starts_at(place), capable=capable,
            paused=paused, at_limit=at_limit, last_seen_ms=last_seen_ms, preview=preview, origin=outlet.reply.origin,
        )  # fmt: skip

    async def _filled(self, outlet: Outlet, job: Job, result: Result) -> bytes | None:
        """A set that several GPUs make, as far as it is."""
        if not self._may_preview(outlet) or job.request is None:
            return None
        if self._filling is None or self._filling[0] != len(result.pictures):
            found = zip(result.pictures, await self._tools.queue.pictures(job), strict=True)
            there = [(made.place, data) for made, data in found if data]
            try:
                drawn = await asyncio.to_thread(
                    grid.filling, [data for _, data in there], [place for place, _ in there], job.request.count
                ) if there else None  # fmt: skip
            except SandboxError as error:
                log.info("job %s: what is made of it can't be shown yet: %s", self._id, error)
                drawn = None
            self._filling = (len(result.pictures), drawn)
        return self._filling[1]

    def _starts_at(self, place: Place | None) -> int | None:
        """When the job's turn comes, in seconds since 1970; what was told before, unless it was far off.

        Discord counts the time down by itself: the message is edited only when the forecast has changed.
        """
        if place is None or place.starts_in_s < texts.SOON_S:
            self._told_start = None
            return None
        now = self._tools.now()
        starts_at = round(now + place.starts_in_s)
        told = self._told_start
        if told is None or told < now or abs(told - starts_at) > max(MOVES_S, MOVES_SHARE * place.starts_in_s):
            self._told_start = starts_at
        return self._told_start

    def _may_preview(self, outlet: Outlet) -> bool:
        """Not what must be hidden, or what nobody has judged; and fewer under load."""
        return not outlet.reply.spoiler and self._tools.classifier is None and self._tools.rate_limiter.previews

    async def _show(self, outlet: Outlet, card: Card) -> None:
        """One edit on the way. It may fail: the next one says more anyhow."""
        if card == self._shown:
            return
        self._not_before = time.monotonic() + max(self._tools.edit_every_s, self._pace_s())
        try:
            await self._tools.fallbacks.edit(outlet, card)
            self._shown = card
        except RemovedError:
            self.poke()
        except (UnreachableError, TooLargeError):
            self._editable = False
        except Exception as error:
            if not is_passing(error):
                raise
            log.debug("job %s: an edit was dropped: %s", self._id, error)

    # -- the end ------------------------------------------------------------------------------------------------

    async def _end(self, outlet: Outlet, job: Job) -> None:
        """Shows the end and notes that it is shown, however long it takes."""
        await self._until_shown(lambda: self._deliver(outlet, job))

    async def _until_shown(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        retry_s = RETRY_MIN_S
        while not await attempt():
            if self.stopping:
                return
            self.asleep = True
            await self._tools.sleep(retry_s)
            self.asleep = False
            retry_s = min(retry_s * 2, RETRY_MAX_S)

    async def _deliver(self, outlet: Outlet, job: Job) -> bool:
        with tracing.span("deliver", about={"zosma.job": job.id}, parent=job.traceparent) as span:
            if shown := await self._try_to_end(outlet, job):
                span.note({"zosma.state": job.state})
            else:
                span.fail("waits")
            return shown

    async def _try_to_end(self, outlet: Outlet, job: Job) -> bool:
        try:
            # The pictures are read again for each try: a thousand waiting for Discord would fill the memory. Who waits
            # for their channel's own limit does so before they take one of the few places.
            place = self._tools.fallbacks.place(outlet)
            line = self._tools.rate_limiter.in_line(f"ends in {place}") if place else contextlib.nullcontext()
            size = sum(one.bytes for one in job.result.pictures) if job.result else 0
            async with line, self._tools.large.holding(size if size > SMALL_MAX_BYTES else 0), self._tools.uploads:
                keep_s = await self._show_end(outlet, job)
                await self._tools.queue.mark_delivered(job, keep_s, seen=not outlet.reply.uncollected)
        except QueueUnavailableError as error:
            self._waits("its end waits", error)
            return False
        except Exception as error:
            if not is_passing(error):
                raise
            self._waits("its end waits for Discord", error)
            return False
        return True

    async def _try_to_tell_lost(self, outlet: Outlet) -> bool:
        try:
            await self._tools.fallbacks.end(outlet, render.lost(outlet.reply.words, self._id))
        except (UnreachableError, RemovedError):
            log.info("job %s: was lost, and its member can't be told", self._id)
        except Exception as error:
            if not isinstance(error, QueueUnavailableError) and not is_passing(error):
                raise
            self._waits("that it was lost waits to be told", error)
            return False
        return True

    def _waits(self, what: str, error: Exception) -> None:
        if self._tools.said.due(f"{what}: {error}"):
            log.warning("job %s: %s: %s", self._id, what, error)

    async def _show_end(self, outlet: Outlet, job: Job) -> float | None:
        """Shows it; the seconds for which the pictures must stay stored, None for as long as is usual."""
        if outlet.reply.removed:
            await self._tell_removed(outlet, job)
            return None
        pictures = await self._tools.queue.pictures(job)
        card = render.ended(outlet.reply.words, job, outlet.of_job, pictures, origin=outlet.reply.origin)
        card = await self._packer.judged(outlet, job, card)
        limit = outlet.reply.upload_limit
        try:
            # Where Discord takes less than it said, the whole request may be what counts.
            for each, total in (
                (limit, max(limit, MESSAGE_MAX_BYTES)), (min(limit, UPLOAD_LIMIT),) * 2, (UPLOAD_LIMIT // 4,) * 2
            ):  # fmt: skip
                packed = await self._packer.fit(outlet, job, card, each, total=total)
                if packed is None:
                    continue
                try:
                    await self._tools.fallbacks.end(outlet, packed.card)
                except TooLargeError:
                    continue
                log.info("job %s: %s shown", self._id, job.state)
                return LINK_KEEP_S if packed.keep else None
            packed = await self._packer.without(outlet, job, card)
            await self._tools.fallbacks.end(outlet, packed.card)
            log.error("job %s: Discord takes its pictures in no size", self._id)
            return LINK_KEEP_S if packed.keep else None
        except RemovedError:
            await self._tell_removed(outlet, job)
            return None
        except UnreachableError:
            await outlet.change(uncollected=True)
            log.error("job %s: its end (%s) waits to be collected: every way is refused", self._id, job.state)
            return UNCOLLECTED_KEEP_S

    async def _tell_removed(self, outlet: Outlet, job: Job) -> None:
        """Says to the member alone why their message is gone. Its pictures are shown to nobody by us."""
        try:
            await self._tools.fallbacks.tell_alone(
                outlet, render.removed(outlet.reply.words, job, outlet.reply.channel_id)
            )
        except UnreachableError:
            log.info("job %s: its message was deleted, and its member can't be told", self._id)
