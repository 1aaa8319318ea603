"""A worker's signs of life: every two seconds, and at once when something changes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import Capabilities, Trust, WorkerState
from zosma_queue.hourly import Hourly
from zosma_queue.tasks import set_within
from zosma_queue.worker_queue import Heard, WorkerQueue
from zosma_worker.pace import Pace

log = logging.getLogger(__name__)

BEAT_EVERY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a worker says of itself."""

    state: WorkerState = WorkerState.AWAY
    loaded: str | None = None
    reason: str = "is looking at its WebUI for the first time"
    about: Capabilities | None = None
    trust: Trust = Trust.TRUSTED
    """How far it trusts its WebUI."""


class Heartbeat:
    """Tells the queue about this worker."""

    def __init__(self, queue: WorkerQueue, pace: Pace) -> None:
        self._queue = queue
        self._pace = pace
        self._told: Status | None = None
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._said = Hourly()
        self.status = Status()
        self.unswept = asyncio.Event()
        """Set when the queue has said that nobody does what time alone changes."""

    @property
    def joined(self) -> bool:
        """True once the queue has heard of this worker."""
        return self._told is not None

    def change(self, **fields: object) -> None:
        """Changes what it says of itself; it goes out at once, without waiting for that."""
        changed = replace(self.status, **fields)  # type: ignore[arg-type]
        if changed != self.status:
            self.status = changed
            self._changed.set()

    async def tell(self) -> bool:
        """One sign of life, now. False when Redis is away, which is logged once, then every hour."""
        async with self._lock:
            self._changed.clear()
            try:
                await self._beat()
            except QueueUnavailableError as error:
                if self._said.due(str(error)):
                    log.warning("%s; this worker joins when it is back", error)
                return False
        if self._said.said_any:
            log.info("Redis is back")
        self._said.forget()
        return True

    async def _beat(self) -> None:
        status = self.status
        known = self._told is not None and self._told.about == status.about
        heard = await self._say(status, None if known else status.about)
        if heard.unswept:
            self.unswept.set()
        if not heard.known and known and status.about:
            await self._say(status, status.about)
        self._told = status
        if status.state is WorkerState.AWAY and await self._queue.try_now_asked():
            self._pace.try_now()

    async def _say(self, status: Status, about: Capabilities | None) -> Heard:
        pixels = status.about.max_pixels if status.about else 0
        return await self._queue.beat(
            status.state, loaded=status.loaded, pixels=pixels, reason=status.reason, trust=status.trust, about=about
        )

    async def run(self) -> None:
        """Signs of life until cancelled."""
        while True:
            if await self.tell():
                await set_within(self._changed, BEAT_EVERY_S)
            else:
                await asyncio.sleep(BEAT_EVERY_S)  # a change is no reason to hurry while nobody can hear of it

    async def leave(self) -> None:
        """Says goodbye, if anybody listens."""
        try:
            await self._queue.leave()
        except QueueUnavailableError as error:
            log.warning("left without a word: %s", error)
