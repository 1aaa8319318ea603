"""The bot's one ear on the queue: hears every event and wakes whoever watches that job.

An event only says "look again". Whoever is woken reads the job itself, so a lost event costs time and never truth;
after each reconnect everybody is woken.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import TypeVar

from zosma_queue.client import Queue
from zosma_queue.connections import PULSE_S
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.events import Event
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

T = TypeVar("T")

RECONNECT_S = 0.5
READY_AGE_S = 0.5


class Watch:
    """One watcher of one job; `only`: what happens must be of this kind to wake it, '' for everything."""

    def __init__(self, only: str = "") -> None:
        self._changed = asyncio.Event()
        self._only = only

    def hear(self, event: Event) -> None:
        """Tells of what happened to its job."""
        if self._only in ("", event.kind):
            self.notify()

    def notify(self) -> None:
        """Wakes the watcher: something happened to its job."""
        self._changed.set()

    async def changed(self, timeout: float | None = None) -> bool:
        """True when something has happened since the last call, False when `timeout` seconds went by without."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        happened = self._changed.is_set()
        self._changed.clear()
        return happened


class Hub:
    """Hands events on. `run` it beside everything else."""

    def __init__(self, queue: Queue, *, pulse_s: float = PULSE_S) -> None:
        self._queue = queue
        self._pulse_s = pulse_s
        self._ready = (float("-inf"), 0)
        self._counting = asyncio.Lock()
        self._watches: dict[str, set[Watch]] = defaultdict(set)
        self._listeners: list[Callable[[Event], None]] = []
        self._on_sync: list[Callable[[], None]] = []
        self.live = asyncio.Event()
        """Set while the hub hears what happens."""
        self.why_deaf = ""
        """What Redis said when it last stopped hearing."""
        self._said = Hourly()

    @contextmanager
    def watch(self, job_id: str, *, only: str = "") -> Iterator[Watch]:
        """A watch on a job. Read the job after entering: what happened before isn't told. `only`: see `Watch`."""
        watch = Watch(only)
        self._watches[job_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    def on_event(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Calls `listener` with every event, until what this returns is called. It must not block."""
        return _joined(self._listeners, listener)

    def on_sync(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` each time the hub begins to hear: events before that may have been missed."""
        return _joined(self._on_sync, listener)

    async def workers_ready(self) -> int:
        """How many workers are ready, at most half a second old: hundreds of blocked clients ask at once.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        async with self._counting:
            if time.monotonic() - self._ready[0] > READY_AGE_S:
                self._ready = (time.monotonic(), (await self._queue.catalogue()).ready)
        return self._ready[1]

    async def run(self) -> None:
        """Listens until cancelled, through any number of Redis restarts."""
        while True:
            try:
                async with aclosing(self._queue.events(self._pulse_s)) as events:
                    async for event in events:
                        self._hear(event)
            except QueueUnavailableError as error:
                if self._said.due(str(error)):
                    log.warning("events: %s", error)
                self.why_deaf = str(error)
            finally:
                self.live.clear()
            await asyncio.sleep(RECONNECT_S)

    def _hear(self, event: Event | None) -> None:
        if event is None:
            self.live.set()
            self.why_deaf = ""
            self._said.forget()
            for watches in self._watches.values():
                for watch in watches:
                    watch.notify()
            for synced in list(self._on_sync):
                _told(synced)
            return
        for watch in self._watches.get(event.job or "", ()):
            watch.hear(event)
        for listener in list(self._listeners):
            _told(listener, event)


def _told(listener: Callable[..., None], *about: Event) -> None:
    """One listener that breaks down doesn't deafen the others."""
    try:
        listener(*about)
    except Exception:
        log.exception("events: a listener broke down")


def _joined(listeners: list[T], listener: T) -> Callable[[], None]:
    """Adds a listener; what this returns takes it away, at the first call."""
    listeners.append(listener)

    def leave() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return leave
