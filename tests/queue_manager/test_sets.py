"""A job of several pictures that idle workers make together is one job to everybody, whatever its parts go through."""

from __future__ import annotations

import pytest

from loopback.played_worker import wanted
from zosma_queue import calls, keys
from zosma_queue.calls import Accepted, Cancelled, Lease, Skipped
from zosma_queue.errors import ErrorKind, PoisonMessageError
from zosma_queue.job import Picture, Result, State
from zosma_queue.policy import Policy
from zosma_queue.request import parse_request
from zosma_queue.scripts import call

GPUS = ("gpu1/webui/1", "gpu2/webui/1", "gpu3/webui/1", "gpu4/webui/1")


@pytest.fixture(name="fleet")
def _fleet(rig):
    """Four idle workers that hold the same checkpoint; the usual one has gone."""
    call(rig.as_worker, calls.leave("w1"))
    idle(rig, *GPUS)
    return rig


def idle(rig, *workers, loaded="dream", **more):
    for worker in workers:
        rig.worker(worker, loaded=loaded, **more)
        assert rig.fetch(worker) is None


def pictures_of(leased, seed=1):
    """What a worker hands over for a delivery."""
    request = wanted(leased)
    return Result(
        pictures=tuple(
            Picture(index=index, format="png", width=64, height=64, bytes=10, seed=one, parameters=f"seed {one}")
            for index, one in enumerate(request.seeds)
        ),
        attempt=leased.attempt, checkpoint=request.checkpoint or "dream", sampler="Euler a", worker="w",
        gpu_seconds=2.0, info={"all_seeds": request.seeds, "prompt": request.prompt},
    )  # fmt: skip


def make(rig, leased):
    return rig.settle(leased, calls.done(pictures_of(leased)))


def spread(rig, *workers):
    """What each of the workers is given."""
    return {worker: rig.take(worker) for worker in workers or GPUS}


def shares(leased):
    return [(one.first, one.count) for one in leased.values()]


# -- who makes what ---------------------------------------------------------------------------------------------


def test_of_a_set_the_first_part_that_runs_is_skipped(rig):
    call(rig.as_worker, calls.leave("w1"))
    idle(rig, *GPUS[:2], skips=True)
    job = rig.submit(count=2)
    first, second = spread(rig, *GPUS[:2]).values()
    make(rig, first)

    assert call(rig.client, calls.skip(job)) is Skipped.SKIPPING

    assert rig.renew(second) is Lease.SKIP


def test_four_pictures_on_four_idle_gpus_are_one_for_each(fleet):
    job = fleet.submit(count=4, seed=7)

    taken = spread(fleet)

    assert shares(taken) == [(0, 1), (1, 1), (2, 1), (3, 1)]
    seeds = [pictures_of(one).pictures[0].seed for one in taken.values()]
    assert seeds == [7, 8, 9, 10]
    assert fleet.job(job).state is State.RUNNING


def test_it_is_done_when_the_last_is_with_all_pictures_in_order(fleet):
    job = fleet.submit(count=4, seed=7, reply="{}")
    taken = list(spread(fleet).values())

    for number, one in enumerate(reversed(taken)):
        assert fleet.client.zcard(keys.UNDELIVERED) == 0
        assert make(fleet, one) is State.DONE
        assert len(fleet.job(job).result.pictures) == number + 1

    found = fleet.job(job)
    assert (found.state, found.missing, found.progress) == (State.DONE, (), 1.0)
    assert [(one.index, one.seed) for one in found.result.pictures] == [(0, 7), (1, 8), (2, 9), (3, 10)]
    assert (found.result.gpu_seconds, found.result.info["all_seeds"]) == (8.0, [7, 8, 9, 10])
    assert fleet.client.zrange(keys.UNDELIVERED, 0, -1) == [job.encode()]
    assert [key for key in fleet.client.keys("*") if b"~" in key] == []


def test_more_pictures_than_gpus_are_shared_out_evenly(fleet):
    fleet.submit(count=10)
    assert shares(spread(fleet)) == [(0, 3), (3, 3), (6, 2), (8, 2)]


