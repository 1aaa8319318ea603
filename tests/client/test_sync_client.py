"""The client without asyncio: the same as the other, and tried where it isn't."""

from __future__ import annotations

import asyncio
import inspect
import re
import threading

import pytest

import zosma.aio
import zosma.sync
from loopback.lossy_proxy import LossyProxy
from zosma import Client, JobFailedError, LimitError, UnauthorizedError, UnreachableError
from zosma_cli.processes import free_port
from zosma_queue import calls
from zosma_queue.errors import ErrorKind

SMALL = {"width": 64, "height": 64, "steps": 4}

#: What makes one of the other, in this order.
_WORDS = (
    ("asyncio.sleep", "time.sleep"),
    ("async with", "with"), ("async for", "for"), ("async def", "def"), ("await ", ""), ("aclosing", "closing"),
    ("AsyncGenerator", "Generator"), ("AsyncIterator", "Iterator"), ("AsyncClient", "Client"), ("AsyncJob", "Job"),
    ("__aenter__", "__enter__"), ("__aexit__", "__exit__"), ("__aiter__", "__iter__"), ("aclose", "close"),
    ("aread", "read"),
)  # fmt: skip


def without_await(text):
    for word, instead in _WORDS:
        text = text.replace(word, instead)
    return text


def classes_of(module):
    """The source of each class and method, in one form."""
    return {
        f"{name}.{method}": re.sub(r"\s+|# noqa: UP028.*", "", without_await(inspect.getsource(function)))
        for name, one in vars(module).items()
        if inspect.isclass(one) and one.__module__ == module.__name__
        for method, function in vars(one).items()
        if inspect.isfunction(function)
    }


def test_the_two_clients_are_the_same_but_for_how_they_wait():
    of_asyncio = {without_await(name): source for name, source in classes_of(zosma.aio).items()}
    of_threads = classes_of(zosma.sync)

    assert of_asyncio.keys() == of_threads.keys()
    assert len(of_threads) > 25
    assert {name for name in of_threads if of_asyncio[name] != of_threads[name]} == {"Job.wait"}


async def test_the_three_lines(bot, worker, tmp_path):
    def lines():
        with Client(bot.url) as server:
            job = server.submit("a lighthouse at dusk", seed=7, count=2, **SMALL)
            kinds = [update.kind for update in job]
            return job, kinds, [picture.save(tmp_path) for picture in job.pictures()]

    asked = asyncio.create_task(asyncio.to_thread(lines))
    leased = await worker.take()
    await worker.progress(leased, 0.5)
    await worker.finish(leased)
    job, kinds, saved = await asked

    assert job.state == "done"
    assert kinds[-1] == "end"
    assert [path.name for path in saved] == [f"{job.id}-0-7.png", f"{job.id}-1-8.png"]


async def test_a_stream_goes_on_when_the_bot_is_started_anew_in_its_middle(bot, worker):
    runs = threading.Event()

    def follow():
        with Client(bot.url, retry_for_s=20) as server:
            states = []
            for update in server.submit("a cat", **SMALL):
                states.append(update.state)
                if update.state == "running":
                    runs.set()
            return states

    followed = asyncio.create_task(asyncio.to_thread(follow))
    leased = await worker.take()
    await asyncio.to_thread(runs.wait)
    await bot.stop()
    await worker.finish(leased)
    await bot.start()

    states = await followed
    assert states[-1] == "done"
    assert "running" in states


async def test_a_lost_answer_to_a_submit_makes_no_second_job(bot, worker):
    def submit(url):
        with Client(url) as server:
            job = server.submit("a cat", **SMALL)
            return [job.id], [one.id for one in server.jobs(page_size=1)]

    async with LossyProxy(bot.url) as proxy:
        proxy.losing = 2
        submitted, listed = await asyncio.to_thread(submit, proxy.url)
        assert proxy.lost == 2
    assert submitted == listed


async def test_waiting_ends_in_time_and_goes_on(bot, worker):
    def wait(job, timeout):
        return job.wait(timeout)

    with Client(bot.url) as server:
        job = await asyncio.to_thread(lambda: server.submit("a cat", **SMALL))
        with pytest.raises(TimeoutError, match="has not ended within"):
            await asyncio.to_thread(wait, job, 0.05)
        await worker.finish(await worker.take())
        assert (await asyncio.to_thread(wait, job, 20)).state == "done"
        assert len(await asyncio.to_thread(job.pictures)) == 1


async def test_errors_are_those_of_the_other_client(guarded, worker):
    refused = threading.Event()

    def errors():
        with Client(guarded.url, key="wrong") as server, pytest.raises(UnauthorizedError):
            server.queue()
        with Client(f"http://127.0.0.1:{free_port()}", retry_for_s=0) as server, pytest.raises(UnreachableError):
            server.queue()
        with Client(guarded.url, key="ann's long key") as server:
            server.request("PUT", "/api/v1/admin/limits/default", {"waiting": 1})
            failing = server.submit("a cat", **SMALL)
            with pytest.raises(LimitError):
                server.submit("a dog", **SMALL)
            refused.set()
            with pytest.raises(JobFailedError, match="out of memory"):
                failing.pictures()

    asked = asyncio.create_task(asyncio.to_thread(errors))
    await asyncio.to_thread(refused.wait)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY, "the GPU ran out of memory"))
    await asked


async def test_all_jobs_are_followed(bot, worker):
    follows = threading.Event()

    def first_end():
        with Client(bot.url) as server:
            job = server.submit("a cat", **SMALL)
            for update in server.events():
                follows.set()
                if update.kind == "end":
                    return job.id, update.job.id
        return None

    asked = asyncio.create_task(asyncio.to_thread(first_end))
    await asyncio.to_thread(follows.wait)
    await worker.finish(await worker.take())

    submitted, ended = await asked
    assert submitted == ended
