"""The Lua verbs as values: what to call, with what, and how to read the answer.

A `Call` says nothing about the connection, so the bot runs it from its event loop (`acall`) and a worker from
Dramatiq's threads (`call`): one script, one contract, two ways in.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

from zosma_queue import keys
from zosma_queue.lua_assembly import assembled, read
from zosma_queue.redis_says import as_queue_error

T = TypeVar("T")
Argument = str | bytes | int | float

#: These run although Redis is full, for they free memory or keep what runs alive: without them a full Redis would stay
#: full, and jobs would be given to a second worker while the first still draws.
WHEN_FULL = frozenset(
    {
        "stand",
        "delivered",
        "settle",
        "sweep",
        "cancel",
        "renew",
        "beat",
        "file",
        "leave",
        "forget",
        "purge",
        "clear",
        "let_go",
        "want",
        "evict",
        "fetched",
        "prolong",
        "reply",
        "summon",
    }
)


@functools.cache
def source(verb: str) -> str:
    """The full Lua text of a verb."""
    head = "#!lua flags=allow-oom\n" if verb in WHEN_FULL else ""
    return head + assembled(read(verb))


@functools.cache
def digest(verb: str) -> str:
    """The SHA-1 under which Redis caches a verb."""
    return hashlib.sha1(source(verb).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call of a verb."""

    verb: str
    args: tuple[Argument, ...]
    parse: Callable[[Any], T]
    more_keys: tuple[str, ...] = ()

    @property
    def numbered(self) -> tuple[int, tuple[Argument, ...]]:
        """(number of keys, keys and arguments) as EVALSHA takes them."""
        script_keys = (keys.PREFIX, *self.more_keys)
        return len(script_keys), (*script_keys, *self.args)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turns what Redis says, or its silence, into one tree of errors.

    Raises:
      QueueRefusesError: when waiting won't help: no permission, a wrong password, a key of the wrong type.
      QueueBusyError: when all our connections are in use.
      QueueUnavailableError: when Redis is away, full, loading, or for another reason can't serve now.
    """
    try:
        yield
    except (redis.RedisError, OSError) as error:
        if instead := as_queue_error(error):
            raise instead from error
        raise


def call(client: redis.Redis, wanted: Call[T]) -> T:
    """Runs a call over a blocking connection.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    count, rest = wanted.numbered
    with redis_errors():
        try:
            reply = client.evalsha(digest(wanted.verb), count, *rest)
        except NoScriptError:
            reply = client.eval(source(wanted.verb), count, *rest)
    return wanted.parse(reply)


async def acall(client: redis.asyncio.Redis, wanted: Call[T]) -> T:
    """Runs a call over an asyncio connection.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    count, rest = wanted.numbered
    with redis_errors():
        try:
            reply = await client.evalsha(digest(wanted.verb), count, *rest)
        except NoScriptError:
            reply = await client.eval(source(wanted.verb), count, *rest)
    return wanted.parse(reply)
