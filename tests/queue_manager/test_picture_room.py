"""What finished pictures may take: those that have been shown go first, those that nobody has seen never."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.client import Queue
from zosma_queue.job import Picture, Result
from zosma_queue.scripts import call

SIZE = 1000


@pytest.fixture(name="make")
def _make(rig):
    """Makes a job with pictures that are really stored; its id."""

    def make(count=1, size=SIZE, *, program=False):
        job_id = rig.submit(reply="" if program else "{}", count=count)
        leased = rig.take()
        for index in range(count):
            rig.client.set(keys.image(leased.id, leased.attempt, index), b"x" * size, px=24 * 3600 * 1000)
        pictures = tuple(
            Picture(index=index, format="png", width=64, height=64, bytes=size, seed=1, parameters="")
            for index in range(count)
        )
        made = Result(
            pictures=pictures, attempt=leased.attempt, checkpoint="dream", sampler="Euler a", worker="w",
            gpu_seconds=1.0, info={},
        )  # fmt: skip
        rig.settle(leased, calls.done(made))
        assert leased.id == job_id
        return job_id

    return make


@pytest.fixture(name="show")
def _show(rig):
    """Notes that a job's pictures have been shown."""

    def show(job_id, *, count=1, keep_s=900, seen=True):
        images = [keys.image(job_id, 1, index) for index in range(count)]
        call(rig.client, calls.delivered(job_id, images, keep_ms=keep_s * 1000, seen=seen, now_ms=rig.now))

    return show


@pytest.fixture(name="evict")
def _evict(rig):
    def evict(most, must_free=0):
        return call(rig.client, calls.evict(most, must_free=must_free, now_ms=rig.now))

    return evict


@pytest.fixture(name="stored")
def _stored(rig):
    """Whose pictures are stored."""

    def stored():
        return {key.decode().split(":")[2] for key in rig.client.scan_iter(f"{keys.PREFIX}image:*")}

    return stored


def test_what_was_shown_longest_ago_goes_first(rig, make, show, evict, stored):
    jobs = []
    for _ in range(4):
        jobs.append(make())
        show(jobs[-1])
        rig.later(1)

    assert evict(2 * SIZE) == calls.Evicted(2, 2 * SIZE, 2 * SIZE)
    assert stored() == set(jobs[2:])
    assert evict(2 * SIZE).jobs == 0


def test_what_nobody_has_seen_stays_however_much_it_is(make, show, evict, stored):
    unseen = [make(), make()]
    seen = make()
    show(seen)

    assert evict(0) == calls.Evicted(1, SIZE, 2 * SIZE)
    assert stored() == set(unseen)


def test_an_end_that_could_be_shown_nowhere_keeps_its_pictures_for_who_collects_them(make, show, evict, stored):
    job_id = make()
    show(job_id, keep_s=24 * 3600, seen=False)

    assert evict(0).jobs == 0
    assert stored() == {job_id}


def test_an_original_that_a_link_leads_to_goes_after_what_was_shown_whole(rig, make, show, evict, stored):
    linked, whole = make(), make()
    show(linked, keep_s=24 * 3600)
    rig.later(1)
    show(whole)

    evict(SIZE)
    assert stored() == {linked}


def test_what_a_program_has_fetched_whole_goes_after_what_was_shown(rig, make, show, evict, stored):
    half, whole, shown = make(count=2, program=True), make(count=2, program=True), make()
    show(shown)
    for job_id, index, has_all in ((half, 1, False), (whole, 1, False), (whole, 1, False), (whole, 0, True)):
        assert call(rig.client, calls.fetched(job_id, index, now_ms=rig.now)) is has_all

    assert evict(4 * SIZE) == calls.Evicted(1, SIZE, 4 * SIZE)
    assert evict(0) == calls.Evicted(1, 2 * SIZE, 2 * SIZE)
    assert stored() == {half}


def test_what_no_program_comes_for_gives_way_after_an_hour_and_what_members_have_not_seen_never(
    rig, make, evict, stored
):
    first, member = make(program=True), make()
    rig.later(60)
    rig.worker("w1")
    second = make(program=True)
    rig.later(calls.LEFT_HERE_MS / 1000 - 60)

    assert stored() == {first, member, second}
    assert evict(SIZE) == calls.Evicted(1, SIZE, 2 * SIZE)
    assert stored() == {member, second}
    rig.later(60)
    assert evict(0).jobs == 1
    assert stored() == {member}


