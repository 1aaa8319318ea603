"""An HTTP server on loopback that can crash, and come back on the same port."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohttp import web


async def drained() -> None:
    """Connections that the other side has closed are closed here too, before a loop may end."""
    for _ in range(5):
        await asyncio.sleep(0)


class Port:
    """One port, and what listens there."""

    def __init__(self) -> None:
        self.number = 0
        self._runner: web.AppRunner | None = None
        self._listener: socket.socket | None = None

    async def start(self, app: web.Application, tls: ssl.SSLContext | None = None) -> None:
        """Listens; the port stays the same from the first start on."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handle_signals=False)
        await self._runner.setup()
        self._listener = socket.create_server(("127.0.0.1", self.number))
        await web.SockSite(self._runner, self._listener, ssl_context=tls).start()
        self.number = self._listener.getsockname()[1]

    async def stop(self) -> None:
        """Ends it."""
        runner, self._runner = self._runner, None
        if runner:
            await self._accept_no_more()
            await runner.cleanup()
            await drained()

    async def crash(self) -> None:
        """The port closes and all connections drop."""
        if self._runner is None:
            return
        await self._accept_no_more()
        for site in list(self._runner.sites):
            await site.stop()
        server = self._runner.server
        for connection in server.connections if server else ():
            if connection.transport is not None:
                connection.transport.abort()
        await drained()

    async def _accept_no_more(self) -> None:
        """asyncio never closes what it has accepted just before its server closes (3.11: `Server._attach`)."""
        if self._listener and self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
        await drained()
