"""Pictures to start from take Redis's memory: whoever may not submit leaves none there, and nobody fills it."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import aiohttp
import pytest

from loopback.played_worker import png
from zosma_bot import inputs
from zosma_bot.http.app import make_app, serve
from zosma_queue import calls, client, keys
from zosma_queue.job import State
from zosma_queue.needs import Needs

JOBS = "/api/v1/jobs"
IMG2IMG = "/sdapi/v1/img2img"
UPSCALE = "/sdapi/v1/extra-single-image"
ANN = {"Authorization": "Bearer ann-key"}
BOB = {"Authorization": "Bearer bob-key"}


def sent(seed=1):
    return b64encode(png(seed, (256, 256))).decode()


async def call(http, path, body, **headers):
    async with http.post(path, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def stored(raw):
    return list(raw.scan_iter(keys.picture_input("*")))


async def queued(queue, job_id, image):
    """A job that starts from a stored picture."""
    new = calls.NewJob(id=job_id, message=b"-", owner="ann", group="g", needs=Needs((), 1, None), cost=1.0,
                       delay_ms=1000, inputs=(image,))  # fmt: skip
    assert (await queue._run(calls.enqueue(new))).answer == "delayed"


def nothing_is_left(raw):
    return not stored(raw) and not any(raw.exists(key) for key in (keys.INPUTS, keys.INPUT_NOTES, keys.INPUT_BYTES))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, lambda: {"prompt": "a", "img2img": {"image": sent(), "mask": sent()}}),
        (IMG2IMG, lambda: {"prompt": "a", "init_images": [sent()], "mask": sent()}),
        (UPSCALE, lambda: {"image": sent()}),
    ],
)
async def test_a_caller_at_the_limit_leaves_nothing_and_nobody_looks_at_the_pictures(
    http, queue, worker, raw, path, body, monkeypatch
):
    await queue.admin.set_policy("root", "default", {"waiting": 1})
    assert (await call(http, JOBS, {"prompt": "a"}))[0] == 202
    monkeypatch.setattr(inputs, "read_picture", lambda *_: pytest.fail("a refused request's picture was decoded"))
    for _ in range(30):
        status, refused = await call(http, path, body())
        assert (status, refused["error"]) == (429, "LimitReached")

    assert nothing_is_left(raw)


async def test_what_is_refused_after_its_picture_was_stored_is_deleted_with_it(queue, worker, raw, hub, monkeypatch):
    """Two requests at once for one free place: both are told yes first, and one is refused in the end."""
    await queue.admin.set_policy("root", "default", {"waiting": 1})
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        body = {"prompt": "a", "img2img": {"image": sent()}}
        found = await asyncio.gather(*(call(http, JOBS, body) for _ in range(8)))

    assert sorted(status for status, _ in found) == [202] + [429] * 7
    assert len(stored(raw)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "a", "steps": 0, "img2img": {"image": "x"}},
        {"prompt": "a", "sampler": "nobody's", "img2img": {"image": "x"}},
        {"prompt": "a", "img2img": {"image": sent(), "mask": "no picture"}},
        {"upscale": {"image": sent(), "upscaling_resize": 99}},
    ],
)
async def test_a_wrong_request_leaves_nothing(http, worker, raw, body):
    assert (await call(http, JOBS, body))[0] == 422
    assert nothing_is_left(raw)


async def test_the_second_of_two_pictures_that_finds_no_room_takes_the_first_with_it(http, worker, raw, monkeypatch):
    monkeypatch.setattr(client, "INPUTS_MAX_BYTES", len(png(1, (256, 256))) * 3 // 2)
    status, refused = await call(http, JOBS, {"prompt": "a", "img2img": {"image": sent(), "mask": sent()}})

    assert (status, refused["error"]) == (429, "LimitReached")
    assert "pictures stored" in refused["detail"]
    assert nothing_is_left(raw)


async def test_an_owner_may_have_so_many_bytes_stored_for_open_jobs_and_others_notice_nothing(
    guarded, worker, raw, monkeypatch
):
    monkeypatch.setattr(client, "INPUTS_MAX_BYTES", len(png(1, (256, 256))) * 3)
    body = {"prompt": "a", "img2img": {"image": sent()}}
    found = [(await call(guarded, JOBS, body, **ANN))[0] for _ in range(5)]

    assert found == [202, 202, 202, 429, 429]
    assert (await call(guarded, JOBS, body, **BOB))[0] == 202
    await worker.finish(await worker.take())  # of the four, one of ann's or bob's
    await worker.finish(await worker.take())
    assert (await call(guarded, JOBS, body, **ANN))[0] == 202  # what an ended job needed makes room
    assert len(stored(raw)) == 4


async def test_all_together_have_a_bound_too(guarded, worker, raw, monkeypatch):
    monkeypatch.setattr(client, "INPUTS_OF_ALL_MAX_BYTES", len(png(1, (256, 256))) * 2)
    body = {"prompt": "a", "img2img": {"image": sent()}}

    found = [(await call(guarded, JOBS, body, **who))[0] for who in (ANN, BOB, BOB, ANN)]
    assert found == [202, 202, 429, 429]


async def test_a_quarter_of_what_redis_may_use_is_the_most(queue, raw):
    used = raw.info("memory")["used_memory"]
    raw.config_set("maxmemory", 8 * used)
    try:
        bounds = {"ttl_ms": 1000, "most": 10**12, "most_of_all": 10**12}
        assert await queue._run(calls.reserve("first", "ann", used + 1, **bounds)) is calls.Room.OK
        assert await queue._run(calls.reserve("second", "bob", used + 1, **bounds)) is calls.Room.ALL
    finally:
        raw.config_set("maxmemory", 0)


async def test_the_same_idempotency_key_stores_its_picture_once(http, worker, raw):
    body = {"prompt": "a", "img2img": {"image": sent()}}
    found = [await call(http, JOBS, body, **{"Idempotency-Key": "once"}) for _ in range(3)]

    assert [status for status, _ in found] == [202] * 3
    assert len(stored(raw)) == 1


async def test_a_picture_whose_time_is_over_counts_no_more(queue, raw, worker, monkeypatch):
    monkeypatch.setattr(client, "INPUTS_MAX_BYTES", 10)
    await queue.keep_input(b"12345678", "ann")
    later = raw.time()[0] * 1000 + client.INPUT_UNUSED_TTL_S * 1000 + 5_000
    room = await queue._run(calls.reserve("b" * 20, "ann", 8, ttl_ms=1000, most=10, most_of_all=10**9, now_ms=later))

    assert room is calls.Room.OK
    assert raw.hgetall(keys.INPUT_BYTES) == {b"ann": b"8", b"": b"8"}


async def test_a_picture_that_two_jobs_need_stays_for_the_second(queue, raw, worker):
    image = await queue.keep_input(b"12345678", "ann")
    for job in ("first", "second"):
        await queued(queue, job, image)
    await queue._run(calls.let_go("second", [image]))
    assert raw.exists(keys.picture_input(image))
    await queue._run(calls.let_go("first", [image]))
    assert nothing_is_left(raw)


DAY_MS = 24 * 3600 * 1000


async def test_the_picture_of_a_job_that_is_put_off_lives_as_long_as_the_job(http, worker, queue, raw):
    status, _ = await call(http, JOBS, {"prompt": "a", "img2img": {"image": sent()}, "delay_s": 20 * 24 * 3600})
    (image,) = stored(raw)

    assert status == 202
    assert raw.pttl(image) > 20 * DAY_MS


async def test_the_picture_of_a_job_that_waits_for_days_is_kept_and_that_of_an_ended_one_is_not(
    http, worker, queue, raw
):
    for prompt in ("waits", "ended"):
        await call(http, JOBS, {"prompt": prompt, "img2img": {"image": sent()}})
    jobs = {job.request.prompt: job for job in await queue.admin.jobs(State.WAITING)}
    await queue.cancel(jobs["ended"].id)
    ttls = {}
    for image in stored(raw):
        raw.pexpire(image, 3_600_000)
        raw.zadd(keys.INPUTS, {image.decode().rpartition(":")[2]: raw.time()[0] * 1000 + 3_600_000})

    assert await queue.prolong_inputs() == 1
    for name, job in jobs.items():
        ttls[name] = raw.pttl(keys.picture_input(job.request.inputs[0]))
    assert ttls["waits"] > 23 * 3_600_000
    assert ttls["ended"] <= 3_600_000
    assert await queue.prolong_inputs() == 0


async def test_a_picture_of_many_jobs_forgets_the_ended_ones_first(queue, raw, worker):
    image = await queue.keep_input(b"12345678", "ann")
    await queued(queue, "open", image)
    for number in range(60):
        await queued(queue, f"forgotten-{number}", image)
        raw.delete(keys.job(f"forgotten-{number}"))

    assert await queue._run(calls.prolong(within_ms=2 * DAY_MS, ttl_ms=DAY_MS)) == 1
