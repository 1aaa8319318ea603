"""The asyncio client against a bot: submit, follow, fetch; lines that break, and answers that say no."""

from __future__ import annotations

import asyncio
import datetime
import functools
import gc
import ssl
from base64 import b64encode
from pathlib import Path

import aiohttp
import pytest
import trustme
from PIL import Image

from loopback.http_side import HttpSide
from loopback.lossy_proxy import LossyProxy
from loopback.played_worker import png
from zosma import (
    AsyncClient,
    ConflictError,
    ForbiddenError,
    JobCancelledError,
    JobFailedError,
    LimitError,
    NotFoundError,
    NoWorkerError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
)
from zosma.patience import Patience
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls
from zosma_queue.errors import ErrorKind

SMALL = {"width": 64, "height": 64, "steps": 4}


async def made(worker):
    """Plays one job from its beginning to its end, with a preview."""
    leased = await worker.take()
    await worker.progress(leased, 0.5, preview=png(1))
    await worker.finish(leased)
    return leased


def in_time(test):
    """A stream that tells nothing more fails its test, instead of being waited for without end."""

    @functools.wraps(test)
    async def timed(*arguments, **fixtures):
        async with asyncio.timeout(30):
            await test(*arguments, **fixtures)

    return timed


async def follow(job, at_first):
    """Follows a job to its end; does something at the first update."""
    begun = False
    async for _ in job:
        if not begun:
            begun = True
            await at_first()


@in_time
async def test_the_three_lines(zosma, worker, tmp_path):
    making = asyncio.create_task(made(worker))

    job = await zosma.submit("a lighthouse at dusk", seed=7, count=2, **SMALL)
    updates = [update async for update in job]
    pictures = await job.pictures()

    await making
    assert updates[-1].kind == "end"
    assert [update.state for update in updates][-1] == "done"
    assert [(picture.seed, picture.format, picture.width) for picture in pictures] == [(7, "png", 64), (8, "png", 64)]
    saved = pictures[0].save(tmp_path)
    assert saved.name == f"{job.id}-0-7.png"
    assert saved.read_bytes() == pictures[0].data
    assert pictures[1].save(tmp_path / "second").name == "second.png"
    with pictures[1].to_pil() as image:
        assert image.size == (64, 64)
    assert "Seed: 8" in pictures[1].parameters
    assert job.result
    assert job.result.gpu_seconds == 1.5


@in_time
async def test_updates_tell_the_whole_way(zosma, worker):
    first = await zosma.submit("a cat", **SMALL)
    job = await zosma.submit("a dog", **SMALL)
    kinds, told = [], []
    leased = await worker.take()
    async for update in job:
        kinds.append(update.kind)
        if update.position == 1 and leased and leased.id == first.id:
            await worker.finish(leased)
            leased = await worker.take()
            await worker.progress(leased, 0.25, preview=png(3))
        if update.kind == "preview":
            assert await job.preview() == png(3)
            assert update.preview_url
            await worker.finish(leased)
        told.append((update.state, update.progress, update.ends_in_s))

    assert ("running", 0.25, 1.0) in told
    assert kinds[0] == "state"
    assert "preview" in kinds
    assert kinds[-1] == "end"
    assert job.ended
    assert await job.preview() is None


async def test_a_job_that_has_ended_tells_its_end_alone(zosma, worker):
    job = await zosma.submit("a cat", **SMALL)
    await made(worker)
    await job.wait()

    assert [update.kind async for update in job] == ["end"]
    again = await zosma.job(job.id)
    assert [update.kind async for update in again] == ["end"]


@in_time
async def test_a_stream_goes_on_when_the_bot_is_started_anew_in_its_middle(zosma, bot, worker):
    job = await zosma.submit("a cat", **SMALL)
    leased = await worker.take()
    seen = []
    async for update in job:
        seen.append((update.kind, update.progress))
        if update.state == "running" and len(seen) < 4 and update.kind == "state":
            await bot.stop()
            await worker.progress(leased, 0.75)
            await bot.start()
        if update.progress == 0.75:
            await worker.finish(leased)

    assert seen[-1] == ("end", 1.0)
    assert len(seen) == len(set(seen)), "nothing is told twice"


