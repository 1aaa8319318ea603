"""`/queue` over real sockets."""

from __future__ import annotations

import pytest

from loopback.discord.errors import RefusedByClient
from zosma_queue.client import Sender
from zosma_queue.fleet import WorkerState
from zosma_queue.request import parse_request


async def test_an_admin_sees_the_queue_and_the_gpus(server, client, worker, admin, queue):
    for _ in range(2):
        await queue.submit(parse_request({"prompt": "a cat"}), Sender(owner="a", group="g"))
    leased = await worker.take()
    await worker.beat(WorkerState.BUSY)
    await worker.progress(leased, 0.4)

    asked = await server.slash(admin, "queue")
    await asked.response()
    assert asked.message.ephemeral
    for part in ("**1** waiting", "**1** running", "gpu:7860", "a1111 v1.10.1", "dream", "busy", "40 %"):
        assert part in asked.message.text


async def test_an_admin_sees_why_a_gpu_is_away(server, client, worker, admin):
    await worker.beat(WorkerState.AWAY, reason="the WebUI does not answer")

    asked = await server.slash(admin, "queue")
    await asked.response()
    assert "away · the WebUI does not answer" in asked.message.text


async def test_an_empty_fleet_is_said_to_be_empty(server, client, admin):
    asked = await server.slash(admin, "queue")
    await asked.response()
    assert "No worker has shown a sign of life" in asked.message.text


async def test_a_member_is_not_offered_it_and_refused_all_the_same(server, client, worker, ann):
    with pytest.raises(RefusedByClient):
        await server.slash(ann, "queue")

    asked = await server.slash(ann, "queue", force=True)
    await asked.response()
    assert asked.message.ephemeral
    assert "Manage Server" in asked.message.text


async def test_it_is_not_offered_in_direct_messages(server, client, admin):
    with pytest.raises(RefusedByClient):
        await server.slash(admin, "queue", dm=True)


async def test_redis_away_is_told(server, client, worker, admin, valkey_asleep):
    async with valkey_asleep():
        asked = await server.slash(admin, "queue")
        await asked.response()
    assert "queue can't be reached" in asked.message.text
