"""Follows jobs on behalf of any number of event streams: each change is read once, whoever wants to know.

What streams are told is the state of things, not a log: a stream that is slow, or was away, is told how a job stands
now. For each owner that is followed, Redis is asked what became of all their jobs at the start, each time that events
may have been missed, and every half minute: so an end that no event told of is told all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.events import Event
from zosma_queue.forecast import Place
from zosma_queue.history import HISTORY_MAX
from zosma_queue.job import Job, State
from zosma_queue.tasks import set_within

#: Changes within this time are read together.
GAP_S = 0.1
#: Places are looked up this often while anybody waits for one.
PLACES_EVERY_S = 1.0
#: What became of everything is looked up this often, should an event have been lost.
LOOK_EVERY_S = 30.0
#: After Redis was away.
AGAIN_S = 0.5
#: A forecast is told anew when it has moved by so many seconds, or this share of what is left.
MOVED_S, MOVED_SHARE = 2.0, 0.1
#: A position is, when it has changed by one of so many: the first twenty by every step.
STEP_SHARE = 20


@dataclass(frozen=True)
class Seen:
    """What is known of a job."""

    id: str
    job: Job | None
    """None: it has been forgotten."""
    place: Place | None = None
    paused: bool = False
    placed_at: float = 0.0
    """When the place was looked up, by `time.monotonic`."""
    previews: int = 0
    """How many previews were heard of."""
    texts: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Events that were made of it, by name: made once, whoever is told."""

    def is_told_anew(self, place: Place | None, paused: bool, now: float) -> bool:
        """True when its place is another, or is forecast for another time. A clock that runs down is none."""
        if (place is None) != (self.place is None) or paused != self.paused:
            return True
        if place is None or self.place is None:
            return False
        gone_s = now - self.placed_at

        def moved(told_s: float, now_s: float) -> bool:
            return abs(now_s - max(told_s - gone_s, 0.0)) > max(MOVED_S, MOVED_SHARE * now_s)

        steps = abs(place.position - self.place.position)
        return (
            # Far back in line one step is no news.
            (steps > 0 and steps * STEP_SHARE >= self.place.position)
            or moved(self.place.starts_in_s, place.starts_in_s)
            or moved(self.place.ends_in_s, place.ends_in_s)
        )


class Stream:
    """What one client is still to be told: of each job the newest, however long it doesn't ask."""

    def __init__(self) -> None:
        self._news: dict[str, Seen] = {}
        self._there = asyncio.Event()
        self.looked_ms = 0
        """Every end up to this ms of the Redis server's clock is among the news, or was."""
        self.closed = False
        """True when the process stops, or the client has gone."""

    def put(self, seen: Seen) -> None:
        """Adds news of a job, in the place of older ones."""
        self._news[seen.id] = seen
        self._there.set()

    def wake(self) -> None:
        """Has whoever waits for news look at once."""
        self._there.set()

    def close(self) -> None:
        """Ends it."""
        self.closed = True
        self.wake()

    async def take(self, timeout: float) -> list[Seen]:
        """The news; [] when there is none for `timeout` seconds, or the stream was closed."""
        await set_within(self._there, timeout)
        self._there.clear()
        news, self._news = self._news, {}
        return list(news.values())


@dataclass
class _Owner:
    """An owner whose jobs are all followed."""

    streams: set[Stream] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    ended: dict[str, int] = field(default_factory=dict)
    """Ended jobs, by the ms at which they did."""
    looked_ms: int = 0
    beginning: asyncio.Lock = field(default_factory=asyncio.Lock)


