"""The built-in WebUI on a free port, with two checkpoints and no waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from webui.client import Client, Pause
from zosma_webui.app import WebUI, serve

MODELS = ("dreamscape", "photo/realistic")

Start = Callable[..., Awaitable[Client]]


@pytest.fixture(name="start")
async def _start() -> AsyncIterator[Start]:
    """Starts servers; takes what `WebUI` takes and `login` for the client, and closes all at the end."""
    async with AsyncExitStack() as stack:

        async def start(login: tuple[str, str] | None = None, **settings: Any) -> Client:
            settings = {"load_seconds": 2.0, "step_seconds": 0.05, "sleep": Pause(), **settings}
            url = await stack.enter_async_context(serve(WebUI(MODELS, **settings)))
            client = Client(url, login)
            stack.push_async_callback(client.session.close)
            return client

        yield start


@pytest.fixture(name="webui")
async def _webui(start: Start) -> Client:
    """A client of a server with everything by default."""
    return await start()
