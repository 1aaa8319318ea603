"""WebUIs that fall sick: what becomes of the job, what its owner reads, what an admin sees, and how it ends."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest
from aiohttp import web

from loopback.fleet import until
from loopback.webui import Hold, crash, encoded, info_with, picture, pictures, status
from zosma_queue import keys
from zosma_queue.fleet import OLDEST_PROTOCOL, PROTOCOL, Trust, WorkerState
from zosma_queue.job import State
from zosma_worker import outcomes
from zosma_worker.circuit_breaker import Pauses
from zosma_worker.timeouts import Timeouts

BROKEN = status(500, {"error": "RuntimeError", "errors": "CUDA error: device-side assert triggered"})
BLACK = pictures(lambda answer: answer.update(images=[encoded(picture(64, 64, None))]))
NAN = status(500, {"error": "NansException", "errors": "A tensor with all NaNs was produced in Unet."})
OOM = status(500, {"error": "OutOfMemoryError", "errors": "CUDA out of memory. Tried to allocate 2 GiB"})
WRONG = info_with(sd_model_name="anime")
#: A canary is due in a while, so that the quarantine can be looked at.
SLOW = Timeouts(poll_s=0.03, pauses=Pauses(first_s=30.0))


@pytest.mark.parametrize("fault", [BROKEN, BLACK, NAN, WRONG], ids=["500", "black", "nan", "wrong checkpoint"])
async def test_two_members_jobs_gone_wrong_shut_the_webui_and_only_the_first_is_blamed(
    fault, webui, join, ann, monkeypatch
):
    monkeypatch.setattr(outcomes, "BACKOFF_MS", 60_000)  # the first waits, so that the second comes to this WebUI
    await join(webui, timeouts=SLOW)
    webui.script(fault, fault, fault)
    first = await ann.asks()
    await until(lambda: _failed_once(ann, first))
    second = await ann.asks(owner="bob")

    away = await ann.worker(WorkerState.AWAY)

    assert away.reason.startswith("sick: ")
    assert away.trust is Trust.QUARANTINED
    assert "next try in" in away.reason
    job = await ann.waits(second)
    assert (job.failures, job.error_kind) == (0, "webui-sick")
    assert job.error == "its WebUI fell sick: it waits for another, or for its recovery"
    assert len(webui.jobs) == 2


async def _failed_once(ann, job_id):
    return (await ann.job(job_id)).failures == 1


async def test_a_sick_webui_comes_back_after_its_canary_and_one_job(webui, join, ann):
    await join(webui)
    webui.script(crash())
    webui.script_canaries(BLACK, BROKEN)
    job_id = await ann.asks()
    await ann.worker(WorkerState.AWAY)
    await webui.stop()
    await webui.start()

    job = await ann.gets(job_id)

    assert (job.state, job.failures, job.attempt) == (State.DONE, 0, 2)
    assert len(webui.canaries) == 3
    assert {(body["width"], body["height"], body["steps"]) for body in webui.canaries} == {(64, 64, 2)}
    assert (await ann.worker(WorkerState.READY)).reason is None


async def test_an_admin_has_a_sick_webui_tried_at_once(webui, join, ann, queue):
    worker = await join(webui, timeouts=SLOW)
    webui.script(crash())
    job_id = await ann.asks()
    await ann.worker(WorkerState.AWAY)
    await webui.stop()
    await webui.start()

    await queue.admin.try_now("me", worker.id)

    assert (await ann.gets(job_id)).state is State.DONE
    assert len(webui.canaries) == 1
    assert [(act.act, act.target) for act in await queue.admin.audit()] == [("try", worker.id)]


async def test_a_hung_webui_that_heeds_no_interrupt_is_sick_and_the_job_runs_elsewhere(webui, other, join, ann):
    hold = Hold(heeds=False)
    webui.script(hold)
    hung = await join(webui, timeouts=Timeouts(poll_s=0.03, stalled_s=0.1, floor_s=0.1, stubborn_s=0.2))
    job_id = await ann.asks()
    await hold.started.wait()
    await join(other)

    job = await ann.gets(job_id)

    assert (job.state, job.failures, job.error_kind) == (State.DONE, 1, "webui-hung")
    assert job.result.worker != hung.id
    away = await ann.worker(WorkerState.AWAY, webui.address.place)
    assert away.reason.startswith(f"sick: {webui.url} does not end a job that was stopped")
    hold.released.set()


@pytest.mark.parametrize("fault", [OOM, NAN, BLACK], ids=["oom", "nan", "black"])
async def test_what_two_webuis_cannot_make_is_the_jobs_fault_and_ends_with_advice(fault, webui, other, join, ann):
    for one in (webui, other):
        one.script(fault)
        await join(one)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, len(webui.jobs), len(other.jobs)) == (State.FAILED, 2, 1, 1)
    assert "try" in job.error or "may help" in job.error


async def test_jobs_too_large_for_the_gpu_do_not_make_the_webui_sick(webui, join, ann):
    await join(webui)
    webui.script(OOM, OOM, OOM, OOM)

    jobs = [await ann.gets(await ann.asks(seed=seed)) for seed in (1, 2)]

    assert [job.error_kind for job in jobs] == ["oom", "oom"]
    assert (await ann.gets(await ann.asks())).state is State.DONE
    assert {(body["width"], body["height"]) for body in webui.canaries} == {(64, 64)}
    assert (await ann.worker(WorkerState.READY)).reason is None


async def test_a_webui_whose_memory_went_to_something_else_burns_no_second_job(webui, join, ann):
    await join(webui, timeouts=SLOW)
    webui.script(OOM)
    webui.script_canaries(OOM)
    first, second = await ann.asks(seed=1), await ann.asks(seed=2)

    away = await ann.worker(WorkerState.AWAY)

    assert away.reason.startswith(f"sick: {webui.url} ran out of memory")
    assert [(await ann.job(job)).failures for job in (first, second)] == [1, 0]
    assert len(webui.jobs) == 1


async def test_the_log_says_how_much_memory_is_free_when_even_a_small_picture_finds_none(webui, join, ann, caplog):
    async def memory(request):
        cuda = {"system": {"free": 310_000_000, "used": 7_690_000_000, "total": 8_000_000_000}}
        return web.json_response({"ram": {}, "cuda": cuda})

    webui.special["/sdapi/v1/memory"] = memory
    await join(webui, timeouts=SLOW)
    webui.script(OOM)
    webui.script_canaries(OOM)
    await ann.asks()

    async def said():
        return f"{webui.url}: 310 MB of the GPU's memory are free" in caplog.text

    await until(said)


async def test_a_sick_webui_is_restarted_by_the_operators_command(webui, join, ann, tmp_path, caplog):
    caplog.set_level("INFO")
    note = tmp_path / "restarted"
    command = (sys.executable, "-c", f"open({str(note)!r}, 'a').write('x'); print('starting up')")
    await join(webui, restart=command)
    webui.script(crash())
    job_id = await ann.asks()

    async def restarted():
        return note.exists()

    await until(restarted)
    await webui.stop()
    await webui.start()

    assert (await ann.gets(job_id)).state is State.DONE
    assert "the restart command ended with 0: starting up" in caplog.text


async def test_a_restart_command_that_does_not_exist_is_told_with_the_fix(webui, join, ann, caplog):
    await join(webui, restart=("/no/such/program",))
    webui.script(crash())
    await ann.asks()

    async def told():
        return "SD_RESTART_COMMAND can't be run" in caplog.text

    await until(told)
    await webui.stop()


# -- somebody else's job ----------------------------------------------------------------------------------------


IDLE = {"progress": 0.0, "eta_relative": 0.0, "state": {"job_count": 0}, "current_image": None}
AT_WORK = {"progress": 0.4, "eta_relative": 3.0, "state": {"job_count": 1, "sampling_step": 8}, "current_image": None}


async def test_a_webui_whose_own_page_is_in_use_is_left_alone_until_it_is_done(webui, join, ann):
    await join(webui)
    webui.progress = AT_WORK
    away = await ann.worker(WorkerState.AWAY)
    assert away.reason == "busy elsewhere: its own page or another program is at work"

    webui.progress = IDLE

    await ann.worker(WorkerState.READY)
    assert (await ann.gets(await ann.asks())).state is State.DONE
    assert "/sdapi/v1/interrupt" not in webui.paths()
    assert webui.canaries == []


async def test_tasks_that_wait_inside_the_webui_are_seen_too(webui, join, ann):
    tasks = ["task(by-hand)"]

    async def pending(request):
        return web.json_response({"size": len(tasks), "tasks": tasks})

    webui.special["/internal/pending-tasks"] = pending
    await join(webui, state=WorkerState.AWAY)

    async def told():
        return "busy elsewhere" in ((await ann.queue.workers())[0].reason or "")

    await until(told)
    tasks.clear()
    await ann.worker(WorkerState.READY)


async def test_leftover_tasks_of_a_webui_hold_nobody_up(webui, join, ann, monkeypatch):
    monkeypatch.setattr("zosma_worker.webui.foreign_work.PENDING_S", 0.1)

    async def pending(request):
        return web.json_response({"size": 1, "tasks": ["task(failed)"]})

    webui.special["/internal/pending-tasks"] = pending

    await join(webui)


# -- joining and leaving ----------------------------------------------------------------------------------------


async def test_a_new_place_is_measured_and_its_speed_told(webui, join, ann, raw, caplog):
    caplog.set_level("INFO")
    worker = await join(webui, benchmark=True)

    [body] = webui.canaries
    assert (body["width"], body["steps"], webui.jobs) == (512, 4, [])
    assert "s for one step on one megapixel" in caplog.text
    assert float(raw.hget(keys.SPEED, f"{worker.id.rpartition('/')[0]}|")) > 0


async def test_a_slow_webui_is_not_kept_out_by_its_benchmark(webui, join, ann, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr("zosma_worker.recovery.BENCHMARK_S", 0.2)
    benchmark = Hold()
    webui.script_canaries(benchmark)

    await join(webui, benchmark=True)

    assert benchmark.interrupted.is_set()
    assert "its speed is learned from them" in caplog.text
    assert (await ann.gets(await ann.asks())).state is State.DONE
    assert len(webui.canaries) == 1


async def test_a_benchmark_that_can_t_be_stopped_keeps_jobs_away_until_it_has_ended(webui, join, ann, monkeypatch):
    monkeypatch.setattr("zosma_worker.recovery.BENCHMARK_S", 0.1)
    benchmark = Hold(heeds=False)
    webui.script_canaries(benchmark)
    joining = asyncio.create_task(join(webui, benchmark=True))
    await benchmark.started.wait()

    looks = len(webui.seen)
    await until(lambda: _many_more(webui, looks))
    [worker] = await ann.queue.workers()
    assert (worker.state, worker.reason) == (WorkerState.AWAY, "measures its speed with one small picture")

    benchmark.released.set()
    await joining
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def _many_more(webui, before):
    return len(webui.seen) > before + 20


async def test_a_place_that_the_queue_knows_is_not_measured_again(webui, join, raw, caplog):
    caplog.set_level("INFO")
    raw.hset(keys.SPEED, f"{socket.gethostname()}/{webui.address.place}|", "2.0")

    await join(webui, benchmark=True)

    assert webui.canaries == []
    assert "0.80 s for one step on one megapixel" in caplog.text


async def test_a_webui_that_fails_its_benchmark_takes_no_jobs(webui, join, ann):
    webui.script_canaries(BROKEN)

    await join(webui, state=WorkerState.AWAY, benchmark=True, timeouts=SLOW)

    async def told():
        return ((await ann.queue.workers())[0].reason or "").startswith(f"sick: {webui.url} failed (500)")

    await until(told)


async def test_a_worker_too_old_for_the_queue_says_so_and_takes_no_jobs(webui, join, ann, raw, caplog):
    raw.set(keys.PROTOCOL, 99)

    await join(webui, state=WorkerState.AWAY)

    async def told():
        reason = (await ann.queue.workers())[0].reason or ""
        return f"too old: it speaks protocol {PROTOCOL}, the bot wants 99" in reason

    await until(told)
    assert "update this worker" in caplog.text


async def test_the_bot_says_which_workers_may_work(queue, raw):
    await queue.announce()

    assert raw.get(keys.PROTOCOL) == str(OLDEST_PROTOCOL).encode()


async def test_a_worker_too_new_for_the_bot_says_so_and_takes_no_jobs(webui, join, ann, raw, caplog):
    raw.set(keys.PROTOCOL, OLDEST_PROTOCOL - 1)

    await join(webui, state=WorkerState.AWAY)

    async def told():
        return f"too new: it speaks protocol {PROTOCOL}" in ((await ann.queue.workers())[0].reason or "")

    await until(told)
    assert "update the bot" in caplog.text


async def test_a_drained_worker_is_shown_as_paused(webui, join, ann):
    worker = await join(webui)

    await ann.queue.admin.pause("ann", f"worker:{worker.id}")

    assert [one.reason for one in await ann.queue.workers()] == ["paused by an admin"]


async def test_an_answer_that_was_lost_on_the_way_makes_nobody_wait_for_ever(webui, join, ann):
    webui.script(Hold(heeds=False, told=False))
    await join(webui, timeouts=Timeouts(poll_s=0.03, unanswered_s=0.2))

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures) == (State.DONE, 1)
    assert (await ann.worker(WorkerState.READY)).reason is None


async def test_a_cancelled_job_whose_answer_is_lost_leaves_the_webui_ready(webui, join, ann, queue):
    hold = Hold(heeds=False, told=False)
    webui.script(hold)
    await join(webui)
    job_id = await ann.asks()
    await hold.started.wait()
    await queue.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED
    assert (await ann.gets(await ann.asks())).state is State.DONE
