"""Pictures in a bucket, which forgets nothing by itself: each is deleted once its time is over, and none before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopback.s3 import BUCKET, SLOW_DOWN
from zosma_queue import calls, keys, stored_pictures
from zosma_queue.client import Queue
from zosma_queue.errors import StoreUnavailableError
from zosma_queue.job import Picture, Result, State
from zosma_queue.s3_pictures import S3Pictures

PNG = b"\x89PNG\r\n\x1a\n" + bytes(92)
SIZE = 100
NAME = f"s3://{BUCKET}/zosma"
DAY_S = 24 * 3600


@pytest.fixture(name="bot")
async def _bot(redis_url, s3):
    async with Queue(redis_url, results=s3.bucket()) as bot:
        yield bot


@pytest.fixture(name="store")
def _store(s3):
    return S3Pictures(s3.bucket())


@pytest.fixture(autouse=True)
def _now(rig):
    """By the server's own clock, which `Queue` goes by."""
    seconds, _ = rig.client.time()
    rig.now = seconds * 1000
    rig.worker("w1")


@pytest.fixture(name="make")
def _make(rig, store):
    """Makes a job whose pictures are in the bucket."""

    async def make(count=1, *, ago_s=0.0, program=False, name=NAME, owner="ann", take=""):
        now = rig.now
        rig.later(-ago_s)
        job_id = take or rig.submit(owner, reply="" if program else "{}", count=count)
        leased = rig.take()
        for index in range(count):
            await store.put(f"{job_id}:{leased.attempt}:{index}", PNG)
        made = Result(
            pictures=tuple(
                Picture(
                    index=index, format="png", width=64, height=64, bytes=SIZE, seed=1, parameters="", store=name
                )
                for index in range(count)
            ),
            attempt=leased.attempt, checkpoint="dream", sampler="Euler a", worker="w", gpu_seconds=1.0, info={},
        )  # fmt: skip
        assert rig.settle(leased, calls.done(made)) is State.DONE
        rig.now = now
        return job_id

    return make


def traces(raw):
    """What of pictures in a bucket is noted in Redis."""
    return [key for key in (keys.OBJECT_BYTES, keys.OBJECT_ENDS, keys.OBJECT_SHOWN) if raw.exists(key)]


async def test_what_was_shown_goes_after_its_time_and_not_before(rig, raw, make, bot, s3):
    job = await bot.job(await make(count=2))

    await bot.mark_delivered(job, 3600)
    assert await bot.drop_ended_pictures() == 0
    assert len(await s3.objects()) == 2
    await bot.mark_delivered(job, -1)
    assert await bot.drop_ended_pictures() == 1
    assert await s3.objects() == []
    assert traces(raw) == []
    assert await bot.pictures(await bot.job(job.id)) == [None, None]


async def test_what_nobody_came_for_goes_after_a_day(raw, make, bot, s3):
    await make(ago_s=DAY_S - 60)
    await make(ago_s=DAY_S + 1)

    assert await bot.drop_ended_pictures() == 1
    assert len(await s3.objects()) == 1


async def test_while_the_bucket_is_away_what_is_over_stays_noted(raw, make, bot, s3):
    job = await bot.job(await make())
    await bot.mark_delivered(job, -1)
    s3.fault = SLOW_DOWN

    with pytest.raises(StoreUnavailableError):
        await bot.drop_ended_pictures()
    s3.fault = None
    assert await bot.drop_ended_pictures() == 1
    assert await s3.objects() == []
    assert traces(raw) == []


async def test_above_the_cap_what_was_shown_goes_and_what_nobody_has_seen_stays(rig, make, bot, s3):
    seen = [await bot.job(await make()) for _ in range(3)]
    unseen = await make()
    for job in seen:
        await bot.mark_delivered(job)

    evicted = await bot.make_room(2 * SIZE)
    assert (evicted.jobs, evicted.left_bytes) == (2, 2 * SIZE)
    assert (await bot.make_room(2 * SIZE)).jobs == 0  # what is to be deleted is counted no more
    assert await bot.drop_ended_pictures() == 2
    assert {one.split("/")[1] for one in await s3.objects()} == {seen[2].id, unseen}


