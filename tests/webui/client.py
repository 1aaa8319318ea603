"""A small client for the built-in WebUI, and a clock that stops a job where a test wants it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Awaitable
from typing import Any

import aiohttp
from PIL import Image

SMALL = {"prompt": "a lighthouse at dusk", "seed": 7, "steps": 4, "width": 64, "height": 64}
"""A request that is drawn in no time."""


class Pause:
    """A `sleep` that takes no time, except that its `before`-th call (from 1) waits until `go` is set."""

    def __init__(self, before: int = 0) -> None:
        self.before = before
        self.slept: list[float] = []
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Spend `seconds`, or wait."""
        self.slept.append(seconds)
        if len(self.slept) == self.before:
            self.reached.set()
            await self.go.wait()
        await asyncio.sleep(0)


class Client:
    """One connection pool to one server; answers are (status, decoded body)."""

    def __init__(self, url: str, auth: tuple[str, str] | None = None) -> None:
        headers = {}
        if auth:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        self.url = url
        self.session = aiohttp.ClientSession(url, headers=headers, timeout=aiohttp.ClientTimeout(total=15))

    async def call(self, method: str, path: str, body: Any = None, **kwargs: Any) -> tuple[int, Any]:
        """One request; a body that is not JSON comes back as text."""
        if body is not None:
            kwargs["json"] = body
        async with self.session.request(method, path, **kwargs) as response:
            text = await response.text()
            try:
                return response.status, json.loads(text)
            except json.JSONDecodeError:
                return response.status, text

    async def get(self, path: str) -> Any:
        """The body of a GET that must succeed."""
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body

    async def post(self, path: str, body: Any = None) -> Any:
        """The body of a POST that must succeed."""
        status, answer = await self.call("POST", path, body)
        assert status == 200, answer
        return answer

    async def draw(self, **changes: Any) -> dict[str, Any]:
        """The answer to txt2img for `SMALL` with `changes`; it must succeed. `info` is decoded."""
        answer = await self.post("/sdapi/v1/txt2img", {**SMALL, **changes})
        return {**answer, "info": json.loads(answer["info"])}

    async def fails(self, path: str = "/sdapi/v1/txt2img", **changes: Any) -> tuple[int, Any]:
        """Status and body of a request that may go wrong."""
        return await self.call("POST", path, {**SMALL, **changes})

    def later(self, **changes: Any) -> asyncio.Task[dict[str, Any]]:
        """`draw` in the background."""
        return asyncio.create_task(self.draw(**changes))

    async def progress(self) -> Any:
        """GET progress."""
        return await self.get("/sdapi/v1/progress")

    async def fault(self, name: str, **params: Any) -> Any:
        """Order a fault."""
        return await self.post("/zosma/faults", {"fault": name, **params})


async def within(seconds: float, what: Awaitable[Any]) -> Any:
    """`what`, or a failure when it takes longer: a test must not hang."""
    return await asyncio.wait_for(what, seconds)


def image(encoded: str) -> Image.Image:
    """The picture in bare base64."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))
    picture.load()
    return picture


def base64_of(picture: Image.Image) -> str:
    """A picture as bare base64 PNG."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
