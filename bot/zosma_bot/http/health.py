"""`/healthz` (the process lives) and `/readyz` (it can take jobs), for whatever restarts containers."""

from __future__ import annotations

import http

from aiohttp import web

from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError


class Health:
    """The handlers."""

    def __init__(self, queue: Queue, hub: Hub) -> None:
        self._queue = queue
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """What this part answers."""
        return [web.get("/healthz", self.healthz), web.get("/readyz", self.readyz)]

    async def healthz(self, _: web.Request) -> web.Response:
        """200 for as long as the event loop turns."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """200 when Redis answers and events are heard; the fleet may be empty."""
        try:
            ready = (await self._queue.catalogue()).ready
        except QueueUnavailableError as error:
            return web.json_response(
                {"status": "unready", "redis": str(error)}, status=http.HTTPStatus.SERVICE_UNAVAILABLE
            )
        if not self._hub.live.is_set():
            return web.json_response(
                {"status": "unready", "redis": "events are not heard yet"}, status=http.HTTPStatus.SERVICE_UNAVAILABLE
            )
        return web.json_response({"status": "ok", "redis": "ok", "workers_ready": ready})
