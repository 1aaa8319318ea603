"""The one place that spends Discord's request budget.

It sits in the HTTP session itself (`trace`), so that it sees what discord.py sends on its own, and its retries, too.
Acknowledgements never wait. What else there is goes by priority as the budget allows; progress is dropped rather than
kept waiting. Discord bans an address that makes 10,000 invalid requests within ten minutes: long before that, less and
less is tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import enum
import heapq
import http
import itertools
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp
from discord.http import Route

from zosma_bot.discord.api.discord_clock import DiscordClock

log = logging.getLogger(__name__)

#: Discord lets 50 through in a second; the rest is for windows that don't begin when ours does.
REQUESTS_PER_S = 45
WINDOW_S = 1.0
INVALID_WINDOW_S = 600.0
#: Of the budget, progress may use so much, and previews so much.
PROGRESS_SHARE, PREVIEW_SHARE = 0.6, 0.3
#: Edits by the bot's token share 5 in 5 seconds with all messages of their channel; progress takes every third place.
PLACE_EVERY_S = 3.0
#: Of a channel's messages that are older than an hour Discord takes far fewer edits. It tells no figure; others met 3
#: in 20 seconds, of which progress takes one.
OLD_S, OLD_EVERY_S = 3600.0, 20.0
PLACES_MAX = 10_000
#: Between two errors, or two results, when too many requests were invalid.
SLOW_S = 1.0
#: After a refusal of the bot's own token it is tried again so often.
TOKEN_PROBE_S = 30.0
#: Discord resets the token of a bot that says IDENTIFY a thousand times a day, as a gateway that is out of order can
#: make it do. After so many in a day there is one in this time: 680 a day at most.
IDENTIFIES_FREE, IDENTIFY_DAY_S, IDENTIFY_SLOW_S = 200, 86_400.0, 180.0
#: A refusal by a channel or a user is believed for this long.
REFUSAL_S = 300.0


class Priority(enum.IntEnum):
    """Which requests to Discord go first."""

    ACKNOWLEDGEMENT = 0
    RESULT = 1
    ERROR = 2
    PROGRESS = 3


class Level(enum.IntEnum):
    """How strict it has become; each value is the number of invalid requests at which it begins."""

    FREE = 0
    CAREFUL = 500
    """No progress."""
    STRICT = 2_000
    """Errors slowly."""
    LAST = 5_000
    """Results slowly too: in ten minutes they can't come near Discord's ban any more."""


class HeldBackError(aiohttp.ClientError):
    """Raised instead of a request that isn't worth its place now. Like any cut line it may be tried again later."""


#: Outside of a delivery: what discord.py asks for by itself, and other answers to members.
_priority: contextvars.ContextVar[Priority] = contextvars.ContextVar("priority", default=Priority.RESULT)
#: Paths that carry their right in themselves; all others need the bot's token.
_BY_THEIR_TOKEN = ("/webhooks/", "/interactions/")


