"""What lies between a WebUI's answer and the settle: nothing waits for nothing, and nothing unseen is handed on."""

from __future__ import annotations

import asyncio

import pytest

from loopback.fleet import until
from loopback.webui import Halting, Hold, encoded, picture, pictures
from zosma_queue import calls, keys
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.job import State
from zosma_queue.request import parse_request
from zosma_queue.worker_queue import RedisWorkerQueue
from zosma_worker import handover
from zosma_worker.backend import Order
from zosma_worker.lease import Lease
from zosma_worker.storing import Storing
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui.backend import a1111_backend

#: A test that waits for this fails by its time.
NEVER_S = 3600.0
BLACK = pictures(lambda answer: answer.update(images=[encoded(picture(64, 64, None))]))


async def test_a_picture_waits_for_no_next_job_when_none_is_there(webui, join, ann, monkeypatch):
    monkeypatch.setattr(handover, "NEXT_S", NEVER_S)
    await join(webui)

    for _ in range(3):
        assert (await ann.gets(await ann.asks())).state is State.DONE


@pytest.fixture(name="idle")
def _idle(raw):
    """Waits until a worker waits for a job."""

    async def somebody_waits():
        return raw.zcard(keys.IDLE)

    return lambda: until(somebody_waits)


async def test_pictures_that_were_waited_for_are_looked_at_before_anybody_looks_for_a_next_job(
    webui, join, ann, idle, monkeypatch
):
    async def never(self):
        await asyncio.sleep(NEVER_S)

    monkeypatch.setattr(handover.Handover, "next_sent", never)
    await join(webui)
    await idle()

    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_who_was_waited_for_is_settled_and_the_next_job_fetched_in_one_step(webui, join, ann, idle, monkeypatch):
    both, settled_with_a_fetch = calls.settle_and_fetch, []

    def noted(job_id, *args, **more):
        settled_with_a_fetch.append(job_id)
        return both(job_id, *args, **more)

    hold = Hold()
    monkeypatch.setattr(handover, "KEPT_S", NEVER_S)
    monkeypatch.setattr(calls, "settle_and_fetch", noted)
    webui.script(hold)
    await join(webui)
    await idle()
    jobs = [await ann.asks(seed=seed) for seed in range(3)]
    await hold.started.wait()
    hold.released.set()

    assert {(await ann.gets(job)).state for job in jobs} == {State.DONE}
    assert settled_with_a_fetch[:1] == jobs[:1]
    assert jobs[1] not in settled_with_a_fetch  # while it was looked at the next one was made


async def test_half_a_picture_that_was_waited_for_is_told_although_the_next_job_follows_at_once(
    webui, join, ann, idle, monkeypatch
):
    halting = Halting()

    async def pressed(turn):
        webui.progress = {**webui.progress, "state": {"job_count": 0, "interrupted": True}}
        return await halting(turn)

    async def whole(turn):
        webui.progress = {**webui.progress, "state": {"job_count": 0, "interrupted": False}}
        halting.goes_on.set()
        return await webui.usual(turn)

    monkeypatch.setattr(handover, "KEPT_S", 0)
    webui.script(pressed, whole)
    await join(webui)
    await idle()

    jobs = [await ann.gets(job) for job in [await ann.asks(seed=seed) for seed in range(2)]]

    assert [(job.state, job.failures) for job in jobs] == [(State.DONE, 1), (State.DONE, 0)]


@pytest.mark.parametrize("how", ["passed on", "shut", "stopped"])
def test_a_slot_that_is_not_free_after_a_settle_wants_no_job_with_it(how):
    slot, delivery = handover.Handover(), object()
    slot.open()
    assert slot.take(0)
    assert slot.wants_next(delivery)

    if how == "passed on":
        assert slot.pass_on(delivery)
    elif how == "shut":
        slot.shut()
    else:
        slot.stop()

    assert not slot.wants_next(delivery)


