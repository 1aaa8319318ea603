"""The Python client before a bot's HTTP side over a real Valkey, which can be stopped and started again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from loopback.http_side import HttpSide
from loopback.played_worker import PlayedWorker
from zosma import AsyncClient
from zosma_bot.http import events, follower, waiting

KEYS = {"ann's long key": "ann", "bob's long key": "bob"}


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a first worker, changes are read as they come, and clients come back at once."""
    monkeypatch.setattr(waiting, "STARTING_S", 0.0)
    monkeypatch.setattr(follower, "GAP_S", 0.0)
    monkeypatch.setattr(follower, "PLACES_EVERY_S", 0.05)
    monkeypatch.setattr(events, "RETRY_MS", 50)


@pytest.fixture(name="bot")
async def _bot(redis_url: str) -> AsyncIterator[HttpSide]:
    """A bot without keys."""
    bot = HttpSide(redis_url)
    await bot.start()
    yield bot
    await bot.stop()


@pytest.fixture(name="guarded")
async def _guarded(redis_url: str) -> AsyncIterator[HttpSide]:
    """A bot with the keys of ann, an admin, and bob."""
    bot = HttpSide(redis_url, KEYS)
    await bot.start()
    yield bot
    await bot.stop()


@pytest.fixture(name="worker")
async def _worker(redis_url: str) -> AsyncIterator[PlayedWorker]:
    """A worker that the test plays."""
    async with PlayedWorker(redis_url) as worker:
        yield worker


@pytest.fixture(name="zosma")
async def _zosma(bot: HttpSide) -> AsyncIterator[AsyncClient]:
    """A client of the bot without keys."""
    async with AsyncClient(bot.url, retry_for_s=20) as zosma:
        yield zosma