@dataclass(order=True)
class _Waiter:
    priority: Priority
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class RateLimiter:
    """Spends the budget of one bot. Give `trace()` to its client, and say with `spending` what a request is for."""

    def __init__(
        self,
        per_s: int = REQUESTS_PER_S,
        *,
        clock: Callable[[], float] = time.monotonic,
        note: Callable[[str, int, str], None] = lambda *_: None,
    ) -> None:
        """`note` is told of each answer: what its request was for, its status, whose limit a 429 was of."""
        self._per_s = per_s
        self._note = note
        self._clock = clock
        self.discord_clock = DiscordClock()
        """Discord's time, heard with every answer."""
        self._sent: deque[float] = deque()
        self._invalid: deque[float] = deque()
        self._identifies: deque[float] = deque()
        self._waiting: list[_Waiter] = []
        self._numbers = itertools.count()
        self._pump: asyncio.TimerHandle | None = None
        self._slow_until = dict.fromkeys(Priority, 0.0)
        self._busy: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}
        self._progress_at: dict[str, float] = {}
        self._refusals: dict[str, float] = {}
        self._no_token_until = self._banned_until = 0.0
        self._level = Level.FREE

    # -- what callers say and ask --------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def spending(
        self, priority: Priority, place: str | None = None, *, is_old: bool = False
    ) -> AsyncIterator[None]:
        """Requests of this block have this priority. `place` names what has a narrow limit of its own: a channel.

        At each place there is one at a time, in order of arrival: discord.py learns a limit only from answers, and what
        one hears of a refusal, the next need not ask for. `is_old`: it edits a message of more than an hour.

        Raises:
          HeldBackError: when it is progress, for which there is no room.
        """
        if priority is Priority.PROGRESS:
            self._check_progress(place, OLD_EVERY_S if is_old else PLACE_EVERY_S)
        token = _priority.set(priority)
        try:
            async with self.in_line(place) if place else contextlib.nullcontext():
                yield
        finally:
            _priority.reset(token)

    @contextlib.asynccontextmanager
    async def in_line(self, place: str) -> AsyncIterator[None]:
        """Lets callers through one at a time, in their order of arrival."""
        self._busy[place] += 1
        try:
            async with self._locks.setdefault(place, asyncio.Lock()):
                yield
        finally:
            self._busy[place] -= 1
            if not self._busy[place]:
                del self._busy[place], self._locks[place]

    @property
    def previews(self) -> bool:
        """True while there is room for pictures of what is not finished."""
        return self.level is Level.FREE and not self._waiting and self._used() < self._per_s * PREVIEW_SHARE

    @property
    def invalid(self) -> int:
        """Invalid requests of the last ten minutes."""
        _forget(self._invalid, self._clock() - INVALID_WINDOW_S)
        return len(self._invalid)

    @property
    def level(self) -> Level:
        """How strictly requests are held back now, by the invalid ones of the last ten minutes."""
        count = self.invalid
        level = max(one for one in Level if count >= one)
        if level is not self._level:
            log.warning("Discord: %d invalid requests in ten minutes, now %s", count, level.name.lower())
            self._level = level
        return level

    def refused(self, place: str) -> None:
        """A channel or user has refused: it is not asked again for a while."""
        if len(self._refusals) >= PLACES_MAX:
            now = self._clock()
            self._refusals = {name: until for name, until in self._refusals.items() if until > now}
        self._refusals[place] = self._clock() + REFUSAL_S

    def refuses(self, place: str) -> bool:
        """True when Discord has refused a request to this bucket lately."""
        return self._clock() < self._refusals.get(place, 0.0)

    def identifies(self) -> None:
        """Counts an IDENTIFY that is about to be said to the gateway.

        Raises:
          HeldBackError: when there were so many of late that this one must wait.
        """
        now = self._clock()
        _forget(self._identifies, now - IDENTIFY_DAY_S)
        if len(self._identifies) >= IDENTIFIES_FREE and now < self._identifies[-1] + IDENTIFY_SLOW_S:
            raise HeldBackError("said IDENTIFY too often today")
        self._identifies.append(now)

    # -- the gate in the session ---------------------------------------------------------------------------------

    def trace(self) -> aiohttp.TraceConfig:
        """What the client's session must have as `http_trace`."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._on_start)
        config.on_request_end.append(self._on_end)
        return config

    async def _on_start(
        self, _: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        address = str(params.url)
        if not address.startswith(Route.BASE):
            return
        path = address.removeprefix(Route.BASE)
        context.zosma_path = path
        acknowledges = path.startswith("/interactions/")
        priority = context.zosma_priority = Priority.ACKNOWLEDGEMENT if acknowledges else _priority.get()
        await self._turn(priority, by_bot=not path.startswith(_BY_THEIR_TOKEN))

    async def _on_end(
        self, _: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        path = getattr(context, "zosma_path", None)
        if path is None:
            return
        status, headers = params.response.status, params.response.headers
        self.discord_clock.hear(headers.get("Date"))
        self._note(context.zosma_priority.name.lower(), status, _scope(status, headers.get("X-RateLimit-Scope")))
        if status not in (401, 403, 429) or headers.get("X-RateLimit-Scope") == "shared":
            return
        now = self._clock()
        self._invalid.append(now)
        if status == http.HTTPStatus.UNAUTHORIZED and not path.startswith(_BY_THEIR_TOKEN):
            self._no_token_until = now + TOKEN_PROBE_S
        elif status == http.HTTPStatus.TOO_MANY_REQUESTS and "Via" not in headers and not _is_json(headers):
            # Not Discord but Cloudflare in front of it: the whole address is shut out.
            self._banned_until = now + _seconds(headers.get("Retry-After"))
            log.error("Discord's Cloudflare shuts this address out for %.0f s", self._banned_until - now)

    async def _turn(self, priority: Priority, *, by_bot: bool) -> None:
        """Returns when the request may go.

        Raises:
          HeldBackError: when it had better not.
        """
        now = self._clock()
        if priority is Priority.ACKNOWLEDGEMENT:
            self._sent.append(now)
            return
        if now < self._banned_until:
            raise HeldBackError("shut out by Cloudflare")
        if by_bot and now < self._no_token_until:
            raise HeldBackError("the bot's token is refused at the moment")
        if priority is Priority.PROGRESS:
            self._check_room()
        waiter = _Waiter(priority, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, waiter)
        self._let_go()
        await waiter.turn

    def _let_go(self) -> None:
        """Lets those go whose turn it is, and comes back for the next."""
        if self._pump:
            self._pump.cancel()
            self._pump = None
        while self._waiting:
            first = self._waiting[0]
            if first.turn.done():  # cancelled meanwhile
                heapq.heappop(self._waiting)
                continue
            wait = self._wait_s(first.priority)
            if wait > 0:
                self._pump = asyncio.get_running_loop().call_later(wait, self._let_go)
                return
            heapq.heappop(self._waiting)
            now = self._clock()
            self._sent.append(now)
            self._slow_until[first.priority] = now + SLOW_S
            first.turn.set_result(None)

    def _wait_s(self, priority: Priority) -> float:
        now, level = self._clock(), self.level
        wait = self._sent[-self._per_s] + WINDOW_S - now if self._used() >= self._per_s else 0.0
        if (priority is Priority.ERROR and level >= Level.STRICT) or level >= Level.LAST:
            wait = max(wait, self._slow_until[priority] - now)
        return wait

    def _used(self) -> int:
        _forget(self._sent, self._clock() - WINDOW_S)
        return len(self._sent)

    # -- progress ------------------------------------------------------------------------------------------------

    def _check_room(self) -> None:
        if self.level >= Level.CAREFUL:
            raise HeldBackError("too many requests were invalid lately")
        if self._waiting or self._used() >= self._per_s * PROGRESS_SHARE:
            raise HeldBackError("the budget is for others now")

    def _check_progress(self, place: str | None, every_s: float) -> None:
        self._check_room()
        if place is None:
            return
        now = self._clock()
        if self._busy[place] or now < self._progress_at.get(place, 0.0):
            raise HeldBackError(f"{place} is busy")
        if len(self._progress_at) >= PLACES_MAX:
            self._progress_at = {name: until for name, until in self._progress_at.items() if until > now}
        self._progress_at[place] = now + every_s


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()


def _is_json(headers: Mapping[str, str]) -> bool:
    """True for an answer of Discord's own form. Cloudflare's are pages, or problems by RFC 9457."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"


def _scope(status: int, told: str | None) -> str:
    """Whose limit a 429 was of, in one of few words: what Discord says becomes a label of a metric."""
    if status != http.HTTPStatus.TOO_MANY_REQUESTS:
        return ""
    return told if told in ("user", "global", "shared") else "other"


def _seconds(header: str | None) -> float:
    try:
        return min(max(float(header or ""), 1.0), 3600.0)
    except ValueError:
        return 60.0
