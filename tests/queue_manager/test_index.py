"""The index that waiting jobs and workers are filed in: what it costs doesn't grow with what is in it."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.fleet import WorkerState
from zosma_queue.policy import Policy
from zosma_queue.request import PIXELS_MAX
from zosma_queue.scripts import Call, call
from zosma_queue.worker_queue import retry

SAMPLERS = ("Euler a", "DPM++ 2M")


def commands(rig, wanted: Call[object]) -> int:
    """How many commands a script runs inside Redis."""

    def run():
        stats = rig.client.info("commandstats")
        return sum(row["calls"] for name, row in stats.items() if name not in ("cmdstat_info", "cmdstat_evalsha"))

    before = run()
    call(rig.client, wanted)
    return run() - before


def fill(rig, classes, workers, jobs):
    """A queue: LoRAs make the classes, owners in two groups take turns."""
    loras = tuple(f"lora {number}" for number in range(classes))
    for number in range(workers):
        rig.worker(f"gpu{number}/webui/1", "dream", "anime", loaded="dream", loras=loras)
    for number in range(jobs):
        rig.submit(
            f"owner {number % 7}", group=f"group {number % 2}", checkpoint=("dream", "anime")[number % 2],
            prompt=f"a cat <lora:{loras[number % classes]}:1>", cost=1000.0 if number % 2 else 4.0,
        )  # fmt: skip


def measured(rig, classes, workers, jobs):
    """What each verb costs in a queue of that size; each has run once before, so that nothing is new to it."""
    rig.client.flushall()
    rig.now = 1_000_000
    fill(rig, classes, workers, jobs)
    found = {}
    for again in range(2):
        rig.sweep()
        worker = f"gpu{again}/webui/1"
        found["beat"] = commands(
            rig, calls.beat(worker, WorkerState.READY, loaded="dream", pixels=PIXELS_MAX, now_ms=rig.now)
        )
        found["fetch"] = commands(rig, calls.fetch(worker, now_ms=rig.now))
        leased = rig.client.hget(keys.worker(worker), "job").decode()
        done = calls.settle(leased, 1, retry("oom", "out of memory", backoff_ms=0, max_failures=3), now_ms=rig.now)
        found["settle"] = commands(rig, done)
        found["sweep"] = commands(rig, calls.sweep(now_ms=rig.now))
    return found


def test_no_verb_costs_more_where_there_are_more_classes_workers_and_jobs(rig):
    few, many = measured(rig, 10, 5, 140), measured(rig, 250, 60, 1050)

    assert {name: many[name] - few[name] for name in ("beat", "fetch", "settle", "sweep")} == pytest.approx(
        dict.fromkeys(few, 0), abs=20
    )


def test_a_new_job_wakes_one_of_many_at_the_cost_of_one_of_few(rig):
    def cost(workers):
        rig.client.flushall()
        for number in range(workers):
            rig.worker(f"gpu{number}/webui/1", loaded="dream")
            assert rig.fetch(f"gpu{number}/webui/1") is None
        rig.submit("bob", job_id="first", checkpoint="anime")
        before = rig.client.info("commandstats")
        rig.submit("ann", job_id="second", checkpoint="dream")
        after = rig.client.info("commandstats")
        return sum(row["calls"] - before.get(name, {"calls": 0})["calls"] for name, row in after.items())

    assert cost(100) == pytest.approx(cost(3), abs=3)


def buckets(rig):
    return {name.decode() for name in rig.client.hkeys(keys.ALIKE)}


def test_classes_that_the_same_workers_can_do_are_one_bucket(rig):
    for sampler in (None, *SAMPLERS):
        for side in (512, 1024):
            for checkpoint in ("dream", "anime"):
                more = {"sampler": sampler} if sampler else {}
                rig.submit(checkpoint=checkpoint, width=side, height=side, **more)

    assert rig.client.hlen(keys.NEEDS) == 12
    assert len(buckets(rig)) == 1


def test_a_worker_that_can_do_a_part_of_what_waits_splits_the_bucket_and_gets_its_part(rig):
    wanted = {}
    for owner in ("ann", "bob", "cid"):
        for sampler in SAMPLERS:
            wanted[owner, sampler] = rig.submit(owner, sampler=sampler, checkpoint="dream")
    assert len(buckets(rig)) == 1

    rig.worker("w2", "dream", samplers=SAMPLERS[:1])
    assert len(buckets(rig)) == 2

    assert [rig.take("w2").id for _ in range(3)] == [wanted[owner, SAMPLERS[0]] for owner in ("ann", "bob", "cid")]
    assert rig.fetch("w2") is None
    assert sorted(rig.drain("w1")) == sorted(wanted[owner, SAMPLERS[1]] for owner in ("ann", "bob", "cid"))
    assert buckets(rig) == set()


def test_a_worker_for_small_pictures_alone_gets_those(rig):
    large, small = rig.submit(width=2048, height=2048), rig.submit(width=512, height=512)
    rig.worker("w2", pixels=512 * 512)

    assert rig.take("w2").id == small
    assert rig.fetch("w2") is None
    assert rig.take("w1").id == large


def test_an_owner_at_their_limit_is_moved_with_the_bucket_and_let_in_later(rig):
    one_at_a_time = Policy(running=1)
    for sampler in (*SAMPLERS, *SAMPLERS):
        rig.submit("ann", sampler=sampler, policy=one_at_a_time)
    leased = rig.take("w1")
    rig.worker("w2", samplers=SAMPLERS[1:])
    assert rig.fetch("w2") is None

    rig.settle(leased)

    assert rig.take("w2").id == "job-2"


def test_what_a_worker_learns_to_do_it_is_given(rig):
    rig.worker("w2", "anime")
    rig.submit(checkpoint="dream")
    assert rig.fetch("w2") is None

    rig.worker("w2", "anime", "dream")

    assert rig.take("w2").id == "job-1"


def test_a_worker_that_is_started_anew_is_known_and_forgotten_when_it_stays_away(rig):
    rig.worker("w2", "photo")
    rig.submit(checkpoint="photo")
    profile = rig.client.hget(keys.worker("w2"), "profile").decode()
    call(rig.client, calls.leave("w2"))
    rig.later(9 * 60)
    rig.worker("w1")
    rig.sweep()
    assert rig.client.smembers(keys.serves(profile))

    rig.later(2 * 60)
    rig.worker("w1")
    rig.sweep()
    assert not rig.client.keys(f"*{profile}*")

    rig.worker("w3", "photo")
    assert rig.take("w3").id == "job-1"


def test_a_worker_whose_abilities_were_lost_in_redis_is_asked_for_them(rig):
    profile = rig.client.hget(keys.worker("w1"), "profile").decode()
    rig.client.delete(keys.can(profile))
    beat = calls.beat("w1", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, now_ms=rig.now)
    assert not call(rig.client, beat).known
    assert rig.offer() is calls.Accepted.NOBODY

    rig.worker("w1")

    assert rig.offer() is calls.Accepted.QUEUED


def test_a_paused_checkpoint_keeps_nobody_from_what_waits_behind_it(rig):
    for number in range(150):
        rig.submit(f"owner {number}", group=f"group {number % 3}", checkpoint="dream")
    anime = rig.submit("zoe", checkpoint="anime")
    call(rig.client, calls.pause("admin", "checkpoint:dream", now_ms=rig.now))

    assert rig.take().id == anime
    later = rig.submit("ann", checkpoint="dream")
    assert rig.fetch() is None
    call(rig.client, calls.resume("admin", "checkpoint:dream", now_ms=rig.now))

    assert len(rig.drain()) == 151
    assert rig.job(later).state.ended


def test_the_loaded_checkpoint_is_found_among_hundreds_of_groups_and_owners(rig):
    """More than are looked at in one call; those with the loaded checkpoint come last in the order."""
    rig.worker("w1", loaded="dream")
    for number in range(130):
        rig.submit("ann" if number else "head", group=f"group {number}", checkpoint="anime", cost=0.1)
    for number in range(130):
        rig.submit(f"owner {number}", group=f"dream {number}", checkpoint="dream", cost=0.1)

    assert rig.job(rig.take().id).owner == "owner 0"


def test_of_what_nobody_holds_the_first_is_loaded_however_many_wait_for_what_is_held(rig):
    rig.worker("w1", "dream", "anime", "photo", loaded="photo")
    rig.worker("w2", "dream", "anime", "photo", loaded="dream")
    for number in range(120):
        rig.submit(f"owner {number}", checkpoint="dream", cost=0.1)
    rig.submit("zoe", checkpoint="anime", cost=0.1, job_id="cold")

    assert rig.take("w1").id == "cold"


def test_who_has_loaded_what_is_known_when_they_die(rig):
    rig.worker("w2", loaded="anime")
    rig.submit(checkpoint="dream")
    rig.take("w2")
    assert rig.client.hgetall(keys.HELD) == {b"dream": b"1", b"anime": b"1"}

    rig.client.delete(keys.worker("w2"))
    rig.later(9)
    rig.worker("w1")
    rig.sweep()

    assert rig.client.hgetall(keys.HELD) == {}
    assert rig.client.hkeys(keys.FLEET) == [b"w1"]


def test_the_head_is_found_behind_however_many_owners_whose_jobs_the_worker_can_not_do(rig):
    call(rig.as_worker, calls.leave("w1"))
    rig.worker("w1", "dream", samplers=("Euler a", "DDIM"))
    rig.worker("w2", "dream", "anime", samplers=("Euler a",))
    for number in range(5):
        rig.submit(f"owner {number}", checkpoint="anime", sampler="Euler a")
    both = rig.submit("ann", checkpoint="dream", sampler="Euler a")
    own = rig.submit("bob", checkpoint="dream", sampler="DDIM")
    profile = rig.client.hget(keys.worker("w1"), "profile").decode()
    assert rig.client.scard(keys.serves(profile)) == 2, "else there is but one list to look into"

    assert [rig.take("w1").id, rig.take("w1").id] == [both, own]
    assert rig.fetch("w1") is None
    assert rig.take("w2").owner == "owner 0"
