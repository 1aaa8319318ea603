"""JSON bodies, read off the loop and held to bounds before anybody looks at what they say."""

from __future__ import annotations

import asyncio
import http
import json
import math
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import hdrs, web

from zosma_bot.budget import Budget
from zosma_bot.http.auth import CALLER
from zosma_bot.http.problems import Handler, Problem
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
_TOO_DEEP = f"the body has more than {DEPTH_MAX} objects and lists inside one another"
#: Commas and opening brackets in a body's bytes: more than VALUES_MAX, for prompts have commas too. Counting them takes
#: 1 ms a megabyte, while reading 11 million empty strings would hold the interpreter for seconds.
MARKS_MAX = 40_000
#: A number's digits: no field of ours has more than a dozen.
DIGITS_MAX = 100

#: Bodies up to this size are read as they come. Larger ones take four times their bytes in memory until their pictures
#: are stored: so many bytes of them are let in at once, and so many of one caller's. The rest wait, up to a number.
SMALL_BYTES = 1024 * 1024
#: Bodies up to this size are parsed on the loop: the worst of them takes 1 ms, as does a thread.
INLINE_BYTES = 16 * 1024
BYTES_AT_ONCE = 160 * 1024 * 1024
BYTES_OF_ONE_CALLER = 40 * 1024 * 1024
LARGE_WAITING = 64
#: For a body to arrive: 35 kB/s do for a small one, 200 kB/s for the largest.
DEADLINE_S = 30.0
LARGE_DEADLINE_S = 180.0


class _TooMuchError(ValueError):
    """Raised for a body that is JSON, but more of it, or deeper, than any request needs."""

    def __init__(self, why: str, *, field: str | None = None) -> None:
        super().__init__(why)
        self.field = field


class _WrongTextError(Exception):
    """Raised for a value that no field takes, while nobody knows yet which field it stands in."""

    def __init__(self, value: Any, why: str) -> None:
        super().__init__(why)
        self.value = value
        self.why = why


class _Line:
    """The large bodies of one caller."""

    def __init__(self) -> None:
        self.length = 0
        self.budget = Budget(BYTES_OF_ONE_CALLER)


