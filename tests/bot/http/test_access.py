"""Keys, health, and a Redis that goes away."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import aiohttp
import pytest

from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue
from zosma_queue.errors import SettingsError
from zosma_queue.tasks import end

QUEUE = "/api/v1/queue"


def basic(name, key):
    return {"headers": {"Authorization": f"Basic {b64encode(f'{name}:{key}'.encode()).decode()}"}}


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 401),
        ({"headers": {"Authorization": "Bearer wrong"}}, 401),
        ({"headers": {"Authorization": "Bearer ann-key"}}, 200),
        ({"headers": {"Authorization": "bearer ann-key"}}, 200),
        ({"headers": {"Authorization": "Digest ann-key"}}, 401),
        ({"headers": {"Authorization": "Basic !!!"}}, 401),
        (basic("ann", "ann-key"), 200),
        (basic("bob", "ann-key"), 401),
        (basic("ann", "bob-key"), 401),
    ],
)
async def test_a_key_is_asked_for_as_bearer_or_basic(guarded, options, status):
    async with guarded.get(QUEUE, **options) as answer:
        assert answer.status == status
        if status == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
            assert "detail" in await answer.json()


async def test_health_needs_no_key(guarded):
    for path in ("/healthz", "/readyz"):
        async with guarded.get(path) as answer:
            assert answer.status == 200


async def test_without_keys_a_header_does_no_harm(http):
    async with http.get(QUEUE, headers={"Authorization": ""}) as answer:
        assert answer.status == 200


async def test_a_taken_port_is_said_with_the_fix(queue, hub):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        with pytest.raises(SettingsError, match=r"ZOSMA_PORT=.*choose another port"):
            async with serve(make_app(queue, hub, {}), "127.0.0.1", int(url.rsplit(":", 1)[1])):
                pass


async def test_a_malformed_request_is_one_line_in_the_log(queue, hub, caplog):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        twice = "Content-Type: application/json\r\n" * 2
        writer.write(f"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n{twice}Content-Length: 2\r\n\r\n{{}}".encode())
        assert b" 400 " in await reader.readline()
        writer.close()

    [record] = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert "malformed request: Duplicate 'Content-Type' header" in record.getMessage()
    assert (record.levelname, record.exc_info) == ("WARNING", None)


async def test_redis_away_is_answered_within_three_seconds_and_healed(tmp_path):
    server = PrivateValkey(tmp_path)
    server.start()
    async with Queue(server.url) as queue:
        hub = Hub(queue)
        listening = asyncio.create_task(hub.run())
        await hub.live.wait()
        async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
            async with http.get("/readyz") as answer:
                assert answer.status == 200
            server.kill()
            async with asyncio.timeout(3), http.post("/sdapi/v1/txt2img", json={"prompt": "a cat"}) as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"]
                assert "the queue is away" in (await answer.json())["detail"]
            async with http.get("/readyz") as answer:
                assert answer.status == 503
            async with http.get("/healthz") as answer:
                assert answer.status == 200
            server.start()
            await hub.live.wait()
            async with http.get("/readyz") as answer:
                assert answer.status == 200
        await end(listening)
    server.stop()
