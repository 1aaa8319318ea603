"""Small JSON documents that the bot keeps beside the queue: members' settings, servers' rules, presets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from redis.exceptions import WatchError

from zosma_queue import keys
from zosma_queue.errors import RequestRefusedError
from zosma_queue.scripts import redis_errors

DOCUMENT_MAX_BYTES = 64 * 1024

Document = dict[str, Any]


class Records:
    """Documents by kind and id, over an asyncio Redis client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def get(self, kind: str, id: str) -> Document | None:  # noqa: A002 what it is called everywhere else
        """The document, or None when there is none."""
        with redis_errors():
            found: bytes | None = await self._redis.get(keys.record(kind, id))
        return _decoded(found)

    async def put(self, kind: str, id: str, document: Document, *, ttl_s: int | None = None) -> None:  # noqa: A002
        """Writes the document, for good or for so many seconds.

        Raises:
          RequestRefusedError: when it is too large.
        """
        with redis_errors():
            await self._redis.set(keys.record(kind, id), _encoded(document), ex=ttl_s)

    async def drop(self, kind: str, id: str) -> bool:  # noqa: A002
        """Forgets the document; False when there was none."""
        with redis_errors():
            return bool(await self._redis.delete(keys.record(kind, id)))

    async def take(self, kind: str, id: str) -> Document | None:  # noqa: A002
        """The document, which is gone then: of two who take it, one gets it."""
        with redis_errors():
            found: bytes | None = await self._redis.getdel(keys.record(kind, id))
        return _decoded(found)

    async def change(self, kind: str, id: str, edit: Callable[[Document], Document | None]) -> Document:  # noqa: A002
        """What `edit` makes of the document ({} where there is none; None drops it). No other change is lost by it.

        Raises:
          RequestRefusedError: when it is too large.
        """
        key = keys.record(kind, id)
        with redis_errors():
            while True:
                async with self._redis.pipeline(transaction=True) as pipe:
                    await pipe.watch(key)
                    edited = edit(_decoded(await pipe.get(key)) or {})
                    pipe.multi()
                    if edited is None:
                        pipe.delete(key)
                    else:
                        pipe.set(key, _encoded(edited), keepttl=True)
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue
                    return edited or {}


def _encoded(document: Document) -> bytes:
    encoded = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(encoded) > DOCUMENT_MAX_BYTES:
        raise RequestRefusedError(
            f"this would take {len(encoded):,} bytes, at most {DOCUMENT_MAX_BYTES:,} are possible",
            code="record-too-large",
            values={"given": len(encoded), "most": DOCUMENT_MAX_BYTES},
        )
    return encoded


def _decoded(found: bytes | None) -> Document | None:
    return None if found is None else dict(json.loads(found))
