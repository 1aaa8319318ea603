"""A fleet without workers: jobs are taken by what the last ones could do, wait, and end by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopback.played_worker import ABOUT, PlayedWorker
from zosma_queue import calls, keys
from zosma_queue.calls import Accepted
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import InfeasibleError, NoWorkerError, RequestRefusedError
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.last_fleet import NOTE_EVERY_MS, PLACES_MAX, Fleet
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

DAY_S = 24 * 3600
ANN = Sender(owner="ann", group="guild")


def request(**fields):
    return parse_request({"prompt": "a cat", **fields})


@pytest.fixture(name="patient")
async def _patient(redis_url):
    """A queue in which jobs wait for a GPU for a day."""
    async with Queue(redis_url, wait_for_gpu_s=DAY_S) as queue:
        yield queue


async def was_here(queue, redis_url, *, name="gpu/played", about=ABOUT, pixels=PIXELS_MAX):
    """A worker that came and went."""
    worker = PlayedWorker(redis_url, name)
    worker.about, worker.pixels = about, pixels
    async with worker:
        await queue.note_fleet()
        await worker.leave()


def ago(raw, seconds):
    """Has the last GPU been here so long ago."""
    for place, at in raw.zrange(keys.LAST_FLEET_SEEN, 0, -1, withscores=True):
        raw.zadd(keys.LAST_FLEET_SEEN, {place: at - seconds * 1000})


async def test_a_job_is_taken_while_nobody_is_there_and_made_by_who_comes(patient, redis_url):
    await was_here(patient, redis_url)

    job_id = await patient.submit(request(checkpoint="dream.safetensors"), ANN)

    job = await patient.job(job_id)
    assert (job.state, job.request.checkpoint, job.wait_ms) == (State.WAITING, "dream", DAY_S * 1000)
    assert await patient.place(job_id) is None
    async with PlayedWorker(redis_url) as worker:
        leased = await worker.take()
        assert leased.id == job_id
        await worker.finish(leased)
    assert (await patient.job(job_id)).state is State.DONE


async def test_off_refuses_as_before(queue, redis_url):
    await was_here(queue, redis_url)

    with pytest.raises(NoWorkerError) as refused:
        await queue.submit(request(), ANN)
    assert refused.value.code == "no-worker"
    assert await queue.catalogue() == replace(await queue.catalogue(), checkpoints=(), ready=0, last_seen_ms=None)


async def test_where_there_never_was_one_it_is_said_how_to_start_one(patient):
    for ask in (patient.submit, patient.check, patient.estimate):
        with pytest.raises(NoWorkerError, match="zosma worker") as refused:
            await ask(request(), ANN)
        assert refused.value.code == "no-worker-yet"


async def test_one_that_is_here_and_takes_no_jobs_is_not_told_to_have_never_been(patient, redis_url):
    async with PlayedWorker(redis_url) as worker:
        await worker.beat(WorkerState.AWAY, reason="busy elsewhere")
        with pytest.raises(NoWorkerError) as refused:
            await patient.submit(request(), ANN)
    assert refused.value.code == "no-worker"


async def test_the_last_one_may_not_have_been_here_too_long_ago(patient, redis_url, raw):
    await was_here(patient, redis_url)
    ago(raw, DAY_S - 60)
    assert await patient.submit(request(), ANN)

    ago(raw, 120)
    with pytest.raises(NoWorkerError) as refused:
        await patient.submit(request(), ANN)
    assert refused.value.code == "no-worker"


async def test_what_nobody_ever_had_is_refused_with_what_there_was(patient, redis_url, raw):
    await was_here(patient, redis_url)

    with pytest.raises(RequestRefusedError, match="dream") as unknown:
        await patient.submit(request(checkpoint="dreem"), ANN)
    with pytest.raises(InfeasibleError) as infeasible:
        await patient.submit(request(clip_skip=2, a1111={"refiner_checkpoint": "x"}), ANN)

    assert unknown.value.code == "unknown-name"
    assert infeasible.value.code.startswith("infeasible")
    assert raw.zcard(keys.WAITING) == 0


async def test_pictures_larger_than_anybody_made_are_refused(patient, redis_url):
    await was_here(patient, redis_url, pixels=2**20)

    with pytest.raises(InfeasibleError, match="1024x1024"):
        await patient.submit(request(width=2048, height=2048), ANN)


async def test_a_comparison_is_taken_if_each_of_its_pictures_was_possible(patient, redis_url):
    await was_here(patient, redis_url)

    wanted = request(count=2, compare={"field": "checkpoint", "values": ["dream", "anime"]})

    assert await patient.check(wanted, ANN) is False
    assert (await patient.estimate(wanted, ANN)).workers == ()


async def test_one_whose_webui_is_away_counts_as_none(patient, redis_url):
    async with PlayedWorker(redis_url) as worker:
        await patient.note_fleet()
        await worker.beat(WorkerState.AWAY, reason="off")

        fleet = await patient.fleet()
        assert (fleet.ready, len(fleet.workers), len(fleet.last)) == (False, 1, 1)
        assert await patient.submit(request(), ANN)


async def test_while_one_is_ready_the_others_that_were_here_don_t_count(patient, redis_url):
    gone = ABOUT.model_copy(update={"checkpoints": (), "vaes": ("rare",)})
    await was_here(patient, redis_url, name="gpu/rare/1", about=gone)

    async with PlayedWorker(redis_url) as worker:
        with pytest.raises(RequestRefusedError):
            await patient.submit(request(vae="rare"), ANN)
        await worker.leave()
    assert (await patient.catalogue()).vaes == ("rare",)


async def test_limits_hold_while_nobody_is_there(patient, redis_url):
    await was_here(patient, redis_url)
    await patient.admin.set_policy("admin", "default", {"waiting": 1})
    await patient.submit(request(), ANN)

    with pytest.raises(RequestRefusedError) as refused:
        await patient.submit(request(), ANN)
    assert refused.value.code == "limit-waiting"


async def test_only_the_places_that_were_here_last_are_remembered(patient, raw, redis_url):
    async with PlayedWorker(redis_url):
        [worker] = await patient.workers()
    many = [replace(worker, id=f"host-{n}/webui/1", seen_ms=worker.seen_ms + n) for n in range(PLACES_MAX + 3)]

    await patient.last_fleet.note(many)
    await patient.last_fleet.note([replace(worker, id="new/webui/1", seen_ms=worker.seen_ms + 10_000)])

    places = {place.decode() for place in raw.hkeys(keys.LAST_FLEET)}
    assert len(places) == raw.zcard(keys.LAST_FLEET_SEEN) == PLACES_MAX
    assert "new/webui" in places
    assert "host-0/webui" not in places


async def test_what_is_remembered_and_can_t_be_read_is_as_if_it_weren_t_there(patient, raw, redis_url):
    await was_here(patient, redis_url)
    raw.hset(keys.LAST_FLEET, "junk", "{")
    raw.zadd(keys.LAST_FLEET_SEEN, {"junk": raw.zrange(keys.LAST_FLEET_SEEN, 0, 0, withscores=True)[0][1], b"\xff": 1})

    assert [one.place for one in (await patient.fleet()).last] == ["gpu"]


async def test_it_is_written_anew_after_redis_has_lost_it(patient, redis_url, raw):
    async with PlayedWorker(redis_url):
        assert await patient.note_fleet() == 1
        assert await patient.note_fleet() == 0
        raw.delete(keys.LAST_FLEET, keys.LAST_FLEET_SEEN)
        [there] = await patient.workers()
        assert await patient.last_fleet.note([replace(there, seen_ms=there.seen_ms + NOTE_EVERY_MS)]) == 1

    assert (await patient.catalogue()).checkpoints == ABOUT.checkpoints


def test_a_fleet_without_anybody_offers_nothing():
    assert not Fleet().catalogue().takes_jobs


# -- how long a job waits ---------------------------------------------------------------------------------------


def nobody(rig):
    rig.later(11)
    rig.sweep()  # the worker is gone
    rig.sweep()  # its class is stranded


def test_a_job_that_nobody_comes_for_ends_by_name_and_not_earlier(rig):
    job = rig.submit(patience_s=2 * DAY_S, wait_s=DAY_S)
    nobody(rig)

    rig.later(DAY_S - 1)
    assert rig.sweep().given_up == 0
    rig.later(1)
    assert rig.sweep().given_up == 1
    assert (rig.job(job).state, rig.job(job).error_kind) == (State.FAILED, "no-gpu")


def test_nobody_there_refuses_only_what_may_not_wait(rig):
    nobody(rig)

    assert rig.offer() is Accepted.NOBODY
    assert rig.offer(wait_s=60) is Accepted.QUEUED


def test_a_job_whose_owner_asked_later_waits_as_long(rig):
    rig.submit(wait_s=3600)
    nobody(rig)
    rig.later(1800)
    later = rig.submit(wait_s=3600)
    rig.later(1800)

    assert rig.sweep().given_up == 1
    assert rig.job(later).state is State.WAITING


def test_a_fleet_that_comes_back_without_who_can_do_it_leaves_a_job_its_patience(rig):
    job = rig.submit(patience_s=600, wait_s=DAY_S, checkpoint="dream")
    nobody(rig)
    rig.later(3600)
    rig.sweep()
    rig.worker("w2", "anime")
    rig.sweep()

    assert rig.job(job).state is State.WAITING
    for _ in range(60):
        rig.later(10)
        rig.worker("w2", "anime")
        rig.sweep()
    assert rig.job(job).error_kind == "no-worker"


def test_a_scheduled_job_waits_from_its_time_on(rig):
    earlier = rig.submit(wait_s=3600)
    rig.submit(wait_s=3600, run_in_s=3000, job_id="scheduled")
    nobody(rig)
    rig.later(3000)
    rig.sweep()
    rig.later(1800)
    rig.sweep()

    assert rig.job(earlier).error_kind == "no-gpu"
    assert rig.job("scheduled").state is State.WAITING


def test_patience_stands_still_while_the_queue_is_paused(rig):
    job = rig.submit(wait_s=60)
    nobody(rig)
    call(rig.client, calls.pause("admin", "queue", now_ms=rig.now))
    rig.later(3600)
    rig.sweep()
    call(rig.client, calls.resume("admin", "queue", now_ms=rig.now))
    rig.later(59)
    rig.sweep()

    assert rig.job(job).state is State.WAITING


def test_the_parts_of_a_set_wait_as_long(rig):
    rig.worker("w2", loaded="dream")
    rig.fetch("w2")
    job = rig.submit(count=2, cost=100, wait_s=DAY_S, checkpoint="dream", patience_s=30)
    rig.take("w1")
    nobody(rig)
    rig.later(3600)
    for _ in range(3):
        rig.sweep()

    assert rig.job(job).state is State.WAITING
