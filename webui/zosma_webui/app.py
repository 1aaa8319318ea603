"""The built-in WebUI as an aiohttp application, and a server around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from . import wire
from .catalogue import Checkpoints
from .engine import Engine, Sleep, Timing
from .routes import Routes

MAX_BODY_BYTES = 256 * 2**20
"""A1111 has no limit; init images and masks in base64 are large."""


class WebUI:
    """One WebUI: its checkpoints, options, queue and the job that runs.

    `models` names the checkpoints; the first is loaded. `load_seconds` is the time to load another, `step_seconds`
    that of one sampling step; `sleep` spends both (tests pass their own). `auth` is "user:password" for HTTP Basic.
    Raises ValueError when `models` is empty or names one twice.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        load_seconds: float = 2.0,
        step_seconds: float = 0.05,
        auth: str | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._auth = auth
        self.engine = Engine(Checkpoints(models), Timing(load_seconds, step_seconds, sleep))

    def app(self) -> web.Application:
        """A fresh application over this WebUI's state."""
        faults = self.engine.faults
        middlewares = [wire.starting(faults), wire.worded, wire.guarded(self._auth)]
        app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
        routes = Routes(self.engine)
        app.add_routes(routes.table())
        app.on_shutdown.append(routes.stop)
        return app


@asynccontextmanager
async def serve(webui: WebUI, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `webui` and yield its base URL, `http://HOST:PORT`; port 0 takes a free one.

    Running jobs end with it. Raises OSError when the port is taken.
    """
    runner = web.AppRunner(webui.app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, host, port)

    async def crash() -> None:
        """The `crash` fault where it must not end the process: the port closes, all connections drop."""
        if site in runner.sites:
            await site.stop()
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()

    outer, webui.engine.crash = webui.engine.crash, webui.engine.crash or crash
    try:
        await site.start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        webui.engine.crash = outer
        await runner.cleanup()
