"""A WebUI that can't be used: the worker stays, takes nothing, and says why."""

from __future__ import annotations

import asyncio
import logging

import pytest
import redis
from aiohttp import web
from pydantic import SecretStr

from loopback.fleet import until
from loopback.webui import Hold, ScriptedWebUI, crash, status, with_special
from zosma_queue import keys
from zosma_queue.errors import NoWorkerError
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker import pace
from zosma_worker.circuit_breaker import Pauses
from zosma_worker.settings import Address
from zosma_worker.slot import run_slot
from zosma_worker.timeouts import Timeouts


async def test_a_worker_joins_within_five_seconds_without_any_word_to_the_bot(webui, join, ann, caplog):
    caplog.set_level(logging.INFO)

    await join(webui)

    assert (await ann.worker(WorkerState.READY, timeout=5)).about.webui == webui.url
    assert f"{webui.url}: a1111 (version not told), 2 checkpoints (dream, anime), 2 samplers" in caplog.text


async def test_a_webui_that_is_not_there_is_waited_for(webui, join, ann):
    await webui.stop()
    away = await join(webui, state=WorkerState.AWAY)

    assert away.about is None

    async def told():
        return "Connection refused: start the WebUI, or check SD_API_HOST" in (await ann.queue.workers())[0].reason

    await until(told)
    with pytest.raises(NoWorkerError):
        await ann.asks()
    await webui.start()
    await ann.worker(WorkerState.READY)
    assert (await ann.gets(await ann.asks())).state is State.DONE
    assert webui.canaries == []


@pytest.mark.parametrize(
    ("path", "code", "body", "reason"),
    [
        ("/sdapi/v1/sd-models", 404, {"detail": "Not Found"}, "start the WebUI with --api"),
        ("/sdapi/v1/sd-models", 200, [], "has no checkpoint"),
        ("/sdapi/v1/sd-models", 200, {"hello": "world"}, "is not a Stable Diffusion WebUI"),
    ],
)
async def test_a_webui_that_can_t_be_used_is_shown_with_its_reason(path, code, body, reason, join, ann):
    async with with_special(path, code, body) as webui:
        await join(webui, state=WorkerState.AWAY)

        async def told():
            return reason in ((await ann.queue.workers())[0].reason or "")

        assert await until(told)


async def test_a_webui_with_a_certificate_that_is_asked_without_https_is_shown_with_the_fix(join, ann):
    async with with_special("/sdapi/v1/options", 200) as webui:

        async def hangs_up(request):
            request.transport.abort()
            return web.Response()

        webui.special["/sdapi/v1/options"] = hangs_up
        await join(webui, state=WorkerState.AWAY)

        async def told():
            return "write https:// there" in ((await ann.queue.workers())[0].reason or "")

        assert await until(told)


async def test_a_wrong_login_is_shown_without_it(join, ann):
    async with ScriptedWebUI(auth="ann:right") as webui:
        await join(Address(webui.url, SecretStr("ann:hunter2")), state=WorkerState.AWAY)

        async def told():
            return "SD_API_AUTH" in ((await ann.queue.workers())[0].reason or "")

        assert await until(told)
        assert "hunter2" not in (await ann.queue.workers())[0].reason


async def test_a_webui_that_goes_between_two_jobs_is_noticed(webui, join, ann):
    await join(webui)

    await webui.stop()

    away = await ann.worker(WorkerState.AWAY)
    assert "doesn't answer" in away.reason
    assert away.about is not None
    with pytest.raises(NoWorkerError):
        await ann.asks()


async def test_a_webui_that_was_down_between_two_jobs_makes_a_canary_before_it_gets_another(webui, join, ann):
    await join(webui)
    await webui.stop()
    away = await ann.worker(WorkerState.AWAY)
    assert away.reason.startswith(f"sick: {webui.url} doesn't answer: Connection refused; next try in ")
    hold = Hold()
    webui.script_canaries(status(500, {"error": "RuntimeError", "errors": "no kernel image"}), hold)

    await webui.start()
    await hold.started.wait()

    assert (await ann.worker(WorkerState.AWAY)).reason.startswith("sick: ")
    with pytest.raises(NoWorkerError):
        await ann.asks()
    hold.released.set()
    await ann.worker(WorkerState.READY)
    assert (await ann.gets(await ann.asks())).state is State.DONE
    assert [(body["width"], body["steps"]) for body in webui.canaries] == [(64, 2)] * 2


async def test_a_webui_whose_login_changed_between_two_jobs_is_not_sick(webui, join, ann):
    await join(webui)
    webui.auth = "ann:new"

    async def told():
        return "SD_API_AUTH" in ((await ann.queue.workers())[0].reason or "")

    await until(told)
    webui.auth = None
    await ann.worker(WorkerState.READY)
    assert webui.canaries == []


