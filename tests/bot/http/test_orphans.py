"""Jobs of clients that hold a connection open: they end with it, however it ends, and a retry finds its own."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from contextlib import suppress

import aiohttp
import pytest

from loopback.commands import Zosma
from loopback.fleet import until
from loopback.played_worker import PlayedWorker
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.wanted import LEASE_S, Wanted
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.client import Queue
from zosma_queue.job import State
from zosma_queue.scripts import acall

TXT2IMG = "/sdapi/v1/txt2img"
BODY = {"prompt": "a cat", "steps": 4}


async def ask(http, body=BODY, **headers):
    async with http.post(TXT2IMG, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def swept_later(queue, raw, seconds):
    now = raw.time()[0] * 1000
    await acall(queue._redis, calls.sweep(now_ms=now + int(seconds * 1000)))


async def test_while_its_client_waits_a_job_is_said_to_be_wanted_and_no_longer(http, queue, worker, raw):
    asked = asyncio.create_task(ask(http))
    leased = await worker.take()
    left_s = raw.zscore(keys.WANTED, leased.id) / 1000 - raw.time()[0]
    await worker.finish(leased)

    assert (await asked)[0] == 200
    assert LEASE_S - 5 < left_s <= LEASE_S + 1
    await swept_later(queue, raw, LEASE_S + 2)
    assert raw.zcard(keys.WANTED) == 0
    assert (await queue.job(leased.id)).state is State.DONE


async def test_it_is_renewed(queue, raw):
    wanted = Wanted(queue)
    wanted.add("a job")
    raw.zadd(keys.WANTED, {"a job": 1})

    assert await wanted.renew() == 1
    assert raw.zscore(keys.WANTED, "a job") > raw.time()[0] * 1000


async def test_a_sweep_ends_what_nobody_wants_any_more_waiting_or_running(http, queue, worker, raw, hub):
    first, second = asyncio.create_task(ask(http)), asyncio.create_task(ask(http))
    leased = await worker.take()
    waiting = await until(lambda: other_than(queue, leased.id))
    await swept_later(queue, raw, LEASE_S - 3)
    assert await worker.progress(leased, 0.1) is calls.Lease.OK
    raw.zadd(keys.WANTED, {leased.id: 1, waiting: 1})
    await swept_later(queue, raw, 0)

    assert await worker.progress(leased, 0.1) is calls.Lease.CANCEL
    assert (await queue.job(waiting)).state is State.CANCELLED
    await worker.settle(leased, calls.cancelled())
    assert [status for status, _ in await asyncio.gather(first, second)] == [409, 409]


async def other_than(queue, job_id):
    return next((one for one in await queue.open_jobs() if one != job_id), None)


async def test_a_job_that_nobody_waits_for_is_not_touched(http, queue, worker, raw):
    async with http.post("/api/v1/jobs", json=BODY) as answer:
        job = await answer.json()
    await swept_later(queue, raw, 60)

    assert (await queue.job(job["id"])).state is State.WAITING


async def test_a_server_that_stops_ends_its_clients_jobs_at_once(queue, hub, worker, raw):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        asked = asyncio.create_task(ask(http))
        leased = await worker.take()
    with suppress(aiohttp.ClientError):
        await asked

    assert await worker.progress(leased, 0.5) is calls.Lease.CANCEL


async def test_a_killed_bot_leaves_no_orphan(tmp_path):
    port = free_port()
    with PrivateValkey(tmp_path / "valkey") as valkey:
        async with Queue(valkey.url) as queue, PlayedWorker(valkey.url) as worker:
            zosma = Zosma(tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(port))
            async with zosma.running("bot") as bot, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                await bot.says("listening on")
                asked = asyncio.create_task(ask(http))
                leased = await worker.take()
                await bot.kill()
                with pytest.raises(aiohttp.ClientError):
                    await asked
            assert await worker.progress(leased, 0.2) is calls.Lease.OK
            now = (await queue._redis.time())[0] * 1000
            await acall(queue._redis, calls.sweep(now_ms=now + 5_000))
            assert await worker.progress(leased, 0.2) is calls.Lease.OK
            await acall(queue._redis, calls.sweep(now_ms=now + int(LEASE_S * 1000) + 2_000))

            assert (await queue.job(leased.id)).state in (State.RUNNING, State.WAITING, State.CANCELLED)
            assert await worker.progress(leased, 0.3) in (calls.Lease.CANCEL, calls.Lease.LOST)


async def test_a_retry_by_its_idempotency_key_waits_for_the_job_of_the_first_try(http, queue, worker):
    first = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    leased = await worker.take()
    second = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    await asyncio.sleep(0.1)
    images = await worker.finish(leased)

    for status, answer in await asyncio.gather(first, second):
        assert (status, [b64decode(image) for image in answer["images"]]) == (200, images)
    third = await ask(http, **{"Idempotency-Key": "once"})
    assert [b64decode(image) for image in third[1]["images"]] == images
    assert await queue.open_jobs() == []


async def test_the_first_connection_breaking_off_leaves_the_job_to_the_second(http, queue, worker):
    first = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    leased = await worker.take()
    second = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    await asyncio.sleep(0.2)
    first.cancel()
    await asyncio.sleep(1.5)  # a blocked client's line is looked at once a second
    assert await worker.progress(leased, 0.5) is calls.Lease.OK
    await worker.finish(leased)

    assert (await second)[0] == 200


async def test_a_retry_after_its_job_was_ended_gets_a_new_one(http, queue, worker):
    first = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    leased = await worker.take()
    await queue.cancel(leased.id)
    await worker.settle(leased, calls.cancelled())
    assert (await first)[0] == 409
    second = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    again = await worker.take()
    await worker.finish(again)

    assert (await second)[0] == 200
    assert again.id != leased.id


async def test_the_same_key_with_another_body_is_refused_and_harms_nobody(http, queue, worker):
    first = asyncio.create_task(ask(http, **{"Idempotency-Key": "once"}))
    leased = await worker.take()
    status, answer = await ask(http, {"prompt": "a dog"}, **{"Idempotency-Key": "once"})
    assert (status, answer["field"]) == (422, "Idempotency-Key")
    await worker.finish(leased)

    assert (await first)[0] == 200
