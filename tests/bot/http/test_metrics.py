"""`/metrics`: what Prometheus reads, checked by Prometheus's own parser."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from loopback.fleet import until
from loopback.played_worker import ABOUT, PlayedWorker
from zosma_bot.http.app import make_app, serve
from zosma_bot.metrics import Metrics
from zosma_queue import calls, keys
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Checkpoint, WorkerState
from zosma_queue.request import parse_request
from zosma_queue.scripts import call
from zosma_queue.tasks import end

ANN = Sender(owner="discord:1/2", group="discord:1")
STRANGE = 'dre"am\\x{a="b"} 1'
ABOUT_STRANGE = ABOUT.model_copy(update={"checkpoints": (Checkpoint(name=STRANGE, title=STRANGE),)})
KEYS = {"a-long-secret-of-ann": "ann"}


async def read(url, **options):
    """(status, name and labels → value) of the page."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics", **options) as answer:
        text = await answer.text()
        if answer.status != 200:
            return answer.status, {}
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
    samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name, *sorted(sample.labels.items())] = sample.value
    return 200, samples


@pytest.fixture(name="metrics")
async def _metrics(queue, hub):
    """At work, beside a hub that hears."""
    metrics = Metrics(queue, hub)
    running = asyncio.create_task(metrics.run())
    yield metrics
    await end(running)


@pytest.fixture(name="page")
async def _page(queue, hub, metrics):
    async with serve(make_app(queue, hub, {}, metrics=metrics), "127.0.0.1", 0) as url:
        yield url


async def test_the_queue_as_it_stands(page, queue, worker):
    for number in range(3):
        await queue.submit(parse_request({"prompt": "a cat", "seed": number}), ANN)
    await worker.take()

    _, found = await read(page)

    assert found["zosma_redis_up",] == 1
    assert found["zosma_jobs", ("state", "waiting")] == 2
    assert found["zosma_jobs", ("state", "running")] == 1
    assert found["zosma_jobs_by_lane", ("lane", "fast"), ("state", "waiting")] == 2
    assert found["zosma_jobs_by_checkpoint", ("checkpoint", ""), ("state", "waiting")] == 2
    assert found["zosma_workers", ("state", "busy"), ("trust", "trusted")] == 1
    assert found["zosma_oldest_wait_seconds",] >= 0
    assert found["process_resident_memory_bytes",] > 10_000_000


async def test_a_job_that_has_ended_is_measured_once(page, queue, worker, metrics):
    await queue.submit(parse_request({"prompt": "a cat"}), ANN)
    await worker.finish(await worker.take())

    async def seen():
        found = (await read(page))[1]
        return found if ("zosma_job_seconds_count", ("outcome", "done")) in found else None

    found = await until(seen)
    for name in ("zosma_job_seconds_count", "zosma_job_wait_seconds_count", "zosma_job_run_seconds_count"):
        assert found[name, ("outcome", "done")] == 1
    assert found["zosma_done_total",] == 1


async def test_the_event_loop_s_lag_is_seen(page, metrics):
    async def seen():
        return (await read(page))[1]["zosma_event_loop_lag_seconds_count",] >= 1

    await until(seen)


async def test_names_that_workers_make_up_stay_one_label(page, queue, worker, raw):
    call(raw, calls.beat(worker.name, WorkerState.READY, loaded="dream", pixels=2**24, about=ABOUT_STRANGE))
    await queue.submit(parse_request({"prompt": "a cat", "checkpoint": STRANGE}), ANN)

    _, found = await read(page)

    assert found["zosma_jobs_by_checkpoint", ("checkpoint", STRANGE), ("state", "waiting")] == 1


