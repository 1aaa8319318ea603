"""Finished pictures in a bucket: where they go, and what becomes of them on the bucket's bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from loopback.fleet import HASTY, until
from loopback.s3 import BUCKET, SLOW_DOWN, reset
from loopback.webui import Hold, encoded, picture, pictures
from zosma_queue import keys
from zosma_queue.client import Queue
from zosma_queue.errors import ElsewhereError, StoreUnavailableError
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.worker_queue import RedisWorkerQueue
from zosma_worker import storing
from zosma_worker.slot import WorkerOptions, run_slot

NAME = f"s3://{BUCKET}/zosma"


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(storing, "STORE_AGAIN_S", 0.02)


@pytest.fixture(name="bot")
async def _bot(redis_url, s3) -> AsyncIterator[Queue]:
    """A bot that reads from the bucket, and says so."""
    async with Queue(redis_url, results=s3.bucket()) as bot:
        await bot.announce()
        yield bot


async def test_a_picture_lies_in_the_bucket_and_takes_no_room_in_redis(webui, join, ann, bot, raw, s3):
    await join(webui, results=s3.bucket())

    job = await ann.gets(await ann.asks(count=2))

    assert [one.store for one in job.result.pictures] == [NAME, NAME]
    assert await s3.objects() == [f"zosma/{job.id}/1/0", f"zosma/{job.id}/1/1"]
    assert not raw.keys(keys.stored_image("*"))
    assert not raw.exists(keys.PICTURE_BYTES, keys.PICTURE_ENDS)
    assert [len(data) for data in await bot.pictures(job)] == [one.bytes for one in job.result.pictures]
    assert await bot.picture(job, 1) == (await bot.pictures(job))[1]
    assert await bot.picture(job, 2) is None
    assert await bot.with_pictures() == [job.id]


async def test_no_picture_goes_where_the_bot_does_not_read(webui, join, ann, queue, bot, raw, s3, caplog):
    await queue.announce()  # as a bot without RESULTS_URL
    await join(webui, results=s3.bucket())

    jobs = [await ann.gets(await ann.asks(seed=seed)) for seed in range(2)]

    assert await s3.objects() == []
    for job in jobs:
        assert job.result.pictures[0].store == ""
        assert all(await queue.pictures(job))
    told = "but the bot reads them from Redis alone: pictures go to Redis until both have the same RESULTS_URL"
    assert caplog.text.count(told) == 1
    await bot.announce()
    job = await ann.gets(await ann.asks(seed=3))
    assert job.result.pictures[0].store == NAME
    # One that knows both reads what was made before and after.
    assert all([*await bot.pictures(jobs[0]), *await bot.pictures(job)])


async def test_a_bucket_of_the_same_name_on_another_server_is_another(redis_url, bot, s3, caplog):
    async with RedisWorkerQueue(redis_url, "host/gpu/1", results=s3.bucket()) as worker:
        await s3.empty()  # as on another server
        await s3.create(BUCKET)
        await worker.store_picture("1", 1, 0, b"x")

        assert worker.stored_in("1", 1) == ""
        assert "a bucket of the same name on another server" in caplog.text


async def test_a_login_from_before_there_was_a_choice_stores_in_redis_and_is_told(worker_url, raw, bot, s3, caplog):
    user = next(one for one in raw.acl_list() if "worker-of-the-readme" in one).split()[1]
    raw.execute_command("ACL", "SETUSER", user, "resetkeys", f"%W~{keys.stored_image('*')}")
    async with RedisWorkerQueue(worker_url, "host/gpu/1", results=s3.bucket()) as worker:
        await worker.store_picture("1", 1, 0, b"x")

        assert worker.stored_in("1", 1) == ""
    assert "this Redis user may not read {zosma}:results (NOPERM)" in caplog.text


@pytest.mark.parametrize("fault", [SLOW_DOWN, reset])
async def test_a_bucket_that_is_away_costs_time_and_no_picture(webui, join, ann, bot, s3, fault, caplog):
    await join(webui, results=s3.bucket())
    s3.fault, s3.on = fault, "PUT"
    job_id = await ann.asks()

    async def tried_again():
        return s3.seen["PUT"] > 5

    await until(tried_again)
    assert (await ann.job(job_id)).state is State.RUNNING
    s3.fault = None

    job = await ann.gets(job_id)
    assert (job.state, job.attempt, len(webui.jobs)) == (State.DONE, 1, 1)
    assert all(await bot.pictures(job))
    assert caplog.text.count("is kept until its pictures can be stored") == 1


async def test_a_cancel_is_heard_while_the_bucket_is_away(webui, join, ann, bot, s3):
    await join(webui, results=s3.bucket())
    s3.fault, s3.on = SLOW_DOWN, "PUT"
    job_id = await ann.asks()

    async def tried():
        return s3.seen["PUT"]

    await until(tried)
    await bot.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED


async def test_what_was_stored_of_a_job_that_is_then_cancelled_leaves_nothing_behind(webui, join, ann, bot, s3):
    async def stored_and_not_told(request):
        await s3.passed_on(request)
        return await SLOW_DOWN(request)

    await join(webui, results=s3.bucket())
    s3.fault, s3.on = stored_and_not_told, "PUT"
    job_id = await ann.asks()
    await until(s3.objects)
    await bot.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED
    assert await s3.objects() == []


async def test_a_worker_that_is_to_leave_hands_back_what_it_can_not_store(webui, ann, bot, redis_url, s3):
    stop = asyncio.Event()
    options = WorkerOptions(timeouts=HASTY, grace_s=0.05, results=s3.bucket())
    worker = asyncio.create_task(run_slot(redis_url, webui.address, stop, options))
    await ann.worker(WorkerState.READY)
    s3.fault, s3.on = SLOW_DOWN, "PUT"
    job_id = await ann.asks()

    async def tried():
        return s3.seen["PUT"]

    await until(tried)
    stop.set()
    async with asyncio.timeout(20):
        await worker
    job = await ann.job(job_id)
    assert (job.state, job.failures, job.lost) == (State.WAITING, 0, 0)


async def test_what_a_superseded_worker_stored_is_never_the_result(webui, other, join, ann, bot, redis_url, s3):
    hold = Hold()
    webui.script(hold)
    await join(webui, results=s3.bucket())
    job_id = await ann.asks()
    await hold.started.wait()
    async with RedisWorkerQueue(redis_url, "host/late/1", results=s3.bucket()) as late:
        await late.store_picture(job_id, 7, 0, b"of a worker that lost its lease")
    hold.released.set()

    job = await ann.gets(job_id)

    assert len(await s3.objects()) == 2
    assert [len(data) for data in await bot.pictures(job)] == [job.result.pictures[0].bytes]


async def test_a_bot_that_lost_its_setting_says_so_and_loses_no_picture(webui, join, ann, bot, queue, s3):
    await join(webui, results=s3.bucket())
    job = await ann.gets(await ann.asks())

    with pytest.raises(ElsewhereError, match=f"job {job.id} are in {NAME}, which this process doesn't read"):
        await queue.pictures(job)
    assert all(await bot.pictures(job))


async def test_pictures_that_can_not_be_read_now_are_not_gone(webui, join, ann, bot, s3):
    await join(webui, results=s3.bucket())
    job = await ann.gets(await ann.asks(count=2))
    s3.fault, s3.on = SLOW_DOWN, "GET"

    with pytest.raises(StoreUnavailableError, match="SlowDown"):
        await bot.pictures(job)
    s3.fault = None
    await s3.lose(f"zosma/{job.id}/1/0")
    gone, there = await bot.pictures(job)
    assert gone is None
    assert there


async def test_a_set_of_two_workers_may_lie_in_two_stores(webui, other, join, ann, bot, s3):
    hold, second = Hold(), Hold()
    webui.script(hold)
    other.script(second)
    await join(webui, results=s3.bucket())
    await join(other)
    job_id = await ann.asks(count=2)
    await hold.started.wait()
    await second.started.wait()
    hold.released.set()
    second.released.set()

    job = await ann.gets(job_id)

    assert {one.store for one in job.result.pictures} == {NAME, ""}
    assert all(await bot.pictures(job))
    await bot.mark_delivered(job)
    assert all(await bot.pictures(await bot.job(job_id)))


async def test_a_black_picture_is_taken_back_from_the_bucket(webui, join, ann, bot, s3):
    webui.script(pictures(lambda answer: answer.update(images=[encoded(picture(64, 64, None))])))
    await join(webui, results=s3.bucket())

    job = await ann.gets(await ann.asks())

    assert (job.state, job.attempt) == (State.DONE, 2)
    assert await s3.objects() == [f"zosma/{job.id}/2/0"]
