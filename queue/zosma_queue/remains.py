"""What still names somebody after their past was erased, because something else needs it: why, and until when."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.documents import decoded
from zosma_queue.privacy import STEP
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import skipping

#: Documents that are of one member alone, whose `by` says of whom.
OF_ONE = ("recipe", "picture", "question", "menu", "mask", "painted")
_DAY_S = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Remains:
    """What is left of somebody. Times are seconds since 1970."""

    acts: int = 0
    """Entries of the audit trail that name them, as who did something or to whom."""
    acts_since_s: int = 0
    """When the oldest of these was written."""
    counted_until_s: int = 0
    """When cooldown and the GPU-seconds that a limit goes by have run out; 0: there are none."""
    limits: bool = False
    """An admin has set limits for them by name."""
    jobs_elsewhere: int = 0
    """Theirs, asked for in other servers."""
    servers_elsewhere: int = 0
    """How many servers those are."""


async def drop_documents(redis: Any, by: int) -> int:
    """Drops what was kept for one member alone, like a described picture's words; how many documents.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    dropped = 0
    for kind in OF_ONE:
        cursor = None
        with redis_errors():
            while cursor != 0:
                cursor, names = await redis.scan(cursor or 0, match=keys.document(kind, "*"), count=STEP)
                documents = await redis.mget(names) if names else []
                theirs = [
                    name
                    for name, data in zip(names, documents, strict=True)
                    if (document := decoded(name.decode(errors="replace"), data)) and document.get("by") == by
                ]
                dropped += await redis.unlink(*theirs) if theirs else 0
    return dropped


async def remains(redis: Any, owners: Sequence[str], user_id: int) -> Remains:
    """What still names a member, known to the queue as `owners`.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    acts, since_s = await _acts_naming(redis, user_id)
    with redis_errors():
        now_s, _ = await redis.time()
        day = now_s // _DAY_S
        pipe = redis.pipeline(transaction=False)
        for owner in owners:
            pipe.ttl(keys.cooldown(owner))
            pipe.ttl(keys.spent(owner, day))
            pipe.ttl(keys.spent(owner, day - 1))
        lives = [life for life in await pipe.execute() if life > 0]
        limits = any([await redis.hexists(keys.POLICIES, owner) for owner in owners])
    elsewhere = await _jobs_elsewhere(redis, owners, user_id)
    return Remains(
        acts=acts, acts_since_s=since_s, counted_until_s=now_s + max(lives) if lives else 0, limits=limits,
        jobs_elsewhere=elsewhere.total(), servers_elsewhere=len(elsewhere),
    )  # fmt: skip


async def _jobs_elsewhere(redis: Any, owners: Sequence[str], user_id: int) -> Counter[bytes]:
    """How many jobs the member has under other names than these."""
    theirs = re.compile(rf"discord:\d+/{user_id}".encode())
    here = {owner.encode() for owner in owners}
    found: dict[bytes, bytes] = {}  # a scan may show a key twice
    cursor = None
    with redis_errors():
        while cursor != 0:
            cursor, names = await redis.scan(cursor or 0, match=f"{keys.job('')}*", count=STEP)
            pipe = redis.pipeline(transaction=False)
            for name in names:
                pipe.hget(name, "owner")
            for name, owner in zip(names, await pipe.execute() if names else (), strict=True):
                if owner and owner not in here and theirs.fullmatch(owner):
                    found[name.partition(b"~")[0]] = owner  # of the parts of a set, the set
    return Counter(found.values())


async def _acts_naming(redis: Any, user_id: int) -> tuple[int, int]:
    """How many entries of the audit trail name a member, and when the oldest was written (seconds since 1970)."""
    named = re.compile(rf"(?<!\d){user_id}(?!\d)".encode())
    count, oldest_ms, start = 0, 0, "-"
    while True:
        with redis_errors():
            rows: list[tuple[bytes, dict[bytes, bytes]]] = await redis.xrange(keys.AUDIT, min=start, count=STEP)
        for _, row in rows:
            if named.search(row.get(b"who", b"")) or named.search(row.get(b"target", b"")):
                count += 1
                with skipping(keys.AUDIT):
                    oldest_ms = oldest_ms or int(row[b"at"])
        if len(rows) < STEP:
            return count, (oldest_ms or int(time.time() * 1000)) // 1000
        start = f"({rows[-1][0].decode()}"
