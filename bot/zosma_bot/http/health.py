"""`/healthz` (the process lives) and `/readyz` (it can take jobs), for whatever restarts containers."""

from __future__ import annotations

import http
import importlib.metadata
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.unreadable import counts

#: Of this process; `zosma doctor` compares it with its own.
VERSION = importlib.metadata.version("zosma")


class Health:
    """The handlers of the health checks."""

    def __init__(self, queue: Queue, hub: Hub, faults: Mapping[str, int]) -> None:
        self._queue = queue
        self._hub = hub
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """The routes of the health checks."""
        return [web.get("/healthz", self.healthz), web.get("/readyz", self.readyz)]

    async def healthz(self, _: web.Request) -> web.Response:
        """200 for as long as the event loop turns; with its version, and what went wrong since the start."""
        seen = {"faults": dict(self._faults), "unreadable": counts()}
        told = {name: found for name, found in seen.items() if found}
        return web.json_response({"status": "ok", "version": VERSION, **told})

    async def readyz(self, _: web.Request) -> web.Response:
        """200 when Redis answers, takes writes, events are heard and pictures can be read; the fleet may be empty."""
        try:
            await self._queue.check_writable()
            ready = await self._hub.workers_ready()
        except QueueUnavailableError as error:
            return _unready(str(error))
        if not self._hub.live.is_set():
            why = self._hub.why_deaf
            return _unready("events are not heard" + (f": {why}" if why else " yet"))
        told: dict[str, Any] = {"status": "ok", "redis": "ok", "workers_ready": ready}
        if not self._queue.bucket:
            return web.json_response(told)
        try:
            await self._queue.check_pictures()
        except QueueUnavailableError as error:
            return _unready("ok", pictures=str(error))
        return web.json_response({**told, "pictures": "ok"})


def _unready(redis: str, **told: str) -> web.Response:
    body = {"status": "unready", "redis": redis, **told}
    return web.json_response(body, status=http.HTTPStatus.SERVICE_UNAVAILABLE)