async def test_a_full_redis_takes_nothing_from_the_bucket(rig, make, bot, s3):
    await bot.mark_delivered(await bot.job(await make()))
    rig.client.config_set("maxmemory", rig.client.info("memory")["used_memory"])
    try:
        assert (await bot.make_room()).jobs == 0
    finally:
        rig.client.config_set("maxmemory", 0)


async def test_what_a_program_has_fetched_whole_goes_when_room_is_needed(rig, make, bot):
    half, whole = await make(count=2, program=True), await make(count=2, program=True)
    for job_id, index in ((half, 0), (whole, 0), (whole, 1)):
        await bot.note_fetched(await bot.job(job_id), index)

    assert (await bot.make_room(2 * SIZE)).jobs == 1
    assert rig.client.zscore(keys.OBJECT_ENDS, whole) == 0
    assert rig.client.zscore(keys.OBJECT_ENDS, half) > 0


async def test_erasing_deletes_from_the_bucket_what_earlier_attempts_left_there_too(rig, raw, make, bot, store, s3):
    job_id = await make(count=2)
    other = await make(owner="bob")
    raw.hset(keys.job(job_id), "attempt", 2)
    await store.put(f"{job_id}:2:1", b"of an attempt that was superseded")
    await bot.mark_delivered(await bot.job(job_id))

    erased = await bot.erase("ann")

    assert (erased.jobs, erased.pictures) == (1, 2)
    assert await s3.objects() == [f"zosma/{other}/1/0"]
    await bot.drop_ended_pictures()
    assert raw.hkeys(keys.OBJECT_BYTES) == [other.encode()]


async def test_erasing_breaks_off_while_the_bucket_is_away_and_can_be_done_again(rig, make, bot, s3):
    await bot.mark_delivered(await bot.job(await make()))
    s3.fault = SLOW_DOWN

    with pytest.raises(StoreUnavailableError):
        await bot.erase("ann")
    s3.fault = None
    assert (await bot.erase("ann")).pictures == 1
    assert await s3.objects() == []


async def test_a_bot_without_the_bucket_erases_what_it_can_and_says_what_it_cannot(make, queue, bot, s3, caplog):
    await bot.mark_delivered(await bot.job(await make()))

    assert (await queue.erase("ann")).jobs == 1
    assert f"pictures that are to be deleted lie in {NAME}" in caplog.text
    await bot.drop_ended_pictures()  # one that knows it deletes them all the same
    assert await s3.objects() == []


async def test_of_a_set_in_parts_erasing_counts_and_deletes_each(rig, raw, bot, store, s3):
    for name in ("w1", "w2"):
        rig.worker(name, loaded="dream")
        assert rig.fetch(name) is None
    job_id = rig.submit(reply="{}", count=2)
    for name in ("w1", "w2"):
        leased = rig.take(name)
        await store.put(f"{leased.id}:{leased.attempt}:0", PNG)
        picture = Picture(index=0, format="png", width=64, height=64, bytes=SIZE, seed=1, parameters="", store=NAME)
        made = Result(
            pictures=(picture,), attempt=leased.attempt, checkpoint="dream", sampler="Euler a", worker=name,
            gpu_seconds=1.0, info={},
        )  # fmt: skip
        rig.settle(leased, calls.done(made))
    job = await bot.job(job_id)
    assert await bot.pictures(job) == [PNG, PNG]
    await bot.mark_delivered(job)

    assert (await bot.erase("ann")).pictures == 2
    assert await s3.objects() == []
    await bot.drop_ended_pictures()
    assert traces(raw) == []