@in_time
async def test_what_ended_while_the_bot_was_away_is_told(zosma, bot, worker):
    job = await zosma.submit("a cat", **SMALL)
    leased = await worker.take()
    kinds = []
    async for update in job:
        kinds.append(update.kind)
        if update.state == "running":
            await bot.stop()
            await worker.finish(leased)
            await bot.start()

    assert kinds[-1] == "end"
    assert len(await job.pictures()) == 1


@in_time
async def test_all_jobs_are_followed_over_a_line_that_breaks(bot, worker):
    async with LossyProxy(bot.url) as proxy, AsyncClient(proxy.url) as zosma:
        jobs = [await zosma.submit("a cat", **SMALL)]
        leased = await worker.take()
        ended = []
        async for update in zosma.events():
            if update.job.id == leased.id and not ended:
                await worker.finish(leased)
            if update.kind != "end":
                continue
            ended.append(update.job.id)
            if len(ended) == 2:
                break
            jobs.append(await zosma.submit("a dog", **SMALL))
            leased = await worker.take()
            proxy.cut()
            await worker.finish(leased)
        assert ended == [job.id for job in jobs]


async def test_a_server_that_stays_away_is_an_error_after_a_while(bot, worker):
    async with AsyncClient(bot.url, retry_for_s=0.3) as zosma:
        job = await zosma.submit("a cat", **SMALL)
        with pytest.raises(UnreachableError, match="can't be reached"):
            await follow(job, bot.stop)
        await bot.start()


