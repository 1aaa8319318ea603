"""Jobs on a real worker: what the member gets, whatever the WebUI does."""

from __future__ import annotations

import base64
import json

import pytest
from aiohttp import web

from loopback.fleet import until
from loopback.webui import Hold, ScriptedWebUI, crash, cut, encoded, info_with, picture, pictures, status, text
from zosma_queue import keys
from zosma_queue.calls import Cancelled
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker.timeouts import Timeouts


async def test_the_stored_pictures_are_the_webuis_own_bytes(webui, join, ann, queue):
    sent = []
    webui.script(pictures(lambda answer: sent.extend(base64.b64decode(one) for one in answer["images"])))
    worker = await join(webui)

    job = await ann.gets(await ann.asks(count=3))

    assert (job.state, await queue.pictures(job)) == (State.DONE, sent)
    assert [(one.seed, one.format, one.width, one.bytes) for one in job.result.pictures] == [
        (seed, "png", 64, len(data)) for seed, data in zip((7, 8, 9), sent, strict=True)
    ]
    assert (job.result.checkpoint, job.result.worker, job.result.attempt) == ("dream", worker.id, 1)
    assert job.result.pictures[1].parameters == job.result.info["infotexts"][1]
    assert job.result.gpu_seconds > 0


async def test_pictures_are_kept_for_a_day(webui, join, ann, raw):
    await join(webui)

    job = await ann.gets(await ann.asks())

    assert 86_000 < raw.ttl(keys.image(job.id, 1, 0)) <= 86_400


async def test_the_loaded_checkpoint_is_named_when_the_job_names_none(webui, join, ann):
    webui.options["sd_model_checkpoint"] = "anime"
    assert (await join(webui)).loaded == "anime"

    job = await ann.gets(await ann.asks())

    assert webui.jobs[0]["override_settings"]["sd_model_checkpoint"] == "anime.safetensors"
    assert job.result.checkpoint == "anime"


async def test_the_worker_says_what_it_holds_after_a_job(webui, join, ann, queue):
    async def loads(turn):
        webui.options["sd_model_checkpoint"] = "anime"
        return await webui.usual(turn)

    webui.script(loads)
    await join(webui)

    await ann.gets(await ann.asks(checkpoint="anime"))

    assert [worker.loaded for worker in await queue.workers()] == ["anime"]


async def test_a_job_that_names_none_gets_the_checkpoint_of_the_job_before(webui, join, ann):
    await join(webui)
    webui.options["sd_model_checkpoint"] = "anime"

    await ann.gets(await ann.asks(checkpoint="anime"))
    await ann.gets(await ann.asks())

    assert [job["override_settings"]["sd_model_checkpoint"] for job in webui.jobs] == ["anime.safetensors"] * 2


async def test_the_version_in_an_answer_is_told_to_the_fleet(webui, join, ann, queue):
    await join(webui)

    await ann.gets(await ann.asks())

    async def version():
        return (await queue.workers())[0].about.version

    assert await until(version) == "v1.10.1"