class Intake:
    """Reads the bodies of one server: few large ones at once, and none for longer than it may take."""

    def __init__(self, *, deadline_s: float = DEADLINE_S, large_deadline_s: float = LARGE_DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._large_deadline_s = large_deadline_s
        self._all = Budget(BYTES_AT_ONCE)
        self._lines: dict[str, _Line] = {}

    async def read(self, request: web.Request, caller: str, max_bytes: int | None) -> Any:
        """What a request's JSON body says.

        Raises:
          ValueError: when it is no JSON, or more of it than any request needs.
          Problem: 400 when it breaks off, 408 when it comes too slowly, 413 when it says that it is too long
            or turns out to be, 429 when this caller sends too many large ones.
        """
        most = max_bytes or request.client_max_size
        if (request.content_length or 0) > most:
            raise _too_large(request.content_length or 0, most)
        # What is compressed says nothing of its size: 32 kB may become 33 MB.
        known = None if hdrs.CONTENT_ENCODING in request.headers else request.content_length
        size = most if known is None else known
        if not max_bytes or size <= SMALL_BYTES:
            return await self._within(self._deadline_s, request, most)
        line = self._lines.setdefault(caller, _Line())
        if line.length >= LARGE_WAITING:
            raise Problem(
                http.HTTPStatus.TOO_MANY_REQUESTS, "TooManyBodies",
                f"{LARGE_WAITING} large bodies of yours are being read: try again when one is through", retry_after_s=5,
            )  # fmt: skip
        slot = request[_SLOT] = AsyncExitStack()
        slot.callback(self._leave, caller, line)
        line.length += 1
        try:
            for budget in (line.budget, self._all):
                await budget.take(size)
                slot.callback(budget.give_back, size)
            return await self._within(self._large_deadline_s, request, most)
        except BaseException:
            await slot.aclose()
            raise

    def _leave(self, caller: str, line: _Line) -> None:
        line.length -= 1
        if not line.length:
            del self._lines[caller]

    async def _within(self, seconds: float, request: web.Request, most: int) -> Any:
        # Not by `request.read`: it copies the whole, and keeps the copy for as long as the request lives.
        body = bytearray()
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > most:
                        raise _too_large(len(body), most)
        except TimeoutError:
            raise Problem(
                http.HTTPStatus.REQUEST_TIMEOUT, "HTTPException", f"the body took more than {seconds:g} s to arrive"
            ) from None
        except (web.RequestPayloadError, ConnectionError) as error:
            # Broken chunks, a broken gzip, or a client that hung up.
            what = f"the body is broken: {str(error)[:200]}"
            raise Problem(http.HTTPStatus.BAD_REQUEST, "HTTPException", what) from None
        if len(body) <= INLINE_BYTES:
            return parse_bounded(body)
        return await asyncio.to_thread(parse_bounded, body)


def _too_large(size: int, most: int) -> Problem:
    """Of a body without a length no more is known than what has come."""
    return Problem(
        http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "HTTPException",
        f"the body has {size:,} bytes or more, at most {most:,} are possible here",
    )  # fmt: skip


INTAKE: web.AppKey[Intake] = web.AppKey("intake", Intake)
_SLOT: web.RequestKey[AsyncExitStack] = web.RequestKey("slot", AsyncExitStack)


async def done_with_body(request: web.Request) -> None:
    """Lets the next large body in: what is left of this request's is small. Safe to repeat."""
    if slot := request.get(_SLOT):
        await slot.aclose()


@web.middleware
async def one_after_the_other(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Large bodies take memory until their request says `done_with_body`, or is answered."""
    try:
        return await handler(request)
    finally:
        await done_with_body(request)


def _is_json(request: web.Request) -> bool:
    """True for JSON of any kind, and where nothing is said: as A1111, unless a browser says nothing."""
    if not request.headers.get(hdrs.CONTENT_TYPE, "").strip():
        return hdrs.ORIGIN not in request.headers and "Sec-Fetch-Site" not in request.headers
    kind = request.content_type
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


async def read_object(request: web.Request, max_bytes: int | None = None) -> dict[str, Any]:
    """The JSON object in a request's body, which may have `max_bytes` where that is more than usual.

    Raises:
      Problem: 422 when it isn't sent as JSON, is no JSON, is no object, or has more values than any request needs.
        Browsers can't send JSON to a foreign site without asking it first, so the content type also keeps pages out.
        And what `Intake.read` raises.
    """
    if not _is_json(request):
        sent = request.headers.get(hdrs.CONTENT_TYPE, "")[:100].strip()
        why = f"the body is sent as {sent}: " if sent else ""
        raise Problem(
            UNPROCESSABLE, "ValidationError", f"{why}send it as JSON, with the header Content-Type: application/json"
        )
    try:
        found = await request.app[INTAKE].read(request, request[CALLER].owner, max_bytes)
    except (ValueError, RecursionError) as error:
        if isinstance(error, _TooMuchError):
            raise Problem(UNPROCESSABLE, "ValidationError", str(error), field=error.field) from None
        raise Problem(UNPROCESSABLE, "ValidationError", _why_unread(error)) from None
    if not isinstance(found, dict):
        raise Problem(UNPROCESSABLE, "ValidationError", 'the body must be a JSON object, like {"prompt": "a cat"}')
    return found


def _why_unread(error: ValueError | RecursionError) -> str:
    match error:
        case RecursionError():
            return _TOO_DEEP
        case UnicodeDecodeError():
            # Windows PowerShell sends Latin-1, unless its -ContentType says charset=utf-8.
            byte = error.object[error.start]
            return f"the body is not JSON: it is no UTF-8 (byte 0x{byte:02x} at {error.start}), send it as such"
    return f"the body is not JSON: {str(error)[:200]}"


def parse_bounded(body: bytearray) -> Any:
    """What a JSON body says, which is emptied. Takes CPU time in proportion to its size, and no more.

    Raises:
      ValueError: when it is no JSON, breaks a bound above, or has a number that is none, like Infinity or 1e999.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MARKS_MAX:
        raise _TooMuchError(f"the body has more than {VALUES_MAX:,} values: send fewer")
    # As `json.loads` decodes; but the bytes need no memory any more while the values are made.
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    body.clear()
    found = json.loads(text, parse_float=_finite, parse_int=_whole, parse_constant=_NoNumber)
    try:
        _check_bounds(found)
    except _WrongTextError as error:
        raise _TooMuchError(error.why, field=_where(found, error.value)) from None
    return found


class _NoNumber(str):
    """The first digits of what no field takes for a number, in its place until it is known which field that is."""

    __slots__ = ()


def _finite(digits: str) -> float | _NoNumber:
    number = float(digits) if len(digits) <= DIGITS_MAX else math.inf
    return number if math.isfinite(number) else _NoNumber(digits[:20])


def _whole(digits: str) -> int | _NoNumber:
    return int(digits) if len(digits) <= DIGITS_MAX else _NoNumber(digits[:20])


def _where(found: Any, wanted: Any) -> str | None:
    """The field in which a value stands that is in there: `hires.scale`, `init_images.0`; None for the whole body."""
    level: list[tuple[str, Any]] = [("", found)]
    while level:
        inner: list[tuple[str, Any]] = []
        for path, value in level:
            if value is wanted:
                return path[1:] or None
            entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            inner += [(f"{path}.{str(name)[:100]}", one) for name, one in entries]
        level = inner
    return None


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
    raise _TooMuchError(_TOO_DEEP)


def _inside(value: Any) -> list[Any]:
    """What a value holds: the names and values of an object, the entries of a list."""
    if isinstance(value, _NoNumber):
        raise _WrongTextError(value, f"the body has the number {value}, which is out of bounds")
    if isinstance(value, str):
        if not is_text(value):
            raise _WrongTextError(value, "the body has half a character (a lone surrogate) in a text: send whole ones")
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
