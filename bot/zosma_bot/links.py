"""Signed links, for a message in Discord has no API key: to original pictures, good for a day, and to pages where a
member paints a mask, good for as long as what they are for is remembered."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from urllib.parse import quote

from zosma_queue.client import Queue

LIFE_S = 24 * 3600
#: The pictures stay stored a little longer than the link lives.
KEEP_S = LIFE_S + 600
PATH = "/pictures"
MASK_LIFE_S = 2 * 3600
MASK_PATH = "/masks"
#: Seconds since 1970 without anything that would read as the same number: each link has one spelling.
_EXPIRES = re.compile(r"[1-9][0-9]{0,11}")


def sign(secret: bytes, job_id: str, index: int, expires: int) -> str:
    """The signature of one picture's link."""
    return _sign(secret, "picture", job_id, index, expires)


def _sign(secret: bytes, *parts: object) -> str:
    return hmac.new(secret, "\n".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()


def verify(secret: bytes, job_id: str, index: int, expires: str, signature: str) -> int | None:
    """The second at which the link expires, which may be past; None when it isn't one of ours."""
    return _verify(secret, ("picture", job_id, index), expires, signature)


def _verify(secret: bytes, parts: tuple[object, ...], expires: str, signature: str) -> int | None:
    if not _EXPIRES.fullmatch(expires):
        return None
    good = _sign(secret, *parts, int(expires))
    # As bytes: compare_digest takes no text beyond ASCII.
    return int(expires) if hmac.compare_digest(good.encode(), signature.encode("utf-8", "surrogatepass")) else None


class Links:
    """Makes and checks links of one installation."""

    def __init__(self, queue: Queue, base_url: str | None = None, *, now: Callable[[], float] = time.time) -> None:
        """Without `base_url` no links are made."""
        self._queue = queue
        self._base_url = base_url
        self._now = now
        self._secret: bytes | None = None

    async def url(self, job_id: str, index: int) -> str | None:
        """A link to a job's picture, counted from 0; None when there is no public address.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if self._base_url is None:
            return None
        expires = int(self._now()) + LIFE_S
        signature = sign(await self._key(), job_id, index, expires)
        return f"{self._base_url}{PATH}/{quote(job_id, safe='')}/{index}?expires={expires}&signature={signature}"

    async def life_s(self, job_id: str, index: int, expires: str, signature: str) -> float | None:
        """Seconds for which a link is still good, less than 0 when it was; None when it never was.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        until = verify(await self._key(), job_id, index, expires, signature)
        return None if until is None else until - self._now()

    @property
    def can_be_made(self) -> bool:
        """True when there is a public address."""
        return self._base_url is not None

    async def mask_url(self, key: str) -> str | None:
        """A link to the page where the mask named `key` is painted; None when there is no public address.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if self._base_url is None:
            return None
        expires = int(self._now()) + MASK_LIFE_S
        signature = _sign(await self._key(), "mask", key, expires)
        return f"{self._base_url}{MASK_PATH}/{key}?expires={expires}&signature={signature}"

    async def mask_life_s(self, key: str, expires: str, signature: str) -> float | None:
        """As `life_s`, of a link to such a page.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        until = _verify(await self._key(), ("mask", key), expires, signature)
        return None if until is None else until - self._now()

    async def _key(self) -> bytes:
        self._secret = self._secret or await self._queue.secret()
        return self._secret
