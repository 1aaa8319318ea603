"""Pictures in a bucket, as programs get them: the same as ever, and told from lost ones while the bucket is away."""

from __future__ import annotations

import asyncio
import base64

import pytest

import zosma
from loopback.s3 import ACCESS_DENIED, SECRET, SLOW_DOWN
from zosma.patience import is_passing
from zosma_bot.bucket_keeper import ORPHANS_EVERY_S, BucketKeeper
from zosma_queue import keys, stored_pictures
from zosma_queue.client import Queue
from zosma_queue.s3_pictures import S3Pictures

JOBS = "/api/v1/jobs"


@pytest.fixture(name="queue")
async def _queue(redis_url, s3):
    """A bot that reads from the bucket."""
    async with Queue(redis_url, results=s3.bucket()) as queue:
        await queue.announce()
        yield queue


@pytest.fixture(name="worker")
def _worker(worker, s3):
    """Puts pictures into the bucket."""
    worker.bucket = S3Pictures(s3.bucket())
    return worker


async def finished(http, worker, **fields):
    async with http.post(JOBS, json={"prompt": "a cat", **fields}) as answer:
        job = await answer.json()
    return job["id"], await worker.finish(await worker.take())


async def test_each_picture_is_read_by_itself_and_its_etag_outlives_an_outage(http, worker, s3):
    job_id, images = await finished(http, worker, count=2)
    reads = s3.seen["GET"]
    async with http.get(f"{JOBS}/{job_id}/images/1") as answer:
        assert (answer.status, await answer.read()) == (200, images[1])
        tag = answer.headers["ETag"]
    assert s3.seen["GET"] == reads + 1

    s3.fault = SLOW_DOWN
    async with http.get(f"{JOBS}/{job_id}/images/1", headers={"If-None-Match": tag}) as answer:
        assert answer.status == 304
    async with http.get(f"{JOBS}/{job_id}/images/1") as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"]) == (503, "pictures-unavailable")
        assert answer.headers["Retry-After"]
    s3.fault = None
    async with http.get(f"{JOBS}/{job_id}/images/1") as answer:
        assert (answer.status, answer.headers["ETag"]) == (200, tag)


async def test_a_picture_that_vanished_is_404(http, worker, s3):
    job_id, _ = await finished(http, worker)
    await s3.lose(f"zosma/{job_id}/1/0")

    async with http.get(f"{JOBS}/{job_id}/images/0") as answer:
        assert answer.status == 404


async def test_a_client_of_a1111_gets_what_was_put_into_the_bucket(http, worker):
    asked = asyncio.create_task(http.post("/sdapi/v1/txt2img", json={"prompt": "a cat"}))
    images = await worker.finish(await worker.take())
    async with await asked as answer:
        assert [base64.b64decode(one) for one in (await answer.json())["images"]] == images


async def test_our_client_takes_a_bucket_that_is_away_for_what_passes_by_itself(http, worker, s3):
    job_id, _ = await finished(http, worker)
    s3.fault, s3.on = SLOW_DOWN, "GET"

    async with zosma.AsyncClient(str(http._base_url), key="", retry_for_s=0) as client:
        job = await client.job(job_id)
        with pytest.raises(zosma.UnavailableError) as raised:
            await job.pictures()
    assert is_passing(raised.value)


async def test_readyz_says_why_no_picture_could_be_read(http, s3, monkeypatch, caplog):
    monkeypatch.setattr(stored_pictures, "CHECKED_S", 0.0)

    async def readyz():
        async with http.get("/readyz") as answer:
            return answer.status, await answer.json()

    status, told = await readyz()
    assert (status, told["pictures"]) == (200, "ok")
    s3.fault = ACCESS_DENIED
    status, told = await readyz()
    assert (status, told["status"], told["redis"]) == (503, "unready", "ok")
    assert "AccessDenied: the key may not do this" in told["pictures"]
    assert SECRET not in told["pictures"] + caplog.text


async def test_what_can_not_be_deleted_is_told_once_and_deleted_later(http, worker, queue, s3, caplog):
    job_id, _ = await finished(http, worker)
    await queue.mark_delivered(await queue.job(job_id), -1)
    keeper = BucketKeeper(queue)
    s3.fault = SLOW_DOWN
    for _ in range(3):
        await keeper.run_once()

    assert caplog.text.count("pictures whose time is over can't be deleted") == 1
    s3.fault = None
    await keeper.run_once()
    assert await s3.objects() == []


async def test_the_whole_bucket_is_looked_through_at_the_start_and_then_every_hour(queue, s3):
    now = 0.0
    keeper = BucketKeeper(queue, clock=lambda: now)

    async def looks():
        s3.seen.clear()
        await keeper.run_once()
        return s3.seen["GET"] > 0

    assert [await looks(), await looks()] == [True, False]
    now = ORPHANS_EVERY_S
    s3.fault = SLOW_DOWN
    await keeper.run_once()
    s3.fault = None
    assert [await looks(), await looks()] == [True, False]


async def test_without_a_bucket_what_is_noted_of_one_is_forgotten_when_it_is_over(http, worker, queue, redis_url, raw):
    job_id, _ = await finished(http, worker)
    await queue.mark_delivered(await queue.job(job_id), -1)
    async with Queue(redis_url) as without:
        assert await BucketKeeper(without).run_once() == ORPHANS_EVERY_S

    assert not raw.exists(keys.OBJECT_BYTES, keys.OBJECT_ENDS, keys.OBJECT_SHOWN)
