"""Limits before the queue, lanes by policy, and retries elsewhere."""

from __future__ import annotations

import itertools

import pytest
import redis.asyncio

from zosma_queue import calls, keys
from zosma_queue.admission import check_admitted
from zosma_queue.calls import Accepted, Admission
from zosma_queue.controlnet import ControlNet
from zosma_queue.errors import CODES, LimitError, RequestRefusedError
from zosma_queue.job import State
from zosma_queue.needs import Lane
from zosma_queue.policy import LIMITS, LIMITS_BY_NAME, Policy, parse_policy, policy_for
from zosma_queue.scripts import call, source

from .conftest import result


def test_an_owner_may_have_only_so_many_waiting(rig):
    two = Policy(waiting=2)
    rig.submit("ann", policy=two)
    rig.submit("ann", policy=two)

    assert rig.offer("ann", policy=two) == "waiting"
    assert rig.retry_after_s == 4.0
    assert rig.offer("bob", policy=two, job_id="bobs") is Accepted.QUEUED
    rig.take()
    assert rig.offer("ann", policy=two) is Accepted.QUEUED


def test_a_cooldown_says_how_long_it_lasts(rig, raw):
    slow = Policy(cooldown_s=30)
    rig.submit("ann", policy=slow)

    assert rig.offer("ann", policy=slow) == "cooldown_s"
    assert 29 < rig.retry_after_s <= 30
    raw.delete(keys.cooldown("ann"))
    assert rig.offer("ann", policy=slow) is Accepted.QUEUED


def test_a_days_gpu_seconds_are_used_up_and_come_back_at_midnight(rig):
    frugal = Policy(daily_gpu_s=10)
    for seconds in (6.0, 5.0):
        rig.submit("ann", policy=frugal)
        rig.settle(rig.take(), calls.done(result(seconds)))

    assert rig.offer("ann", policy=frugal) == "daily_gpu_s"
    midnight = 86_400 - rig.now / 1000
    assert rig.retry_after_s == pytest.approx(midnight, abs=0.01)
    rig.later(midnight)
    rig.worker("w1")
    assert rig.offer("ann", policy=frugal) is Accepted.QUEUED


# -- one person in several places -------------------------------------------------------------------------------


@pytest.fixture(name="person")
def _person(rig):
    """Asks as one person in some place."""
    numbers = itertools.count(1)

    def ask(place, **limits):
        owner = f"{place}/7"
        return rig.offer(owner, group=place, person="7", job_id=f"{place}-{next(numbers)}", policy=Policy(**limits))

    return ask


def test_jobs_that_wait_anywhere_count_everywhere(rig, person):
    assert person("a", waiting=1) is Accepted.QUEUED
    assert person("b", waiting=1) == person("dm", waiting=1) == "waiting"
    assert person("b", waiting=2) is Accepted.QUEUED
    assert rig.offer("b/8", group="b", person="8", policy=Policy(waiting=1)) is Accepted.QUEUED
    rig.drain()
    assert person("dm", waiting=1) is Accepted.QUEUED


def test_a_generous_place_does_not_open_the_others_and_is_not_shut_by_them(person):
    for rest in range(3):
        assert person(f"a{rest}", waiting=10) is Accepted.QUEUED
    assert person("b", waiting=1) == "waiting"
    assert person("a", waiting=10) is Accepted.QUEUED


def test_what_runs_in_one_place_holds_back_the_others_until_it_ends(rig, person):
    for worker in ("w2", "w3"):
        rig.worker(worker)
    for place in ("a", "b", "dm"):
        assert person(place, running=1) is Accepted.QUEUED
    others = rig.submit("b/8", group="b", person="8")

    first = rig.take("w1")
    assert first.id.startswith("a-")
    assert rig.take("w2").id == others
    assert rig.fetch("w3") is None
    rig.settle(first)
    second = rig.take("w3")
    assert second.id.startswith(("b-", "dm-"))
    assert rig.fetch("w1") is None
    rig.settle(second)
    assert rig.take("w1").id not in (first.id, second.id)


def test_a_cooldown_goes_with_the_person_as_long_as_each_place_wants_it(rig, person):
    assert person("a", cooldown_s=30) is Accepted.QUEUED
    rig.later(10)
    rig.worker("w1")
    assert person("b", cooldown_s=300) == "cooldown_s"
    assert rig.retry_after_s == 290
    assert person("c", cooldown_s=5) is Accepted.QUEUED
    assert person("d") is Accepted.QUEUED