async def test_while_another_bucket_cannot_be_announced_nothing_goes_into_the_one_before(redis_url, raw, bot, s3):
    await bot.announce()
    s3.fault = SLOW_DOWN
    async with Queue(redis_url, results=s3.bucket(name="another")) as other:
        with pytest.raises(StoreUnavailableError):
            await other.announce()

    assert raw.get(keys.RESULTS) == b""
    with pytest.raises(StoreUnavailableError):
        await bot.announce()
    s3.fault = None
    await bot.announce()
    told = raw.get(keys.RESULTS)
    assert told.startswith(f"{NAME} ".encode())
    s3.fault = SLOW_DOWN  # one that only is away stays where it is
    with pytest.raises(StoreUnavailableError):
        await bot.announce()
    assert raw.get(keys.RESULTS) == told


async def test_an_export_says_nothing_of_the_bucket(make, bot):
    await make()

    assert NAME not in str(await bot.export("ann"))


@pytest.fixture(name="tomorrow")
def _tomorrow(monkeypatch):
    """Everything in the bucket is older than any worker could still settle."""

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) + timedelta(seconds=stored_pictures.ORPHAN_S + 60)

    monkeypatch.setattr(stored_pictures, "datetime", Tomorrow)


async def test_what_no_record_names_goes_once_it_is_old(make, bot, store, s3, tomorrow):
    kept = await make()
    await store.put("lost:1:0", b"its worker died before it was settled")

    assert await bot.drop_orphans() == 1
    assert await s3.objects() == [f"zosma/{kept}/1/0"]


async def test_what_was_only_just_stored_is_no_orphan(bot, store, s3):
    await store.put("running:1:0", PNG)

    assert await bot.drop_orphans() == 0
    assert len(await s3.objects()) == 1


async def test_looking_for_orphans_keeps_the_mark_from_growing_old(bot, store, tomorrow):
    mark = await store.mark()

    await bot.drop_orphans()

    assert await store.marked() == mark


@pytest.mark.parametrize(
    "store_name",
    ["s3://elsewhere/zosma", "s3://" + "x" * 400, "s3://a b", "https://evil.example.org/x", "s3://x/\n2 2 2 s3://y"],
)
async def test_a_store_that_a_worker_made_up_costs_nobody_anything(make, bot, queue, raw, store_name, caplog):
    job_id = await make(name=store_name)
    good = await make()
    for one in (job_id, good):
        await bot.mark_delivered(await bot.job(one), -1)

    with pytest.raises(StoreUnavailableError):
        await bot.pictures(await bot.job(job_id))
    await bot.drop_ended_pictures()
    assert traces(raw) == []
    assert "\n2 2 2" not in caplog.text
    # And not for ever.
    raw.hset(keys.job(job_id), "finished", 1_000_000)
    assert await bot.pictures(await bot.job(job_id)) == [None]


@pytest.mark.parametrize("junk", ["", "1 1", "x y z w", f"1 1 x {NAME}", "\xff"])
async def test_a_note_that_can_not_be_read_is_dropped_with_the_others(raw, make, bot, s3, junk):
    await bot.mark_delivered(await bot.job(await make()), -1)
    raw.hset(keys.OBJECT_BYTES, "junk", junk.encode("latin-1"))
    raw.zadd(keys.OBJECT_ENDS, {"junk": 1})

    await bot.drop_ended_pictures()

    assert traces(raw) == []
    assert await s3.objects() == []


async def test_what_a_dead_worker_stored_of_an_earlier_attempt_goes_with_the_jobs_own_pictures(
    rig, raw, make, bot, store, s3
):
    job_id = rig.submit("ann", reply="{}")
    dead = rig.take()
    await store.put(f"{job_id}:{dead.attempt}:0", PNG)
    rig.later(3600)
    rig.sweep()
    rig.worker("w1")
    assert await make(take=job_id) == job_id
    assert await s3.objects() == [f"zosma/{job_id}/1/0", f"zosma/{job_id}/2/0"]

    await bot.mark_delivered(await bot.job(job_id), -1)
    assert await bot.drop_ended_pictures() == 1

    assert await s3.objects() == []
    assert traces(raw) == []
