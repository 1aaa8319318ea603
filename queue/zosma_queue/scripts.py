"""The Lua verbs as values: what to call, with what, and how to read the answer.

A `Call` says nothing about the connection, so the bot runs it from its event loop (`acall`) and a worker from
Dramatiq's threads (`call`): one script, one contract, two ways in.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any, Generic, TypeVar

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

from zosma_queue import keys
from zosma_queue.redis_says import as_queue_error

T = TypeVar("T")
Argument = str | bytes | int | float

#: What each verb is put together from, besides its own file.
_PARTS = (
    "_common", "_versions", "_workers", "_order", "_index", "_join", "_line", "_fleet", "_series", "_speed",
    "_pictures", "_sets", "_ends", "_take", "_inputs", "_adopt",
)  # fmt: skip
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
def _read(name: str) -> str:
    return (resources.files("zosma_queue") / "lua" / f"{name}.lua").read_text("utf-8")


#: What a verb calls in few of its runs: it is declared when it is called first, with all that nothing else uses. Redis
#: declares everything else anew at each call, which for an enqueue or a settle was a third of their time.
RARELY = frozenset(
    {
        "adopt",
        "cancel_job",
        "end_move",
        "end_part",
        "fail",
        "forget_worker",
        "group_of_person",
        "hand",
        "hold",
        "hold_input",
        "home_of",
        "is_outdone",
        "keep_kind",
        "left_for",
        "let_in",
        "meet",
        "part_from",
        "parts_of",
        "put_back",
        "refile",
        "split",
        "sum_up",
        "take_again",
    }
)

#: A new declaration of a part begins: all that stands outside of functions there is declarations.
_DECLARED = re.compile(r"^(?=local )", re.MULTILINE)
_NAMES = re.compile(r"^local (?:function )?([\w, ]+)")
_WORD = re.compile(r"\w+")
_COMMENT = re.compile(r"^\s*--.*\n?| -- .*", re.MULTILINE)


def library() -> list[str]:
    """The declarations that verbs may use, each using only those before it."""
    return [one for part in _PARTS for one in _DECLARED.split(_COMMENT.sub("", _read(part))) if one.strip()]


@functools.cache
def source(verb: str) -> str:
    """The full Lua text of a verb."""
    head = "#!lua flags=allow-oom\n" if verb in WHEN_FULL else ""
    return head + with_library(_read(verb))


def with_library(text: str) -> str:
    """A script with what it uses of the parts and no more: Redis declares that at each call, and 200 names at most.

    What is only used by `RARELY` is in a function of its own, which declares it when one of those is called.
    """
    text = _COMMENT.sub("", text)
    often = _used_by(text, but=RARELY)
    stubs = {one for one in often if _names(one) & RARELY}
    if not stubs:
        return "".join(often) + text
    names = [name for one in stubs for name in _names(one)]
    rarely = _used_by(" ".join(names), known=frozenset(often) - stubs)
    table = ", ".join(f"{name} = {name}" for name in sorted(names))
    return "".join(
        (
            "local rarely, declared\n",
            *(one if one not in stubs else _stub(one) for one in often),
            "rarely = function(name)\nif not declared then\n", *rarely, f"declared = {{{table}}}\nend\n",
            "return declared[name]\nend\n",
            text,
        )
    )  # fmt: skip


def _names(one: str) -> set[str]:
    found = _NAMES.match(one)
    return set(_WORD.findall(found[1])) if found else set()


def _used_by(text: str, *, but: Set[str] = frozenset(), known: Set[str] = frozenset()) -> list[str]:
    """The declarations that a text needs, in order, besides those that are `known`; nothing that only `but` needs."""
    used, found = set(_WORD.findall(text)), []
    for one in reversed(library()):
        names = _names(one)
        if one in known or (names and not used & names):
            continue
        found.append(one)
        if not names & but:
            used |= set(_WORD.findall(one))
    return found[::-1]


def _stub(one: str) -> str:
    """In the place of a function that is declared when it is called."""
    (name,) = _names(one)
    return f"local function {name}(...) return rarely('{name}')(...) end\n"


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
