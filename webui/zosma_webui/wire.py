"""HTTP as A1111's FastAPI does it: reading bodies, wording refusals, Basic authentication."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from .errors import HTTPError, failure, invalid
from .faults import FaultBoard

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body", bound=BaseModel)

CONTROL_PATH = "/zosma/faults"
OPEN_PATHS = frozenset({"/sdapi/v1/loras", "/sdapi/v1/refresh-loras"})
"""Routes of an A1111 extension, which `--api-auth` does not cover there either."""


class Unprocessable(Exception):
    """Raised when a body is refused with 422; `problems` are its entries (loc, msg, type)."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        super().__init__(str(problems))
        self.problems = problems


async def read(request: web.Request, model: type[Body]) -> Body:
    """The request's JSON body as `model`. Raises ValidationError, Unprocessable, and HTTPBadRequest for bad UTF-8."""
    raw = await request.read()
    if not raw:
        raise Unprocessable([{"loc": [], "msg": "field required", "type": "value_error.missing"}])
    if "Content-Type" in request.headers and not request.content_type.endswith("json"):
        raise Unprocessable([{"loc": [], "msg": "value is not a valid dict", "type": "type_error.dict"}])
    try:
        content = json.loads(raw)
    except UnicodeDecodeError as error:
        raise web.HTTPBadRequest(reason="There was an error parsing the body") from error
    except json.JSONDecodeError as error:
        problem = {"loc": [error.pos], "msg": f"{error.msg}", "type": "value_error.jsondecode"}
        raise Unprocessable([problem]) from error
    return model.model_validate(content)


@web.middleware
async def worded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into the answer that A1111 gives."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return web.json_response({"detail": error.reason}, status=error.status, headers=headers)
    except ValidationError as error:
        return invalid(error.errors())
    except Unprocessable as error:
        return invalid(error.problems)
    except HTTPError as error:
        return failure(error)
    except Exception as error:
        log.info("%s answered 500: %s: %s", request.path, type(error).__name__, error)
        return failure(error)


def guarded(auth: str | None) -> Any:
    """Middleware that asks for Basic credentials (`user:password`, several separated by commas) on the API's routes."""
    accounts = [account.encode() for account in auth.split(",")] if auth else []

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = request.match_info.http_exception is None
        covered = request.path.startswith(("/sdapi/", CONTROL_PATH)) and request.path not in OPEN_PATHS
        if accounts and known and covered:
            _check(request.headers.get("Authorization", ""), accounts)
        return await handler(request)

    return guard


def _check(header: str, accounts: list[bytes]) -> None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise HTTPError(401, "Not authenticated", {"WWW-Authenticate": "Basic"})
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        given = b""
    if not any(hmac.compare_digest(given, account) for account in accounts):
        raise HTTPError(401, "Incorrect username or password", {"WWW-Authenticate": "Basic"})


def starting(faults: FaultBoard) -> Any:
    """Middleware for the `slow-start` fault: everything but the control address is refused while it lasts."""

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = None if request.path == CONTROL_PATH else faults.refusal()
        return refusal if refusal is not None else await handler(request)

    return refuse
