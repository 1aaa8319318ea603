"""The socket over which a ComfyUI tells what it does: opened when it is wanted, and again after it broke."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from zosma_queue.tasks import end
from zosma_worker.bounds import ANSWER_MARKS_MAX, MB, bounded_json
from zosma_worker.comfyui.client import Client
from zosma_worker.errors import WebUIError, WebUIRefused

log = logging.getLogger(__name__)

#: Between two tries to open it.
AGAIN_S = 1.0
#: Longer texts are not decoded: an error may quote everything that a node was given, and the history has it too.
TEXT_MAX_BYTES = MB
#: Kinds of binary messages.
_PREVIEW, _PREVIEW_WITH_METADATA = 1, 4


@dataclass(frozen=True)
class Preview:
    """A picture on its way."""

    data: bytes
    prompt_id: str | None
    """None from servers that don't say whose it is: it belongs to what runs."""


class Listener:
    """Hands on what comes over the socket. Events that were sent while it was shut are lost."""

    def __init__(
        self,
        client: Client,
        client_id: str,
        on_event: Callable[[str, dict[str, Any]], None],
        on_preview: Callable[[Preview], None],
        on_end: Callable[[], None],
    ) -> None:
        self._client = client
        self._on_event = on_event
        self._on_preview = on_preview
        self._on_end = on_end
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._tried_at = float("-inf")
        self._said = False
        self.client_id = client_id
        self.lives = 0
        """How often it has been opened: another number is perhaps another server process."""

    @property
    def open(self) -> bool:
        """Whether events arrive."""
        return self._reading is not None and not self._reading.done()

    async def ensure(self) -> bool:
        """Opens it, if that was not tried just now. Whether it is open."""
        now = time.monotonic()
        if self.open or now - self._tried_at < AGAIN_S:
            return self.open
        self._tried_at = now
        try:
            self._socket = await self._client.listen(self.client_id)
            await self._socket.send_str(
                json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
            )
        except (WebUIError, aiohttp.ClientError, OSError) as error:
            if isinstance(error, WebUIRefused) and not self._said:  # else it is away, which is told by whoever looks
                log.warning("%s: what it does is asked for, as it opens no socket: %s", self._client.url, error)
                self._said = True
            return False
        self._said = False
        self.lives += 1
        self._reading = asyncio.create_task(self._read(self._socket))
        return True

    async def close(self) -> None:
        """Shuts it for good."""
        if self._reading:
            await end(self._reading)
        if self._socket:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._socket.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._text(message.data)
                elif message.type is aiohttp.WSMsgType.BINARY:
                    self._binary(message.data)
        except Exception:
            log.exception("%s: a bug in reading its events", self._client.url)
        finally:
            self._on_end()
            await socket.close()

    def _text(self, text: str) -> None:
        if len(text) > TEXT_MAX_BYTES:
            return
        try:
            found = bounded_json(text.encode("utf-8", "replace"), ANSWER_MARKS_MAX)
        except ValueError:
            return
        if isinstance(found, dict) and isinstance(found.get("data"), dict):
            self._on_event(str(found.get("type")), found["data"])

    def _binary(self, data: bytes) -> None:
        if len(data) < 8:
            return
        kind, second = struct.unpack_from(">II", data)
        if kind == _PREVIEW:
            self._on_preview(Preview(data[8:], None))
        elif kind == _PREVIEW_WITH_METADATA and second <= len(data) - 8:
            try:
                told = bounded_json(data[8 : 8 + second], ANSWER_MARKS_MAX)
            except ValueError:
                return
            prompt_id = told.get("prompt_id") if isinstance(told, dict) else None
            self._on_preview(Preview(data[8 + second :], prompt_id if isinstance(prompt_id, str) else None))