@in_time
async def test_a_line_that_breaks_after_a_long_silence_is_taken_up_all_the_same(bot, worker, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("zosma.aio.Patience", functools.partial(Patience, clock=lambda: now))
    async with LossyProxy(bot.url) as proxy, AsyncClient(proxy.url, retry_for_s=10) as zosma:
        job = await zosma.submit("a cat", **SMALL)
        leased = await worker.take()
        kinds = []
        async for update in job:
            kinds.append(update.kind)
            if len(kinds) == 1:
                now += 3600
                proxy.cut()
                await worker.finish(leased)
        assert kinds[-1] == "end"


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_answer_to_a_submit_makes_no_second_job(bot, worker, lost):
    async with LossyProxy(bot.url) as proxy, AsyncClient(proxy.url) as zosma:
        proxy.losing = lost
        job = await zosma.submit("a cat", **SMALL)

        assert proxy.lost == lost
        assert [one.id async for one in zosma.jobs()] == [job.id]


async def test_without_trying_again_a_lost_answer_is_an_error_that_says_it_may_have_been_heard(bot, worker):
    async with LossyProxy(bot.url) as proxy, AsyncClient(proxy.url, retry_for_s=0) as zosma:
        proxy.losing = 1
        with pytest.raises(UnreachableError) as lost:
            await zosma.submit("a cat", idempotency_key="my own", **SMALL)
        assert lost.value.sent
        job = await zosma.submit("a cat", idempotency_key="my own", **SMALL)
        assert [one.id async for one in zosma.jobs()] == [job.id]


async def test_where_nobody_has_ever_listened_it_is_said_at_once():
    async with AsyncClient(f"http://127.0.0.1:{free_port()}") as zosma, asyncio.timeout(10):
        with pytest.raises(UnreachableError) as refused:
            await zosma.submit("a cat")
    assert not refused.value.sent


async def test_where_somebody_has_listened_they_are_waited_for(zosma, bot, worker):
    await zosma.queue()
    await bot.stop()
    submitting = asyncio.create_task(zosma.submit("a cat", **SMALL))
    done, _ = await asyncio.wait({submitting}, timeout=0.2)
    assert not done
    await bot.start()
    assert (await submitting).state == "waiting"


async def test_a_key_may_be_of_any_script(redis_url, worker):
    side = HttpSide(redis_url, {"Sésam öffne dich 開けゴマ": "ann"})
    await side.start()
    async with AsyncClient(side.url, key="Sésam öffne dich 開けゴマ") as zosma:
        assert (await zosma.queue()).waiting == 0
    await side.stop()


async def test_a_certificate_that_nobody_vouches_for_is_said_at_once(tmp_path):
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with AsyncClient(url) as zosma, asyncio.timeout(10):
        with pytest.raises(UnreadableAnswerError, match="is not trusted"):
            await zosma.queue()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with AsyncClient(url, verify=trusting, retry_for_s=0) as zosma:
        with pytest.raises(UnreachableError):  # it hangs up, but it was believed
            await zosma.queue()
    server.close()
    await server.wait_closed()


async def test_what_changes_something_is_sent_once_alone(bot):
    async with LossyProxy(bot.url) as proxy, AsyncClient(proxy.url) as zosma:
        proxy.losing = 5
        with pytest.raises(UnreachableError):
            await zosma.request("POST", "/api/v1/admin/purge", {})
        assert proxy.lost == 1


async def test_a_wrong_key_and_none(guarded):
    for key in ("wrong", ""):
        async with AsyncClient(guarded.url, key=key) as zosma:
            with pytest.raises(UnauthorizedError) as refused:
                await zosma.queue()
        assert refused.value.status == 401


async def test_a_key_is_for_its_holder(guarded, worker):
    async with (
        AsyncClient(guarded.url, key="ann's long key") as ann,
        AsyncClient(guarded.url, key="bob's long key") as bob,
    ):
        job = await ann.submit("a cat", **SMALL)
        with pytest.raises(NotFoundError):
            await bob.job(job.id)
        with pytest.raises(ForbiddenError) as refused:
            await bob.request("GET", "/api/v1/admin/stats")
        assert (refused.value.status, "no scope 'admin'" in str(refused.value)) == (403, True)
        made_for_reading = await ann.request("POST", "/api/v1/admin/keys", {"name": "reader", "scopes": ["read"]})
        assert [one async for one in bob.jobs()] == []
        async with AsyncClient(guarded.url, key=made_for_reading["key"]) as reader:
            with pytest.raises(ForbiddenError, match="no scope 'submit'"):
                await reader.submit("a cat")
            assert (await reader.queue()).waiting == 1


@in_time
async def test_a_stream_whose_key_is_taken_away_ends_as_unauthorized(guarded, worker):
    async with AsyncClient(guarded.url, key="ann's long key") as ann:
        key = (await ann.request("POST", "/api/v1/admin/keys", {"name": "website"}))["key"]
        async with AsyncClient(guarded.url, key=key) as website:
            job = await website.submit("a cat", **SMALL)
            with pytest.raises(UnauthorizedError):
                await follow(job, lambda: ann.request("DELETE", "/api/v1/admin/keys/website"))


async def test_a_limit_says_when_to_come_again(zosma, worker):
    await zosma.request("PUT", "/api/v1/admin/limits/default", {"waiting": 1})
    await zosma.submit("a cat", **SMALL)
    with pytest.raises(LimitError) as refused:
        await zosma.submit("a dog", **SMALL)

    assert (refused.value.status, refused.value.code) == (429, "limit-waiting")
    assert refused.value.retry_after_s
    assert refused.value.retry_after_s >= 1


async def test_no_gpu_is_told_at_once_and_not_waited_for(zosma):
    with pytest.raises(NoWorkerError) as refused:
        await zosma.submit("a cat")

    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "no-worker", 10.0)
    assert isinstance(refused.value, UnavailableError)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"width": 9}, "width"),
        ({"sampler": "Euler b"}, "sampler"),
        ({"hires": {"scale": 99.0}}, "hires.scale"),
        ({"prompt": ""}, "prompt"),
        ({"delay_s": -1.0}, "delay_s"),
        ({"img2img": {"image": "no base64"}}, "img2img.image"),
        ({"img2img": {"image": b"no picture"}}, "img2img.image"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_field_is_named(zosma, worker, fields, field):
    with pytest.raises(RefusedError) as refused:
        await zosma.submit(**{"prompt": "a cat", **fields})

    assert (refused.value.status, refused.value.field) == (422, field)
    assert refused.value.code
    assert str(refused.value) == refused.value.detail


async def test_a_queue_that_is_away_is_waited_for(tmp_path):
    server = PrivateValkey(tmp_path)
    server.start()
    bot = HttpSide(server.url)
    await bot.start()
    async with AsyncClient(bot.url, retry_for_s=0) as hasty, AsyncClient(bot.url, retry_for_s=60) as patient:
        assert (await patient.queue()).waiting == 0
        server.kill()
        with pytest.raises(UnavailableError) as refused:
            await hasty.queue()
        assert refused.value.status == 503
        asked = asyncio.create_task(patient.queue())
        await asyncio.sleep(0)
        server.start()
        assert (await asked).waiting == 0
    await bot.stop()
    server.stop()


async def test_a_failed_job_has_no_pictures_but_a_reason(zosma, worker):
    job = await zosma.submit("a cat", **SMALL)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY, "the GPU ran out of memory"))
    with pytest.raises(JobFailedError, match="the GPU ran out of memory") as failed:
        await job.pictures()

    assert (failed.value.kind, failed.value.job.state) == ("oom", "failed")
    assert job.error
    assert job.error.kind == "oom"


