"""Sets over several real workers: a picture from each at the same time, and all of them whoever dies."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from contextlib import AsyncExitStack

import pytest
from PIL import Image

from loopback.fleet import until
from loopback.webui import Hold, ScriptedWebUI
from zosma_queue import keys
from zosma_queue.fleet import WorkerState
from zosma_queue.infotext import pairs
from zosma_queue.job import State


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch):
    """Idle workers look as seldom as real ones. One that looks by chance while another that was woken is on its way
    takes the set, and doesn't count that other as idle: then it is split for one fewer."""
    monkeypatch.setattr("zosma_queue.broker.BLOCK_S", 2.5)


@pytest.fixture(name="webuis")
async def _webuis():
    """Four WebUIs whose next picture waits for the test. Named before `join`: workers leave before their WebUIs do."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(ScriptedWebUI()) for _ in range(4)]


async def all_rest(queue, count):
    async def resting():
        return await queue._redis.zcard(keys.IDLE) == count

    await until(resting, timeout=60)


async def test_four_gpus_make_a_picture_each_at_the_same_time(webuis, join, ann, queue):
    for webui in webuis:
        await join(webui)
    await all_rest(queue, 4)
    holds = [Hold() for _ in webuis]
    for webui, hold in zip(webuis, holds, strict=True):
        webui.script(hold)

    job_id = await ann.asks(count=4)
    async with asyncio.timeout(60):
        await asyncio.gather(*(hold.started.wait() for hold in holds))  # all four at once
    for hold in holds:
        hold.released.set()
    job = await ann.gets(job_id)

    assert job.state is State.DONE, job.error
    assert [[(body["seed"], body["n_iter"]) for body in webui.jobs] for webui in webuis].count([]) == 0
    assert sorted(body["seed"] for webui in webuis for body in webui.jobs) == [7, 8, 9, 10]
    assert [one.seed for one in job.result.pictures] == [7, 8, 9, 10]
    assert [pairs(one.parameters)["Seed"] for one in job.result.pictures] == ["7", "8", "9", "10"]
    told = [Image.open(io.BytesIO(data)).info["parameters"] for data in await queue.pictures(job)]
    assert told == [one.parameters for one in job.result.pictures]
    assert job.result.info["all_seeds"] == [7, 8, 9, 10]


async def test_a_set_is_the_same_pictures_as_one_gpu_makes(webuis, join, ann, queue):
    await join(webuis[0])
    alone = await queue.pictures(await ann.gets(await ann.asks(count=4)))
    for webui in webuis[1:]:
        await join(webui)
    await all_rest(queue, 4)
    together = await ann.gets(await ann.asks(count=4))

    assert len(together.parts) == 4
    assert await queue.pictures(together) == alone


async def test_a_cancel_interrupts_every_webui_that_is_at_it(webuis, join, ann, queue):
    for webui in webuis[:2]:
        await join(webui)
    await all_rest(queue, 2)
    holds = [Hold() for _ in range(2)]
    for webui, hold in zip(webuis, holds, strict=False):
        webui.script(hold)
    job_id = await ann.asks(count=2)
    for hold in holds:
        await hold.started.wait()

    await queue.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED
    assert all(hold.interrupted.is_set() for hold in holds)
    assert await queue.open_jobs() == []


@pytest.fixture(name="spawn")
async def _spawn(redis_url, tmp_path):
    """Starts worker processes; whatever still runs at the end of the test is killed."""
    started = []

    async def spawn(webui):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SD_API", "REDIS"))}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_worker", cwd=tmp_path, stderr=asyncio.subprocess.DEVNULL,
            env={**clean, "REDIS_URL": redis_url, "SD_API_HOST": webui.url}, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        return process

    yield spawn
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_workers_killed_in_the_middle_of_their_parts_cost_time_and_no_picture(webuis, spawn, ann, queue):
    processes = [await spawn(webui) for webui in webuis[:3]]
    await all_rest(queue, 3)
    await queue._redis.delete(keys.SPEED)  # whatever this machine made of their benchmarks
    holds = [Hold() for _ in range(3)]
    for webui, hold in zip(webuis, holds, strict=False):
        webui.script(hold)
    job_id = await ann.asks(count=3)
    for hold in holds:
        await hold.started.wait()

    for process in processes[1:]:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    for hold in holds:
        hold.released.set()
    job = await ann.gets(job_id, timeout=60)

    assert (job.state, job.missing) == (State.DONE, ()), job.error
    assert [one.seed for one in job.result.pictures] == [7, 8, 9]
    assert None not in await queue.pictures(job)
    assert {body["seed"] for body in webuis[0].jobs} == {7, 8, 9}
    assert await queue.open_jobs() == []


async def test_a_webui_that_goes_down_hands_its_part_to_another(webuis, join, ann, queue):
    for webui in webuis[:2]:
        await join(webui)
    await all_rest(queue, 2)
    holds = [Hold(), Hold()]
    for webui, hold in zip(webuis, holds, strict=False):
        webui.script(hold)
    job_id = await ann.asks(count=2)
    for hold in holds:
        await hold.started.wait()
    await webuis[1].crash()
    holds[0].released.set()

    job = await ann.gets(job_id)
    assert (job.state, [one.seed for one in job.result.pictures]) == (State.DONE, [7, 8])
    assert await ann.worker(WorkerState.AWAY)


async def test_when_the_queue_is_full_a_set_stays_one_job(webuis, join, ann, queue):
    for webui in webuis[:2]:
        await join(webui)
    await all_rest(queue, 2)
    holds = [Hold(), Hold()]
    for webui, hold in zip(webuis, holds, strict=False):
        webui.script(hold)
    first = [await ann.asks(owner=f"bob {number}") for number in range(2)]
    for hold in holds:
        await hold.started.wait()
    sets = [await ann.asks(count=3, seed=50), await ann.asks(count=3, seed=60)]
    for hold in holds:
        hold.released.set()

    jobs = [await ann.gets(job_id) for job_id in (*first, *sets)]
    assert [job.parts for job in jobs] == [()] * 4
    calls = [(body["seed"], body["n_iter"]) for webui in webuis[:2] for body in webui.jobs]
    assert {call for call in calls if call[0] in (50, 60)} == {(50, 3), (60, 3)}
