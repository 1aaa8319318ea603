"""What happened when, for plots: read from the counts that the scripts keep (lua/_series.lua).

Two series: by the minute for a day, by the hour for 90 days. A hash for each minute and hour in which something
happened, which goes by itself, so that all of it takes a bounded room whatever goes through the queue.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zosma_queue import calls, keys
from zosma_queue.scripts import acall, redis_errors
from zosma_queue.unreadable import skipping

#: As in lua/_series.lua: a wait is told to a tenth.
GAMMA = 1.1 / 0.9
#: Most hashes that one call sums up: Redis does nothing else meanwhile.
CALL_MAX = 120
_FAULT, _WAIT = "fault:", "wait:"


class Step(enum.Enum):
    """The spans that are counted in."""

    MINUTE = 60, 24 * 60
    HOUR = 3600, 90 * 24

    def __init__(self, seconds: int, kept: int) -> None:
        self.seconds = seconds
        self.kept = kept
        """So many of them are kept."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """What was counted in one minute or hour, or in several."""

    start_s: int
    """Seconds since 1970."""
    seconds: int
    """How long it is."""
    submitted: int = 0
    """Jobs, as those that follow."""
    refused: int = 0
    """By a limit."""
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    pictures: int = 0
    loads: int = 0
    """Of checkpoints."""
    gpu_ms: int = 0
    """Of the jobs that ended, from the call of the WebUI to its answer."""
    samples: int = 0
    """Looks at the fleet; the sums over them follow."""
    alive: int = 0
    """Workers that gave signs of life."""
    ready: int = 0
    """Those of them that take jobs."""
    busy: int = 0
    """Those that had one."""
    waiting: int = 0
    """Jobs that waited."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """What went wrong with single tries, by ErrorKind."""
    wait_bins: Mapping[int, int] = field(default_factory=dict)
    """The sketch of the waits of jobs that began for the first time: power of GAMMA, in ms → how many."""

    def average(self, name: str) -> float | None:
        """Of `alive`, `ready`, `busy` or `waiting` over the looks; None where there was none."""
        return float(getattr(self, name)) / self.samples if self.samples else None

    @property
    def gpu_use(self) -> float | None:
        """The share of the workers that take jobs which had one, 0 to 1; None where there was no such worker."""
        return min(self.busy / self.ready, 1.0) if self.ready else None

    def wait_quantile_s(self, share: float) -> float | None:
        """Seconds within which that share of the jobs had begun, to a tenth; None where none did."""
        total = sum(self.wait_bins.values())
        left = share * total
        for power, count in sorted(self.wait_bins.items()):
            left -= count
            if left <= 0:
                return float(2 * GAMMA**power / (GAMMA + 1)) / 1000
        return None


_COUNTS = frozenset(
    {
        "submitted", "refused", "done", "failed", "cancelled", "retried", "pictures", "loads", "gpu_ms", "samples",
        "alive", "ready", "busy", "waiting",
    }
)  # fmt: skip


def together(spans: Sequence[Span]) -> Span:
    """One span as long as all of these, which follow one another."""
    faults: Counter[str] = Counter()
    bins: Counter[int] = Counter()
    for span in spans:
        faults.update(span.faults)
        bins.update(span.wait_bins)
    return Span(
        start_s=spans[0].start_s, seconds=sum(span.seconds for span in spans), faults=faults, wait_bins=bins,
        **{name: sum(getattr(span, name) for span in spans) for name in _COUNTS},
    )  # fmt: skip


async def read_series(redis: Any, step: Step, count: int, *, size: int = 1, now_s: int = 0) -> list[Span]:
    """The newest `count` spans of `size` steps each, oldest first; the last one is not over yet.

    They begin at whole multiples of their length since 1970: spans of 24 hours are days of UTC. `now_s` is 0, the Redis
    server's own clock, everywhere but in tests.

    Raises:
      ValueError: when more are asked for than are kept.
      QueueUnavailableError: when Redis doesn't answer.
    """
    if size < 1 or not 1 <= count * size <= step.kept:
        raise ValueError(f"{count} spans of {size}: of {step.name.lower()}s {step.kept} are kept")
    with redis_errors():
        last = (now_s or int((await redis.time())[0])) // step.seconds // size
    numbers = range(last - count + 1, last + 1)
    spans: list[Span] = []
    at_once = max(CALL_MAX // size, 1)
    for at in range(0, count, at_once):
        some = numbers[at : at + at_once]
        rows = await acall(redis, calls.series(step.seconds, some[0] * size, size, len(some)))
        spans += [_span(step.seconds * size, number, row) for number, row in zip(some, rows, strict=True)]
    return spans


def _span(seconds: int, number: int, row: list[bytes]) -> Span:
    counts: dict[str, int] = {}
    faults: dict[str, int] = {}
    bins: dict[int, int] = {}
    for raw, value in zip(row[::2], row[1::2], strict=True):
        with skipping(keys.series(seconds, number)):
            name = raw.decode()
            if name in _COUNTS:
                counts[name] = int(value)
            elif name.startswith(_FAULT):
                faults[name.removeprefix(_FAULT)] = int(value)
            elif name.startswith(_WAIT):
                bins[_power(name)] = int(value)
    return Span(start_s=number * seconds, seconds=seconds, faults=faults, wait_bins=bins, **counts)


def _power(name: str) -> int:
    """A bin's power; one that would be no number of ms is none."""
    power = int(name.removeprefix(_WAIT))
    if not 0 <= power <= 100:
        raise ValueError(f"{power} is no power of a wait")
    return power
