"""An image classifier on loopback that says what the test wants."""

from __future__ import annotations

import asyncio
import io
from typing import Any, Self

from aiohttp import web
from PIL import Image


class ImageCheck:
    """Use as `async with ImageCheck() as check`."""

    def __init__(self) -> None:
        #: Picture → answer; pictures are known by their pixels, whatever words they carry.
        self.answers: dict[bytes, Any] = {}
        #: What is answered for all others.
        self.otherwise: web.Response | None = None
        #: (content type, bytes) of each question.
        self.asked: list[tuple[str, bytes]] = []
        #: Answers wait for it.
        self.held: asyncio.Event | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/check", self._check)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/check"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _check(self, request: web.Request) -> web.Response:
        picture = await request.read()
        self.asked.append((request.content_type, picture))
        if self.held:
            await self.held.wait()
        for known, answer in self.answers.items():
            if _pixels(known) == _pixels(picture):
                return web.json_response(answer)
        return self.otherwise or web.json_response({"verdict": "ok"})


def _pixels(picture: bytes) -> bytes:
    with Image.open(io.BytesIO(picture)) as image:
        return image.convert("RGB").tobytes()