def test_a_set_that_several_made_and_its_member_has_not_seen_stays(rig, evict):
    for worker in ("w1", "w2"):
        rig.worker(worker, loaded="dream")
        assert rig.fetch(worker) is None
    rig.submit(reply="{}", count=2, checkpoint="dream", cost=40)
    for leased in (rig.take("w1"), rig.take("w2")):
        assert leased.count == 1
        picture = Picture(index=0, format="png", width=64, height=64, bytes=SIZE, seed=1, parameters="")
        made = Result(
            pictures=(picture,), attempt=leased.attempt, checkpoint="dream", sampler="Euler a", worker="w",
            gpu_seconds=1.0, info={},
        )  # fmt: skip
        rig.settle(leased, calls.done(made))
    rig.later(calls.LEFT_HERE_MS / 1000 + 60)

    assert evict(0) == calls.Evicted(0, 0, 2 * SIZE)


def test_what_no_program_comes_for_stays_while_there_is_room(rig, make, evict, stored):
    job_id = make(program=True)
    rig.later(calls.LEFT_HERE_MS / 1000 + 1)

    assert evict(SIZE).jobs == 0
    assert stored() == {job_id}


@pytest.mark.parametrize("index", [0, 7])
def test_fetching_what_has_gone_changes_nothing(rig, make, show, evict, index):
    gone = make(program=True)
    show(gone)
    evict(0)

    assert not call(rig.client, calls.fetched(gone, index, now_ms=rig.now))
    assert not call(rig.client, calls.fetched("nobody", index, now_ms=rig.now))
    assert not rig.client.exists(keys.SHOWN, keys.job("nobody"))


def test_all_pictures_of_a_set_go_together(make, show, evict, stored):
    job_id = make(count=4)
    show(job_id, count=4)

    assert evict(3 * SIZE) == calls.Evicted(1, 4 * SIZE, 0)
    assert stored() == set()


def test_memory_that_must_be_free_is_freed_below_the_cap_too(make, show, evict, stored):
    jobs = [make(), make()]
    for job_id in jobs:
        show(job_id)

    assert evict(10 * SIZE, must_free=SIZE).jobs == 1
    assert stored() == {jobs[1]}


def test_pictures_whose_time_is_over_count_no_longer_and_leave_no_record(rig, make, show, evict):
    show(make())
    rig.later(901)

    assert evict(0) == calls.Evicted(0, 0, 0)
    for key in (keys.PICTURE_BYTES, keys.PICTURE_ENDS, keys.SHOWN):
        assert not rig.client.exists(key)


def test_what_its_owner_has_erased_counts_no_longer(rig, make, show, evict):
    job_id = make()
    show(job_id)
    call(rig.client, calls.forget("ann", [job_id], now_ms=rig.now))

    assert evict(0) == calls.Evicted(0, 0, 0)


@pytest.mark.parametrize("junk", ["{", "[]", '{"pictures": 1}', '{"pictures": [1], "attempt": 1}'])
def test_a_result_that_can_not_be_read_counts_nothing_and_settles(rig, evict, junk):
    rig.submit()
    leased = rig.take()
    rig.settle(leased, calls.Outcome(verb="done", text=junk))

    assert evict(0) == calls.Evicted(0, 0, 0)


@pytest.fixture(name="by_the_clock")
def _by_the_clock(rig):
    """The server's own time, which `Queue` goes by."""
    seconds, _ = rig.client.time()
    rig.now = seconds * 1000
    rig.worker("w1")


async def test_without_maxmemory_and_without_a_setting_nothing_goes(by_the_clock, make, show, queue, stored):
    job_id = make()
    show(job_id)

    assert (await queue.make_room()).jobs == 0
    assert stored() == {job_id}


async def test_the_usual_cap_is_half_of_maxmemory(by_the_clock, rig, make, show, queue, stored):
    jobs = [make(size=1_000_000) for _ in range(15)]
    for job_id in jobs:
        show(job_id)
        rig.later(0.01)
    used = rig.client.info("memory")["used_memory"]
    limit = int(used * 1.15)
    rig.client.config_set("maxmemory", limit)
    try:
        evicted = await queue.make_room()
        assert 0 < evicted.jobs < 15
        assert evicted.left_bytes <= limit // 2
    finally:
        rig.client.config_set("maxmemory", 0)
    assert stored() == set(jobs[evicted.jobs :])


async def test_where_info_is_kept_from_its_user_the_cap_that_is_set_still_holds(
    by_the_clock, make, show, valkey, raw, stored
):
    show(make())
    raw.execute_command("ACL", "SETUSER", "hosted", "on", ">password", "~*", "&*", "+@all", "-info")
    try:
        async with Queue(valkey.url_for("hosted", "password")) as queue:
            await queue.make_room(SIZE - 1)
    finally:
        raw.acl_deluser("hosted")

    assert not stored()