def test_a_webui_that_comes_back_is_noticed_within_five_seconds_however_long_it_was_gone(monkeypatch):
    monkeypatch.setattr(pace, "LOOK_EVERY_S", 1.0)
    pauses = pace.free_pauses()

    first = [next(pauses) for _ in range(8)]

    assert first[:3] == [1.0, 1.6, pytest.approx(2.56)]
    assert max(first) == pace.AWAY_PAUSE_MAX_S == 5.0


async def test_a_new_checkpoint_is_offered_without_a_restart(webui, join, ann, monkeypatch):
    monkeypatch.setattr("zosma_worker.prober.LISTS_EVERY_S", 0.1)
    await join(webui)

    webui.models.append("photo")

    async def offered():
        return any(one.name == "photo" for one in (await ann.queue.catalogue()).checkpoints)

    await until(offered)
    assert (await ann.gets(await ann.asks(checkpoint="photo"))).result.checkpoint == "photo"


async def test_a_checkpoint_chosen_by_hand_is_noticed(webui, join, ann):
    await join(webui)

    webui.options["sd_model_checkpoint"] = "anime"

    async def noticed():
        return (await ann.queue.workers())[0].loaded == "anime"

    await until(noticed)


async def test_a_job_goes_to_the_other_worker_when_this_ones_webui_starts_to_refuse_it(join, ann):
    async with ScriptedWebUI() as sick, ScriptedWebUI() as well:
        await join(sick)
        sick.script(status(401, {"detail": "Not authenticated"}))
        job_id = await ann.asks()
        await until(lambda: _at_least(sick.jobs, 1))
        await join(well)

        job = await ann.gets(job_id)

        assert (job.state, job.failures) == (State.DONE, 0)


async def _at_least(items, count):
    return len(items) >= count


async def test_a_busy_webui_is_asked_again_later(webui, join, ann):
    busy = status(503, {"detail": {"msg": "Server is busy", "type": "service_unavailable"}})
    webui.script(busy, busy)
    await join(webui)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, job.attempt) == (State.DONE, 0, 3)


async def test_a_webui_that_ignores_an_interrupt_is_given_nothing_until_it_is_done(webui, join, ann, queue):
    hold = Hold(heeds=False)
    webui.script(hold)
    await join(webui, timeouts=Timeouts(poll_s=0.03, stubborn_s=0.2))
    job_id = await ann.asks()
    await hold.started.wait()
    await queue.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED

    away = await ann.worker(WorkerState.AWAY)
    assert "does not end a job that was stopped" in away.reason
    hold.released.set()
    await ann.worker(WorkerState.READY)
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_a_webui_that_falls_silent_in_mid_job_gives_the_job_back(webui, join, ann):
    hold = Hold()
    webui.script(hold)

    await join(webui, timeouts=Timeouts(poll_s=0.03, deaf_s=0.0, pauses=Pauses(first_s=0.05)))
    job_id = await ann.asks()
    await hold.started.wait()

    async def fails(request):
        request.transport.abort()
        raise ConnectionResetError

    for path in ("/sdapi/v1/progress", "/sdapi/v1/options"):
        webui.special[path] = fails

    await ann.worker(WorkerState.AWAY)
    assert (await ann.waits(job_id)).failures == 0
    webui.special.clear()
    hold.released.set()
    assert (await ann.gets(job_id)).state is State.DONE


async def test_a_worker_that_the_queue_forgot_introduces_itself_again(webui, join, ann, raw, monkeypatch):
    monkeypatch.setattr("zosma_worker.heartbeat.BEAT_EVERY_S", 0.05)
    worker = await join(webui)

    raw.delete(keys.worker(worker.id), keys.can(worker.id))
    raw.zrem(keys.WORKERS, worker.id)

    again = await ann.worker(WorkerState.READY)
    await until(lambda: _offers(ann))
    assert again.id == worker.id


async def _offers(ann):
    return (await ann.queue.catalogue()).checkpoints


async def test_a_worker_leaves_when_it_stops(webui, redis_url, ann):
    stop = asyncio.Event()
    task = asyncio.create_task(run_slot(redis_url, webui.address, stop))
    await ann.worker(WorkerState.READY)

    stop.set()
    await task

    assert await ann.queue.workers() == []
    with redis.Redis.from_url(redis_url) as client:
        assert client.zcard(keys.IDLE) == 0


async def test_a_webui_that_stays_sick_is_logged_once_however_often_it_is_tried(webui, join, ann, caplog):
    await join(webui)
    webui.script(crash())
    webui.script_canaries(*[status(500, {"detail": "boom"})] * 4)
    job_id = await ann.asks()
    await ann.worker(WorkerState.AWAY)
    await webui.stop()
    await webui.start()

    assert (await ann.gets(job_id)).state is State.DONE
    assert len(webui.canaries) == 5
    assert caplog.text.count("still takes no jobs: sick: " + webui.url + " failed (500)") == 1
