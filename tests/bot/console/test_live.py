"""What open pages are told: that something has changed, and of jobs that their visitor may see, how far they are."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from zosma_bot.console import live
from zosma_bot.console.live import JOBS_AT_ONCE, Ear
from zosma_queue.client import Sender
from zosma_queue.events import Event
from zosma_queue.request import parse_request

from .conftest import ANN, BOB, MAX

KEY_BOB = Sender(owner="key:bob", group="key:bob")


class Stream:
    """An open stream."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def until(self, wanted):
        """The first event for which `wanted(name, data)` is true; the test fails when none comes."""
        name = ""
        async with asyncio.timeout(20):
            while True:
                field, _, value = (await self._answer.content.readline()).decode().strip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and wanted(name, data := json.loads(value)):
                    return data


@pytest.fixture(name="listen")
async def _listen(hub):
    opened = []

    async def listen(page):
        answer = await page.session.get("/console/events")
        assert answer.status == 200
        opened.append(answer)
        assert (await answer.content.readline()).startswith(b"retry")
        return Stream(answer)

    yield listen
    for answer in opened:
        answer.close()


async def test_a_change_is_told_by_the_parts_that_show_it(visit, listen, queue, worker):
    stream = await listen(await visit(ANN))
    job_id = await queue.submit(parse_request({"prompt": "a secret"}), KEY_BOB)
    told = await stream.until(lambda name, data: name == "changed")
    assert {"queue", "mine"} <= set(told["topics"])

    await worker.finish(await worker.take())
    told = await stream.until(lambda name, data: name == "changed" and "ended" in data["topics"])
    assert job_id not in json.dumps(told)


async def test_progress_is_told_to_the_owner_and_to_admins(visit, listen, queue, worker):
    ann, bob, boss = [await listen(await visit(key)) for key in (ANN, BOB, MAX)]
    job_id = await queue.submit(parse_request({"prompt": "a secret"}), KEY_BOB)
    leased = await worker.take()
    await worker.progress(leased, 0.5, eta_s=3)
    for stream in (bob, boss):
        told = await stream.until(lambda name, data: name == "progress")
        assert (told["job"], told["progress"], told["eta"]) == (job_id, 0.5, 3)

    # Whatever comes before the end of the job is read: there was no word of how far it is.
    await worker.finish(leased)
    seen = []
    await ann.until(lambda name, data: seen.append(name) or (name == "changed" and "ended" in data["topics"]))
    assert "progress" not in seen


async def test_when_events_may_have_been_missed_everything_is_looked_at_anew(visit, listen, hub):
    stream = await listen(await visit(ANN))
    hub._hear(None)
    told = await stream.until(lambda name, data: name == "changed")
    assert {"queue", "fleet", "mine", "ended"} == set(told["topics"])


async def test_more_streams_than_there_may_be_are_sent_away(visit, listen, monkeypatch):
    monkeypatch.setattr(live, "STREAMS_MAX", 1)
    page = await visit(ANN)
    await listen(page)
    async with page.session.get("/console/events") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"]


async def test_a_server_that_stops_does_not_wait_for_open_pages(queue, hub):
    from zosma_bot.http.app import make_app, serve

    async with aiohttp.ClientSession() as session:
        async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as address:
            answer = await session.get(f"{address}/console/events")
            before = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - before < 1.5
        await answer.read()


def test_what_is_not_taken_yet_stays_small():
    ear = Ear()
    for number in range(10 * JOBS_AT_ONCE):
        ear.hear(Event("progress", f"job-{number}", {"progress": 0.5}))
        ear.hear(Event("waiting", f"job-{number}", {}))
    assert len(ear.progress) == JOBS_AT_ONCE
    assert ear.topics == {"queue", "mine", "fleet"}
