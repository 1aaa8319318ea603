"""More blocked clients than connections to Redis."""

from __future__ import annotations

import asyncio
from collections import Counter

import aiohttp
import pytest

from loopback.deaf_proxy import DeafProxy
from loopback.played_worker import PlayedWorker
from zosma_bot.http import last_fleet
from zosma_bot.http.app import make_app, serve
from zosma_queue.client import Queue
from zosma_queue.connections import BOT_CONNECTIONS
from zosma_queue.tasks import end

CLIENTS = 400
#: With Redis so far away, whoever comes last waits longer for a connection than Redis may take to answer.
AWAY_S = 0.03


@pytest.fixture(name="drawing")
async def _drawing(redis_url):
    """Workers that finish whatever comes."""

    async def draw(worker: PlayedWorker) -> None:
        while True:
            await worker.beat()
            try:
                await worker.finish(await worker.take(2))
            except (TimeoutError, AssertionError):
                continue

    async with PlayedWorker(redis_url) as worker:
        drawing = asyncio.create_task(draw(worker))
        yield
        await end(drawing)


@pytest.mark.usefixtures("drawing")
async def test_four_hundred_blocked_clients_all_get_their_picture(redis_url, hub, monkeypatch):
    monkeypatch.setattr(last_fleet, "AGE_S", 0.5)  # as it is outside of tests
    assert CLIENTS > 10 * BOT_CONNECTIONS

    async with (
        DeafProxy(redis_url, delay_s=AWAY_S) as far,
        Queue(far.url) as queue,
        serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http,
    ):

        async def ask(number: int) -> tuple[int, str]:
            asked = {"prompt": f"cat {number}", "width": 64, "height": 64, "steps": 1}
            async with http.post("/sdapi/v1/txt2img", json=asked) as answer:
                return answer.status, (await answer.json()).get("error", "")

        found = Counter(await asyncio.gather(*(ask(number) for number in range(CLIENTS))))

    assert found == {(200, ""): CLIENTS}
