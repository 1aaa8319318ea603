"""Worker processes as an operator runs them: signals, deaths, and several WebUIs at once."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from PIL import Image

from loopback.comfyui import faults
from loopback.comfyui.server import ScriptedComfyUI
from loopback.flavours import A1111WebUI
from loopback.fleet import until
from loopback.webui import Hold, ScriptedWebUI, Turn, encoded, pictures
from zosma_queue import calls, keys
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.scripts import acall
from zosma_queue.sweeper import SWEEP_EVERY_S
from zosma_queue.tasks import end


class Process:
    """A worker process, and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said += line.decode()

    async def ended(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(60):
            code = await self.process.wait()
            await self._reading
        return code


@pytest.fixture(name="spawn")
async def _spawn(redis_url: str, tmp_path) -> AsyncIterator[object]:
    """Starts `python -m zosma_worker`; whatever still runs at the end of the test is killed."""
    started: list[Process] = []

    async def spawn(**variables: str) -> Process:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SD_API", "REDIS"))}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_worker", cwd=tmp_path, env={**clean, "REDIS_URL": redis_url, **variables},
            stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        started.append(Process(process))
        return started[-1]

    yield spawn
    for one in started:
        if one.process.returncode is None:
            one.process.kill()
        await one.ended()


async def test_sigterm_finishes_the_running_job_and_then_leaves(webui, spawn, ann):
    hold = Hold()
    webui.script(hold)
    worker = await spawn(SD_API_HOST=webui.url)
    await ann.worker(WorkerState.READY)
    job_id = await ann.asks()
    waiting = await ann.asks()
    await hold.started.wait()

    worker.process.send_signal(signal.SIGTERM)
    await ann.worker(WorkerState.AWAY)
    hold.released.set()

    assert await worker.ended() == 0
    assert (await ann.job(job_id)).state is State.DONE
    assert (await ann.job(waiting)).state is State.WAITING
    assert await ann.queue.workers() == []
    assert "finishes the running one" in worker.said


async def test_an_option_that_a_job_has_set_is_put_back_though_its_worker_was_killed(spawn, ann):
    async with A1111WebUI() as webui:
        worker = await spawn(SD_API_HOST=webui.url)
        await ann.worker(WorkerState.READY)
        await ann.gets(await ann.asks(a1111={"override_settings": {"eta_noise_seed_delta": 31337}}))
        worker.process.kill()
        await worker.ended()
        assert webui.options["eta_noise_seed_delta"] == 31337

        await spawn(SD_API_HOST=webui.url)
        await ann.gets(await ann.asks(seed=8))

        assert webui.options["eta_noise_seed_delta"] == 7


async def test_a_second_signal_ends_it_at_once(webui, spawn, ann):
    hold = Hold()
    webui.script(hold)
    worker = await spawn(SD_API_HOST=webui.url)
    await ann.worker(WorkerState.READY)
    await ann.asks()
    await hold.started.wait()

    worker.process.send_signal(signal.SIGINT)
    await ann.worker(WorkerState.AWAY)
    worker.process.send_signal(signal.SIGINT)

    assert await worker.ended() == 1


async def test_a_killed_worker_is_gone_from_the_queue_within_ten_seconds_of_its_last_sign_of_life(
    webui, spawn, ann, queue, raw
):
    worker = await spawn(SD_API_HOST=webui.url)
    await ann.worker(WorkerState.READY)
    worker.process.kill()
    await worker.ended()
    [shown] = await queue.workers()

    assert calls.WORKER_TTL_MS + 1000 * SWEEP_EVERY_S < 10_000
    for later_ms, there in ((calls.WORKER_TTL_MS - 1, True), (calls.WORKER_TTL_MS + 1, False)):
        await acall(queue._redis, calls.sweep(now_ms=shown.seen_ms + later_ms))
        assert bool(await queue.workers()) is there


async def test_a_drained_worker_finishes_its_job_takes_nothing_new_and_can_be_put_back(webui, spawn, ann, queue):
    hold = Hold()
    webui.script(hold)
    await spawn(SD_API_HOST=webui.url)
    worker = await ann.worker(WorkerState.READY)
    running, waiting = await ann.asks(), await ann.asks()
    await hold.started.wait()

    await queue.admin.pause("ann", f"worker:{worker.id}")
    hold.released.set()

    assert (await ann.gets(running)).state is State.DONE
    await ann.worker(WorkerState.READY)  # idle, and shown as paused
    assert [one.reason for one in await queue.workers()] == ["paused by an admin"]
    assert ((await ann.job(waiting)).state, len(webui.jobs)) == (State.WAITING, 1)
    await queue.admin.resume("ann", f"worker:{worker.id}")
    assert (await ann.gets(waiting)).state is State.DONE


async def test_a_killed_workers_job_runs_again_on_another(webui, spawn, ann, join):
    hold = Hold()
    webui.script(hold)
    worker = await spawn(SD_API_HOST=webui.url)
    await ann.worker(WorkerState.READY)
    job_id = await ann.asks()
    await hold.started.wait()

    worker.process.kill()
    async with ScriptedWebUI() as other:
        await join(other)
        job = await ann.gets(job_id, timeout=12)

    assert (job.state, job.attempt, job.lost, job.failures) == (State.DONE, 2, 1, 0)
    assert len(other.jobs) == 1


class Heavy:
    """Four pictures of noise, which take a while to decode, check and store."""

    def __init__(self) -> None:
        noise = io.BytesIO()
        Image.effect_noise((1024, 1024), 90).convert("RGB").save(noise, "PNG", compress_level=1)
        self._image = encoded(noise.getvalue())

    async def __call__(self, turn: Turn) -> web.StreamResponse:
        seeds = [turn.body["seed"] + index for index in range(4)]
        info = {"all_seeds": seeds, "sd_model_name": "dream", "infotexts": []}
        return web.json_response({"images": [self._image] * 4, "parameters": {}, "info": json.dumps(info)})


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.3, 0.45])
async def test_a_worker_killed_while_it_finishes_one_job_and_makes_the_next_loses_and_doubles_none(
    after_s, webui, other, spawn, ann, join, queue, raw
):
    hold = Hold()
    webui.script(Heavy(), hold)
    worker = await spawn(SD_API_HOST=webui.url, SD_BENCHMARK="off")
    await ann.worker(WorkerState.READY)
    ended, listening = await _settlements(queue)
    jobs = [await ann.asks(seed=1, count=4, width=1024, height=1024), await ann.asks(seed=9)]

    await hold.started.wait()  # the first is made and unsettled, the second is under way
    await asyncio.sleep(after_s)
    worker.process.kill()
    await worker.ended()

    states = [(await ann.job(job)).state for job in jobs]
    assert states[1] is State.RUNNING
    if not after_s:
        assert states[0] is State.RUNNING
    seconds, microseconds = raw.time()
    await acall(queue._redis, calls.sweep(now_ms=seconds * 1000 + microseconds // 1000 + calls.LEASE_MS + 1000))
    other.script(Heavy() if states[0] is State.RUNNING else pictures())
    await join(other)
    made = [await ann.gets(job) for job in jobs]

    assert [job.state for job in made] == [State.DONE] * 2
    assert [len(await queue.pictures(job)) for job in made] == [4, 1]
    assert [job.lost for job in made] == [1 if states[0] is State.RUNNING else 0, 1]
    assert [job.failures for job in made] == [0, 0]
    assert int(raw.hget(keys.STATS, "done")) == 2
    await until(lambda: _at_least(ended, 2))
    assert sorted(ended) == sorted(jobs)  # each once: whoever posts results hears of it once
    await end(listening)


async def _settlements(queue):
    """The ids of the jobs that end from now on, as they are told; and the task that listens."""
    ended, hears = [], asyncio.Event()

    async def listen():
        async for event in queue.events():
            hears.set()
            if event and event.kind == "settled":
                ended.append(event.job)

    listening = asyncio.create_task(listen())
    await hears.wait()
    return ended, listening


async def _at_least(items, count):
    return len(items) >= count


async def test_a_killed_workers_prompt_is_found_again_in_its_comfyui(spawn, ann):
    async with ScriptedComfyUI() as comfyui:
        hold = faults.Hold()
        comfyui.script(hold)
        killed = await spawn(SD_API_HOST=comfyui.url, SD_BENCHMARK="off")
        await ann.worker(WorkerState.READY)
        job_id = await ann.asks()
        await hold.started.wait()
        killed.process.kill()
        await killed.ended()

        again = await spawn(SD_API_HOST=comfyui.url, SD_BENCHMARK="off")
        await until(lambda: _was_given_back(ann, job_id))
        hold.released.set()
        job = await ann.gets(job_id, timeout=30)
        again.process.terminate()
        await again.ended()

        assert (job.state, job.result.attempt, len(comfyui.jobs)) == (State.DONE, 2, 1)


async def _was_given_back(ann, job_id):
    return (await ann.job(job_id)).state is State.WAITING


async def test_several_webuis_get_a_process_each_and_a_dead_one_is_started_again(webui, spawn, ann):
    async with ScriptedWebUI() as other:
        supervisor = await spawn(SD_API_HOST=f"{webui.url},{other.url}")
        first = await ann.worker(WorkerState.READY, webui.address.place)
        await ann.worker(WorkerState.READY, other.address.place)
        pid = _child_of(supervisor.process.pid, webui.url)

        os.kill(pid, signal.SIGKILL)

        async def another():
            workers = await ann.queue.workers()
            return [one for one in workers if webui.address.place in one.id and one.id != first.id]

        await until(another)
        supervisor.process.send_signal(signal.SIGTERM)
        assert await supervisor.ended() == 0
        assert "died (-9), starts again" in supervisor.said


async def test_workers_leave_when_their_supervisor_is_killed(webui, spawn, ann):
    async with ScriptedWebUI() as other:
        supervisor = await spawn(SD_API_HOST=f"{webui.url},{other.url}")
        await ann.worker(WorkerState.READY, webui.address.place)
        await ann.worker(WorkerState.READY, other.address.place)

        supervisor.process.kill()

        async def gone():
            return not await ann.queue.workers()

        assert await until(gone)


def _child_of(parent: int, url: str) -> int:
    """The process of a supervisor that drives this WebUI."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat, open(f"/proc/{entry}/environ") as environ:
                    mine = int(stat.read().rsplit(")", 1)[1].split()[1]) == parent
                    if mine and f"SD_API_HOST={url}\0" in environ.read():
                        return int(entry)
            except OSError:
                continue
    raise AssertionError(f"no child of {parent} drives {url}")


async def test_a_wrong_setting_is_one_line_and_exit_code_2(spawn):
    worker = await spawn(SD_API_HOST="ftp://gpu")

    assert await worker.ended() == 2
    assert re.fullmatch(r"SD_API_HOST='ftp://gpu' is wrong: must look like host:7860[^\n]*\n", worker.said)


async def test_without_a_webui_it_says_so_and_ends(spawn):
    worker = await spawn()

    assert await worker.ended() == 2
    assert worker.said.startswith("SD_API_HOST is not set")


async def test_while_redis_is_away_it_waits_and_says_so_once(webui, spawn):
    worker = await spawn(SD_API_HOST=webui.url, REDIS_URL="redis://127.0.0.1:1/0")

    async def waits():
        return "joins when it is back" in worker.said and len(webui.paths("GET")) > 8

    await until(waits, timeout=90)
    assert worker.said.count("Redis can't be reached") == 1
    worker.process.send_signal(signal.SIGTERM)
    assert await worker.ended() == 0