async def test_cancelling(zosma, worker):
    job = await zosma.submit("a cat", **SMALL)
    assert await job.cancel() == "cancelled"
    with pytest.raises(JobCancelledError):
        await job.pictures()
    running = await zosma.submit("a dog", **SMALL)
    await made(worker)
    await running.wait()
    with pytest.raises(ConflictError) as refused:
        await running.cancel()
    assert refused.value.code == "ended"


async def test_a_retry_is_a_new_job_for_the_same(zosma, worker):
    job = await zosma.submit("a cat", seed=5, **SMALL)
    with pytest.raises(ConflictError):
        await job.retry()
    await job.cancel()
    again = await job.retry()

    assert again.id != job.id
    assert again.view.request
    assert again.view.request["seed"] == 5


async def test_waiting_has_an_end_of_its_own(zosma, worker):
    job = await zosma.submit("a cat", **SMALL)
    with pytest.raises(TimeoutError):
        await job.wait(0.05)
    with pytest.raises(TimeoutError):
        await job.pictures(timeout=0.05)

    assert (await job.refresh()).state == "waiting"


async def test_jobs_are_listed_over_all_pages(zosma, worker):
    ids = [(await zosma.submit(f"cat {number}", **SMALL)).id for number in range(5)]
    await (await zosma.job(ids[1])).cancel()

    assert [job.id async for job in zosma.jobs(page_size=2)] == ids[::-1]
    assert [job.id async for job in zosma.jobs("cancelled")] == [ids[1]]
    assert {job.id async for job in zosma.jobs(["waiting", "cancelled"], page_size=1)} == set(ids)
    with pytest.raises(RefusedError, match="state"):
        _ = [job async for job in zosma.jobs("odd")]


@pytest.mark.parametrize("given", ["bytes", "path", "pil", "picture", "base64"])
async def test_a_picture_to_start_from_may_be_given_in_many_ways(zosma, worker, tmp_path, given):
    first = await zosma.submit("a cat", **SMALL)
    await made(worker)
    [picture] = await first.pictures()
    path = tmp_path / "cat.png"
    path.write_bytes(picture.data)
    with Image.open(path) as image:
        ways = {
            "bytes": picture.data, "path": path, "pil": image, "picture": picture,
            "base64": b64encode(picture.data).decode(),
        }  # fmt: skip
        job = await zosma.submit("a dog", img2img={"image": ways[given], "denoising_strength": 0.5}, **SMALL)

    assert job.view.request
    assert job.view.request["img2img"]["denoising_strength"] == 0.5


async def test_what_is_no_picture_to_start_from_is_said_before_anything_is_sent(zosma):
    with pytest.raises(TypeError, match=r"img2img\.image is a int"):
        await zosma.submit("a cat", img2img={"image": 5})
    with pytest.raises(FileNotFoundError):
        await zosma.submit("a cat", img2img={"image": Path("/nowhere/cat.png")})


async def test_an_upscale_needs_no_prompt(zosma, worker):
    job = await zosma.submit(upscale={"image": png(3), "upscaling_resize": 2.0})

    assert job.view.request
    assert job.view.request["upscale"]["upscaling_resize"] == 2.0


