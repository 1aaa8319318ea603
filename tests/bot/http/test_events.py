"""Event streams: what a client is told of its jobs as they go, and after it was away."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest

from loopback.played_worker import PlayedWorker
from zosma_bot.http import events, follower
from zosma_queue import calls, history

JOBS = "/api/v1/jobs"
EVENTS = "/api/v1/events"
ANN, BOB = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))


@pytest.fixture(autouse=True)
def _no_gaps(monkeypatch):
    """Changes are read as they come, places looked up at each turn."""
    monkeypatch.setattr(follower, "GAP_S", 0.0)
    monkeypatch.setattr(follower, "PLACES_EVERY_S", 0.05)


class Reader:
    """Reads an event stream as a browser does."""

    def __init__(self, answer, last_id: str) -> None:
        self.answer = answer
        self.last_id = last_id
        self.comments = 0

    async def event(self) -> tuple[str, dict[str, Any]] | None:
        """The next event's name and data; None at the end of the stream."""
        async with asyncio.timeout(20):
            name, data = "message", []
            async for line in self.answer.content:
                field, _, value = line.decode().rstrip("\n").partition(":")
                value = value.removeprefix(" ")
                if line == b"\n":
                    if data:
                        return name, json.loads("\n".join(data))
                    name = "message"
                elif not field:
                    self.comments += 1
                elif field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
        return None

    async def until(self, name: str, **expected) -> dict[str, Any]:
        """The data of the next event of this name that has these values."""
        while event := await self.event():
            if event[0] == name and all(event[1].get(key) == value for key, value in expected.items()):
                return event[1]
        raise AssertionError(f"the stream ended without {name} {expected}")


@asynccontextmanager
async def following(http, path, last_id=None, headers=None):
    more = {"Last-Event-ID": last_id} if last_id is not None else {}
    async with http.get(path, headers={**(headers or {}), **more}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield Reader(answer, last_id or "")


async def submit(http, headers=None, **fields) -> dict[str, Any]:
    async with http.post(JOBS, json={"prompt": "a cat", **fields}, headers=headers) as answer:
        assert answer.status == 202, await answer.text()
        return await answer.json()


async def test_one_jobs_stream_tells_its_whole_way_and_ends(http, worker):
    job = await submit(http)
    async with following(http, f"{JOBS}/{job['id']}/events") as stream:
        state = await stream.until("state", job=job["id"])
        assert state["view"]["state"] == "waiting"
        place = await stream.until("place", position=1)
        assert place["job"] == job["id"]
        assert 0 <= place["starts_in_s"] <= place["ends_in_s"]
        assert place["paused"] is False

        leased = await worker.take()
        assert (await stream.until("state"))["view"]["attempt"] == 1
        await worker.progress(leased, 0.25, eta_s=9)
        assert await stream.event() == (
            "progress", {"job": job["id"], "progress": 0.25, "eta_s": 9.0, "estimated": False}
        )  # fmt: skip
        await worker.progress(leased, 0.5, eta_s=5, preview=b"\xff\xd8preview")
        await stream.until("progress", progress=0.5)
        preview = await stream.until("preview")
        async with http.get(preview["url"]) as answer:
            assert await answer.read() == b"\xff\xd8preview"

        await worker.finish(leased)
        ended = await stream.until("end")
        assert await stream.event() is None
    async with http.get(f"{JOBS}/{job['id']}") as answer:
        assert ended == {"job": job["id"], "view": await answer.json()}

    async with http.get(f"{JOBS}/{job['id']}/events", headers={"Last-Event-ID": stream.last_id}) as answer:
        assert answer.status == 204  # what tells a browser to come no more


async def test_a_stream_of_an_ended_job_tells_its_end_at_once(http, worker):
    job = await submit(http)
    await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))

    async with following(http, f"{JOBS}/{job['id']}/events") as stream:
        name, data = await stream.event()
        assert (name, data["view"]["error"]["kind"]) == ("end", "oom")
        assert await stream.event() is None


async def test_anothers_job_has_no_stream_for_me(guarded, worker):
    job = await submit(guarded, ANN)
    async with guarded.get(f"{JOBS}/{job['id']}/events", headers=BOB) as answer:
        assert answer.status == 404


async def test_a_callers_stream_tells_of_all_their_jobs_and_of_nobody_elses(guarded, worker):
    before = await submit(guarded, ANN)
    async with following(guarded, EVENTS, headers=ANN) as stream:
        assert (await stream.until("state"))["job"] == before["id"]
        await submit(guarded, BOB, prompt="theirs")
        after = await submit(guarded, ANN)
        put_off = await submit(guarded, ANN, delay_s=3600)
        told = {}
        while len(told) < 2:
            data = (await stream.until("state"))["view"]
            told[data["id"]] = data["state"]
        assert told == {after["id"]: "waiting", put_off["id"]: "delayed"}

        ends = set()
        for _ in range(3):
            await worker.finish(await worker.take())
        while len(ends) < 2:
            ends.add((await stream.until("end"))["job"])
        assert ends == {before["id"], after["id"]}


async def test_who_comes_back_is_told_what_ended_meanwhile_and_what_is_open(http, worker):
    first, second, third = [await submit(http) for _ in range(3)]
    async with following(http, EVENTS) as stream:
        await worker.finish(await worker.take())
        await stream.until("end", job=first["id"])
    assert int(stream.last_id) > 0
    await worker.finish(await worker.take())

    async with following(http, EVENTS, last_id=stream.last_id) as again:
        told = {}
        while {("end", second["id"]), ("state", third["id"])} - told.keys():
            name, data = await again.event()
            told[name, data["job"]] = data.get("view")
        assert told["end", second["id"]]["result"]
    async with following(http, EVENTS) as fresh:
        assert (await fresh.event())[1]["job"] == third["id"]  # nothing of what is over