def test_fewer_pictures_than_gpus_leave_the_others_free(fleet):
    fleet.submit(count=2)
    assert shares(spread(fleet, *GPUS[:2])) == [(0, 1), (1, 1)]
    assert [fleet.fetch(gpu) for gpu in GPUS[2:]] == [None, None]


def test_it_stays_one_job_while_the_others_are_busy(fleet):
    for gpu in GPUS[1:]:
        fleet.submit("bob")
        fleet.take(gpu)
    fleet.submit(count=4)

    whole = fleet.take(GPUS[0])

    assert (whole.count, len(pictures_of(whole).pictures)) == (0, 4)
    assert make(fleet, whole) is State.DONE


def test_a_single_picture_stays_one_job(fleet):
    fleet.submit()
    assert fleet.take(GPUS[0]).count == 0
    assert fleet.fetch(GPUS[1]) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"a1111": {"alwayson_scripts": {"adetailer": {"args": [True]}}}},
        {"seed": 2**53 - 2},
        {"workflow": "portrait"},
        {"img2img": {"image": "0" * 20, "more_images": ["1" * 20]}},
    ],
)
def test_what_may_come_out_otherwise_in_parts_stays_one_job(fields):
    assert not parse_request({"prompt": "a", "count": 4, "seed": 1, **fields}).splits
    assert parse_request({"prompt": "a", "count": 4, "seed": 1}).splits


def test_variations_keep_their_seed_and_count_the_subseed_on(fleet):
    fleet.submit(count=2, seed=7, subseed=40, subseed_strength=0.2)
    taken = spread(fleet, *GPUS[:2])
    asked = [wanted(one) for one in taken.values()]
    assert [(one.seed, one.subseed) for one in asked] == [(7, 40), (7, 41)]


def test_all_pictures_are_made_on_the_checkpoint_that_the_first_is_made_on(fleet):
    idle(fleet, GPUS[3], loaded="anime")
    fleet.submit(count=8, cost=800.0)

    taken = spread(fleet)

    assert {one.checkpoint for one in taken.values()} == {"dream"}
    assert {pictures_of(one).checkpoint for one in taken.values()} == {"dream"}


def test_who_would_have_to_load_first_helps_only_where_that_pays(fleet):
    for gpu in GPUS[1:]:
        idle(fleet, gpu, loaded="anime")
    fleet.submit(count=4, cost=8.0)
    assert fleet.take(GPUS[0]).count == 0  # a load takes 10 s, all four take 8

    idle(fleet, GPUS[1], loaded="dream")
    fleet.submit("bob", count=4, cost=80.0)
    assert shares(spread(fleet, *GPUS[1:])) == [(0, 2), (2, 1), (3, 1)]


def test_how_long_a_load_takes_is_what_was_measured(fleet):
    for gpu in GPUS[1:]:
        idle(fleet, gpu, loaded="anime")
    fleet.client.hset(keys.LOADS, mapping={"": 3, "gpu4/webui": 60})
    fleet.submit(count=4, cost=8.0)
    assert shares(spread(fleet, *GPUS[:3])) == [(0, 2), (2, 1), (3, 1)]


def test_a_slow_gpu_gets_fewer_and_a_hopeless_one_none(fleet):
    fleet.client.hset(keys.SPEED, mapping={"gpu1/webui|dream": 1, "gpu2/webui|dream": 3, "gpu3/webui|dream": 50,
                                          "gpu4/webui|dream": 50})  # fmt: skip
    fleet.submit(count=4)
    assert shares(spread(fleet, *GPUS[:2])) == [(0, 3), (3, 1)]
    assert fleet.fetch(GPUS[2]) is None


def test_who_can_not_do_it_is_left_out(fleet):
    idle(fleet, GPUS[1], pixels=64 * 64)
    call(fleet.client, calls.pause("admin", "worker:gpu3/webui", now_ms=fleet.now))
    fleet.submit(count=4)
    assert shares(spread(fleet, GPUS[0], GPUS[3])) == [(0, 2), (2, 2)]


def test_what_one_was_promised_is_its_next_job_whoever_asks_meanwhile(fleet):
    job = fleet.submit(count=4)
    fleet.take(GPUS[0])
    fleet.submit("bob")

    assert [keys.whole(fleet.take(gpu).id) for gpu in GPUS[1:]] == [job] * 3


