"""JSON answers with pictures in them, written around the pictures' bytes.

A megabyte of picture is never a string: its base64 goes out in pieces, each made when the one before has left, so that
an answer of twelve megabytes takes one of memory and holds up nobody else's.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any

import pybase64
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

#: Of a picture's bytes, encoded at once: 0.2 ms. A multiple of three, so that the pieces join.
PIECE_BYTES = 768 * 1024
#: Answers of no more go out in one piece.
WHOLE_MAX_BYTES = 1024 * 1024
_JSON = "application/json"


def picture_answer(
    key: str,
    pictures: Sequence[bytes],
    rest: Mapping[str, Any] | None = None,
    *,
    meanwhile: Awaitable[None] | None = None,
) -> web.Response:
    """`{"<key>": [base64, …], …rest}`.

    `meanwhile`: what the request must not end without, though its client goes; for answers with a picture. It raises
    nothing, and no client waits for it.
    """
    return _answer(f"{{{json.dumps(key)}: [", pictures, "]" + _after(rest), meanwhile)


def one_picture_answer(key: str, picture: bytes, before: Mapping[str, Any]) -> web.Response:
    """`{…before, "<key>": base64}`; `before` has a field at least."""
    return _answer(f"{json.dumps(before)[:-1]}, {json.dumps(key)}: ", [picture], "}")


def _after(rest: Mapping[str, Any] | None) -> str:
    return ", " + json.dumps(rest)[1:] if rest else "}"


def _answer(head: str, pictures: Sequence[bytes], tail: str, meanwhile: Awaitable[None] | None = None) -> web.Response:
    body = _PictureJson(head.encode(), pictures, tail.encode(), meanwhile)
    if not pictures:
        return web.Response(body=b"".join(body.pieces()), content_type=_JSON, charset="utf-8")
    return web.Response(
        body=body, headers={hdrs.CONTENT_TYPE: f"{_JSON}; charset=utf-8", hdrs.CONTENT_LENGTH: str(body.length)}
    )


class _PictureJson(Payload):
    """The body of such an answer."""

    _autoclose = True

    def __init__(
        self, head: bytes, pictures: Sequence[bytes], tail: bytes, meanwhile: Awaitable[None] | None = None
    ) -> None:
        super().__init__(None, content_type=_JSON)
        self._head, self._pictures, self._tail, self._meanwhile = head, pictures, tail, meanwhile
        between = 2 * max(len(pictures) - 1, 0)
        encoded = sum((len(one) + 2) // 3 * 4 + 2 for one in pictures)
        self.length = len(head) + encoded + between + len(tail)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.length

    def pieces(self) -> Iterator[bytes]:
        """The whole, piece by piece."""
        yield self._head
        for number, picture in enumerate(self._pictures):
            yield b', "' if number else b'"'
            view = memoryview(picture)
            for at in range(0, len(view), PIECE_BYTES):
                yield pybase64.b64encode(view[at : at + PIECE_BYTES])
            yield b'"'
        yield self._tail

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Piece by piece, as fast as the client takes them."""
        try:
            for piece in [b"".join(self.pieces())] if self.length <= WHOLE_MAX_BYTES else self.pieces():
                await writer.write(piece)
        finally:
            if self._meanwhile is not None:
                await self._meanwhile

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The whole as text, for aiohttp's own use."""
        return b"".join(self.pieces()).decode(encoding, errors)
