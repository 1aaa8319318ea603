"""A TCP proxy that can fall silent as a firewall does that forgot a connection: open, and never a byte."""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit


class DeafProxy:
    """Stands before a Redis; while `silent`, it swallows what either side says, on old connections and new ones.

    What the Redis says comes `delay_s` late, as from far away.
    """

    def __init__(self, url: str, *, delay_s: float = 0.0) -> None:
        self._to = urlsplit(url)
        self.silent = False
        self._delay_s = delay_s
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What a client connects to instead."""
        assert self._server
        login = self._to.netloc.rpartition("@")[0]
        return f"redis://{login}@127.0.0.1:{self._server.sockets[0].getsockname()[1]}{self._to.path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        for source, target, delay_s in ((reader, back, 0.0), (there, writer, self._delay_s)):
            task = asyncio.create_task(self._pass_on(source, target, delay_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, delay_s: float) -> None:
        try:
            while data := await source.read(65536):
                if delay_s:
                    await asyncio.sleep(delay_s)
                if not self.silent:
                    target.write(data)
                    await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()