def test_what_nobody_fetches_is_left_to_whoever_comes(fleet):
    job = fleet.submit(count=2)
    fleet.take(GPUS[0])
    call(fleet.as_worker, calls.leave(GPUS[1]))

    assert keys.whole(fleet.take(GPUS[2]).id) == job


# -- one job to everybody ---------------------------------------------------------------------------------------


def numbers(rig, key):
    return {name.decode(): int(value) for name, value in rig.client.hgetall(key).items()}


def test_it_counts_as_one_job_open_and_running(fleet):
    fleet.submit(count=4, person="Ann")
    spread(fleet)
    assert numbers(fleet, keys.OPEN) == {"ann": 1, "group guild": 1, "person Ann": 1}
    assert numbers(fleet, keys.RUNNING) == {"ann": 1, "person Ann": 1}


def test_it_takes_no_place_of_the_limit_on_waiting_jobs(fleet):
    policy = Policy(waiting=1)
    fleet.submit(count=4, policy=policy)
    taken = spread(fleet)
    fleet.settle(taken[GPUS[1]], calls.RELEASE)
    assert fleet.offer(policy=policy) is Accepted.QUEUED


def test_a_limit_of_one_running_job_lets_all_of_it_run_and_nothing_beside_it(fleet):
    policy = Policy(running=1)
    fleet.submit(count=2, policy=policy)
    taken = spread(fleet, *GPUS[:2])
    fleet.submit(policy=policy)
    assert [fleet.fetch(gpu) for gpu in GPUS[2:]] == [None, None]

    make(fleet, taken[GPUS[0]])
    assert fleet.fetch(GPUS[2]) is None
    make(fleet, taken[GPUS[1]])
    assert fleet.fetch(GPUS[2]) is not None


def test_a_part_that_comes_back_at_the_limit_is_made_once_there_is_room(fleet):
    fleet.submit(count=2, policy=Policy(running=1))
    taken = spread(fleet, *GPUS[:2])
    fleet.settle(taken[GPUS[1]], calls.RELEASE)
    assert fleet.fetch(GPUS[2]) is None
    make(fleet, taken[GPUS[0]])
    assert make(fleet, fleet.take(GPUS[2])) is State.DONE


def test_it_moves_its_owner_on_by_as_much_as_one_job(fleet):
    fleet.submit("ann", count=4, cost=8.0)
    spread(fleet)
    apart = float(fleet.client.hget(keys.group_tags("guild"), "ann"))
    assert apart == pytest.approx(8.0, abs=1e-3)


