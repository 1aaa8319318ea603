"""JSON bodies, read off the loop and held to bounds before anybody looks at what they say."""

from __future__ import annotations

import asyncio
import http
import json
import math
from typing import Any

from aiohttp import web

from zosma_bot.http.problems import Problem
from zosma_queue.request import INPUT_MAX_BYTES

UNPROCESSABLE = http.HTTPStatus.UNPROCESSABLE_ENTITY
#: Two pictures in base64, and the words around them.
PICTURES_MAX_BYTES = 2 * (INPUT_MAX_BYTES * 4 // 3 + 4) + 1024 * 1024
#: Fields of one object. A client that posts all of A1111's options back sends some 400.
FIELDS_MAX = 1_000
#: Entries of one list. The longest that means something is that of a purge.
ENTRIES_MAX = 1_000
#: Fields and entries of a whole body.
VALUES_MAX = 10_000
#: Objects and lists inside one another.
DEPTH_MAX = 20
#: Commas and opening brackets in a body's bytes: more than VALUES_MAX, for prompts have commas too. Counting them takes
#: 1 ms a megabyte, while reading 11 million empty strings would hold the interpreter for seconds.
MARKS_MAX = 40_000
#: A number's digits: no field of ours has more than a dozen.
DIGITS_MAX = 100


class _TooMuchError(ValueError):
    """Raised for a body that is JSON, but more of it, or deeper, than any request needs."""


async def read_object(request: web.Request, max_bytes: int | None = None) -> dict[str, Any]:
    """The JSON object in a request's body, which may have `max_bytes` where that is more than usual.

    Raises:
      Problem: 422 when it isn't sent as JSON, is no JSON, is no object, or has more values than any request needs;
        400 when it breaks off. Browsers can't send JSON to a foreign site without asking it first, so the content type
        also keeps web pages out.
    """
    if request.content_type != "application/json":
        raise Problem(UNPROCESSABLE, "ValidationError", "send the body as JSON, with Content-Type: application/json")
    body = await _read(request, max_bytes)
    try:
        # In a thread even where it is small: what takes long isn't told by its size.
        found = await asyncio.to_thread(parse_bounded, body)
    except (ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, _TooMuchError) else f"the body is not JSON: {str(error)[:200]}"
        raise Problem(UNPROCESSABLE, "ValidationError", what) from None
    if not isinstance(found, dict):
        raise Problem(UNPROCESSABLE, "ValidationError", 'the body must be a JSON object, like {"prompt": "a cat"}')
    return found


async def _read(request: web.Request, max_bytes: int | None) -> bytes:
    try:
        return await (request.clone(client_max_size=max_bytes) if max_bytes else request).read()
    except (web.RequestPayloadError, ConnectionError) as error:
        # Broken chunks, a broken gzip, or a client that hung up.
        raise Problem(http.HTTPStatus.BAD_REQUEST, "HTTPException", f"the body is broken: {str(error)[:200]}") from None


def parse_bounded(body: bytes) -> Any:
    """What a JSON body says. Takes CPU time in proportion to its size, and no more.

    Raises:
      ValueError: when it is no JSON, breaks a bound above, or has a number that is none, like Infinity or 1e999.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MARKS_MAX:
        raise _TooMuchError(f"the body has more than {VALUES_MAX:,} values: send fewer")
    found = json.loads(body, parse_float=_finite, parse_int=_whole, parse_constant=_no_number)
    _check_bounds(found)
    return found


def _finite(digits: str) -> float:
    number = float(digits) if len(digits) <= DIGITS_MAX else math.inf
    return number if math.isfinite(number) else _no_number(digits)


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS_MAX else int(_no_number(digits))


def _no_number(digits: str) -> float:
    raise _TooMuchError(f"the body has the number {digits[:20]}, which is out of bounds")


def is_text(value: str) -> bool:
    """False for a text with half a character in it, as `\\ud800` or bytes that are no UTF-8 leave it: unstorable."""
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _check_bounds(found: Any) -> None:
    """Level by level, so that no depth can break it."""
    level, count = [found], 0
    for _ in range(DEPTH_MAX):
        inner: list[Any] = []
        for value in level:
            inner += _inside(value)
        count += len(inner)
        if count > VALUES_MAX:
            raise _TooMuchError(f"the body has more than {VALUES_MAX:,} values: send fewer")
        if not inner:
            return
        level = inner
    raise _TooMuchError(f"the body has more than {DEPTH_MAX} objects and lists inside one another")


def _inside(value: Any) -> list[Any]:
    """What a value holds: the names and values of an object, the entries of a list."""
    if isinstance(value, str):
        if not is_text(value):
            raise _TooMuchError("the body has half a character (a lone surrogate) in a text: send whole ones")
        return []
    if isinstance(value, dict):
        if len(value) > FIELDS_MAX:
            raise _TooMuchError(f"an object in the body has {len(value):,} fields, at most {FIELDS_MAX:,} are possible")
        return [*value, *value.values()]
    if isinstance(value, list):
        if len(value) > ENTRIES_MAX:
            raise _TooMuchError(f"a list in the body has {len(value):,} entries, at most {ENTRIES_MAX:,} are possible")
        return value
    return []
