"""The audit trail as a chain: who changes an entry, takes one away or puts one in between breaks it.

Each entry has its number `n`, the hash of the one before (`prev`) and its own `hash` over all of that; Redis keeps the
last number and hash beside the stream. One script writes all of it (`audit` in lua/_common.lua), and whoever verifies
works the hashes out anew. Whoever may write everything in Redis could make a whole new chain: against that somebody
notes the head (`<n>:<hash>`) elsewhere, and compares it the next time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zosma_queue import calls, keys
from zosma_queue.scripts import redis_errors, source

#: Acts that the stream keeps, about; it never drops one while it has fewer.
AUDIT_MAX = 10_000

#: Entries that are read in one go: all of them at once would take longer than the bot waits for an answer.
PAGE = 500

#: An entry's fields, in the order in which they are hashed; those of a later entry may lack the last two.
FIELDS = ("n", "prev", "who", "act", "target", "at", "part", "value")

Entry = Mapping[str, str]


class BrokenChainError(ValueError):
    """Raised for a chain that somebody has been at. Its text says where."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The whole trail as it is stored, oldest first. Bytes that aren't UTF-8 are there as lone surrogates."""

    entries: Sequence[Entry]
    head: Mapping[str, str]
    """`n` and `hash` of the last entry; empty before there is one."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What an unbroken chain holds."""

    entries: int
    older: int
    """Entries from before there was a chain: nothing vouches for them."""
    first: int
    last: int
    head: str
    """`<n>:<hash>`, to be noted elsewhere; '' before there is one."""
    compared: bool
    """True when a head that was noted before is part of it."""


async def read_chain(redis: Any) -> Chain:
    """All entries that are kept, page by page, and the head of the moment in which the last page was read.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    entries: list[Entry] = []
    after = "-"
    while True:
        pipe = redis.pipeline(transaction=True)
        pipe.xrange(keys.AUDIT, min=after, count=PAGE)
        pipe.hgetall(keys.AUDIT_HEAD)
        with redis_errors():
            rows, head = await pipe.execute()
        entries += [_texts(fields) for _, fields in rows]
        if len(rows) < PAGE:
            return Chain(entries=entries, head=_texts(head))
        after = f"({rows[-1][0].decode()}"


def note_within(pipe: Any, who: str, act: str, target: str, *, part: str = "", value: str = "") -> None:
    """Has a transaction write an act down: as a whole script, for one that Redis doesn't know would end half of it."""
    noted = calls.note(who, act, target, part=part, value=value)
    count, rest = noted.numbered
    pipe.eval(source(noted.verb), count, *rest)


def hash_of(entry: Entry) -> str:
    """The hash of an entry: SHA-1, the one that Redis's scripts have, over each name and value with its length."""
    told = [part for name in FIELDS if name in entry for part in (name, entry[name])]
    parts = [part.encode("utf-8", "surrogateescape") for part in told]
    return hashlib.sha1(b"".join(b"%d:%b" % (len(part), part) for part in parts), usedforsecurity=False).hexdigest()


def verify(chain: Chain, noted: str = "") -> Verified:
    """Says what the chain holds; `noted` is a head that somebody noted before.

    Raises:
      BrokenChainError: when an entry was changed, taken away or put in, or the noted head is not part of the chain.
    """
    older = next((at for at, one in enumerate(chain.entries) if "hash" in one), len(chain.entries))
    chained = chain.entries[older:]
    for before, entry in zip((None, *chained), chained, strict=False):
        _check(before, entry)
    first, last = _ends(chain, chained)
    if older and first > 1:
        raise BrokenChainError(f"{older} entries before number {first} are of no chain: they were put in")
    if first > 1 and len(chained) < AUDIT_MAX:
        raise BrokenChainError(f"the entries before number {first} are missing: they can't have gone by themselves")
    return Verified(
        entries=len(chained), older=older, first=first, last=last,
        head=f"{last}:{chain.head['hash']}" if last else "", compared=_compared(chained, last, noted),
    )  # fmt: skip


def _check(before: Entry | None, entry: Entry) -> None:
    number = entry.get("n", "?")
    if "hash" not in entry:
        raise BrokenChainError(f"an entry after number {(before or {}).get('n')} is of no chain: it was put in")
    if set(entry) - {*FIELDS, "hash"} or entry["hash"] != hash_of(entry) or not number.isdecimal():
        raise BrokenChainError(f"entry number {number} was changed")
    if before is None:
        return
    if int(number) != int(before["n"]) + 1:
        raise BrokenChainError(f"entry number {number} follows number {before['n']}: what was between is missing")
    if entry["prev"] != before["hash"]:
        raise BrokenChainError(f"entry number {number} doesn't follow from number {before['n']}: one was replaced")


def _ends(chain: Chain, chained: Sequence[Entry]) -> tuple[int, int]:
    """The numbers of the first and the last entry, 0 when there is none; held against the head."""
    told = chain.head.get("n", "0")
    last = chained[-1] if chained else {"n": "0"}
    if last["n"] != told or last.get("hash") != chain.head.get("hash"):
        raise BrokenChainError(f"the chain ends with number {last['n']}, but its head says {told:.20}")
    return (int(chained[0]["n"]) if chained else 0), int(last["n"])


def _compared(chained: Sequence[Entry], last: int, noted: str) -> bool:
    number, _, its = noted.partition(":")
    if not noted:
        return False
    if not number.isdecimal() or not its:
        raise BrokenChainError(f"{noted[:60]!r} is no head: it looks like 12:0123abcd…")
    if int(number) > last:
        raise BrokenChainError(f"the chain ends with number {last}, but number {number} was noted before")
    known = {entry["n"]: entry["hash"] for entry in chained}
    if chained:  # of the one before the first, its hash is there
        known[str(int(chained[0]["n"]) - 1)] = chained[0]["prev"]
    if number in known and known[number] != its:
        raise BrokenChainError(f"entry number {number} is not the one that was noted: the chain was made anew")
    return number in known


def _texts(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    return {
        name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
        for name, value in fields.items()
    }