async def test_a_job_may_be_put_off(zosma, worker):
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    jobs = [
        await zosma.submit("a cat", delay_s=3600, **SMALL), await zosma.submit("a cat", not_before=later, **SMALL)
    ]  # fmt: skip

    assert [job.state for job in jobs] == ["delayed", "delayed"]


async def test_pictures_come_smaller_and_in_other_formats(zosma, worker):
    job = await zosma.submit("a cat", width=256, height=128, steps=4)
    await made(worker)
    [small] = await job.pictures(size=64, format="webp")

    assert (small.format, small.suffix) == ("webp", ".webp")
    with small.to_pil() as image:
        assert (image.format, image.size) == ("WEBP", (64, 32))


async def test_pictures_that_are_gone_are_said(zosma, worker, raw):
    job = await zosma.submit("a cat", **SMALL)
    await made(worker)
    await job.wait()
    for key in raw.scan_iter("*image*"):
        raw.delete(key)
    with pytest.raises(NotFoundError, match="no longer stored"):
        await job.pictures()


async def test_what_there_is_and_what_it_costs(zosma, worker):
    catalogue, workers, queue = await zosma.catalogue(), await zosma.workers(), await zosma.queue()
    estimate = await zosma.estimate("a cat", **SMALL)
    refused = await zosma.estimate("a cat", checkpoint="nosuch")

    assert [one.name for one in catalogue.checkpoints] == ["dream", "anime"]
    assert (catalogue.samplers, catalogue.schedulers[0].label) == (["DPM++ 2M", "Euler a"], "Karras")
    assert [(one.state, one.checkpoint) for one in workers] == [("ready", "dream")]
    assert (queue.waiting, queue.paused) == (0, [])
    assert estimate.refused is None
    assert estimate.workers == [workers[0].name]
    assert estimate.cost_s
    assert estimate.cost_s > 0
    assert refused.refused
    assert refused.refused.field == "checkpoint"


async def test_what_is_no_zosma_server_is_said(redis_url):
    async def hello(_):
        return aiohttp.web.Response(text="<h1>hello</h1>", content_type="text/html")

    app = aiohttp.web.Application()
    app.router.add_route("*", "/{path:.*}", hello)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with AsyncClient(f"http://127.0.0.1:{runner.addresses[0][1]}") as zosma:
        with pytest.raises(UnreadableAnswerError, match="Zosma server"):
            await zosma.queue()
    await runner.cleanup()


@in_time
async def test_whoever_stops_listening_leaves_no_line_open(zosma, bot, worker, caplog):
    job = await zosma.submit("a cat", **SMALL)
    async for _ in job:
        break
    gc.collect()
    await asyncio.sleep(0)

    assert (await job.refresh()).state == "waiting"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_twenty_jobs_are_followed_at_once_by_one_client(zosma, worker):
    jobs = [await zosma.submit(f"cat {number}", **SMALL) for number in range(20)]
    waiting = [asyncio.create_task(job.pictures()) for job in jobs]
    for _ in jobs:
        await worker.finish(await worker.take())

    assert [len(pictures) for pictures in await asyncio.gather(*waiting)] == [1] * 20


def test_neither_key_nor_pictures_are_shown_by_repr():
    client = AsyncClient("http://127.0.0.1:1", key="a-secret")
    assert "a-secret" not in repr(client) + repr(client._connection)


@pytest.mark.parametrize("server", ["127.0.0.1:1324", "ftp://x", "http://", "http://user:key@host", "http://h/?a=b"])
def test_a_wrong_address_is_said_at_once(server):
    with pytest.raises(ValueError, match="it must look like"):
        AsyncClient(server)


def test_address_and_key_may_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("ZOSMA_SERVER", "http://gpu.lan:1324/")
    monkeypatch.setenv("ZOSMA_API_KEY", "a-secret")
    client = AsyncClient()

    assert client.server == "http://gpu.lan:1324"
    assert client._connection.headers[b"Authorization"] == b"Bearer a-secret"
    assert b"Authorization" not in AsyncClient(key="")._connection.headers
    with pytest.raises(ValueError, match="no key has"):
        AsyncClient(key="a\nsecret")