async def test_a_job_whose_own_pictures_fill_redis_fails_and_makes_room_for_the_next(
    webui, join, ann, raw, monkeypatch
):
    store = RedisWorkerQueue.store_picture

    async def full_after_the_first(self, job_id, attempt, index, data):
        if index:
            raise QueueUnavailableError("Redis is full", code="OOM")
        await store(self, job_id, attempt, index, data)

    monkeypatch.setattr(RedisWorkerQueue, "store_picture", full_after_the_first)
    monkeypatch.setattr("zosma_worker.storing.STORE_AGAIN_S", 0)
    monkeypatch.setattr("zosma_worker.storing.FULL_S", 0)
    await join(webui)

    job = await ann.gets(await ann.asks(count=3))

    assert (job.state, job.error_kind) == (State.FAILED, "no-room")
    assert not raw.keys(keys.image("*", "*", "*"))
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_the_last_of_several_jobs_waits_for_nothing_either(webui, join, ann, monkeypatch):
    monkeypatch.setattr(handover, "NEXT_S", NEVER_S)
    await join(webui)

    jobs = [await ann.asks(seed=seed) for seed in range(4)]

    assert {(await ann.gets(job)).state for job in jobs} == {State.DONE}


async def test_the_next_job_begins_while_the_rest_of_the_last_answer_is_on_its_way(webui, join, ann):
    halting, second = Halting(), Hold()
    webui.script(halting, second)
    await join(webui)
    jobs = [await ann.asks(seed=seed) for seed in range(2)]

    await second.started.wait()
    assert not halting.goes_on.is_set()
    halting.goes_on.set()
    first = await ann.gets(jobs[0])
    second.released.set()

    assert [(job.state, job.attempt) for job in (first, await ann.gets(jobs[1]))] == [(State.DONE, 1)] * 2


@pytest.mark.parametrize("how", ["breaks off", "stands still", "comes for ever"])
async def test_an_answer_that_never_ends_is_tried_again_and_the_next_job_is_left_alone(
    how, webui, join, ann, monkeypatch
):
    halting, second = Halting(breaks_off=True, trickles=how == "comes for ever"), Hold()
    webui.script(halting, second)
    await join(webui)
    if how == "stands still":
        monkeypatch.setattr("zosma_worker.wire.READ_TIMEOUT_S", 0.3)
    if how == "comes for ever":
        monkeypatch.setattr("zosma_worker.wire.ANSWER_TIMEOUT_S", 0.3)
    jobs = [await ann.asks(seed=seed) for seed in range(2)]

    await second.started.wait()
    if how == "breaks off":
        halting.goes_on.set()

    async def given_back():
        return (await ann.queue.job(jobs[0])).failures == 1

    await until(given_back)
    assert not second.interrupted.is_set()
    second.released.set()
    halting.goes_on.set()
    first, other = [await ann.gets(job) for job in jobs]
    assert (first.state, first.attempt, first.error_kind) == (State.DONE, 2, "webui-broken")
    assert (other.state, other.attempt) == (State.DONE, 1)


async def test_a_job_that_is_stopped_ends_with_its_answer_though_nobody_looks_at_that(
    webui, join, ann, queue, monkeypatch
):
    monkeypatch.setattr("zosma_worker.webui.backend.UNWANTED_S", NEVER_S)
    first, second = Hold(), Hold()
    webui.script(first, second)
    await join(webui)
    jobs = [await ann.asks(seed=seed) for seed in range(2)]  # the second one follows at once
    await first.started.wait()
    first.released.set()
    await second.started.wait()

    await queue.cancel(jobs[1])

    assert [(await ann.gets(job)).state for job in jobs] == [State.DONE, State.CANCELLED]
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_a_webui_that_answers_already_is_neither_interrupted_nor_told_to_skip(webui):
    halting = Halting()
    webui.script(halting)
    async with a1111_backend(webui.address) as backend:
        checkpoint = (await backend.probe()).about.checkpoints[0]
        order = Order(request=parse_request({"prompt": "a cat", "seed": 7}), checkpoint=checkpoint, task="task(x-1)")
        run = await backend.start(order, lambda report: None, Timeouts())
        await run.answer()
        looks = len(webui.paths("GET"))

        await run.skip()
        stopping = asyncio.create_task(run.let_go())

        async def looked():
            return len(webui.paths("GET")) > looks + 1

        await until(looked)
        halting.goes_on.set()
        await stopping

    assert not {"/sdapi/v1/interrupt", "/sdapi/v1/skip"} & set(webui.paths())


