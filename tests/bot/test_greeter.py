"""What the bot says to a Redis that comes late, or comes back empty."""

from __future__ import annotations

import asyncio

import pytest
import redis

from loopback.fleet import until
from zosma_bot.greeter import Greeter
from zosma_bot.hub import Hub
from zosma_cli.valkey import PrivateValkey
from zosma_queue import keys
from zosma_queue.client import Queue
from zosma_queue.fleet import OLDEST_PROTOCOL
from zosma_queue.tasks import end


@pytest.fixture(name="own_valkey")
def _own_valkey(tmp_path):
    """A Valkey that a test may stop, and that forgets everything then."""
    with PrivateValkey(tmp_path, durable=False) as server:
        yield server


@pytest.fixture(name="bot")
async def _bot(own_valkey):
    """Starts the part of the bot that greets, whether or not Redis is there."""
    running: list[asyncio.Task[None]] = []
    async with Queue(own_valkey.url) as queue:
        hub = Hub(queue)

        def start() -> Hub:
            running.extend(asyncio.create_task(work) for work in (Greeter(queue, hub).run(), hub.run()))
            return hub

        yield start
        await end(*running)


def _announced(url):
    async def look():
        with redis.Redis.from_url(url) as client:
            return client.get(keys.PROTOCOL)

    return look


async def test_workers_are_told_the_oldest_protocol_when_redis_comes_after_the_bot(own_valkey, bot):
    await asyncio.to_thread(own_valkey.stop)
    hub = bot()
    await asyncio.sleep(0)
    assert not hub.live.is_set()

    await asyncio.to_thread(own_valkey.start)

    assert await until(_announced(own_valkey.url)) == str(OLDEST_PROTOCOL).encode()


async def test_a_redis_that_comes_back_empty_is_told_again_but_its_risks_are_not(own_valkey, bot, caplog):
    bot()

    async def warned():
        return "appendonly is off" in caplog.text

    await until(warned)

    await asyncio.to_thread(own_valkey.stop)
    await asyncio.to_thread(own_valkey.start)

    assert await until(_announced(own_valkey.url))
    assert caplog.text.count("appendonly is off") == 1