OOM = {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory. Tried to allocate 2 GiB"}
NAN = {"error": "NansException", "detail": "", "body": "", "message": "A tensor with all NaNs was produced in Unet."}


def _images(*images):
    return pictures(lambda answer: answer.update(images=list(images)))


FAULTS = {
    "oom": (status(500, OOM), "oom", "ran out of memory"),
    "nan": (status(500, NAN), "nan", "no valid picture"),
    "html": (status(500, html="<html>Internal Server Error</html>"), "webui-broken", "broke off"),
    "json 500": (status(500, {"error": "KeyError", "errors": "at /home/ann/webui.py"}), "webui-broken", "broke off"),
    "rubbish": (text('{"images": ["iVBOR'), "webui-broken", "broke off"),
    "null": (text("null"), "webui-broken", "without pictures"),
    "empty list": (_images(), "empty", "no picture"),
    "empty string": (_images(""), "empty", "no picture"),
    "not an image": (_images("bm90IGFuIGltYWdl"), "undecodable", "not a picture"),
    "not base64": (_images("%%%"), "undecodable", "not a picture"),
    "black": (_images(encoded(picture(64, 64, None))), "black", "all black"),
    "wrong size": (_images(encoded(picture(32, 64, 1))), "wrong-size", "32x64 instead of the 64x64"),
    "wrong checkpoint": (info_with(sd_model_name="anime"), "wrong-checkpoint", "another checkpoint"),
    "wrong sampler": (info_with(sampler_name="LMS"), "wrong-sampler", "another sampler"),
    "cut": (cut(), "webui-broken", "broke off"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_webui_fault_is_tried_again_and_then_told(name, webui, join, ann):
    answer, kind, words = FAULTS[name]
    webui.script(answer, answer, answer)
    await join(webui)

    job = await ann.gets(await ann.asks(sampler="Euler a"))

    # What two GPUs have no memory for is too large; everything else may be the WebUI's passing fault.
    tries = 2 if kind == "oom" else 3
    assert (job.state, job.error_kind, job.failures, len(webui.jobs)) == (State.FAILED, kind, tries, tries)
    assert words in job.error
    assert not any(secret in job.error for secret in ("127.0.0.1", "http", "Traceback", "/home"))


@pytest.mark.parametrize("name", FAULTS)
async def test_after_one_fault_the_second_try_makes_the_picture(name, webui, join, ann):
    webui.script(FAULTS[name][0])
    await join(webui)

    job = await ann.gets(await ann.asks(sampler="Euler a"))

    assert (job.state, job.failures, job.result.attempt) == (State.DONE, 1, 2)
    first, second = webui.jobs
    assert first["seed"] == second["seed"]
    assert first["force_task_id"] != second["force_task_id"]


@pytest.mark.parametrize("broken_by", ["the server", "a proxy that waits no longer"])
async def test_what_a_webui_works_on_after_the_connection_broke_is_stopped_before_the_next_try(
    broken_by, webui, join, ann
):
    async def breaks(turn):
        webui.held = Hold()
        if broken_by == "the server":
            return await cut()(turn)
        return await status(504, html="<html><title>504 Gateway Time-out</title></html>")(turn)

    async def heeds(request):
        webui.held = None
        return web.json_response({})

    webui.special["/sdapi/v1/interrupt"] = heeds
    webui.script(breaks)
    await join(webui)

    job = await ann.gets(await ann.asks())

    made, stopped = "/sdapi/v1/txt2img", "/sdapi/v1/interrupt"
    assert (job.state, job.failures) == (State.DONE, 1)
    assert [path for path in webui.paths() if path in (made, stopped)] == [made, stopped, made]


async def test_what_begins_once_a_broken_off_job_was_stopped_is_somebody_elses(webui, join, ann):
    idle = webui.progress

    def runs(began):
        return {"progress": 0.5, "state": {"job_count": 1, "job_timestamp": began}}

    async def breaks(turn):
        webui.progress = runs("ours")
        return await status(504, html="<html><title>504 Gateway Time-out</title></html>")(turn)

    async def goes_on(request):
        webui.progress = runs("theirs")
        return web.json_response({})

    webui.special["/sdapi/v1/interrupt"] = goes_on
    webui.script(breaks)
    await join(webui)
    job_id = await ann.asks()
    await ann.worker(WorkerState.AWAY)
    webui.progress = idle

    job = await ann.gets(job_id)

    assert (job.state, job.failures) == (State.DONE, 1)
    assert webui.paths().count("/sdapi/v1/interrupt") == 1


async def test_fewer_pictures_than_asked_for_are_a_fault(webui, join, ann):
    webui.script(*[pictures(lambda answer: answer["images"].pop())] * 3)
    await join(webui)

    job = await ann.gets(await ann.asks(count=2))

    assert (job.state, job.error_kind, job.error) == (State.FAILED, "wrong-count", "the WebUI sent 1 of 2 pictures")


@pytest.mark.parametrize(
    ("code", "body", "shown"),
    [
        (
            422,
            {"detail": [{"loc": ["body", "steps"], "msg": "not an integer", "type": "int"}]},
            "steps: not an integer",
        ),
        (400, {"error": "prompt required"}, "prompt required"),
        (404, {"detail": "Sampler not found"}, "Sampler not found"),
        (400, {"detail": "no file /home/ann/x"}, None),
    ],
)
async def test_a_refused_request_fails_at_once_with_the_webuis_word(code, body, shown, webui, join, ann):
    webui.script(status(code, body))
    await join(webui)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.error_kind, len(webui.jobs)) == (State.FAILED, "refused", 1)
    assert job.error == "the WebUI refused the request" + (f": {shown}" if shown else "")


async def test_a_cancelled_job_is_interrupted_at_the_webui_and_pays_for_what_it_used(webui, join, ann, queue, raw):
    hold = Hold()
    webui.script(hold)
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()

    assert await queue.cancel(job_id) is Cancelled.CANCELLING

    job = await ann.gets(job_id)
    assert (job.state, hold.interrupted.is_set(), job.result) == (State.CANCELLED, True, None)
    spent = [float(raw.get(key)) for key in raw.keys(keys.PREFIX + "spent:*")]
    assert spent
    assert all(0 < one < 60 for one in spent)
    await ann.worker(WorkerState.READY)
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_nothing_is_interrupted_while_the_job_waits_behind_somebody_elses(webui, join, ann, queue):
    hold = Hold()
    webui.script(hold)

    async def queued(request):
        return web.json_response({"active": False, "queued": True, "completed": False})

    webui.special["/internal/progress"] = queued
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()
    await queue.cancel(job_id)
    before = webui.paths().count("/internal/progress")

    async def asked_while_cancelling():
        return webui.paths().count("/internal/progress") > before + 20

    await until(asked_while_cancelling)
    assert "/sdapi/v1/interrupt" not in webui.paths()
    assert (await ann.job(job_id)).progress is None
    hold.released.set()
    assert (await ann.gets(job_id)).state is State.CANCELLED


async def test_a_job_taken_away_is_interrupted_and_writes_nothing(webui, join, ann, raw):
    hold = Hold()
    webui.script(hold)
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()

    raw.hset(keys.job(job_id), "attempt", 2)  # as if another worker had it

    await hold.interrupted.wait()

    async def is_free():
        return raw.zcard(keys.IDLE)

    await until(is_free)
    job = await ann.job(job_id)
    assert (job.state, job.result, job.failures) == (State.RUNNING, None, 0)
    assert raw.exists(keys.image(job_id, 1, 0)) == 0


async def test_progress_and_a_small_preview_are_published(webui, join, ann, queue):
    hold = Hold()
    webui.script(hold)
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()
    webui.progress = {
        "progress": 0.25, "eta_relative": 4.0, "state": {"job_count": 1, "sampling_step": 1},
        "current_image": encoded(picture(1024, 768, 3)),
    }  # fmt: skip

    preview = await until(lambda: queue.preview(job_id))

    job = await ann.job(job_id)
    assert (job.progress, job.eta_s) == (0.25, 4.0)
    assert len(preview) <= 40_000
    assert preview.startswith(b"\xff\xd8")
    webui.progress = {"progress": 0.0, "eta_relative": 0.0, "state": {"job_count": 0}, "current_image": None}
    hold.released.set()
    assert (await ann.gets(job_id)).state is State.DONE


async def test_no_eta_is_told_while_a_checkpoint_loads(webui, join, ann):
    hold = Hold()
    webui.script(hold)
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()
    webui.progress = {"progress": 0.01, "eta_relative": 1246.0, "state": {"job_count": -1}, "current_image": None}

    async def progressed():
        job = await ann.job(job_id)
        return job if job.progress is not None else None

    job = await until(progressed)
    assert (job.progress, job.eta_s) == (0.01, None)
    hold.released.set()
    await ann.gets(job_id)


async def test_a_server_without_progress_makes_pictures_all_the_same(webui, join, ann):
    async def not_there(request):
        return web.Response(status=404)

    hold = Hold()
    webui.script(hold)
    webui.special["/sdapi/v1/progress"] = not_there
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()

    async def polled():
        return webui.paths("GET").count("/sdapi/v1/progress") > 3

    await until(polled)
    hold.released.set()
    assert (await ann.gets(job_id)).state is State.DONE


async def test_a_lease_is_renewed_while_a_job_runs(webui, join, ann, raw):
    hold = Hold()
    webui.script(hold)
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()
    first = raw.zscore(keys.LEASES, job_id)

    async def renewed():
        return raw.zscore(keys.LEASES, job_id) > first + 500

    await until(renewed)
    hold.released.set()
    job = await ann.gets(job_id)
    assert (job.state, job.attempt, job.lost) == (State.DONE, 1, 0)


async def test_a_webui_that_stands_still_is_interrupted_and_the_job_tried_again(webui, join, ann):
    hold = Hold()
    webui.script(hold)
    await join(webui, timeouts=Timeouts(poll_s=0.03, stalled_s=0.2, stubborn_s=5.0))

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, hold.interrupted.is_set()) == (State.DONE, 1, True)
    assert job.error_kind == "webui-hung"


async def test_an_unexpected_error_in_the_worker_is_a_retry_and_not_a_lost_job(webui, join, ann, monkeypatch, caplog):
    def explode(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("zosma_worker.webui.backend.Payload", explode)
    await join(webui)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.error_kind) == (State.FAILED, "internal")
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in job.error


async def test_a_checkpoint_that_is_gone_is_offered_no_more(webui, join, ann):
    await join(webui)
    webui.models.remove("anime")

    job_id = await ann.asks(checkpoint="anime")

    async def told():
        workers = await ann.queue.workers()
        return [one.name for one in workers[0].about.checkpoints] == ["dream"]

    async def given_back():
        job = await ann.job(job_id)
        return job if job.error_kind else None

    await until(told)  # before the job goes back, so that it is not offered here again
    job = await until(given_back)
    assert (job.state.ended, job.error_kind, len(webui.jobs)) == (False, "wrong-checkpoint", 1)


async def test_two_workers_share_the_jobs(join, ann):
    async with ScriptedWebUI() as one, ScriptedWebUI() as other:
        await join(one)
        await join(other)
        first, second = Hold(), Hold()
        one.script(first)
        other.script(second)

        jobs = [await ann.asks(), await ann.asks()]

        await first.started.wait()
        await second.started.wait()
        first.released.set()
        second.released.set()
        states = [(await ann.gets(job)).state for job in jobs]
        assert states == [State.DONE, State.DONE]


async def test_a_webui_that_dies_in_mid_job_gives_the_job_back_without_blame(webui, join, ann):
    webui.script(crash())
    await join(webui)

    job_id = await ann.asks()

    away = await ann.worker(WorkerState.AWAY)
    assert "doesn't answer" in away.reason
    assert (await ann.waits(job_id)).failures == 0
    await webui.stop()
    await webui.start()
    job = await ann.gets(job_id)
    assert (job.state, job.attempt) == (State.DONE, 2)


async def test_a_job_that_kills_every_webui_ends(webui, join, ann, raw):
    webui.script(crash())
    await join(webui)
    job_id = await ann.asks()
    await ann.waits(job_id)
    raw.hset(keys.job(job_id), "attempt", 3)
    webui.script(crash())
    await webui.stop()
    await webui.start()

    job = await ann.gets(job_id)

    assert (job.state, job.error_kind) == (State.FAILED, "webui-died")


async def test_info_may_be_missing_altogether(webui, join, ann):
    webui.script(pictures(lambda answer: answer.update(info="", parameters={})))
    await join(webui)

    job = await ann.gets(await ann.asks(count=2, sampler="Euler a"))

    assert job.state is State.DONE
    assert [one.seed for one in job.result.pictures] == [7, 8]
    assert json.loads(json.dumps(job.result.info))["all_seeds"] == [7, 8]
    assert job.result.sampler == "Euler a"