async def test_nobody_waits_for_redis_to_note_what_an_answer_says_of_options(webui):
    class Slow:
        noted = asyncio.Event()
        data = b""

        async def read_notes(self):
            return self.data

        async def write_notes(self, data):
            if not data:
                await self.noted.wait()
            self.data = data

    notes = Slow()
    async with a1111_backend(webui.address, notes) as backend:
        checkpoint = (await backend.probe()).about.checkpoints[0]
        for delta in (5, 0):
            fields = {"prompt": "a cat", "a1111": {"override_settings": {"eta_noise_seed_delta": delta}}}
            order = Order(request=parse_request(fields), checkpoint=checkpoint, task=f"task(x-{delta})")
            run = await backend.start(order, lambda report: None, Timeouts())
            await run.answer()
        assert notes.data
        notes.noted.set()

    assert not notes.data


async def test_an_answer_of_unknown_length_may_be_begun_before_the_pictures_are_made(webui, join, ann):
    halting = Halting(tells_length=False)
    webui.script(halting)
    await join(webui)
    jobs = [await ann.asks(seed=seed) for seed in range(2)]
    await halting.begun.wait()
    before = len(webui.paths("GET"))

    async def still_watched():
        return len(webui.paths("GET")) > before + 3

    await until(still_watched)
    assert len(webui.jobs) == 1
    halting.goes_on.set()

    assert {(await ann.gets(job)).state for job in jobs} == {State.DONE}


async def test_a_black_picture_that_was_stored_while_it_was_looked_at_is_taken_back(
    webui, join, ann, raw, queue, monkeypatch
):
    stored, taken_back = [], []
    store, drop = RedisWorkerQueue.store_picture, RedisWorkerQueue.drop_pictures

    async def noted(self, job_id, attempt, index, data):
        await store(self, job_id, attempt, index, data)
        stored.append((attempt, index))

    async def dropped(self, job_id, attempt, count):
        await drop(self, job_id, attempt, count)
        taken_back.append((attempt, count))

    monkeypatch.setattr(RedisWorkerQueue, "store_picture", noted)
    monkeypatch.setattr(RedisWorkerQueue, "drop_pictures", dropped)
    webui.script(BLACK)
    await join(webui)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.attempt, job.failures) == (State.DONE, 2, 1)
    assert (taken_back, stored[-1]) == ([(1, 1)], (2, 0))
    assert not raw.exists(keys.image(job.id, 1, 0))
    assert all(await queue.pictures(job))


@pytest.fixture(name="worker_queue")
async def _worker_queue(worker_url):
    async with RedisWorkerQueue(worker_url, "host/127.0.0.1:7860/abcd") as worker_queue:
        yield worker_queue


async def test_other_bytes_than_those_begun_with_replace_them(worker_queue, raw):
    storing = Storing(worker_queue, "1", 1, Lease(worker_queue, "1", 1))
    storing.begin([b"first", b"second", b"third"])
    await asyncio.sleep(0)

    assert await storing.all_stored([b"cut"])

    assert raw.get(keys.image("1", 1, 0)) == b"cut"
    assert len(raw.keys(keys.image("1", 1, "*"))) == 1


async def test_pictures_of_several_calls_are_stored_one_behind_the_other(worker_queue, raw):
    storing = Storing(worker_queue, "1", 1, Lease(worker_queue, "1", 1))
    data = [b"a", b"b", b"c"]
    storing.begin(data[:2])
    storing.begin(data[2:])
    await asyncio.sleep(0)

    assert await storing.all_stored(data)

    assert [raw.get(keys.image("1", 1, index)) for index in range(3)] == data


async def test_what_was_begun_and_is_given_up_leaves_nothing(worker_queue, raw):
    storing = Storing(worker_queue, "1", 1, Lease(worker_queue, "1", 1))
    storing.begin([b"a", b"b"])
    await asyncio.sleep(0)

    await storing.drop()

    assert not raw.keys(keys.image("1", 1, "*"))
