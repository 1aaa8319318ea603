"""Who is calling, and whether they may. Once there are keys, every route but the health checks asks for one.

They come as Bearer or Basic. What else signs somebody in (the page's session) puts its caller under `CALLER` by
`allowed`, so that scopes and revocations are held in one place.
"""

from __future__ import annotations

import http
from base64 import b64decode
from collections.abc import Collection

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from zosma_bot.http.doors import SIGNED_PATHS
from zosma_bot.http.key_ring import LOCAL, Caller, KeyRing
from zosma_bot.http.problems import Handler, Problem
from zosma_queue.api_keys import KeyScope
from zosma_queue.errors import QueueUnavailableError

#: Beside the health checks the page, which asks by itself who is there (console/gate.py).
OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/openapi.json", "/docs"})
PAGE_PATHS = "/console/"
CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
RING: web.AppKey[KeyRing] = web.AppKey("ring", KeyRing)
#: Says that Redis is away, and so what else is wrong, also to whom nobody can ask for a key without Redis.
_METRICS = "/metrics"
_PREPARED: web.RequestKey[bool] = web.RequestKey("prepared", bool)
_ADMIN_PATHS = "/api/v1/admin/"
_READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
#: These change nothing, although they are sent as POST.
_READING_POSTS = frozenset({"/sdapi/v1/png-info", "/api/v1/estimate", "/internal/progress"})


def credentials(header: str) -> tuple[str | None, str] | None:
    """(name, key) of an Authorization header; name is None for Bearer. None when it is neither Bearer nor Basic."""
    scheme, _, value = header.partition(" ")
    if scheme.casefold() == "bearer":
        return None, value.strip()
    if scheme.casefold() == "basic":
        try:
            name, _, key = b64decode(value, validate=True).decode().partition(":")
        except ValueError:  # not base64, or of bytes that are no text
            return None
        return name or None, key
    return None


def needed_scope(request: web.Request) -> KeyScope:
    """What a key must be good for, to have this request answered."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource else request.path
    if path.startswith(_ADMIN_PATHS):
        return KeyScope.ADMIN
    return KeyScope.READ if request.method in _READING or path in _READING_POSTS else KeyScope.SUBMIT


def require_key(open_paths: Collection[str] = OPEN_PATHS) -> Middleware:
    """Middleware that puts the caller under `CALLER`, or answers 401 or 403; 429 to who tries too many keys."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in open_paths or request.path.startswith((*SIGNED_PATHS, PAGE_PATHS)):
            return await handler(request)
        return await allowed(request, handler, await _caller_of(request))

    return check


async def allowed(request: web.Request, handler: Handler, caller: Caller) -> web.StreamResponse:
    """The handler's answer to a caller, for as long as their key is good for it.

    Raises:
      Problem: 403 when the key lacks the scope; 401 when it is taken away before the answer has begun.
    """
    needed = needed_scope(request)
    if not caller.may(needed):
        raise _forbidden(request, caller, needed)
    request[CALLER] = caller
    try:
        with request.app[RING].answering(caller):
            return await handler(request)
    except Problem:
        if request.get(_PREPARED) and request.transport:
            request.transport.abort()  # a second answer can't stand in the middle of the first
        raise


async def note_prepared(request: web.Request, _: web.StreamResponse) -> None:
    """For `on_response_prepare`: notes that the answer to a request has begun."""
    request[_PREPARED] = True


async def _caller_of(request: web.Request) -> Caller:
    ring = request.app[RING]
    try:
        await ring.refresh()
    except QueueUnavailableError:
        if request.path == _METRICS and ring.may_open:
            return LOCAL
        raise
    if not ring.required:
        return LOCAL
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if not header.strip():
        raise Problem(http.HTTPStatus.UNAUTHORIZED, "HTTPException", "Not authenticated")
    given = credentials(header)
    if given is None:
        raise Problem(http.HTTPStatus.UNAUTHORIZED, "HTTPException", "Incorrect username or password")
    name, key = given
    return await ring.authenticate(key, name=name, remote=request.remote)


def _forbidden(request: web.Request, caller: Caller, needed: KeyScope) -> Problem:
    has = ", ".join(sorted(caller.scopes))
    if caller.name in request.app[RING].environment:
        fix = "its name must be in ZOSMA_ADMINS of the bot process"
    else:
        fix = f"an admin gives it a new key by `zosma keys rotate {caller.name} --scope …`"
    return Problem(
        http.HTTPStatus.FORBIDDEN, "Forbidden",
        f"the key {caller.name} has no scope {str(needed)!r}, which {request.method} {request.path[:100]} needs"
        f" (it has {has}): {fix}",
    )  # fmt: skip