def test_a_days_gpu_seconds_are_one_sum_over_all_places(rig, person):
    for place in ("a", "b"):
        assert person(place, daily_gpu_s=10) is Accepted.QUEUED
        rig.settle(rig.take(), calls.done(result(6.0)))
    assert person("a", daily_gpu_s=10) == person("dm", daily_gpu_s=10) == "daily_gpu_s"
    assert person("a", daily_gpu_s=20) is Accepted.QUEUED


def test_a_person_leaves_no_counts_behind(rig, raw, person):
    for place in ("a", "b"):
        person(place)
    rig.drain()
    left = (keys.OPEN, keys.RUNNING, keys.PERSON_OF, keys.owners_of("7"))
    assert raw.exists(*left) == 0


def test_a_failed_job_that_is_brought_back_counts_for_its_person_again(rig, person):
    assert person("a") is Accepted.QUEUED
    failed = rig.take()
    rig.settle(failed, calls.fail("refused", "no"))
    assert call(rig.client, calls.replay("root", failed.id, now_ms=rig.now))
    assert person("b", waiting=1) == "waiting"


def test_the_queue_as_a_whole_may_be_full(rig):
    rig.submit("ann")
    rig.submit("bob")

    assert rig.offer("cid", policy=Policy(depth=2)) == "depth"


def test_what_is_refused_leaves_nothing_behind(rig, raw):
    rig.submit("ann", policy=Policy(waiting=1))
    before = set(raw.keys("*")) | {keys.STATS.encode()}
    assert rig.offer("ann", policy=Policy(waiting=1)) == "waiting"
    assert set(raw.keys("*")) == before


def test_an_owner_at_his_limit_of_running_jobs_waits_and_blocks_nobody(rig):
    one = Policy(running=1)
    for worker in ("w2", "w3"):
        rig.worker(worker)
    first, second = rig.submit("ann", policy=one), rig.submit("ann", policy=one)
    bobs = rig.submit("bob")

    running = rig.take("w1")
    assert running.id == first
    assert rig.take("w2").id == bobs
    assert rig.fetch("w3") is None

    rig.settle(running)
    assert rig.take("w3").id == second


def test_a_lost_worker_gives_its_owner_his_running_place_back(rig):
    one = Policy(running=1)
    first = rig.submit("ann", policy=one)
    rig.submit("ann", policy=one)
    rig.take()
    rig.later(7)
    rig.worker("w1")
    rig.sweep()

    assert rig.take().id == first
    assert rig.fetch() is None


def test_the_policy_decides_the_lane(rig):
    relax = rig.submit("ann", policy=Policy(lane=Lane.RELAX))
    fast = rig.submit("bob")

    assert rig.drain() == [fast, relax]


def test_relax_gets_every_tenth_job_however_much_fast_waits(rig):
    for number in range(30):
        rig.submit(f"fast-{number}")
    relaxed = [rig.submit("ann", lane=Lane.RELAX) for _ in range(3)]

    order = rig.drain()

    assert [order.index(job) for job in relaxed] == [9, 19, 29]


def test_a_member_gets_the_weightiest_policy_of_his_roles():
    policies = {"default": Policy(waiting=1), "role:1": Policy(weight=2), "role:2": Policy(weight=3)}

    assert policy_for(["ann", "role:1", "role:2"], policies).weight == 3
    assert policy_for(["ann"], policies).waiting == 1
    assert policy_for(["ann"], {}) == Policy()


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"waiting": -1}, "waiting"), ({"weight": 0}, "weight"), ({"lane": "slow"}, "lane"), ({"speed": 1}, "speed")],
)
def test_a_wrong_policy_is_refused_by_field(fields, field):
    with pytest.raises(RequestRefusedError) as refused:
        parse_policy(fields)

    assert refused.value.field == field


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_limit_is_held_by_the_script_and_its_refusal_has_a_code(limit):
    assert f"limits.{limit.name}" in source("enqueue")
    assert limit.refusal is None or limit.refusal[0] in CODES
    assert parse_policy({limit.name: limit.most})
    assert parse_policy({limit.name: limit.least})
    with pytest.raises(RequestRefusedError):
        parse_policy({limit.name: limit.most + 1})


@pytest.mark.parametrize(
    ("limit", "seconds", "says"),
    [
        ("waiting", 4.2, "as many jobs waiting as you may: try again in 5 s"),
        ("cooldown_s", 61, "too soon after your last job: try again in 2 min"),
        ("daily_gpu_s", 7201, "GPU time for today is used up: try again in 3 h"),
        ("depth", 30, "the queue is full: try again in 30 s"),
    ],
)
def test_a_refusal_says_when_to_try_again(limit, seconds, says):
    with pytest.raises(LimitError, match=says) as refused:
        check_admitted(Admission(Accepted.OVER_LIMIT, seconds, LIMITS_BY_NAME[limit]))

    assert refused.value.retry_after_s == seconds


