"""The HTTP side over a real Valkey, with a worker that the test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from zosma_bot.http import last_fleet, waiting
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_queue.client import Queue


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request waits for a first worker, but in the test of that."""
    monkeypatch.setattr(waiting, "STARTING_S", 0.0)
    monkeypatch.setattr(last_fleet, "AGE_S", -1.0)


@pytest.fixture(name="http")
async def _http(queue: Queue, hub: Hub) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server without keys."""
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as session:
        yield session


@pytest.fixture(name="guarded")
async def _guarded(queue: Queue, hub: Hub) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server with the keys of ann and bob."""
    app = make_app(queue, hub, {"ann-key": "ann", "bob-key": "bob"})
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as session:
        yield session
