"""The newest forecast, made once for all who ask.

It is made anew when somebody wants to know of a job that it doesn't have, or it is a second old, but never so often
that it takes more than a tenth of a processor. Who asks in between about a new job is told its place beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.forecast import Place, Played, Snapshot, held, parked, play
from zosma_queue.newcomers import place_beside
from zosma_queue.snapshot import read_waiting, take_snapshot
from zosma_queue.tasks import end

#: A forecast serves everybody who asks within this time.
AGE_S = 1.0
#: Places are worked out among this many waiting jobs.
JOBS_MAX = 500
#: Of each second so much may be spent on forecasts, in seconds of a processor; none that takes half of that is made
#: twice within `AGE_S`.
SHARE_S = 0.1


@dataclass(frozen=True)
class Forecast:
    """What is known of the line, as of one moment."""

    played: Played
    held: Mapping[str, int] = field(default_factory=dict)
    """Jobs without a place, that would have this one if nothing were paused."""
    parked: frozenset[str] = frozenset()
    """Those whose owners have as many running as they may at once."""
    began: float = float("-inf")
    """By `time.monotonic`."""
    took_s: float = 0.0
    """Of a processor."""

    @property
    def order(self) -> Snapshot:
        """What it was made of."""
        return self.played.snapshot

    @property
    def places(self) -> Mapping[str, Place]:
        """Job → its place."""
        return self.played.places

    @property
    def is_long(self) -> bool:
        """True when it took so long that nobody is to wait for the next one."""
        return self.took_s >= SHARE_S / 2

    def knows(self, job_id: str) -> bool:
        """False for a job that came later, or stands far behind."""
        return job_id in self.places or job_id in self.held or job_id in self.parked


class Forecasts:
    """Forecasts over an asyncio Redis client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._newest = Forecast(Played(snapshot=Snapshot(now_ms=0, jobs=(), machines=()), places={}, starts=()))
        self._saved_s = SHARE_S
        self._making = asyncio.Lock()
        self._ahead: asyncio.Task[None] | None = None

    async def newest(self, wanted: Collection[str] = (), *, anew: bool = False) -> Forecast:
        """The newest forecast; made anew for jobs `wanted` that it lacks, or for whoever has just changed something.

        Where that takes long nobody waits for it: it is ready for who asks next.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        asked = time.monotonic()
        if not self._is_due(asked, wanted, anew):
            return self._newest
        if not anew and self._newest.is_long and asked - self._newest.began < 2 * AGE_S:
            if self._ahead is None:
                self._ahead = asyncio.create_task(self._make_ahead())
            return self._newest
        async with self._making:
            if self._is_due(asked, wanted, anew):
                await self._make()
            return self._newest

    async def places(self, wanted: Collection[str]) -> dict[str, Place]:
        """The places of waiting jobs, beside the newest forecast for those that came after it. Others have none.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        newest = await self.newest(wanted)
        found = {job_id: newest.places[job_id] for job_id in wanted if job_id in newest.places}
        # In a line that is longer than what is forecast, the others stand behind.
        if len(newest.order.jobs) < JOBS_MAX and (late := [one for one in wanted if not newest.knows(one)]):
            known = {job.id for job in newest.order.jobs}  # what nobody can do has none
            for job in await read_waiting(self._redis, [one for one in late if one not in known]):
                if place := place_beside(newest.played, job):
                    found[job.id] = place
        return found

    async def close(self) -> None:
        """Ends what is made for nobody any more."""
        if self._ahead:
            await end(self._ahead)

    def _is_due(self, asked: float, wanted: Collection[str], anew: bool) -> bool:
        newest = self._newest
        age = time.monotonic() - newest.began
        if newest.began >= asked or (age < AGE_S and (newest.is_long or self._left_s(age) < newest.took_s)):
            return False
        return anew or age > AGE_S or not all(newest.knows(job_id) for job_id in wanted)

    def _left_s(self, age: float) -> float:
        """What may be spent now, `age` seconds after the newest was begun."""
        return min(self._saved_s + age * SHARE_S, SHARE_S)

    async def _make_ahead(self) -> None:
        try:
            async with self._making:
                await self._make()
        except QueueUnavailableError:
            pass  # who asks next is told
        finally:
            self._ahead = None

    async def _make(self) -> None:
        began = time.monotonic()
        snapshot = await take_snapshot(self._redis, JOBS_MAX)
        # Some tens of milliseconds for a long queue: not on the loop that answers Discord.
        made = await asyncio.to_thread(_made, snapshot, began)
        self._saved_s = self._left_s(began - self._newest.began) - made.took_s
        self._newest = made


def _made(snapshot: Snapshot, began: float) -> Forecast:
    before = time.thread_time()
    played = play(snapshot)
    free, waiting = held(snapshot, played.places), parked(snapshot)
    return Forecast(played, free, waiting, began, time.thread_time() - before)