class Follower:
    """Reads what changes, and hands it to the streams. `run` it beside the hub."""

    def __init__(self, queue: Queue, hub: Hub) -> None:
        self._queue = queue
        self._watching: dict[str, set[Stream]] = {}
        self._owners: dict[str, _Owner] = {}
        self._owner_of: dict[str, str] = {}
        self._seen: dict[str, Seen] = {}
        self._changed: set[str] = set()
        self._work = asyncio.Event()
        self._missed = False
        self._looked_at = time.monotonic()
        self._placed_at = float("-inf")
        # What was read first is told first.
        self._reading = asyncio.Lock()
        hub.on_event(self._hear)
        hub.on_sync(self._miss)

    # -- streams ------------------------------------------------------------------------------------------------

    @contextmanager
    def job(self, job: Job) -> Iterator[Stream]:
        """A stream of one job, which begins with how it stands."""
        stream = Stream()
        self._watching.setdefault(job.id, set()).add(stream)
        stream.put(self._seen.get(job.id) or Seen(job.id, job))
        self._mark((job.id,))  # it may have changed since it was read
        try:
            yield stream
        finally:
            self._watching[job.id].discard(stream)
            if not self._watching[job.id]:
                del self._watching[job.id]
                self._let_go(job.id)

    @contextmanager
    def owner(self, owner: str) -> Iterator[Stream]:
        """A stream of all jobs of an owner. It begins with `begin`."""
        stream = Stream()
        known = self._owners.setdefault(owner, _Owner())
        known.streams.add(stream)
        try:
            yield stream
        finally:
            known.streams.discard(stream)
            if not known.streams:
                del self._owners[owner]
                for job_id in known.open:
                    self._owner_of.pop(job_id, None)
                    self._let_go(job_id)

    async def begin(self, owner: str, stream: Stream, since_ms: int | None) -> None:
        """Puts into an owner's stream what is open, and what has ended since then (None: nothing of it).

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        known = self._owners[owner]
        async with known.beginning:  # after a restart hundreds come back at once: the first one looks for all
            if not known.looked_ms:
                await self._look_at(owner, known)
        ended = [job_id for job_id, at_ms in known.ended.items() if since_ms is not None and at_ms >= since_ms]
        async with self._reading:
            for job in await self._queue.jobs(ended):
                stream.put(Seen(job.id, job))
        for job_id in known.open:
            if seen := self._seen.get(job_id):
                stream.put(seen)
        stream.looked_ms = known.looked_ms

    def close(self) -> None:
        """Ends every stream."""
        for streams in (*self._watching.values(), *(one.streams for one in self._owners.values())):
            for stream in streams:
                stream.close()

    # -- hearing ------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        job_id = event.job
        if job_id is None:
            return
        is_followed = job_id in self._watching or job_id in self._owner_of
        if event.kind == "progress" and event.data.get("preview") and (seen := self._seen.get(job_id)):
            self._seen[job_id] = replace(seen, previews=seen.previews + 1)
        # An event doesn't say whose the job is: one that is new may be that of somebody who is followed.
        if is_followed or (self._owners and event.kind != "progress"):
            self._mark((job_id,))

    def _miss(self) -> None:
        self._missed = True
        self._work.set()

    def _mark(self, job_ids: Iterable[str]) -> None:
        self._changed.update(job_ids)
        self._work.set()

    # -- reading ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Reads until cancelled."""
        while True:
            await set_within(self._work, PLACES_EVERY_S if self._waiting() else LOOK_EVERY_S)
            self._work.clear()
            try:
                await self.run_once()
            except QueueUnavailableError:  # said by everybody else
                self._missed = True
                await asyncio.sleep(AGAIN_S)
            await asyncio.sleep(GAP_S)

    async def run_once(self) -> None:
        """Reads what has changed, and what is due by the clock.

        Raises:
          QueueUnavailableError: when Redis doesn't answer; it must be told of as missed then.
        """
        now = time.monotonic()
        missed, self._missed = self._missed, False
        if missed or now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._changed.update(self._watching)
            for owner, known in list(self._owners.items()):
                if known.looked_ms:
                    await self._look_at(owner, known, at_all=missed)
        changed, self._changed = self._changed, set()
        await self._read(changed)
        waiting = self._waiting()
        if waiting and now - self._placed_at >= PLACES_EVERY_S:
            self._placed_at = now
            await self._place(waiting)

    async def _look_at(self, owner: str, known: _Owner, *, at_all: bool = True) -> None:
        """Finds out what became of an owner's jobs; `at_all` of them, those too that are known to have ended."""
        first = not known.looked_ms
        at_ms, rows = await self._queue.rows_of(owner, but=() if at_all else known.ended.keys())
        if self._owners.get(owner) is not known:
            return  # its last stream has gone meanwhile
        for row in reversed(rows):
            if first and row.state.ended:
                known.ended[row.id] = row.finished_ms or at_ms
            elif row.finished_ms is None or known.ended.get(row.id) != row.finished_ms:
                # Also what came and ended while nobody heard it.
                self._adopt(known, owner, row.id)
        await self._read(known.open)
        # Only now: of all that ended before, it has been told.
        known.looked_ms = at_ms
        self._work.set()  # places are wanted
        for stream in known.streams:
            stream.looked_ms = at_ms
            stream.wake()

    async def _read(self, job_ids: Iterable[str]) -> None:
        ids = list(job_ids)
        async with self._reading:
            found = {job.id: job for job in await self._queue.jobs(ids)}
            for job_id in ids:
                self._tell(job_id, found.get(job_id))

    def _tell(self, job_id: str, job: Job | None) -> None:
        """Hands on how a job stands now."""
        owner = job.owner if job else self._owner_of.get(job_id)
        known = self._owners.get(owner or "")
        before = self._seen.get(job_id) or Seen(job_id, job)
        if job and job.state is State.WAITING:
            seen = replace(before, job=job)
        else:
            seen = Seen(job_id, job, previews=before.previews)
        if known and owner:
            if job and not job.state.ended:
                self._adopt(known, owner, job_id)
            else:
                self._end(known, job_id, job)
        if job_id in self._watching or job_id in self._owner_of:
            self._seen[job_id] = seen
        self._hand_out(seen, known)

    def _hand_out(self, seen: Seen, known: _Owner | None) -> None:
        for stream in (*self._watching.get(seen.id, ()), *(known.streams if known else ())):
            stream.put(seen)

    def _adopt(self, known: _Owner, owner: str, job_id: str) -> None:
        known.open.add(job_id)
        known.ended.pop(job_id, None)  # a failed one may have got a new life
        self._owner_of[job_id] = owner

    def _end(self, known: _Owner, job_id: str, job: Job | None) -> None:
        known.open.discard(job_id)
        self._owner_of.pop(job_id, None)
        self._let_go(job_id)
        if job and job.finished_ms is not None:
            known.ended[job_id] = job.finished_ms
            if len(known.ended) > HISTORY_MAX:
                del known.ended[next(iter(known.ended))]

    def _let_go(self, job_id: str) -> None:
        if job_id not in self._watching and job_id not in self._owner_of:
            self._seen.pop(job_id, None)

    # -- places -------------------------------------------------------------------------------------------------

    def _waiting(self) -> list[str]:
        return [job_id for job_id, seen in self._seen.items() if seen.job and seen.job.state is State.WAITING]

    async def _place(self, waiting: list[str]) -> None:
        async with self._reading:
            now = time.monotonic()
            for job_id, (place, paused) in (await self._queue.standings(waiting)).items():
                seen = self._seen.get(job_id)
                if seen and seen.job and seen.is_told_anew(place, paused, now):
                    self._seen[job_id] = placed = replace(seen, place=place, paused=paused, placed_at=now)
                    self._hand_out(placed, self._owners.get(seen.job.owner))
