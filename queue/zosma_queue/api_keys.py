"""API keys: who may call the HTTP API, what for, and until when.

A key is 256 random bits, so what is kept of it is a plain SHA-256: a slow hash with a salt protects what people think
up, by making guesses dear. Nobody guesses 256 bits, and each request is hashed once. The key itself is told once, by
`create` and `rotate`, and stored nowhere.

Each key has a name; the jobs of its holder are charged to `key:<name>`, under which limits, lane and weight are kept
(policy.py). A revoked key's name stays known: who got it next would find the jobs of who had it before, and a server
from which the last key was taken must not be open to everybody again.
"""

from __future__ import annotations

import enum
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from redis.exceptions import WatchError

from zosma_queue import keys
from zosma_queue.audit import note_within
from zosma_queue.errors import KeyRefusedError
from zosma_queue.policy import Policy
from zosma_queue.rulebook import note_change
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import finite, skipping

#: What every key begins with, so that people and scanners for secrets know one when they see it.
MARK = "zosma_"
_RANDOM_BYTES = 32
#: Characters at the key's end that are kept, by which people tell their keys apart.
_HINT_CHARS = 4
#: Names that are kept, those of revoked keys included; then the one that was revoked first is forgotten.
NAMES_MAX = 1_000
#: When a key was last used is known to this; each key writes once in so long.
USED_WITHIN_MS = 10 * 60_000
#: The longest time after which a key ends by itself, and for which an old one goes on beside the new.
EXPIRES_MAX_S = 10 * 365 * 86_400
OVERLAP_MAX_S = 30 * 86_400
#: Field beside the names: another value after each change, so that whoever has read all knows that none is new.
STAMP = ""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeyScope(enum.StrEnum):
    """What a key may be used for."""

    SUBMIT = "submit"  # ask for pictures, cancel and retry one's own jobs
    READ = "read"  # see one's own jobs and pictures, what the fleet has, how full the queue is
    ADMIN = "admin"  # all of it, and what `zosma queue`, `zosma rules` and `zosma keys` do


#: What a key is good for when nothing is said.
USUAL = frozenset({KeyScope.SUBMIT, KeyScope.READ})
EVERYTHING = frozenset(KeyScope)


class ApiKey(BaseModel):
    """What is kept of a key. Times are ms since 1970 by Redis's clock."""

    model_config = ConfigDict(frozen=True)

    name: str
    scopes: frozenset[KeyScope]
    digest: str
    """SHA-256 in hex; '' once it is revoked."""
    hint: str
    """The key's last characters."""
    created_ms: int
    created_by: str
    """Who made it: an owner, or `cli:local`."""
    expires_ms: int | None = None
    revoked_ms: int | None = None
    old_digest: str = ""
    """That of the key before the last `rotate`, for as long as it goes on."""
    old_until_ms: int = 0

    @property
    def is_admin(self) -> bool:
        """True when it is for everything."""
        return KeyScope.ADMIN in self.scopes

    @property
    def lasts_s(self) -> float | None:
        """Seconds for which it was given; None for ever."""
        return None if self.expires_ms is None else (self.expires_ms - self.created_ms) / 1000

    @property
    def digests(self) -> tuple[str, ...]:
        """Those under which it may be used, in its time."""
        return tuple(one for one in (self.digest, self.old_digest) if one)

    def grants(self, digest: str, now_ms: int) -> bool:
        """True when the key of this digest is this one, and may be used now. Takes the same time for every digest."""
        is_it = secrets.compare_digest(self.digest, digest)
        was_it = secrets.compare_digest(self.old_digest, digest)
        works = self.works(now_ms)
        return works and (is_it or (was_it and now_ms < self.old_until_ms))

    def works(self, now_ms: int) -> bool:
        """False when it is revoked, or its time is over."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)


@dataclass(frozen=True, kw_only=True)
class KnownKeys:
    """All keys of one moment."""

    keys: Mapping[str, ApiKey]
    """By name; without those that can't be read."""
    are_there: bool
    """True when any was ever made and not forgotten, also where it can't be read: then callers need one."""
    now_ms: int
    """Redis's clock at that moment."""


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key that was just made."""

    key: str
    """To be told once."""
    about: ApiKey


def digest_of(key: str) -> str:
    """What is kept of a key. A header's bytes may be no UTF-8; aiohttp keeps them as surrogates."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


#: The server's clock is asked this often, and carried on by this host's in between.
CLOCK_AGE_S = 60.0


