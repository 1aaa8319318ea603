"""Small JSON documents that the bot keeps: members' settings, servers' rules, presets, confirmations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from redis.exceptions import WatchError

from zosma_queue import keys
from zosma_queue.errors import RequestRefusedError
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import object_in, skipping

#: As UTF-8.
DOCUMENT_MAX_BYTES = 64 * 1024
_KIND = re.compile(r"[a-z-]+")


class Documents:
    """The bot's documents, each under a kind and an id of its own. A worker's Redis user can't read them."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def get(self, kind: str, id: str) -> dict[str, Any] | None:  # noqa: A002 - what it is called everywhere
        """The document, or None.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            return decoded(_key(kind, id), await self._redis.get(_key(kind, id)))

    async def put(self, kind: str, id: str, document: dict[str, Any], *, ttl_s: int | None = None) -> None:  # noqa: A002
        """Writes the document over what was there; with `ttl_s` it goes after so many seconds.

        Raises:
          RequestRefusedError: when it is too large.
          QueueUnavailableError: when Redis doesn't answer.
        """
        data = encoded(document)
        with redis_errors():
            await self._redis.set(_key(kind, id), data, ex=ttl_s)

    async def drop(self, kind: str, id: str) -> bool:  # noqa: A002
        """Forgets the document; False when there was none.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            return bool(await self._redis.delete(_key(kind, id)))

    async def take(self, kind: str, id: str) -> dict[str, Any] | None:  # noqa: A002
        """The document, for one caller alone: whoever asks next gets None.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        with redis_errors():
            return decoded(_key(kind, id), await self._redis.getdel(_key(kind, id)))

    async def change(
        self,
        kind: str,
        id: str,  # noqa: A002
        edit: Callable[[dict[str, Any]], dict[str, Any] | None],
    ) -> dict[str, Any]:
        """Writes what `edit` makes of the document ({} when there is none), and returns it; None drops it, returns {}.

        `edit` is called again when somebody else has changed the document meanwhile, so no change is ever lost. How
        long the document stays is not changed.

        Raises:
          RequestRefusedError: when it becomes too large; whatever `edit` raises.
          QueueUnavailableError: when Redis doesn't answer.
        """
        key = _key(kind, id)
        while True:  # each time round somebody else's change went through, so this ends
            try:
                with redis_errors():
                    async with self._redis.pipeline(transaction=True) as pipe:
                        await pipe.watch(key)
                        document = edit(decoded(key, await pipe.get(key)) or {})
                        pipe.multi()
                        if document is None:
                            pipe.delete(key)
                        else:
                            pipe.set(key, encoded(document), keepttl=True)
                        await pipe.execute()
                        return document or {}
            except WatchError:
                continue


def _key(kind: str, document_id: str) -> str:
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of document: lower case letters and hyphens only")
    return keys.document(kind, document_id)


def encoded(document: dict[str, Any]) -> bytes:
    """As it is kept; raises RequestRefusedError when it is too large."""
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > DOCUMENT_MAX_BYTES:
        raise RequestRefusedError(
            f"that is too much to keep: it has {len(data):,} bytes, at most {DOCUMENT_MAX_BYTES:,} are possible",
            code="record-too-large",
            values={"given": len(data), "most": DOCUMENT_MAX_BYTES},
        )
    return data


def decoded(key: str, data: bytes | None) -> dict[str, Any] | None:
    """The document in what lies under `key`; None when there is none, or it can't be read."""
    if data is None:
        return None
    with skipping(key):
        return object_in(data)
    return None
