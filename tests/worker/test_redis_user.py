"""A worker with the Redis user that the README gives: enough for all it does, and for nothing else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from loopback.fleet import HASTY
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker.slot import WorkerOptions, run_slot

#: Where the line stands.
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(name="worker_url")
def _worker_url(redis_url, raw):
    """The queue's URL with the login of the user that the README makes."""
    line = re.search(r"^ +(ACL SETUSER .*)$", README.read_text(), re.MULTILINE)
    assert line
    name, password = line[1].split()[2], "password"
    assert f">{password}" in line[1]
    raw.execute_command(*line[1].split())
    yield f"redis://{name}:{password}@{urlsplit(redis_url).netloc}/0"
    raw.acl_deluser(name)


async def test_it_joins_makes_a_picture_and_leaves(worker_url, webui, ann):
    stop = asyncio.Event()
    worker = asyncio.create_task(
        run_slot(worker_url, webui.address, stop, WorkerOptions(timeouts=HASTY, benchmark=True))
    )
    await ann.worker(WorkerState.READY)
    start = await ann.queue.keep_input(b"not a picture, but stored")

    job = await ann.gets(await ann.asks(count=2))
    inspired = await ann.gets(await ann.asks(img2img={"image": start}))

    assert (job.state, len(await ann.queue.pictures(job))) == (State.DONE, 2)
    assert inspired.state is State.DONE
    stop.set()
    await worker
    assert await ann.queue.workers() == []


@pytest.mark.parametrize(
    "command",
    [("SET", "other", "1"), ("GET", "other"), ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("ACL", "LIST"),
     ("SHUTDOWN",), ("PUBLISH", "other", "1"), ("EVAL", "return redis.call('GET', 'other')", "0")],
    ids=lambda command: " ".join(command),
)  # fmt: skip
def test_it_may_do_nothing_else(command, worker_url):
    with redis.Redis.from_url(worker_url) as client, pytest.raises(redis.ResponseError, match=r"(?i)permission|NOPERM"):
        client.execute_command(*command)
