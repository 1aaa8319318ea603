"""Redis goes while a worker works: the job is finished, and handed over when Redis is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from loopback.fleet import HASTY, Community, until
from loopback.webui import Hold
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker.slot import WorkerOptions, run_slot


@pytest.fixture(name="own_valkey")
def _own_valkey(tmp_path):
    """A Valkey that a test may stop."""
    with PrivateValkey(tmp_path) as server:
        yield server


@pytest.fixture(name="member")
async def _member(own_valkey) -> AsyncIterator[Community]:
    """A member of that Valkey's fleet."""
    async with Queue(own_valkey.url) as queue:
        yield Community(queue)


async def test_a_job_that_runs_while_redis_restarts_is_done(own_valkey, member, webui, caplog):
    hold = Hold()
    webui.script(hold)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_slot(own_valkey.url, webui.address, stop, WorkerOptions(timeouts=HASTY)))
    await member.worker(WorkerState.READY)
    job_id = await member.asks()
    await hold.started.wait()

    await asyncio.to_thread(own_valkey.stop)

    async def noticed():
        return "goes on without Redis" in caplog.text

    await until(noticed)
    hold.released.set()
    await asyncio.to_thread(own_valkey.start)
    job = await member.gets(job_id)
    assert (job.state, job.attempt, len(webui.jobs)) == (State.DONE, 1, 1)
    assert all(await member.queue.pictures(job))
    assert (await member.worker(WorkerState.READY)).about is not None
    stop.set()
    await worker


@pytest.mark.parametrize(
    ("setting", "on", "off"), [("maxmemory", "1", "0"), ("min-replicas-to-write", "1", "0")], ids=["OOM", "NOREPLICAS"]
)
async def test_a_picture_that_is_done_while_redis_takes_none_is_kept_and_handed_over_later(
    setting, on, off, own_valkey, member, webui, caplog
):
    hold = Hold()
    webui.script(hold)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_slot(own_valkey.url, webui.address, stop, WorkerOptions(timeouts=HASTY)))
    await member.worker(WorkerState.READY)
    job_id = await member.asks()
    await hold.started.wait()
    with redis.Redis.from_url(own_valkey.url) as admin:
        admin.config_set(setting, on)
        refused = admin.info("errorstats")
        hold.released.set()

        async def tried():
            return admin.info("errorstats") != refused

        await until(tried)
        assert (await member.queue.job(job_id)).state is State.RUNNING
        admin.config_set(setting, off)

    job = await member.gets(job_id)
    assert (job.state, job.attempt, len(webui.jobs)) == (State.DONE, 1, 1)
    assert all(await member.queue.pictures(job))
    assert "Traceback" not in caplog.text
    stop.set()
    await worker
