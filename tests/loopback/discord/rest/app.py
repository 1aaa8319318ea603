"""All routes in one aiohttp application, with what stands before each: faults, token, rate limit, records."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, ClassVar

from aiohttp import web

from loopback.discord import errors
from loopback.discord.faults import Fault, Faults
from loopback.discord.openapi import OpenApiChecker, Violation
from loopback.discord.ratelimits import RateLimits
from loopback.discord.rest.call import PREFIX, Call, Recorded, read
from loopback.discord.rest.route import Route
from loopback.discord.state import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Larger than any upload that a test should try; Discord's own limit is checked file by file.
MOST_BYTES = 256 * 1024 * 1024


class ConnectionCut(Exception):
    """Raised inside to end a connection without an answer."""


@dataclass
class Answer:
    #: Discord's own; servers that are only compatible add their charset.
    json_type: ClassVar[str] = "application/json"

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """Discord says `application/json` and nothing behind it; discord.py compares it letter by letter."""
        if self.body is None:
            return web.Response(status=self.status, headers=self.headers)
        raw = self.body if isinstance(self.body, str) else json.dumps(self.body)
        kind = "text/html" if isinstance(self.body, str) else self.json_type
        return web.Response(status=self.status, body=raw.encode(), headers={"Content-Type": kind, **self.headers})


class Rest:
    def __init__(self, world: World, limits: RateLimits, faults: Faults, checker: OpenApiChecker) -> None:
        self._world = world
        self._limits = limits
        self._faults = faults
        self._checker = checker
        self.requests: list[Recorded] = []
        self.violations: list[Violation] = []
        #: Answers of this loopback that are not as Discord describes its own.
        self.own_violations: list[Violation] = []

    def add_to(self, app: web.Application, routes: list[Route]) -> None:
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.template, self._handler(route))
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._handler(None))

    def _handler(self, route: Route | None) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                recorded = await read(request, self._world.token, self._world.now())
            except errors.ApiError as unreadable:
                return Answer(unreadable.status, unreadable.body).response()
            self.requests.append(recorded)
            self._world.changes.ring()
            try:
                answer = await self._with_faults(route, Call(recorded, request.match_info))
            except ConnectionCut:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            recorded.status, recorded.response = answer.status, answer.body
            self._world.changes.ring()
            response = answer.response()
            if not self._world.settings.says_via:
                response.headers.popall("Via", None)
            response.headers["Date"] = formatdate(self._world.now(), usegmt=True)
            return response

        return handle

    async def _with_faults(self, route: Route | None, call: Call) -> Answer:
        fault = self._faults.take(call.recorded.method, call.recorded.path)
        if fault is None:
            return self._answer(route, call)
        answer = self._answer(route, call) if fault.after else None
        await self._suffer(fault)
        if fault.status is not None:
            return Answer(fault.status, fault.body, fault.headers)
        return answer or self._answer(route, call)

    async def _suffer(self, fault: Fault) -> None:
        if fault.until is not None:
            await fault.until.wait()
        if fault.cut:
            raise ConnectionCut

    def _answer(self, route: Route | None, call: Call) -> Answer:
        """Check the token, then the rate limit, then let the handler answer or refuse."""
        headers: Mapping[str, str] = {}
        try:
            if route is None:
                raise errors.not_found()
            if route.bot and call.recorded.auth != "bot":
                raise errors.unauthorized()
            verdict = self._limits.check(route.method, route.template, call.params)
            headers = verdict.headers
            if verdict.refused is not None:
                return Answer(429, verdict.refused, headers)
            template = self._check(route, call)
            body = route.handler(call)
        except errors.ApiError as refused:
            return Answer(refused.status, refused.body, {**headers, **refused.headers})
        status = 204 if body is None else 200
        for text in self._checker.check_response(route.method, template, status, body):
            self.own_violations.append(Violation(route.method, call.recorded.path, text))
        return Answer(status, body, headers)

    def _check(self, route: Route, call: Call) -> str:
        """Hold the request against Discord's description; a finding is kept, and the request goes on."""
        template, recorded = route.template, call.recorded
        if call.params.get("message_id") == "@original":
            template = template.replace("{message_id}", "@original")
        for text in self._checker.check(route.method, template, recorded.query, recorded.json):
            self.violations.append(Violation(route.method, recorded.path, text))
        return template