@pytest.mark.parametrize("last_id", ["nonsense", "9" * 400, "-1", "٣", "1e3", "end-1"])
async def test_an_event_id_that_is_none_of_ours_is_a_new_client(http, worker, last_id):
    job = await submit(http)
    async with following(http, EVENTS, last_id=last_id) as stream:
        assert (await stream.until("state"))["job"] == job["id"]


async def test_an_end_that_no_event_told_of_is_told_all_the_same(http, hub, worker, monkeypatch):
    job = await submit(http)
    async with following(http, EVENTS) as stream:
        await stream.until("state", job=job["id"])
        monkeypatch.setattr(type(hub), "_hear", lambda *_: None)  # deaf
        unheard = await submit(http)
        for _ in range(2):
            await worker.finish(await worker.take())
        monkeypatch.undo()
        hub._hear(None)  # it hears again: it always says so first
        ends = {(await stream.until("end"))["job"] for _ in range(2)}
        assert ends == {job["id"], unheard["id"]}


async def test_every_end_before_the_id_that_a_client_has_was_told(http, worker, monkeypatch):
    """The id moves on only behind what was sent."""
    monkeypatch.setattr(follower, "LOOK_EVERY_S", 0.0)
    told: set[str] = set()
    jobs = {(await submit(http))["id"] for _ in range(12)}
    last_id, open_ = "0", len(jobs)
    while len(told) < len(jobs):
        async with following(http, EVENTS, last_id=last_id) as stream:
            if open_:
                await worker.finish(await worker.take())
            before = len(told)
            while len(told) == before:
                told.add((await stream.until("end"))["job"])
            last_id = stream.last_id
        if open_:
            await worker.finish(await worker.take())  # while nobody listens
        open_ = max(open_ - 2, 0)
    assert told == jobs


async def test_a_stream_that_breaks_off_after_its_first_event_can_be_taken_up(http, worker):
    job = await submit(http)
    async with following(http, EVENTS) as stream:
        await stream.event()
    await worker.finish(await worker.take())
    async with following(http, EVENTS, last_id=stream.last_id) as again:
        await again.until("end", job=job["id"])


async def test_a_pause_is_told_as_a_place(http, queue, worker):
    job = await submit(http)
    async with following(http, EVENTS) as stream:
        await stream.until("place", position=1)
        await queue.admin.pause("root", "queue")
        queue._snapshot = (float("-inf"), {})
        told = await stream.until("place", job=job["id"], paused=True)
        assert (told["position"], told["starts_in_s"]) == (None, None)


async def test_a_failed_job_that_is_given_a_new_life_is_followed_again(http, queue, worker):
    job = await submit(http)
    async with following(http, EVENTS) as stream:
        await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
        assert (await stream.until("end"))["view"]["state"] == "failed"
        await queue.admin.retry("root", job["id"])
        assert (await stream.until("state"))["view"]["state"] == "waiting"
        await worker.finish(await worker.take())
        assert (await stream.until("end"))["view"]["state"] == "done"


async def test_a_job_that_is_forgotten_ends_without_a_view(http, queue, worker):
    job = await submit(http)
    async with following(http, EVENTS) as all_, following(http, f"{JOBS}/{job['id']}/events") as one:
        for stream in (all_, one):
            await stream.until("state")
        await queue.erase("http:local")
        for stream in (all_, one):
            assert (await stream.until("end"))["job"] == job["id"]


async def test_a_quiet_stream_has_heartbeats(http, worker, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.02)
    async with following(http, EVENTS) as stream:
        for _ in range(20):
            if (await stream.answer.content.readline()).startswith(b":"):
                return
    raise AssertionError("no heartbeat among twenty lines")


async def test_hundreds_of_streams_cost_one_read_each_change(http, hub, queue, worker, monkeypatch):
    job = await submit(http)
    reads: list[int] = []
    real = history.read_jobs

    async def counted(redis, ids):
        reads.append(len(ids))
        return await real(redis, ids)

    async with asyncio.TaskGroup() as group:
        everybody = asyncio.Barrier(101)

        async def follow() -> None:
            async with following(http, f"{JOBS}/{job['id']}/events") as stream:
                await stream.until("place")
                await everybody.wait()
                await stream.until("end")

        for _ in range(100):
            group.create_task(follow())
        await everybody.wait()
        monkeypatch.setattr(history, "read_jobs", counted)
        await worker.finish(await worker.take())
    assert sum(reads) <= 4


async def test_more_streams_than_one_caller_may_have_are_refused(http, worker, monkeypatch):
    monkeypatch.setattr(events, "STREAMS_OF_ONE_MAX", 1)
    async with following(http, EVENTS), http.get(EVENTS) as answer:
        assert (answer.status, (await answer.json())["error"]) == (429, "TooManyStreams")
    job = await submit(http)
    async with following(http, EVENTS) as again:
        assert (await again.until("state"))["job"] == job["id"]


async def test_a_stream_outlives_a_worker_that_comes_late_and_one_that_leaves(http, redis_url, worker):
    job = await submit(http)
    async with following(http, f"{JOBS}/{job['id']}/events") as stream:
        await stream.until("place")
        async with PlayedWorker(redis_url, "other/one") as other:
            leased = await other.take()
            await stream.until("state")
            await other.settle(leased, calls.release("webui-away", "gone"))
        assert (await stream.until("state"))["view"]["state"] == "waiting"
        await worker.finish(await worker.take())
        await stream.until("end")


async def test_a_stream_is_asked_for_by_get_alone(http, worker):
    async with http.head(EVENTS) as answer:
        assert answer.status == 405
