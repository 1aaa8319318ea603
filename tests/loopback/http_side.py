"""The HTTP side of a bot process, that can be stopped and started again at the same address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_cli.processes import free_port
from zosma_queue.client import Queue
from zosma_queue.tasks import end


class HttpSide:
    """The HTTP side of a bot process."""

    def __init__(self, redis_url: str, keys: Mapping[str, str] | None = None) -> None:
        """`keys` maps key → name; the first one's holder is an admin."""
        self._redis_url = redis_url
        self._keys = dict(keys or {})
        self._port = free_port()
        self._parts = AsyncExitStack()

    @property
    def url(self) -> str:
        """Its address, the same after each start."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Starts it; returns when it answers."""
        queue = await self._parts.enter_async_context(Queue(self._redis_url))
        hub = Hub(queue)
        hearing = asyncio.create_task(hub.run())
        self._parts.push_async_callback(end, hearing)
        await hub.live.wait()
        app = make_app(queue, hub, self._keys, list(self._keys.values())[:1])
        await self._parts.enter_async_context(serve(app, "127.0.0.1", self._port))

    async def stop(self) -> None:
        """Ends it, and with it every line."""
        await self._parts.aclose()
        self._parts = AsyncExitStack()
