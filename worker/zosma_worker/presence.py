"""A worker's signs of life: every two seconds, and at once when something changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import About, WorkerState
from zosma_queue.tasks import set_within
from zosma_queue.worker_queue import WorkerQueue

log = logging.getLogger(__name__)

BEAT_EVERY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What a worker says of itself."""

    state: WorkerState = WorkerState.AWAY
    loaded: str | None = None
    reason: str = "is looking at its WebUI for the first time"
    about: About | None = None


class Presence:
    """Tells the queue about this worker."""

    def __init__(self, queue: WorkerQueue) -> None:
        self._queue = queue
        self._told: Sign | None = None
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._away = False
        self.sign = Sign()
        self.on_try_now: Callable[[], None] | None = None
        """Called when an admin wants the WebUI tried at once."""

    @property
    def joined(self) -> bool:
        """True once the queue has heard of this worker."""
        return self._told is not None

    def change(self, **fields: object) -> None:
        """Changes the sign; it goes out at once, without waiting for that."""
        changed = replace(self.sign, **fields)  # type: ignore[arg-type]
        if changed != self.sign:
            self.sign = changed
            self._changed.set()

    async def tell(self) -> bool:
        """One sign of life, now. False when Redis is away, which is logged once."""
        async with self._lock:
            self._changed.clear()
            try:
                await self._beat()
            except QueueUnavailableError as error:
                if not self._away:
                    log.warning("%s; this worker joins when it is back", error)
                self._away = True
                return False
        if self._away:
            log.info("Redis is back")
        self._away = False
        return True

    async def _beat(self) -> None:
        sign = self.sign
        known = self._told is not None and self._told.about == sign.about
        asked = await self._say(sign, None if known else sign.about)
        if not asked and known and sign.about:
            await self._say(sign, sign.about)
        self._told = sign
        if sign.state is WorkerState.AWAY and self.on_try_now and await self._queue.try_now_asked():
            self.on_try_now()

    async def _say(self, sign: Sign, about: About | None) -> bool:
        pixels = sign.about.max_pixels if sign.about else 0
        return await self._queue.beat(sign.state, loaded=sign.loaded, pixels=pixels, reason=sign.reason, about=about)

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
