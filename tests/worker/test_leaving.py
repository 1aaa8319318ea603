"""SIGTERM, the grace, and the job that is handed back; and jobs that overlap while work waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from loopback.fleet import HASTY, until
from loopback.webui import Hold, encoded, picture, pictures
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker import drive
from zosma_worker.slot import WorkerOptions, run_slot
from zosma_worker.webui import backend


async def test_at_the_end_of_the_grace_the_job_is_interrupted_and_goes_back_to_its_place(webui, redis_url, ann, caplog):
    hold = Hold()
    webui.script(hold)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_slot(redis_url, webui.address, stop, WorkerOptions(timeouts=HASTY, grace_s=0.1)))
    await ann.worker(WorkerState.READY)
    job_id = await ann.asks()
    behind = await ann.asks()
    await hold.started.wait()

    stop.set()
    await worker

    job = await ann.job(job_id)
    assert (job.state, job.failures, job.lost, hold.interrupted.is_set()) == (State.WAITING, 0, 0, True)
    assert await ann.queue.workers() == []
    assert len(webui.jobs) == 1
    assert "goes back to its place" in caplog.text
    assert (await ann.job(behind)).state is State.WAITING


async def test_a_webui_that_heeds_no_interrupt_keeps_no_worker_from_leaving(webui, redis_url, ann, monkeypatch):
    monkeypatch.setattr(drive, "LEAVING_S", 0.1)
    hold = Hold(heeds=False)
    webui.script(hold)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_slot(redis_url, webui.address, stop, WorkerOptions(timeouts=HASTY, grace_s=0.1)))
    await ann.worker(WorkerState.READY)
    job_id = await ann.asks()
    await hold.started.wait()

    stop.set()
    async with asyncio.timeout(20):
        await worker

    assert (await ann.job(job_id)).state is State.WAITING
    hold.released.set()


class Gate:
    """`verify_all`, held until the test lets it go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checks = 0
        self.open = threading.Event()
        real = backend.verify_all

        def verify_all(*args, **kwargs):
            self.checks += 1
            self.open.wait(10)
            return real(*args, **kwargs)

        monkeypatch.setattr(backend, "verify_all", verify_all)


async def test_the_next_job_begins_while_the_last_ones_pictures_are_checked(webui, join, ann, monkeypatch):
    await join(webui)
    gate = Gate(monkeypatch)

    jobs = [await ann.asks(seed=seed) for seed in range(4)]

    async def second_answered():
        return gate.checks == 2

    await until(second_answered)
    # One is finished, one keeps the slot although its answer is there; two wait for whoever is free.
    states = [(await ann.job(job)).state for job in jobs]
    assert states == [State.RUNNING, State.RUNNING, State.WAITING, State.WAITING]
    gate.open.set()
    assert [(await ann.gets(job)).state for job in jobs] == [State.DONE] * 4
    assert [body["seed"] for body in webui.jobs] == [0, 1, 2, 3]


async def test_a_fault_found_late_is_still_a_fault(webui, join, ann, monkeypatch):
    gate = Gate(monkeypatch)
    webui.script(pictures(lambda answer: answer.update(images=[encoded(picture(64, 64, None))])))
    hold = Hold()
    webui.script(hold)
    await join(webui)
    first, second = await ann.asks(seed=1), await ann.asks(seed=2)
    await hold.started.wait()
    gate.open.set()

    async def failed():
        return (await ann.job(first)).failures == 1

    await until(failed)
    assert (await ann.job(second)).state is State.RUNNING
    hold.released.set()
    assert [(await ann.gets(job)).state for job in (first, second)] == [State.DONE] * 2
    assert webui.canaries == []


async def test_sigterm_finishes_both_the_job_that_is_made_and_the_one_that_is_checked(
    webui, redis_url, ann, monkeypatch
):
    gate = Gate(monkeypatch)
    hold = Hold()
    webui.script(pictures(), hold)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_slot(redis_url, webui.address, stop, WorkerOptions(timeouts=HASTY)))
    await ann.worker(WorkerState.READY)
    jobs = [await ann.asks(seed=seed) for seed in (1, 2, 3)]
    await hold.started.wait()

    stop.set()
    gate.open.set()
    hold.released.set()
    await worker

    assert [(await ann.job(job)).state for job in jobs] == [State.DONE, State.DONE, State.WAITING]


async def test_a_member_at_his_limit_waits_no_second_for_his_next_job(webui, join, ann, monkeypatch):
    monkeypatch.setattr("zosma_queue.broker.BLOCK_S", 4.0)
    await join(webui)
    await ann.queue.admin.set_policy("admin", "default", {"running": 1})

    began = asyncio.get_running_loop().time()
    jobs = [await ann.asks(seed=seed) for seed in range(4)]
    for job in jobs:
        assert (await ann.gets(job)).state is State.DONE

    assert asyncio.get_running_loop().time() - began < 3
