"""How many connections there may be, and how long each may keep us waiting.

aiohttp knows one timeout, for a connection that waits for its next request, and an hour is its default: a thousand
half-sent requests take every descriptor of the process, Discord's and Redis's among them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Middleware

from zosma_bot.http.problems import Handler
from zosma_queue.hourly import HOUR_S

log = logging.getLogger(__name__)

#: Connections that are accepted in a row. asyncio tells of one only two rounds later and closes it two rounds after it
#: was cut: five times as many can be open beyond the bounds.
ACCEPTED_AT_ONCE = 30
#: Connections that the system holds for us until they are accepted; beyond, a client tries again after a second.
WAITING_TO_BE_ACCEPTED = 1_024
#: Descriptors that are left for Redis, Discord, the log and what comes in while room is made.
SPARE_DESCRIPTORS = 5 * ACCEPTED_AT_ONCE + 150
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 10\r\nConnection: close\r\n"
    b"\r\n"
    b'{"error": "TooManyConnections", "detail": "too many connections: try again shortly", "body": "", "errors": ""}'
)
#: What asyncio says when `accept` found no descriptor free; it tries again once a second.
_ACCEPT_FAILED = "socket.accept() out of system resource"
_SAY_AGAIN_S = HOUR_S


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What connections may take."""

    most: int = 2_000
    """Connections at once; more make room for themselves at the cost of those that wait for nothing of ours."""
    head_s: float = 10.0
    """From the first byte of a request to the end of its head."""
    idle_s: float = 75.0
    """Between two requests, and for a client that takes no byte of its answer."""


class Connections:
    """All connections of one server."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        #: Those that no request of theirs is worked on for, the one that has been so for longest first.
        self._waiting: dict[_Connection, None] = {}
        self._busy: set[_Connection] = set()
        self._by_handler: dict[asyncio.Protocol, _Connection] = {}

    def __len__(self) -> int:
        return len(self._by_handler)

    def watched(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """The factory of protocols, with each connection noted and held to the bounds."""
        return lambda: _Connection(self, factory())

    def middleware(self) -> Middleware:
        """Middleware that says which connections are worked for. It belongs outside all others."""

        @web.middleware
        async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = self._by_handler.get(cast(asyncio.Protocol, request.protocol))
            if connection is None:
                return await handler(request)
            connection.begin()
            try:
                return await handler(request)
            finally:
                connection.end()

        return counted

    def tell_when_lost(self, request: web.Request, told: Callable[[], None]) -> None:
        """Calls `told` once the connection of a request is gone: aiohttp says so only to who writes to it."""
        if connection := self._by_handler.get(cast(asyncio.Protocol, request.protocol)):
            connection.when_lost = told

    def opened(self, connection: _Connection) -> bool:
        """Notes a connection; False when there is no room for it."""
        if len(self) >= self.bounds.most:
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                return False
            oldest.drop()
        self._by_handler[connection.handler] = connection
        self._waiting[connection] = None
        return True

    def closed(self, connection: _Connection) -> None:
        """Forgets a connection."""
        self._by_handler.pop(connection.handler, None)
        self._waiting.pop(connection, None)
        self._busy.discard(connection)

    def is_busy(self, connection: _Connection) -> bool:
        """True while one of its requests is worked on."""
        return connection in self._busy

    def set_busy(self, connection: _Connection, busy: bool) -> None:
        """Says whether one of its requests is worked on."""
        if connection.handler not in self._by_handler:
            return
        if busy:
            self._waiting.pop(connection, None)
            self._busy.add(connection)
        else:
            self._busy.discard(connection)
            self._waiting[connection] = None


ALL: web.AppKey[Connections] = web.AppKey("connections", Connections)


class _Connection(asyncio.Protocol):
    """One connection: hands everything on to aiohttp's protocol, and looks at the clock."""

    def __init__(self, all_: Connections, handler: asyncio.Protocol) -> None:
        self.handler = handler
        self._all = all_
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reads_head = False
        self._unsent = 0
        self.when_lost: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._all.opened(self):
            self._transport.write(_FULL)
            self._transport.close()
            self._transport = None
            return
        self.handler.connection_made(transport)
        self._wait(self._all.bounds.idle_s)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        if not self._all.is_busy(self) and not self._reads_head:
            self._reads_head = True
            self._wait(self._all.bounds.head_s)
        self.handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self.handler.eof_received() if self._transport else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._all.closed(self)
        if self._transport is not None:
            self.handler.connection_lost(exc)
        if self.when_lost:
            self.when_lost()

    def pause_writing(self) -> None:
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        self.handler.resume_writing()

    def begin(self) -> None:
        """A request's head is complete."""
        self._reads_head = False
        self._stop_waiting()
        self._all.set_busy(self, True)

    def end(self) -> None:
        """Its answer is made; what is left is to send it."""
        self._all.set_busy(self, False)
        self._unsent = -1
        self._wait(self._all.bounds.idle_s)

    def drop(self) -> None:
        """Cuts the line at once."""
        if self._transport is not None:
            self._all.closed(self)
            self._transport.abort()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        """A client that takes its answer slowly, but takes it, is given more time."""
        unsent = self._transport.get_write_buffer_size() if self._transport else 0
        if not self._reads_head and unsent and unsent != self._unsent:
            self._unsent = unsent
            self._wait(self._all.bounds.idle_s)
        else:
            self.drop()


@contextmanager
def accept_errors_said_once(*, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """While it runs, a process out of descriptors says so in one line an hour instead of a traceback a second."""
    loop = asyncio.get_running_loop()
    before, said = loop.get_exception_handler(), float("-inf")

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        if context.get("message") != _ACCEPT_FAILED:
            before(loop, context) if before else loop.default_exception_handler(context)
        elif clock() - said > _SAY_AGAIN_S:
            said = clock()
            why = context.get("exception")
            log.error("no new connection can be accepted (%s): raise the process's limit of open files", why)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


def most_by_descriptors(wanted: int) -> int:
    """How many connections there may be with the descriptors that this process may open, `wanted` at most.

    Takes as many descriptors as it may have first.
    """
    try:
        import resource
    except ImportError:  # Windows
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + SPARE_DESCRIPTORS
    if 0 <= soft < enough:
        soft = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft < 0 else max(soft // 4, min(wanted, soft - SPARE_DESCRIPTORS))
