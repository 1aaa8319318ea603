"""What the bot's HTTP and Discord tests share: an ear on the queue, and a worker that the test plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from loopback.played_worker import PlayedWorker
from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.tasks import end


@pytest.fixture(name="hub")
async def _hub(queue: Queue) -> AsyncIterator[Hub]:
    hub = Hub(queue)
    listening = asyncio.create_task(hub.run())
    await hub.live.wait()
    yield hub
    await end(listening)


@pytest.fixture(name="worker")
async def _worker(redis_url: str) -> AsyncIterator[PlayedWorker]:
    async with PlayedWorker(redis_url) as worker:
        yield worker
