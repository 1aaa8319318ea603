"""What browsers send with a form, read within bounds: urlencoded, or multipart where a picture goes along."""

from __future__ import annotations

import asyncio
import base64
import http
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from zosma_bot.http.bodies import is_text
from zosma_bot.http.problems import Problem
from zosma_queue.request import INPUT_MAX_BYTES

#: A form without pictures: two prompts at their longest, each character three bytes written as %XX.
FORM_MAX_BYTES = 256 * 1024
FIELDS_MAX = 100
#: For a form to arrive.
DEADLINE_S, LARGE_DEADLINE_S = 30.0, 180.0


class Form(dict[str, str]):
    """Field → text. A picture stands in it as base64. Of a field sent twice, `all` has every value."""

    def __init__(self) -> None:
        super().__init__()
        self._all: dict[str, list[str]] = {}

    def add(self, name: str, value: str) -> None:
        """Adds a field."""
        self.setdefault(name, value)
        self._all.setdefault(name, []).append(value)

    def pairs(self) -> list[tuple[str, str]]:
        """Every field and value, as they were sent."""
        return [(name, value) for name, values in self._all.items() for value in values]

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be there several times."""
        return self._all.get(name, [])


async def read_form(request: web.Request) -> Form:
    """The fields of a form.

    Raises:
      Problem: 400, 408 or 413 when it is none, comes too slowly or is too long.
    """
    multipart = request.content_type == "multipart/form-data"
    try:
        async with asyncio.timeout(LARGE_DEADLINE_S if multipart else DEADLINE_S):
            found = await (_multipart(request) if multipart else _urlencoded(request))
    except TimeoutError:
        raise Problem(http.HTTPStatus.REQUEST_TIMEOUT, "HTTPException", "the form took too long to arrive") from None
    except (ValueError, AssertionError, web.RequestPayloadError, ConnectionError):
        raise Problem(http.HTTPStatus.BAD_REQUEST, "HTTPException", "the form is broken: send it again") from None
    if not all(is_text(value) for value in (*found, *found.values())):
        raise Problem(http.HTTPStatus.BAD_REQUEST, "HTTPException", "the form is not UTF-8")
    return found


async def _urlencoded(request: web.Request) -> Form:
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem(http.HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "HTTPException", "send a form")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > FORM_MAX_BYTES:
            raise _too_long()
    form = Form()
    for name, value in parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX):
        form.add(name, value)
    return form


async def _multipart(request: web.Request) -> Form:
    if (request.content_length or 0) > INPUT_MAX_BYTES + FORM_MAX_BYTES:
        raise _too_long()
    form, left = Form(), FORM_MAX_BYTES
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not part.name:
            raise ValueError("a part without a name")
        if len(form) >= FIELDS_MAX:
            raise _too_long()
        is_picture = part.filename is not None
        data = await _bounded(part, INPUT_MAX_BYTES if is_picture else left)
        if is_picture:
            if data:
                form.add(part.name, (await asyncio.to_thread(base64.b64encode, data)).decode())
        else:
            left -= len(data)
            form.add(part.name, data.decode())
    return form


async def _bounded(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > most:
            raise _too_long()
    return bytes(data)


def _too_long() -> Problem:
    return Problem(
        http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "HTTPException",
        f"that is too much: a picture may have {INPUT_MAX_BYTES // 1024**2} MB, all words {FORM_MAX_BYTES // 1024} kB",
    )  # fmt: skip


def whole(form: dict[str, Any], name: str) -> int | str | None:
    """A field as a whole number; as it stands there when it is none, so that the check of the request names it."""
    text = str(form.get(name, "")).strip()
    if not text:
        return None
    return int(text) if text.lstrip("-").isdecimal() and text.isascii() and len(text) <= 12 else text


def real(form: dict[str, Any], name: str) -> float | str | None:
    """A field as a number, likewise."""
    text = str(form.get(name, "")).strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text) if len(text) <= 20 else text
    except ValueError:
        return text