@pytest.mark.parametrize("junk", [b"many", b"\xff", b"nan", b"", b"9" * 400])
async def test_counters_that_are_none_are_left_out_and_the_page_stays(junk, page, queue, worker, raw):
    for key in (keys.STATS, keys.ACCURACY, keys.DEPTH):
        for field in (b"done", b"bias", b"\xff", b"fast|x"):
            raw.hset(key, field, junk)

    status, found = await read(page)

    assert status == 200
    assert found["zosma_forecast_bias",] == 1.0


async def test_while_redis_is_away_the_page_says_so_and_keeps_the_process_s_own(hub):
    async with (
        Queue("redis://127.0.0.1:1/0") as away,
        serve(make_app(away, hub, {}, metrics=Metrics(away, hub)), "127.0.0.1", 0) as url,
    ):
        _, found = await read(url)

    assert found["zosma_redis_up",] == 0
    assert ("zosma_jobs", ("state", "waiting")) not in found
    assert ("zosma_event_loop_lag_seconds_count",) in found


async def test_with_keys_it_is_no_more_open_than_the_rest(queue, hub):
    async with serve(make_app(queue, hub, KEYS), "127.0.0.1", 0) as url:
        assert (await read(url))[0] == 401
        status, _ = await read(url, headers={"Authorization": "Bearer a-long-secret-of-ann"})
    assert status == 200


async def test_scripts_are_timed_by_verb_and_busy_gpus_counted(page, queue, worker, redis_url):
    async with PlayedWorker(redis_url, "gpu/other"):
        await queue.submit(parse_request({"prompt": "a cat"}), ANN)
        await worker.take()
        _, found = await read(page)

    assert found["zosma_script_seconds_count", ("verb", "enqueue")] == 1
    assert 0 < found["zosma_script_seconds_sum", ("verb", "enqueue")] < 5
    assert found["zosma_gpu_busy_share",] == 0.5


async def test_discords_answers_are_counted_by_what_they_were_for(page, metrics):
    metrics.note_discord("result", 200, "")
    metrics.note_discord("progress", 429, "shared")
    _, found = await read(page)

    assert found["zosma_discord_requests_total", ("priority", "result"), ("status", "200")] == 1
    assert found["zosma_discord_requests_total", ("priority", "progress"), ("status", "429")] == 1
    assert found["zosma_discord_rate_limited_total", ("scope", "shared")] == 1


async def test_loads_of_checkpoints_are_measured_and_jobs_without_one_are_not(page, queue, worker, metrics):
    for checkpoint in ("dream", "anime"):  # the worker has dream loaded
        await queue.submit(parse_request({"prompt": "a cat", "checkpoint": checkpoint}), ANN)
        worker.gpu_seconds = 9.0 if checkpoint == "anime" else 1.5
        await worker.finish(await worker.take())

    async def seen():
        found = (await read(page))[1]
        return found if found.get(("zosma_job_seconds_count", ("outcome", "done"))) == 2 else None

    found = await until(seen)
    assert found["zosma_checkpoint_load_seconds_count",] == 1
    assert 1 < found["zosma_checkpoint_load_seconds_sum",] < 9


async def test_faults_are_counted_by_kind_for_good(page, queue, worker, raw):
    await queue.submit(parse_request({"prompt": "a cat"}), ANN)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY, "CUDA out of memory"))
    raw.hset(keys.STATS, "fault:made-up", 7)

    _, found = await read(page)

    assert found["zosma_faults_total", ("kind", "oom")] == 1
    assert found["zosma_faults_total", ("kind", "webui-hung")] == 0
    assert ("zosma_faults_total", ("kind", "made-up")) not in found


async def test_deliveries_are_counted_by_their_way(page, queue, worker):
    asking = asyncio.create_task(generated(page))
    await worker.finish(await worker.take())
    assert await asking == 200

    _, found = await read(page)
    assert found["zosma_deliveries_total", ("route", "sdapi")] == 1


async def generated(page):
    async with aiohttp.request("POST", f"{page}/sdapi/v1/txt2img", json={"prompt": "a cat"}) as answer:
        return answer.status
