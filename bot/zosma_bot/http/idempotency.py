"""`Idempotency-Key`: a client's second try finds the job of its first."""

from __future__ import annotations

import asyncio
import hashlib
import http
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import is_text
from zosma_bot.http.problems import Problem

HEADER = "Idempotency-Key"
MAX_CHARS = 200
#: A client whose connection breaks off again and again gets so many jobs under one key.
TRIES_MAX = 10


def other_body() -> Problem:
    """The refusal of a key that was sent before with another body."""
    return Problem(
        http.HTTPStatus.UNPROCESSABLE_ENTITY, "ValidationError",
        f"this {HEADER} was sent before with another body: send a new key, or the same body", field=HEADER,
    )  # fmt: skip


@dataclass(frozen=True)
class Named:
    """What a client calls a request."""

    name: str
    """Unique among all callers."""
    digest: str
    """Of what was asked: the same name with another one is a mistake."""

    @property
    def job_id(self) -> str:
        """The job of this name."""
        return next(self.ids())

    def ids(self) -> Iterator[str]:
        """The jobs of this name, should the first ones have been cancelled."""
        for number in range(TRIES_MAX):
            name = f"{self.name}\n{number}" if number else self.name
            yield hashlib.sha256(name.encode()).hexdigest()[:20]


async def named_by(request: web.Request, body: dict[str, Any], api: str = "") -> Named | None:
    """What the client calls a request with this body; None when it says nothing. Each `api` has names of its own.

    Raises:
      Problem: 400 when the key is empty, too long, or no text.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= MAX_CHARS and is_text(key)):
        raise Problem(
            http.HTTPStatus.BAD_REQUEST, "ValidationError", f"{HEADER} must have 1 to {MAX_CHARS} characters",
            field=HEADER,
        )  # fmt: skip
    digest = await asyncio.to_thread(_digest, body)
    return Named("\n".join((request[CALLER].owner, *([api] if api else []), key)), digest)


def _digest(body: dict[str, Any]) -> str:
    """The same for the same fields, however they were written. Takes CPU time where pictures are sent."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