class ApiKeys:
    """The keys in Redis. A worker's Redis user can neither read nor write them.

    `others` below are the names of keys that are kept elsewhere, in the bot's environment: they can't be made or taken
    away here. `other_admin` says whether one of those has the scope admin.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._read: tuple[bytes | None, dict[str, ApiKey]] = (None, {})
        self._are_there = False
        self._clock = (float("-inf"), 0)

    async def known(self) -> KnownKeys:
        """The keys as they are now.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            read = self._read[0]
            # A thousand of them take 50 ms to read. Where there are none, there is no stamp either.
            if read is None or await self._redis.hget(keys.API_KEYS, STAMP) != read:
                found = await self._redis.hgetall(keys.API_KEYS)
                self._read = (found.get(STAMP.encode()), _decoded(found))
                self._are_there = bool(found)
            return KnownKeys(keys=self._read[1], are_there=self._are_there, now_ms=await self._now_ms())

    async def _now_ms(self) -> int:
        """The Redis server's time, asked for once a minute."""
        asked = time.monotonic()
        if asked - self._clock[0] > CLOCK_AGE_S:
            seconds, micros = await self._redis.time()
            self._clock = (asked, seconds * 1000 + micros // 1000)
        return self._clock[1] + int((asked - self._clock[0]) * 1000)

    async def used(self) -> dict[str, int]:
        """Name → ms at which its key was last used, to within ten minutes.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.API_KEY_USES)
        uses = {}
        for name, value in found.items():
            with skipping(keys.API_KEY_USES):
                uses[name.decode()] = int(finite(value))
        return uses

    async def note_used(self, name: str, now_ms: int) -> None:
        """Writes down that a key was used.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            await self._redis.hset(keys.API_KEY_USES, name, now_ms)

    async def create(
        self,
        who: str,
        name: str,
        *,
        scopes: frozenset[KeyScope] = USUAL,
        expires_s: float | None = None,
        policy: Policy | None = None,
        others: Iterable[str] = (),
        other_admin: bool = False,
    ) -> NewKey:
        """Makes a key, with limits of its own if a policy is given. From the first one on, callers need a key.

        Raises:
          KeyRefusedError: when the name is taken or can't be one, or it is the first key and no admin's.
          QueueUnavailableError: when Redis doesn't answer.
        """
        _check_name(name)
        if name in others:
            raise _of_the_environment(name)
        text, digest, hint = _drawn()

        def edit(known: Mapping[str, ApiKey], now_ms: int) -> ApiKey:
            _check_new(name, known)
            if not (known or other_admin or KeyScope.ADMIN in scopes):
                raise KeyRefusedError(
                    "from the first key on every caller needs one, and nobody could make a second: give the first the"
                    " scope admin",
                    code="no-admin", field="scopes",
                )  # fmt: skip
            return ApiKey(
                name=name, scopes=scopes, digest=digest, hint=hint, created_ms=now_ms, created_by=who,
                expires_ms=_after(now_ms, expires_s),
            )  # fmt: skip

        return NewKey(key=text, about=await self._change(who, "key-create", edit, policy=policy))

    async def rotate(
        self,
        who: str,
        name: str,
        *,
        overlap_s: float = 0,
        scopes: frozenset[KeyScope] | None = None,
        expires_s: float | None = None,
        others: Iterable[str] = (),
        other_admin: bool = False,
    ) -> NewKey:
        """Gives a name a new key, also one whose key was revoked or ran out. The old one goes on for `overlap_s`.

        Scopes and the time for which the key is good are those of the old one, unless others are given.

        Raises:
          KeyRefusedError: when there is no such name, or the last admin's key would be none any more.
          QueueUnavailableError: when Redis doesn't answer.
        """
        text, digest, hint = _drawn()

        def edit(known: Mapping[str, ApiKey], now_ms: int) -> ApiKey:
            old = _existing(name, known, others)
            lasts_s = old.lasts_s if expires_s is None else expires_s
            new = ApiKey(
                name=name, scopes=old.scopes if scopes is None else scopes, digest=digest, hint=hint,
                created_ms=now_ms, created_by=who, expires_ms=_after(now_ms, lasts_s),
            )  # fmt: skip
            if not new.is_admin:
                _check_admin_left(name, old, known, now_ms, other_admin)
            if not (overlap_s and old.works(now_ms)):
                return new
            goes_on_ms = now_ms + int(overlap_s * 1000)
            return new.model_copy(
                update={"old_digest": old.digest, "old_until_ms": min(goes_on_ms, old.expires_ms or goes_on_ms)}
            )

        return NewKey(key=text, about=await self._change(who, "key-rotate", edit))

    async def revoke(
        self, who: str, name: str, *, others: Iterable[str] = (), other_admin: bool = False, also_last: bool = False
    ) -> ApiKey:
        """Takes a key away for good. The last admin's only with `also_last`: then callers still need a key.

        Raises:
          KeyRefusedError: when there is no such key, or it is the last admin's.
          QueueUnavailableError: when Redis doesn't answer.
        """

        def edit(known: Mapping[str, ApiKey], now_ms: int) -> ApiKey:
            key = _existing(name, known, others)
            if key.revoked_ms is not None:
                raise KeyRefusedError(f"the key {name} is revoked already", code="revoked", field="name")
            if not also_last:
                _check_admin_left(name, key, known, now_ms, other_admin)
            return key.model_copy(update={"digest": "", "old_digest": "", "revoked_ms": now_ms})

        return await self._change(who, "key-revoke", edit)

    async def forget_all(self, who: str) -> int:
        """Forgets all keys and names; how many. On a bot that only this machine reaches, nobody needs a key then.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            count = len(_decoded(await self._redis.hgetall(keys.API_KEYS)))
            pipe = self._redis.pipeline(transaction=True)
            pipe.delete(keys.API_KEYS, keys.API_KEY_USES)
            note_within(pipe, who, "key-forget-all", str(count))
            await pipe.execute()
        return count

    async def _change(
        self,
        who: str,
        act: str,
        edit: Callable[[Mapping[str, ApiKey], int], ApiKey],
        *,
        policy: Policy | None = None,
    ) -> ApiKey:
        """Writes what `edit` makes of all keys, its limits and the audit entry: all of it or nothing."""
        with redis_errors():
            now_s, _ = await self._redis.time()
        while True:  # each time round somebody else's change went through, so this ends
            try:
                with redis_errors():
                    async with self._redis.pipeline(transaction=True) as pipe:
                        await pipe.watch(keys.API_KEYS)
                        found = _decoded(await pipe.hgetall(keys.API_KEYS))
                        key = edit(found, now_s * 1000)
                        pipe.multi()
                        if key.name not in found and (gone := _to_forget(found)):
                            pipe.hdel(keys.API_KEYS, gone)
                            pipe.hdel(keys.API_KEY_USES, gone)
                        pipe.hset(keys.API_KEYS, key.name, key.model_dump_json())
                        pipe.hset(keys.API_KEYS, STAMP, secrets.token_hex(8))
                        if policy:
                            pipe.hset(keys.POLICIES, f"key:{key.name}", policy.model_dump_json())
                            note_change(pipe)
                        note_within(
                            pipe, who, act, f"key:{key.name}", part="scopes", value=",".join(sorted(key.scopes))
                        )
                        await pipe.execute()
                        return key
            except WatchError:
                continue


def _drawn() -> tuple[str, str, str]:
    """(a new key, its digest, its hint)."""
    text = MARK + secrets.token_urlsafe(_RANDOM_BYTES)
    return text, digest_of(text), text[-_HINT_CHARS:]


def _decoded(found: Mapping[bytes, bytes]) -> dict[str, ApiKey]:
    known = {}
    for name, value in found.items():
        if name == STAMP.encode():
            continue
        with skipping(keys.API_KEYS):
            key = ApiKey.model_validate_json(value)
            if key.name == name.decode():
                known[key.name] = key
    return known


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise KeyRefusedError(
            f"name {name[:80]!r} can't be a key's: use 1 to 64 of the letters A to Z, digits, '.', '_' and '-', a"
            " letter or digit first",
            code="bad-name", field="name",
        )  # fmt: skip


def _check_new(name: str, known: Mapping[str, ApiKey]) -> None:
    if name in known:
        fix = f"`zosma keys rotate {name}` gives it a new key, another person needs another name"
        is_known = "was revoked" if known[name].revoked_ms is not None else "is there already"
        raise KeyRefusedError(f"a key {name} {is_known}: {fix}", code="name-taken", field="name")
    if len(known) >= NAMES_MAX and not _to_forget(known):
        raise KeyRefusedError(
            f"there are {NAMES_MAX:,} keys, as many as possible: revoke one", code="too-many", field="name"
        )


def _check_admin_left(name: str, key: ApiKey, known: Mapping[str, ApiKey], now_ms: int, other_admin: bool) -> None:
    """Raises when nobody could make a key any more without this one."""
    if not key.is_admin or other_admin:
        return
    if not any(one.is_admin and one.works(now_ms) for one in known.values() if one.name != name):
        raise KeyRefusedError(
            f"{name} is the last key with the scope admin: give another one that scope first, or nobody could make"
            " keys through the API any more",
            code="last-admin", field="name",
        )  # fmt: skip


def _to_forget(known: Mapping[str, ApiKey]) -> str | None:
    """The name that goes for a new one: that of the key that was revoked first, once there are too many."""
    revoked = [one for one in known.values() if one.revoked_ms is not None]
    if len(known) < NAMES_MAX or not revoked:
        return None
    return min(revoked, key=lambda one: one.revoked_ms or 0).name


def _existing(name: str, known: Mapping[str, ApiKey], others: Iterable[str]) -> ApiKey:
    if name in known:
        return known[name]
    if name in others:
        raise _of_the_environment(name)
    raise KeyRefusedError(f"there is no key {name[:80]!r}: see `zosma keys list`", code="no-such-key", field="name")


def _of_the_environment(name: str) -> KeyRefusedError:
    return KeyRefusedError(
        f"the key {name} is one of ZOSMA_API_KEYS: change it there, and start the bot process anew",
        code="environment", field="name",
    )  # fmt: skip


def _after(now_ms: int, seconds: float | None) -> int | None:
    return None if seconds is None else now_ms + int(seconds * 1000)
