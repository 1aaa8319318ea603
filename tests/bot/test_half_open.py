"""A connection that a firewall forgot looks like a quiet one: it is noticed all the same."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from loopback.deaf_proxy import DeafProxy
from loopback.fleet import until
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_queue import connections, keys
from zosma_queue.client import Queue
from zosma_queue.errors import QueueBusyError
from zosma_queue.tasks import end

PULSE_S = 0.2


@pytest.fixture(name="proxy")
async def _proxy(redis_url):
    async with DeafProxy(redis_url) as proxy:
        yield proxy


@pytest.fixture(name="far_hub")
async def _far_hub(proxy, queue):
    """An ear behind the proxy; the questions go straight, as when a firewall forgets the idle connection alone."""
    async with Queue(proxy.url) as behind:
        hub = Hub(behind, pulse_s=PULSE_S)
        listening = asyncio.create_task(hub.run())
        await hub.live.wait()
        yield hub
        await end(listening)


def test_as_it_is_set_it_is_noticed_within_twenty_seconds():
    assert 2 * connections.PULSE_S + connections.BOT_TIMEOUT_S < 20


async def test_an_ear_that_went_deaf_is_noticed_and_readyz_says_so(proxy, far_hub, queue):
    async with serve(make_app(queue, far_hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        async with http.get("/readyz") as answer:
            assert answer.status == 200
        proxy.silent = True

        async def deaf():
            return not far_hub.live.is_set()

        await until(deaf)
        async with http.get("/readyz") as answer:
            assert answer.status == 503
            assert "events are silent" in (await answer.json())["redis"]


async def test_a_silence_in_which_somebody_answers_is_none_and_after_a_real_one_it_hears_again(proxy, far_hub, raw):
    synced = []
    far_hub.on_sync(lambda: synced.append(1))
    await asyncio.sleep(3 * PULSE_S)  # what is waited for is that nothing happens
    assert far_hub.live.is_set()
    assert synced == []

    proxy.silent = True

    async def deaf():
        return not far_hub.live.is_set()

    await until(deaf)
    proxy.silent = False
    await far_hub.live.wait()
    with far_hub.watch("job") as watch:
        raw.publish(keys.EVENTS, '{"event": "waiting", "id": "job"}')
        assert await watch.changed(5)


@pytest.mark.parametrize(
    "junk",
    [b"\xff", b"", b"null", b"[]", b"7", b"{}", b'{"event": 1}', b'{"event": "waiting", "id": []}',
     b'{"event": "waiting", "id": {}}', b'{"event": null, "id": "job"}', b"[" * 100_000, b'{"event": "settled"}',
     b'{"event": "started", "id": "job", "attempt": NaN}', b'"' + b"x" * 1_000_000],
    ids=lambda junk: junk[:30],
)  # fmt: skip
async def test_a_malformed_event_deafens_nobody(junk, hub, raw):
    raw.publish(keys.EVENTS, junk)
    with hub.watch("other") as watch:
        raw.publish(keys.EVENTS, '{"event": "waiting", "id": "other"}')
        assert await watch.changed(5)
    assert hub.live.is_set()


async def test_a_listener_that_breaks_down_deafens_no_other(hub, raw):
    heard = []
    hub.on_event(lambda event: 1 / 0)
    hub.on_event(heard.append)
    with hub.watch("job") as watch:
        raw.publish(keys.EVENTS, '{"event": "waiting", "id": "job"}')
        assert await watch.changed(5)

    assert len(heard) == 1


async def test_who_finds_no_connection_free_reads_that_and_not_that_redis_is_away(redis_url, monkeypatch):
    monkeypatch.setattr(connections, "BOT_CONNECTIONS", 1)
    monkeypatch.setattr(connections, "POOL_WAIT_S", 0.05)
    async with DeafProxy(redis_url, delay_s=0.2) as far, Queue(far.url) as queue:
        first, second = await asyncio.gather(queue.ping(), queue.ping(), return_exceptions=True)

    assert first is None
    assert isinstance(second, QueueBusyError)
