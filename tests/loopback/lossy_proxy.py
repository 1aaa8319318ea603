"""A TCP proxy that hears a request out, passes it on, and breaks the line before its answer comes back."""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit


class LossyProxy:
    """Stands before an HTTP server. While `losing` is above 0, each answer is lost, and counted down."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.losing = 0
        self.lost = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """What a client connects to instead."""
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()

    def cut(self) -> None:
        """Breaks every line."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers |= {writer, back}
        for work in (self._pass_on(reader, back), self._answer(there, writer, back)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    async def _answer(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await source.read(65536):
                if self.losing:
                    self.losing -= 1
                    self.lost += 1
                    target.transport.abort()
                    back.transport.abort()
                    return
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()
