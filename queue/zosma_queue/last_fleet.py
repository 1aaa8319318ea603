"""The workers that were here: what they could do, and when each was last ready. It outlives them.

The bot writes it, from what workers say of themselves, and where no worker may write: whoever can no longer be asked
what they can do must not be changed by others. Jobs that come while no worker is there are judged by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from zosma_queue import keys
from zosma_queue.catalogue import Catalogue
from zosma_queue.fleet import Capabilities, WorkerInfo, WorkerState
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import finite, skipping

#: Places that are remembered: those that were ready last.
PLACES_MAX = 64
#: When a place was last ready is written down this often.
NOTE_EVERY_MS = 4_000


class _Place(BaseModel):
    """What is kept of a worker's place."""

    model_config = ConfigDict(frozen=True)

    about: Capabilities
    pixels: int
    loaded: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Who makes pictures, and who did while nobody is there who could."""

    workers: tuple[WorkerInfo, ...] = ()
    """Those that show signs of life, by name."""
    last: tuple[WorkerInfo, ...] = ()
    """While none of them is ready: those that were, not longer ago than a job may wait. All of them are `gone`."""
    last_seen_ms: int | None = None
    """When one was last ready, by Redis's clock; None while one is, and where none is known to have been."""
    is_new: bool = False
    """True where jobs may wait for a worker, none has ever been ready, and none is there that may be soon."""

    @property
    def ready(self) -> bool:
        """True while one takes jobs."""
        return any(one.state is not WorkerState.AWAY and one.about for one in self.workers)

    @property
    def judges(self) -> tuple[WorkerInfo, ...]:
        """By whom it is judged what can be done."""
        return self.last or self.workers

    def catalogue(self, *, load_s: float | None = None) -> Catalogue:
        """What they offer together, or what the last ones did."""
        found = Catalogue.of(self.judges, load_s=load_s)
        if self.ready:
            return found
        return replace(found, ready=0, last_seen_ms=self.last_seen_ms if self.last else None, is_new=self.is_new)


class LastFleet:
    """What is remembered, over an asyncio Redis client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._noted: dict[str, str] = {}
        self._noted_ms: dict[str, int] = {}

    async def note(self, workers: Iterable[WorkerInfo]) -> int:
        """Remembers those of the workers that are ready; of how many something was written.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        ready = {one.place: one for one in workers if one.state is not WorkerState.AWAY and one.about}
        due = {
            place: one for place, one in ready.items() if one.seen_ms - self._noted_ms.get(place, 0) >= NOTE_EVERY_MS
        }
        if not due:
            return 0
        told = {
            place: _Place(about=one.about, pixels=one.pixels, loaded=one.loaded).model_dump_json()
            for place, one in due.items()
            if one.about
        }
        with redis_errors():
            known = await self._redis.zrange(keys.LAST_FLEET_SEEN, 0, -1)
            there = {place.decode(errors="replace") for place in known}
            pipe = self._redis.pipeline(transaction=False)  # each of it holds for itself
            changed = {place: its for place, its in told.items() if self._noted.get(place) != its or place not in there}
            if changed:
                pipe.hset(keys.LAST_FLEET, mapping=changed)
            pipe.zadd(keys.LAST_FLEET_SEEN, {place: one.seen_ms for place, one in due.items()}, gt=True)
            for old in known[: max(len(known) + len(set(due) - there) - PLACES_MAX, 0)]:
                pipe.zrem(keys.LAST_FLEET_SEEN, old)
                pipe.hdel(keys.LAST_FLEET, old)
            await pipe.execute()
        self._noted = told
        self._noted_ms = {place: one.seen_ms for place, one in ready.items()}
        return len(due)

    async def fleet(self, workers: Collection[WorkerInfo], wait_ms: int) -> Fleet:
        """The fleet, with those that were here within `wait_ms` while none of these workers is ready.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        fleet = Fleet(workers=tuple(workers))
        if fleet.ready:
            return fleet
        pipe = self._redis.pipeline(transaction=True)
        pipe.zrange(keys.LAST_FLEET_SEEN, 0, -1, withscores=True)
        pipe.time()
        with redis_errors():
            rows, (seconds, micros) = await pipe.execute()
            now_ms = seconds * 1000 + micros // 1000
            seen: dict[str, int] = {}
            for place, at in rows:
                with skipping(keys.LAST_FLEET_SEEN):
                    seen[place.decode()] = int(finite(str(at)))
            if not seen:
                return replace(fleet, is_new=wait_ms > 0 and not workers)
            recent = [place for place, at in seen.items() if at >= now_ms - wait_ms]
            found = await self._redis.hmget(keys.LAST_FLEET, recent) if recent else []
        last = [one for place, row in zip(recent, found, strict=True) if (one := _worker(place, row, seen[place]))]
        return replace(fleet, last=tuple(sorted(last, key=lambda one: one.id)), last_seen_ms=max(seen.values()))


def _worker(place: str, row: bytes | None, seen_ms: int) -> WorkerInfo | None:
    """A worker as it was; None when that can't be read."""
    with skipping(f"{keys.LAST_FLEET} {place}"):
        if row:
            kept = _Place.model_validate_json(row)
            return WorkerInfo(
                id=f"{place}/", state=WorkerState.READY, loaded=kept.loaded, job=None, seen_ms=seen_ms,
                pixels=kept.pixels, about=kept.about, gone=True,
            )  # fmt: skip
    return None
