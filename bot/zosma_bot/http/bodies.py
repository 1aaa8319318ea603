"""JSON bodies, read with one kind of complaint."""

from __future__ import annotations

import http
import json
from typing import Any

from aiohttp import web

from zosma_bot.http.problems import Problem
from zosma_queue.request import INPUT_MAX_BYTES

UNPROCESSABLE = http.HTTPStatus.UNPROCESSABLE_ENTITY
#: Two pictures in base64, and the words around them.
PICTURES_MAX_BYTES = 2 * (INPUT_MAX_BYTES * 4 // 3 + 4) + 1024 * 1024


async def read_object(request: web.Request, max_bytes: int | None = None) -> dict[str, Any]:
    """The JSON object in a request's body, which may have `max_bytes` where that is more than usual.

    Raises:
      Problem: 422 when it isn't sent as JSON, is no JSON, or is no object. Browsers can't send JSON to a foreign site
        without asking it first, so the content type also keeps web pages out.
    """
    if request.content_type != "application/json":
        raise Problem(UNPROCESSABLE, "ValidationError", "send the body as JSON, with Content-Type: application/json")
    try:
        body = await (request.clone(client_max_size=max_bytes) if max_bytes else request).read()
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(UNPROCESSABLE, "ValidationError", f"the body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Problem(UNPROCESSABLE, "ValidationError", 'the body must be a JSON object, like {"prompt": "a cat"}')
    return found
