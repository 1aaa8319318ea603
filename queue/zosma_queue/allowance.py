"""What somebody has left of their limits, and what was made for them or for a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zosma_queue import keys
from zosma_queue.policy import Policy
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import finite, skipping

#: As long as the counts of a day are kept (MADE_TTL_MS of the scripts).
MADE_DAYS = 30
_DAY_S = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What somebody may do now. Limits are those of `policy`, where 0 means none."""

    policy: Policy
    waiting: int
    running: int
    spent_s: float
    """GPU-seconds used today, by UTC."""
    cooldown_s: float
    """Until their next job may come; 0: at once."""
    resets_at_s: int
    """When the next day begins, seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made and shown within some days."""

    jobs: int = 0
    pictures: int = 0
    gpu_s: float = 0.0
    checkpoints: Mapping[str, int] = field(default_factory=dict)
    """Pictures by checkpoint, most first."""


async def allowance(redis: Any, owner: str, person: str, policy: Policy) -> Allowance:
    """What an owner has left, counted over all places where `person` says that they are one ('' for here alone).

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        now_s, micros = await redis.time()
        day = now_s // _DAY_S
        pipe = redis.pipeline(transaction=False)
        for name, counted in _names(owner, person):
            pipe.hget(keys.OPEN, counted)
            pipe.hget(keys.RUNNING, counted)
            pipe.get(keys.spent(name, day))
        pipe.pttl(keys.cooldown(owner))
        pipe.get(keys.cooldown(person))
        *rows, cooling_ms, last = await pipe.execute()
    counts = [_count(keys.OPEN, row) for row in rows]
    running = max(counts[1::3])
    elsewhere_s = 0.0
    if person and last:
        elsewhere_s = _count(keys.cooldown(person), last) / 1000 + policy.cooldown_s - now_s - micros / 1e6
    return Allowance(
        policy=policy,
        waiting=int(
            max(whole - running_there for whole, running_there in zip(counts[0::3], counts[1::3], strict=True))
        ),
        running=int(running),
        spent_s=max(counts[2::3]),
        cooldown_s=max(cooling_ms / 1000, elsewhere_s, 0.0),
        resets_at_s=(day + 1) * _DAY_S,
    )


def _names(owner: str, person: str) -> Sequence[tuple[str, str]]:
    """(name, name under which open and running jobs are counted) of an owner, and of who they are in all places."""
    return ((owner, owner), (person, f"person {person}")) if person else ((owner, owner),)


def _count(key: str, value: bytes | None) -> float:
    with skipping(key):
        return finite(value or b"0")
    return 0.0


async def made(redis: Any, scope: str, days: int = MADE_DAYS) -> Made:
    """What was made for an owner or a group in the last days, today among them.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        now_s, _ = await redis.time()
        pipe = redis.pipeline(transaction=False)
        for back in range(days):
            pipe.hgetall(keys.made(scope, now_s // _DAY_S - back))
        rows: list[dict[bytes, bytes]] = await pipe.execute()
    total, checkpoints = Counter[str](), Counter[str]()
    for name, value in (item for row in rows for item in row.items()):
        kind, _, checkpoint = name.decode(errors="replace").partition(":")
        if kind == "checkpoint":
            checkpoints[checkpoint] += int(_count(scope, value))
        else:
            total[kind] += int(_count(scope, value))
    return Made(
        jobs=total["jobs"], pictures=total["pictures"], gpu_s=total["gpu_ms"] / 1000,
        checkpoints=dict(checkpoints.most_common()),
    )  # fmt: skip


async def forget_made(redis: Any, scope: str) -> None:
    """Drops what was counted for an owner; what was counted for their group names nobody.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        now_s, _ = await redis.time()
        today = now_s // _DAY_S
        await redis.unlink(*(keys.made(scope, day) for day in range(today - MADE_DAYS - 1, today + 1)))
