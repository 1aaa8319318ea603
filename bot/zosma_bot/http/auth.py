"""Who is calling. With keys set, every route but the health checks asks for one, as Bearer or Basic."""

from __future__ import annotations

import hmac
import http
from base64 import b64decode
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Middleware

from zosma_bot.http.doors import SIGNED_PATHS
from zosma_bot.http.problems import Handler, Problem
from zosma_bot.http.wicket import Wicket
from zosma_queue.client import Sender

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json", "/docs"})
CALLER: web.RequestKey[Sender] = web.RequestKey("caller", Sender)
#: Everybody, where no keys are set: then only this machine can call.
LOCAL = Sender(owner="http:local", group="http:local")


def sender_named(name: str) -> Sender:
    """Who the jobs of a key's holder are charged to."""
    return Sender(owner=f"key:{name}", group=f"key:{name}")


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


def holder(given: tuple[str | None, str], keys: Mapping[str, str]) -> str | None:
    """The name whose key was given. Compares with every key, in constant time each."""
    name, key = given
    found = None
    for known, owner in keys.items():
        # A header's bytes may be no UTF-8; aiohttp keeps them as surrogates.
        if hmac.compare_digest(known.encode(), key.encode(errors="surrogateescape")) and name in (None, owner):
            found = owner
    return found


def require_key(keys: Mapping[str, str], wicket: Wicket) -> Middleware:
    """Middleware that puts the caller's `Sender` under `CALLER`, or answers 401; 429 to who tries too many keys."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in OPEN_PATHS or request.path.startswith(SIGNED_PATHS):
            return await handler(request)
        if not keys:
            request[CALLER] = LOCAL
            return await handler(request)
        header = request.headers.get("Authorization", "")
        if not header.strip():
            raise Problem(http.HTTPStatus.UNAUTHORIZED, "HTTPException", "Not authenticated")
        given = credentials(header)
        name = given and await wicket.judge(request.remote, given, lambda given: holder(given, keys))
        if not name:
            raise Problem(http.HTTPStatus.UNAUTHORIZED, "HTTPException", "Incorrect username or password")
        request[CALLER] = sender_named(name)
        return await handler(request)

    return check