def test_its_owner_pays_for_all_parts_and_no_more(fleet):
    fleet.submit(count=4)
    for one in spread(fleet).values():
        make(fleet, one)
    assert float(fleet.client.get(keys.spent("ann", fleet.now // 86_400_000))) == 8.0


async def test_it_is_listed_once(fleet, queue):
    job = fleet.submit(count=4)
    spread(fleet)
    assert await queue.open_jobs() == [job]
    assert [one.id for one in await queue.admin.jobs(State.RUNNING)] == [job]
    [third] = [one for one in await queue.admin._listed(State.RUNNING, 10) if one.worker == GPUS[2]]
    assert third.id == job


def test_progress_is_that_of_all_pictures_and_the_time_that_of_the_slowest(fleet):
    job = fleet.submit(count=4)
    taken = list(spread(fleet).values())
    assert fleet.job(job).eta_s is None
    for one, progress in zip(taken, (0.2, 0.4, 0.6, 0.8), strict=True):
        fleet.renew(one, progress=progress, eta_s=10 * (1 - progress))
    assert (fleet.job(job).progress, fleet.job(job).eta_s) == (0.5, 8.0)
    make(fleet, taken[0])
    assert fleet.job(job).progress == 0.7


# -- when something goes wrong ----------------------------------------------------------------------------------


def test_a_lost_worker_costs_its_part_alone_and_the_part_is_made_again(fleet):
    job = fleet.submit(count=4, seed=7)
    taken = list(spread(fleet).values())
    for one in taken[:3]:
        make(fleet, one)
    fleet.later(7)
    fleet.sweep()

    idle_again = GPUS[0]
    fleet.worker(idle_again, loaded="dream")
    again = fleet.take(idle_again)
    assert (again.id, again.attempt) == (taken[3].id, taken[3].attempt + 1)
    assert make(fleet, taken[3]) is None  # the worker that was thought dead
    assert make(fleet, again) is State.DONE
    assert [one.seed for one in fleet.job(job).result.pictures] == [7, 8, 9, 10]


def test_a_part_that_kills_three_workers_ends_and_the_others_are_kept(fleet):
    job = fleet.submit(count=2)
    taken = spread(fleet, *GPUS[:2])
    make(fleet, taken[GPUS[0]])
    for _ in range(calls.MAX_LOST):
        fleet.later(7)
        fleet.sweep()
        for gpu in GPUS:
            fleet.worker(gpu, loaded="dream")
        fleet.fetch(GPUS[2])
    found = fleet.job(job)
    assert (found.state, found.error_kind) == (State.DONE, "worker-lost")
    assert [(one.first, one.count) for one in found.missing] == [(1, 1)]


def test_when_one_fails_the_others_are_its_result_and_what_is_missing_is_told(fleet):
    job = fleet.submit(count=4, seed=7, reply="{}")
    taken = list(spread(fleet).values())
    assert fleet.settle(taken[1], calls.fail(ErrorKind.BLACK)) is State.FAILED
    for one in (taken[0], taken[2], taken[3]):
        make(fleet, one)

    found = fleet.job(job)
    assert (found.state, found.error_kind) == (State.DONE, "black")
    assert [one.seed for one in found.result.pictures] == [7, 9, 10]
    assert [one.index for one in found.result.pictures] == [0, 1, 2]
    [missing] = found.missing
    assert (missing.first, missing.count, missing.kind) == (1, 1, "black")
    assert found.request.part(missing.first, missing.count).seeds == [8]
    assert fleet.client.zcard(keys.DEAD) == 0
    assert numbers(fleet, keys.OPEN) == {}


def test_when_all_fail_it_has_failed_and_an_admin_can_have_all_of_it_made_again(fleet):
    job = fleet.submit(count=2)
    for one in spread(fleet, *GPUS[:2]).values():
        fleet.settle(one, calls.fail(ErrorKind.OUT_OF_MEMORY))
    assert (fleet.job(job).state, fleet.job(job).error_kind) == (State.FAILED, "oom")
    assert fleet.client.zrange(keys.DEAD, 0, -1) == [job.encode()]

    assert call(fleet.client, calls.replay("admin", job, now_ms=fleet.now))
    assert (fleet.job(job).state, fleet.job(job).missing) == (State.WAITING, ())
    for gpu in GPUS:
        idle_or_not = fleet.fetch(gpu)
        if idle_or_not:
            make(fleet, idle_or_not)
    assert fleet.job(job).state is State.DONE


def test_a_part_is_tried_again_elsewhere_as_a_job_would_be(fleet):
    fleet.submit(count=2)
    taken = spread(fleet, *GPUS[:2])
    retry = calls.retry(ErrorKind.WEBUI_BROKEN, "no", backoff_ms=100, max_failures=3)
    assert fleet.settle(taken[GPUS[1]], retry) is State.DELAYED
    fleet.later(1)
    fleet.sweep()
    assert fleet.fetch(GPUS[1]) is None
    assert fleet.take(GPUS[2]).id == taken[GPUS[1]].id


def test_a_cancel_stops_all_parts_at_once_and_the_whole_when_the_last_has_stopped(fleet):
    job = fleet.submit(count=4, reply="{}")
    taken = list(spread(fleet, *GPUS[:3]).values())  # the fourth part still waits
    make(fleet, taken[0])

    assert fleet.cancel(job) is Cancelled.CANCELLING
    assert fleet.cancel(job) is Cancelled.CANCELLING
    assert fleet.fetch(GPUS[3]) is None
    assert [fleet.renew(one) for one in taken[1:]] == [Lease.CANCEL] * 2
    assert fleet.settle(taken[1], calls.cancelled(1.5)) is State.CANCELLED
    assert fleet.job(job).state is State.RUNNING
    assert make(fleet, taken[2]) is State.CANCELLED

    found = fleet.job(job)
    assert (found.state, found.cancelling) == (State.CANCELLED, False)
    assert found.paid_s == 2.0 + 1.5 + 2.0
    assert fleet.client.zrange(keys.UNDELIVERED, 0, -1) == [job.encode()]
    assert (fleet.client.zcard(keys.LEASES), fleet.client.zcard(keys.WAITING)) == (0, 0)


def test_a_cancel_of_a_set_none_of_which_runs_ends_it_at_once(fleet):
    job = fleet.submit(count=2)
    for one in spread(fleet, *GPUS[:2]).values():
        fleet.settle(one, calls.RELEASE)
    assert fleet.job(job).state is State.WAITING
    assert fleet.cancel(job) is Cancelled.CANCELLED
    assert fleet.job(job).state is State.CANCELLED


def test_its_waiting_parts_go_before_everybodys_when_an_admin_says_so(fleet):
    job = fleet.submit(count=2)
    taken = spread(fleet, *GPUS[:2])
    for number, gpu in enumerate(GPUS[2:]):
        fleet.submit(f"bob {number}")
        fleet.take(gpu)
    fleet.settle(taken[GPUS[0]], calls.RELEASE)
    fleet.settle(taken[GPUS[1]], calls.RELEASE)
    fleet.submit("cid", group="another")

    assert call(fleet.client, calls.bump("admin", job, now_ms=fleet.now))
    assert [keys.whole(fleet.take(gpu).id) for gpu in GPUS[:2]] == [job] * 2


def test_a_bumped_set_is_split_as_any_other_and_its_parts_stay_in_front(fleet):
    for gpu in GPUS:
        fleet.submit("bob")
        fleet.take(gpu)
    job = fleet.submit("ann", count=2, compare={"field": "sampler", "values": ["Euler a", "DPM++ 2M"]})
    fleet.submit("cid", group="another")
    call(fleet.client, calls.bump("admin", job, now_ms=fleet.now))
    assert [keys.whole(fleet.take(gpu).id) for gpu in GPUS[:2]] == [job] * 2


def test_pictures_lie_where_each_worker_has_put_them(fleet):
    job = fleet.submit(count=2)
    taken = spread(fleet, *GPUS[:2])
    for one in taken.values():
        make(fleet, one)
    stored = [keys.stored_image(one.stored) for one in fleet.job(job).result.pictures]
    assert stored == [keys.image(one.id, one.attempt, 0) for one in taken.values()]


async def test_its_pictures_are_read_kept_and_dropped_as_those_of_one_job(fleet, queue):
    job = fleet.submit(count=2, reply="{}")
    for number, one in enumerate(spread(fleet, *GPUS[:2]).values()):
        fleet.client.set(keys.image(one.id, one.attempt, 0), b"\x89PNG\r\n\x1a\n" + bytes([number]) * 40, ex=3600)
        make(fleet, one)
    before = await queue.job(job)
    pictures = await queue.pictures(before)
    assert [data[8] for data in pictures] == [0, 1]

    await queue.mark_delivered(before)
    after = await queue.job(job)
    assert await queue.pictures(after) == pictures
    assert (after.result.info, after.result.pictures) == ({}, before.result.pictures)
    assert not [name for name in fleet.client.hkeys(keys.job(job)) if name.startswith(b"made:")]
    assert all(0 < fleet.client.ttl(keys.stored_image(one.stored)) <= 900 for one in after.result.pictures)
    assert (await queue.make_room(0)).jobs == 2
    assert await queue.pictures(after) == [None, None]


async def test_it_is_erased_with_all_that_is_kept_of_it(fleet, queue):
    job = fleet.submit(count=2)
    await queue._redis.zadd(keys.history("ann"), {job: 1})
    for one in spread(fleet, *GPUS[:2]).values():
        fleet.client.set(keys.image(one.id, one.attempt, 0), b"bytes", ex=3600)
        make(fleet, one)
    erased = await queue.erase("ann")
    assert (erased.jobs, erased.pictures) == (1, 2)
    assert not fleet.client.exists(keys.job(job))
    assert not fleet.client.hlen(keys.PICTURE_BYTES)
    assert not fleet.client.keys(keys.stored_image("*"))


async def test_one_that_is_still_made_is_cancelled_and_told_of_as_one_job(fleet, queue):
    job = fleet.submit(count=2, reply="{}")
    taken = spread(fleet, *GPUS[:2])
    make(fleet, taken[GPUS[0]])
    assert [one["id"] for one in await queue.export("ann")] == [job]
    assert (await queue.erase("ann")).cancelled == 1
    fleet.settle(taken[GPUS[1]], calls.cancelled())
    assert fleet.job(job).state is State.CANCELLED


@pytest.mark.parametrize("field", ["first", "count"])
@pytest.mark.parametrize("junk", [b"", b"x", b"inf", b"nan", b"-1", b"7", b"1.5", b"9" * 400])
def test_a_part_of_pictures_that_its_set_has_not_is_set_aside(field, junk, fleet):
    job = fleet.submit(count=4)
    first = fleet.take(GPUS[0])
    fleet.client.hset(keys.job(keys.part(job, 1)), field, junk)

    broken = fleet.take(GPUS[1])
    with pytest.raises(PoisonMessageError, match="pictures"):
        wanted(broken)
    fleet.settle(broken, calls.fail(ErrorKind.UNDECODABLE, "no such pictures"))
    for one in (first, fleet.take(GPUS[2]), fleet.take(GPUS[3])):
        make(fleet, one)

    assert fleet.job(job).state is State.DONE
    assert [one.seed for one in fleet.job(job).result.pictures] == [1, 3, 4]


# -- comparisons ------------------------------------------------------------------------------------------------


def compare(rig, **more):
    return rig.submit(count=2, compare={"field": "checkpoint", "values": ["dream", "anime"]}, seed=7, cost=8.0, **more)


def test_each_of_the_compared_goes_to_who_holds_it_with_the_same_seed(fleet):
    idle(fleet, GPUS[2], loaded="anime")
    job = compare(fleet)
    assert fleet.take(GPUS[0]).checkpoint == "dream"
    taken = fleet.take(GPUS[2])
    asked = wanted(taken)
    assert (keys.whole(taken.id), asked.checkpoint, asked.seed, asked.count) == (job, "anime", 7, 1)


def test_one_worker_makes_all_of_them_one_after_the_other(rig):
    rig.worker("w1", loaded="dream")
    job = compare(rig)
    for checkpoint in ("dream", "anime"):
        leased = rig.take("w1")
        assert leased.checkpoint == checkpoint
        assert numbers(rig, keys.OPEN)["ann"] == 1
        make(rig, leased)
    assert [one.seed for one in rig.job(job).result.pictures] == [7, 7]
    assert rig.job(job).state is State.DONE


def test_one_that_nobody_has_is_refused_before_anything_is_made(rig):
    assert rig.offer(count=2, compare={"field": "checkpoint", "values": ["dream", "photo"]}) is Accepted.INFEASIBLE


def test_of_a_set_that_is_split_as_it_begins_again_nothing_is_left_of_what_its_dead_worker_stored(rig, raw):
    rig.worker("w1", loaded="dream")
    rig.submit(count=4)
    dead = rig.take("w1")
    assert dead.count == 0  # whole, for there was nobody else
    left = [keys.image(dead.id, dead.attempt, index) for index in range(4)]
    for key in left:
        raw.set(key, b"a picture")
    idle(rig, *GPUS)
    rig.later(calls.LEASE_MS / 1000)
    rig.sweep()
    assert raw.exists(*left) == 4

    assert "~" in rig.take(GPUS[0]).id
    assert raw.exists(*left) == 0


def test_a_program_that_has_fetched_all_pictures_of_a_set_lets_those_of_all_parts_go(fleet):
    job = fleet.submit(count=4, reply="")
    parts = spread(fleet)
    for leased in parts.values():
        make(fleet, leased)
        fleet.client.set(keys.image(leased.id, leased.attempt, 0), b"x" * 10, px=24 * 3600 * 1000)

    def fetched(index):
        return call(fleet.client, calls.fetched(job, index, now_ms=fleet.now))

    assert [fetched(index) for index in (0, 3, 3, 1)] == [False] * 4
    assert call(fleet.client, calls.evict(0, now_ms=fleet.now)).jobs == 0
    assert fetched(2)
    assert call(fleet.client, calls.evict(0, now_ms=fleet.now)) == calls.Evicted(4, 40, 0)
    assert not fleet.client.keys(keys.PREFIX + "image:*")