def test_a_failed_job_goes_to_another_worker(rig):
    rig.worker("a/webui/1")
    rig.worker("b/webui/1")
    call(rig.client, calls.leave("w1"))
    job = rig.submit()
    rig.settle(rig.take("a/webui/1"), calls.retry("oom", "out of memory", backoff_ms=0, max_failures=3))
    rig.sweep()

    assert rig.fetch("a/webui/1") is None
    assert rig.take("b/webui/1").id == job


def test_a_failed_job_comes_back_to_the_only_worker_there_is(rig):
    job = rig.submit()
    rig.settle(rig.take(), calls.retry("oom", "out of memory", backoff_ms=0, max_failures=3))
    rig.sweep()

    assert rig.take().id == job


def test_a_restarted_worker_is_still_the_place_where_the_job_failed(rig):
    rig.worker("a/webui/1")
    rig.worker("b/webui/1")
    call(rig.client, calls.leave("w1"))
    rig.submit()
    rig.settle(rig.take("a/webui/1"), calls.retry("oom", "out of memory", backoff_ms=0, max_failures=3))
    rig.sweep()
    rig.worker("a/webui/2")

    assert rig.fetch("a/webui/2") is None


def test_a_negative_cost_is_refused(rig):
    with pytest.raises(ValueError, match="cost is -1"):
        rig.submit(cost=-1)
    with pytest.raises(ValueError, match="cost is nan"):
        rig.submit(cost=float("nan"))


def test_a_workers_speed_is_learned_for_each_checkpoint(rig, raw):
    for _ in range(3):
        rig.worker("fast/webui/1", loaded="dream")
        rig.submit(checkpoint="dream", cost=4)
        rig.settle(rig.take("fast/webui/1"), calls.done(result(1.0, 1)))
    assert float(raw.hget(keys.SPEED, "fast/webui|dream")) == 0.25

    rig.submit(checkpoint="dream", cost=8)
    leased = rig.take("fast/webui/1")
    assert float(raw.hget(keys.job(leased.id), "charged")) == 2.0


LOOKED_AT = {"image": "0" * 20, "source_width": 64, "source_height": 64}


@pytest.mark.parametrize(
    ("fields", "tells"),
    [
        ({"hires": {"upscaler": "Latent"}}, True),  # whose needs name an upscaler too
        ({"prompt": "", "upscale": {**LOOKED_AT, "upscaler_1": "Lanczos"}}, False),
        ({"prompt": "", "interrogate": {"image": "0" * 20, "model": "clip"}}, False),
        ({"prompt": "", "detect": {**LOOKED_AT, "module": "canny"}}, False),
    ],
)
def test_what_makes_no_picture_from_words_says_nothing_of_a_workers_speed(rig, raw, fields, tells):
    raw.set(keys.picture_input("0" * 20), b"a picture")
    more = {"enlargers": ("Lanczos",), "interrogators": ("clip",), "controlnet_modules": ("canny",)}
    rig.worker("w1", loaded="dream", controlnet=ControlNet(detects=True), **more)
    rig.submit(cost=4, **fields)
    rig.settle(rig.take(), calls.done(result(1.0, 1)))

    assert raw.exists(keys.SPEED) == tells


def test_a_checkpoint_load_is_learned_and_not_charged(rig, raw):
    rig.worker("w1", loaded="anime")
    job = rig.submit("ann", checkpoint="dream", cost=4)
    rig.settle(rig.take(), calls.done(result(12.0)))

    assert float(raw.hget(keys.LOADS, "w1")) == 8.0
    assert float(raw.get(keys.spent("ann", 0))) == 4.0
    assert rig.job(job).state is State.DONE


def spent_by(raw, name):
    return float(raw.get(keys.spent(name, 0)) or 0)


def test_watching_and_cancelling_costs_what_was_used(rig, raw):
    rig.worker("w1", loaded="dream")
    rig.submit("ann", cost=4, person="7", checkpoint="dream")
    leased = rig.take()
    rig.renew(leased, progress=0.95)
    rig.cancel(leased.id)
    rig.settle(leased, calls.cancelled(3.8))

    assert spent_by(raw, "ann") == spent_by(raw, "7") == rig.job(leased.id).paid_s == 3.8
    assert rig.offer("ann", policy=Policy(daily_gpu_s=3.5)) == "daily_gpu_s"
    assert not raw.exists(keys.SPEED)


