"""Policies and content rules, read once for each change of them.

Whoever writes them draws a new version in the same transaction (`note_change`), and a submit tells by which version it
was judged: what was forbidden a moment ago is forbidden at once, in every process.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_queue import keys
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import models_of

#: While nobody has drawn one; `enqueue.lua` has the same word.
NO_VERSION = b"none"
#: They are read again after this long whatever their version says: a bot of an older version draws none.
TRUSTED_S = 30.0


@dataclass(eq=False)
class Rulebook:
    """All of them, at one version."""

    version: bytes = NO_VERSION
    """As it stands in Redis, whatever that is: the script compares it."""
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """By role, key or owner."""
    rules: Mapping[str, ContentRules] = field(default_factory=dict)
    """By group; `` for everybody."""
    raw: Any = field(default=None, repr=False)
    read_at: float = float("-inf")
    """By `time.monotonic`."""

    def is_trusted(self, now: float) -> bool:
        """Whether its version alone says that it still holds, now by `time.monotonic`."""
        return now - self.read_at < TRUSTED_S

    def rules_for(self, group: str) -> list[ContentRules]:
        """What a request from this group is held to: everybody's rules, and its own."""
        return [self.rules[name] for name in dict.fromkeys(("", group)) if name in self.rules]


def note_change(pipe: Any) -> None:
    """Has the transaction that writes a policy or rules draw a new version."""
    pipe.set(keys.RULES_VERSION, secrets.token_hex(8))


async def read_rulebook(redis: Any, known: Rulebook | None) -> Rulebook:
    """The rulebook; `known` itself when nothing has changed since.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    now = time.monotonic()
    with redis_errors():
        if known and known.is_trusted(now) and _noted(await redis.get(keys.RULES_VERSION)) == known.version:
            return known
        raw = await _all(redis).execute()
    return _rulebook(raw, known, now)


def read_rulebook_now(redis: Any, known: Rulebook | None) -> Rulebook:
    """The same over a blocking connection, for one whose version the script checks: `known` itself while it is trusted.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    now = time.monotonic()
    if known and known.is_trusted(now):
        return known
    with redis_errors():
        return _rulebook(_all(redis).execute(), known, now)


def _all(redis: Any) -> Any:
    pipe = redis.pipeline(transaction=True)
    pipe.get(keys.RULES_VERSION)
    pipe.hgetall(keys.POLICIES)
    pipe.hgetall(keys.RULES)
    return pipe


def _rulebook(raw: list[Any], known: Rulebook | None, now: float) -> Rulebook:
    if known and raw == known.raw:
        known.read_at = now
        return known
    version, policies, rules = raw
    known_policies, known_rules = models_of(keys.POLICIES, Policy, policies), models_of(keys.RULES, ContentRules, rules)
    return Rulebook(_noted(version), known_policies, known_rules, raw, now)


def _noted(version: bytes | None) -> bytes:
    return NO_VERSION if version is None else version
