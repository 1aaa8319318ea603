"""Slows down whoever tries keys, by address, and says so in the log; those who come with a right one notice nothing."""

from __future__ import annotations

import asyncio
import hashlib
import http
import ipaddress
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from zosma_bot.http.problems import Problem
from zosma_queue.hourly import HOUR_S

log = logging.getLogger(__name__)

#: Wrong keys that an address has free; after that so many a second.
FREE = 10
PER_S = 5.0
#: Tries of one address that wait for their turn; more are sent away unread.
WAITING_MAX = 20
#: Addresses, and keys that were right, that are remembered: the newest.
REMEMBERED = 10_000
#: An address is named in the log once in so many seconds, with the number of its tries; one line of all in `LINE_S`.
SAY_AGAIN_S = HOUR_S
LINE_S = 60.0

K = TypeVar("K")
V = TypeVar("V")

Given = tuple[str | None, str]


class _Tries:
    """What is known of one address: a bucket of tokens that runs full again by itself."""

    def __init__(self, now: float) -> None:
        self.tokens = float(FREE)
        self.at = now
        self.wrong = 0
        self.said = float("-inf")

    def take(self, now: float) -> float:
        """Takes a token; the seconds until it is there."""
        self.tokens = min(FREE, self.tokens + (now - self.at) * PER_S) - 1
        self.at = now
        return max(0.0, -self.tokens / PER_S)

    def put_back(self) -> None:
        """The try was none, or was right."""
        self.tokens += 1


class Wicket:
    """Looks at every key that comes in."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        #: (address, digest of a key that was right there): they go through at once, whatever else comes from there.
        self._known: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._line_at = float("-inf")

    async def judge(self, remote: str | None, given: Given, holder: Callable[[Given], V | None]) -> V | None:
        """Whose key it is by `holder`, None when nobody's: told after a pause, once an address has tried too many.

        Also a right key waits its turn there when it comes for the first time: were it answered at once, whoever tries
        many at a time would know all others to be wrong.

        Raises:
          Problem: 429 when too many tries of that address wait already.
        """
        address = network_of(remote)
        key = (address, hashlib.sha256(given[1].encode(errors="surrogateescape")).digest())
        if key in self._known:
            if (found := holder(given)) is not None:
                self._known.move_to_end(key)
                return found
            del self._known[key]  # it is revoked, or that person's no more: a wrong key like any other
        tries = self._of(address)
        pause_s = tries.take(self._clock())
        if pause_s > WAITING_MAX / PER_S:
            tries.put_back()
            self._note(address, tries)
            raise Problem(
                http.HTTPStatus.TOO_MANY_REQUESTS, "TooManyTries",
                "too many wrong keys came from your address: try again in a few seconds",
                retry_after_s=math.ceil(pause_s),
            )  # fmt: skip
        if pause_s:
            await self._sleep(pause_s)
        found = holder(given)
        if found is None:
            self._note(address, tries)
        else:
            tries.put_back()
            _remember(self._known, key, None)
        return found

    def _of(self, address: str) -> _Tries:
        tries = self._tries.get(address) or _Tries(self._clock())
        return _remember(self._tries, address, tries)

    def _note(self, address: str, tries: _Tries) -> None:
        tries.wrong += 1
        now = self._clock()
        if now - tries.said >= SAY_AGAIN_S and now - self._line_at >= LINE_S:
            log.warning("wrong keys from %s: %d", address, tries.wrong)
            tries.said = self._line_at = now
            tries.wrong = 0


def _remember(kept: OrderedDict[K, V], key: K, value: V) -> V:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
    return value


def network_of(remote: str | None) -> str:
    """What one client can have of its own: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return remote or "an unknown address"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