@pytest.mark.parametrize("verb", ["waiting", "delayed", "not begun"])
def test_a_job_that_was_cancelled_before_it_began_costs_nothing(rig, raw, verb):
    job = rig.submit("ann", run_in_s=60 if verb == "delayed" else 0)
    leased = rig.take() if verb == "not begun" else None
    rig.cancel(job)
    if leased:
        rig.settle(leased, calls.cancelled())

    assert rig.job(job).state is State.CANCELLED
    assert spent_by(raw, "ann") == 0
    assert not raw.exists(keys.spent("ann", 0))


@pytest.mark.parametrize(("progress", "costs"), [(None, 0.0), (0.5, 2.0), (1.0, 4.0)])
def test_of_a_job_cancelled_on_a_cold_checkpoint_the_load_is_not_charged(rig, raw, progress, costs):
    rig.worker("w1", loaded="anime")
    rig.submit("ann", cost=4, checkpoint="dream")
    leased = rig.take()
    if progress:
        rig.renew(leased, progress=progress)
    rig.cancel(leased.id)
    rig.settle(leased, calls.cancelled(20.0))

    assert spent_by(raw, "ann") == costs


def test_a_picture_that_was_ready_when_its_cancel_came_is_paid_in_full(rig, raw):
    rig.submit("ann", cost=4)
    leased = rig.take()
    rig.cancel(leased.id)

    assert rig.settle(leased, calls.done(result(5.0))) is State.CANCELLED
    assert spent_by(raw, "ann") == 5.0


def test_idle_workers_do_not_all_load_the_same_new_checkpoint(rig):
    for worker in ("w1", "w2"):
        rig.worker(worker, loaded="photo")
    rig.submit("ann", checkpoint="dream", job_id="dream-1")
    rig.submit("bob", checkpoint="dream", job_id="dream-2")
    rig.submit("cid", checkpoint="anime", job_id="anime-1")

    assert rig.take("w1").id == "dream-1"
    assert rig.take("w2").id == "anime-1"


def test_a_free_gpu_still_takes_the_only_work_there_is(rig):
    for worker in ("w1", "w2"):
        rig.worker(worker, loaded="photo")
    rig.submit("ann", checkpoint="dream", job_id="dream-1")
    rig.submit("bob", checkpoint="dream", job_id="dream-2")

    assert rig.take("w1").id == "dream-1"
    assert rig.take("w2").id == "dream-2"


def test_a_forecast_is_compared_with_what_happened(rig, raw):
    job = rig.submit()
    assert call(rig.client, calls.note_forecasts({job: 10.0}, now_ms=rig.now)) == 1
    assert call(rig.client, calls.note_forecasts({job: 99.0}, now_ms=rig.now)) == 0
    leased = rig.take()
    rig.later(20)
    rig.settle(leased)

    accuracy = raw.hgetall(keys.ACCURACY)
    assert (float(accuracy[b"bias"]), float(accuracy[b"error"]), accuracy[b"count"]) == (2.0, 0.5, b"1")


async def test_forecasts_are_stretched_by_how_they_turned_out(rig, redis_url, raw):
    from zosma_queue.forecast import places
    from zosma_queue.snapshot import take_snapshot

    raw.hset(keys.ACCURACY, "bias", 1.5)
    rig.submit("ann")
    rig.submit("ann", job_id="second")
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        place = places(await take_snapshot(client, 10, now_ms=rig.now))["second"]

    assert (place.starts_in_s, place.raw_ends_in_s, place.ends_in_s) == (6.0, 8.0, 12.0)


def test_a_groups_weight_is_its_policys(rig):
    for _ in range(8):
        rig.submit("ann", group="patrons", group_weight=3)
        rig.submit("bob", group="guests")

    assert [rig.job(job).owner for job in rig.drain()[:8]].count("ann") == 6


def test_a_clients_clock_an_hour_off_changes_nothing(rig, raw, monkeypatch):
    rig.now = 0  # the server's own clock
    rig.worker("w1")
    job = rig.submit()
    leased = rig.take()
    before = raw.zscore(keys.LEASES, job)
    monkeypatch.setattr("time.time", lambda: 9e9)

    assert rig.sweep().returned == 0
    assert rig.renew(leased) is calls.Lease.OK
    assert raw.zscore(keys.LEASES, job) - before < 60_000
    assert rig.submit(delay_ms=60_000)
    seconds, _ = raw.time()
    assert 0 < raw.zrange(keys.DELAYED, 0, -1, withscores=True)[0][1] / 1000 - seconds < 61
