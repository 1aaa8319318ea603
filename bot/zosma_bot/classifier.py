"""Asks a program of the operator's about each picture before it is shown. Without its word, a picture is hidden."""

from __future__ import annotations

import asyncio
import http
import json
import logging
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
ANSWER_MAX_BYTES = 64 * 1024
REASON_MAX_CHARS = 200


@dataclass(frozen=True)
class Verdict:
    """What becomes of a picture: shown, hidden until somebody clicks on it, or not shown."""

    kind: Literal["ok", "spoiler", "block"]
    reason: str = ""


#: What is done when nobody can say.
UNKNOWN = Verdict("spoiler")


class Classifier:
    """A classifier behind an address: it is sent a picture's bytes and answers `{"verdict": …, "reason": …}`."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._said = Hourly()

    async def judge(self, pictures: list[bytes]) -> list[Verdict]:
        """One verdict for each picture, in order. Never raises for what the classifier does: see `UNKNOWN`."""
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            return list(await asyncio.gather(*(self._ask(session, one) for one in pictures)))

    async def _ask(self, session: aiohttp.ClientSession, picture: bytes) -> Verdict:
        headers = {"Content-Type": f"image/{format_of(picture)}"}
        try:
            async with session.post(self._url, data=picture, headers=headers, allow_redirects=False) as answer:
                if answer.status != http.HTTPStatus.OK:
                    raise ValueError(f"it answers {answer.status}")
                return verdict_of(json.loads(await _short_text(answer)))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError) as error:
            why = str(error) or type(error).__name__
            if self._said.due(why):
                log.warning("the image classifier gives no verdict, so pictures are hidden: %s", why)
            return UNKNOWN


async def _short_text(answer: aiohttp.ClientResponse) -> bytes:
    text = b""
    async for chunk in answer.content.iter_chunked(ANSWER_MAX_BYTES):
        text += chunk
        if len(text) > ANSWER_MAX_BYTES:
            raise ValueError("its answer is too long")
    return text


def verdict_of(answer: Any) -> Verdict:
    """What a classifier's answer says.

    Raises:
      ValueError: when it is no verdict.
    """
    kind = answer.get("verdict") if isinstance(answer, dict) else None
    if kind not in ("ok", "spoiler", "block"):
        raise ValueError(f"its verdict is {kind!r:.40}, not ok, spoiler or block")
    reason = answer.get("reason")
    return Verdict(kind, reason[:REASON_MAX_CHARS] if isinstance(reason, str) else "")


def format_of(picture: bytes) -> str:
    """PNG, WebP or JPEG by the first bytes."""
    if picture.startswith(b"\x89PNG"):
        return "png"
    return "webp" if picture[8:12] == b"WEBP" else "jpeg"
