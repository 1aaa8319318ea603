"""Who waits for a job is handed it by the submit itself, without one more way to Redis and back."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
import redis

from zosma_queue import calls, keys
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.lua_assembly import library
from zosma_queue.needs import Lane
from zosma_queue.policy import Policy
from zosma_queue.scripts import call

from .conftest import Rig, result


@pytest.fixture(name="waiting")
def _waiting(rig):
    assert rig.fetch("w1", waits=True) is None
    return rig


def test_a_worker_that_waits_is_handed_what_it_would_have_fetched(waiting, raw):
    job = waiting.submit("ann", seed=7)

    assert waiting.job(job).state is State.RUNNING
    assert raw.llen(keys.wake("w1")) == 0  # it has nothing to look for
    leased = waiting.handed("w1")
    assert (leased.id, leased.attempt, leased.owner) == (job, 1, "ann")
    assert b'"seed":7' in leased.body.replace(b" ", b"")
    assert waiting.settle(leased) is State.DONE


#: What only says how many buckets there were, what holds the jobs of one back, and the server's clock.
_BESIDE = (keys.BUCKET_SEQ, keys.PAUSED, keys.SWEPT)


def everything(client):
    """All keys with what is in them."""
    read = {
        b"string": client.get, b"hash": client.hgetall, b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }  # fmt: skip

    def text_of(found):
        return (
            sorted(map(str, found.items() if isinstance(found, dict) else found))
            if not isinstance(found, bytes)
            else found
        )

    def undrawn(text):
        return re.sub(r"(\.(?:named|any|none)\.)\d+|(message_timestamp\":)\d+", r"\1\2", str(text))

    found = {key: read[client.type(key)](key) for key in client.keys("*") if key.decode() not in _BESIDE}
    return {undrawn(key): undrawn(text_of(value)) for key, value in found.items()}


@pytest.mark.parametrize("person", ["", "somebody"])
@pytest.mark.parametrize(
    "asked", [{"checkpoint": "dream"}, {"checkpoint": "anime"}, {}, {"lane": Lane.RELAX}, {"steps": 90}]
)
@pytest.mark.parametrize("loaded", ["dream", None])
def test_what_is_handed_at_once_leaves_all_as_if_it_had_been_filed_and_taken(raw, person, asked, loaded):
    pool = redis.ConnectionPool(**{**raw.connection_pool.connection_kwargs, "db": 1})
    with redis.Redis(connection_pool=pool) as other:
        other.flushdb()
        other.hset(keys.PAUSED, "worker:of others", "{}")  # with any pause at all a job is filed first
        for client in (raw, other):
            rig = Rig(client, client)
            for worker in ("w1", "w2"):
                rig.worker(worker, loaded=loaded)
                assert rig.fetch(worker, waits=True) is None
            for number in range(4):
                owner = f"{('ann', 'bob')[number % 2]}{number // 2 if person else ''}"
                policy = Policy(running=1, weight=1 + number)
                rig.submit(owner, job_id=f"job-{number}", person=person and f"{person} {number % 2}",
                           cost=3.3 * (number + 1), policy=policy, group=f"group {number // 2}", group_weight=2.0,
                           **asked)  # fmt: skip
                rig.later(2)
                handed = {worker: leased for worker in ("w1", "w2") if (leased := rig.handed(worker))}
                for worker, leased in handed.items():
                    if number != 1:  # which goes on
                        rig.settle_and_fetch(leased, worker, calls.done(result(1.7)), waits=True)

        assert everything(raw) == everything(other)
        # Nobody had to file most of them.
        assert int(raw.get(keys.BUCKET_SEQ) or 0) < int(other.get(keys.BUCKET_SEQ))


def test_only_who_waits_with_the_secret_settles_what_it_is_handed(rig):
    call(rig.as_worker, calls.fetch("w1", token="mine", waits=True, now_ms=rig.now))
    rig.submit()
    leased = rig.handed("w1")
    done = calls.done(result(attempt=leased.attempt))

    assert call(rig.as_worker, calls.settle(leased.id, leased.attempt, done, token="other", now_ms=rig.now)) is None
    assert (
        call(rig.as_worker, calls.settle(leased.id, leased.attempt, done, token="mine", now_ms=rig.now)) is State.DONE
    )


def test_a_worker_that_only_fetches_is_only_woken(rig, raw):
    assert rig.fetch("w1") is None
    job = rig.submit()

    assert rig.job(job).state is State.WAITING
    assert raw.llen(keys.wake("w1")) == 1
    assert rig.handed("w1") is None


def test_one_job_is_handed_to_one_worker_and_the_next_to_the_next(waiting):
    waiting.worker("w2")
    assert waiting.fetch("w2", waits=True) is None
    first, second, third = (waiting.submit(owner) for owner in ("ann", "bob", "cid"))

    assert [waiting.handed(worker).id for worker in ("w1", "w2")] == [first, second]
    assert waiting.job(third).state is State.WAITING


def test_what_was_handed_as_the_wait_ended_is_there_for_the_next_look(waiting, raw):
    job = waiting.submit()
    other = waiting.submit()

    leased = waiting.take("w1")

    assert leased.id == job
    assert raw.zscore(keys.LEASES, job) == waiting.now + calls.LEASE_MS
    assert waiting.handed("w1") is None
    assert waiting.take("w1").id == other


def test_what_was_handed_and_has_gone_to_somebody_else_is_not_there_any_more(waiting, raw):
    job = waiting.submit()
    waiting.worker("w2")
    waiting.later(calls.HANDED_MS / 1000)
    assert waiting.sweep().returned == 1
    assert waiting.take("w2").id == job
    assert raw.exists(keys.handed("w1"))  # by the test's clock alone its time is over

    assert waiting.fetch("w1", waits=True) is None


def test_a_job_handed_to_a_dead_worker_is_free_again_after_two_seconds(waiting):
    job = waiting.submit()
    waiting.later(calls.HANDED_MS / 1000)

    assert waiting.sweep().returned == 1
    assert waiting.job(job).state is State.WAITING


def test_a_worker_that_renews_has_its_job_as_long_as_any(waiting, raw):
    job = waiting.submit()
    assert waiting.renew(waiting.handed("w1")) is calls.Lease.OK

    assert raw.zscore(keys.LEASES, job) == waiting.now + calls.LEASE_MS


@pytest.mark.parametrize("scope", ["queue", "worker:w1", "checkpoint:dream"])
def test_nobody_is_handed_what_is_paused(waiting, scope):
    call(waiting.client, calls.pause("admin", scope, now_ms=waiting.now))
    job = waiting.submit(checkpoint="dream")

    assert waiting.job(job).state is State.WAITING
    assert waiting.handed("w1") is None


def test_a_worker_that_has_left_takes_nothing_with_it(waiting, raw):
    waiting.submit()
    call(waiting.as_worker, calls.leave("w1", now_ms=waiting.now))

    assert not raw.exists(keys.handed("w1"))


def test_a_job_whose_id_is_no_text_is_nobodys_delivery():
    assert calls.leased_in(b'["\xff",1,"ann"]\n{}') is None
    assert calls.leased_in(b'["job",1,"\xff"]\n{}').owner == "�"


def test_the_scripts_hand_jobs_over_by_the_same_rules():
    names = ("WINDOW_S", "MAX_SKIPS", "MAX_SKIP_MS", "TRICKLE", "LOOK_OWNERS", "HANDED_MS")
    assert [int(library()[name]) for name in names] == [
        calls.AFFINITY_WINDOW_S, calls.MAX_SKIPS, calls.MAX_SKIP_MS, calls.TRICKLE, calls.LOOK_OWNERS, calls.HANDED_MS
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", ["done", "failed", "released", "cancelled"])
def test_who_waits_is_woken_when_an_owner_may_run_another_job(rig, raw, outcome):
    one = Policy(running=1)
    job = rig.submit("ann", policy=one)
    leased = rig.take("w1")
    held = rig.submit("ann", policy=one)
    rig.worker("w2")
    assert rig.fetch("w2") is None
    if outcome == "cancelled":
        rig.cancel(job)
    ends = {"failed": calls.fail("refused", "no"), "released": calls.RELEASE, "cancelled": calls.cancelled()}
    rig.settle(leased, ends.get(outcome))

    assert raw.llen(keys.wake("w2")) == 1
    assert rig.take("w2").id in (held, job)


def test_a_person_at_their_limit_elsewhere_is_let_in_too(rig, raw):
    one = Policy(running=1)
    rig.submit("ann", person="Ann", policy=one)
    leased = rig.take("w1")
    held = rig.submit("ann elsewhere", person="Ann", policy=one)
    rig.worker("w2")
    assert rig.fetch("w2") is None
    rig.settle(leased)

    assert raw.llen(keys.wake("w2")) == 1
    assert rig.take("w2").id == held


def test_nobody_is_woken_by_an_end_that_lets_nobody_in(rig, raw):
    rig.submit("ann", policy=Policy(running=2))
    leased = rig.take("w1")
    rig.worker("w2")
    assert rig.fetch("w2") is None
    rig.settle(leased)

    assert raw.llen(keys.wake("w2")) == 0


def test_of_a_set_whose_pictures_differ_everybody_who_waits_gets_one_at_once(waiting, raw):
    waiting.worker("w2")
    assert waiting.fetch("w2", waits=True) is None
    waiting.submit(count=2, sampler=None, compare={"field": "cfg_scale", "values": [5.0, 7.0]})

    assert waiting.handed("w1").first == 0
    assert raw.llen(keys.wake("w2")) == 1
    assert waiting.take("w2").first == 1


@pytest.mark.parametrize("key", [keys.handed("w1"), keys.wake("w1"), keys.worker("w1")])
@pytest.mark.parametrize("waits", [True, False])
def test_junk_in_a_resting_workers_keys_fails_no_submit(rig, raw, waits, key):
    assert rig.fetch("w1", waits=waits) is None
    raw.set(key, "junk")
    job = rig.submit()

    assert rig.job(job).state in (State.RUNNING, State.WAITING)


def test_what_junk_kept_from_being_handed_over_is_there_for_the_next_look(waiting, raw):
    raw.set(keys.handed("w1"), "junk")
    job = waiting.submit()

    assert raw.llen(keys.wake("w1")) == 1
    assert waiting.take("w1").id == job


JUNK = ("x", "", "nan", "inf", "-inf")
#: Numbers that workers may write, each with one of its fields.
NUMBERS = [
    (keys.SPEED, "w1|"), (keys.LOADS, "w1"), (keys.ACCURACY, "bias"), (keys.STATS, "loads"), (keys.STATS, "done"),
    (keys.STATS, "lost"), (keys.RUNNING, "ann"), (keys.OPEN, "ann"), (keys.OPEN, "group guild"), (keys.TAGS, "v"),
    (keys.TAGS, "guild"), (keys.group_tags("guild"), "ann"), (keys.WEIGHTS, "ann"),
]  # fmt: skip


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(("key", "field"), NUMBERS, ids=" ".join)
def test_junk_in_a_number_that_workers_write_loses_no_job(rig, raw, key, field, waits):
    rig.worker("w1", loaded="anime")
    rig.submit("zoe", run_in_s=1000)
    for junk in JUNK:
        assert rig.fetch("w1", waits=waits) is None
        raw.hset(key, field, junk)
        job = rig.submit("ann", checkpoint="dream")
        assert (rig.handed() if waits else rig.take()).id == job
        rig.later(6)
        raw.hset(key, field, junk)
        rig.worker("w1", loaded="anime")
        rig.sweep()
        raw.hset(key, field, junk)
        assert rig.settle(rig.take()) is State.DONE


@pytest.mark.parametrize("field", ["profile", "loaded", "target", "idle", "waits", "ready"])
@pytest.mark.parametrize("junk", [{}, None, True], ids=str)
def test_junk_in_how_an_idle_worker_is_filed_loses_no_job(rig, raw, field, junk):
    rig.worker("w1", loaded="dream")
    assert rig.fetch("w1", waits=True) is None
    raw.hset(keys.FLEET, "w1", json.dumps({**json.loads(raw.hget(keys.FLEET, "w1")), field: junk}))

    job = rig.submit("ann")

    with suppress(redis.ResponseError):
        rig.fetch("w1")
    rig.later(8)
    call(rig.as_worker, calls.leave("w1", now_ms=rig.now))
    rig.worker("w2")
    rig.sweep()
    assert rig.take("w2").id == job


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_what_an_owner_has_used_today_keeps_nobody_from_asking_and_no_job_from_its_end(rig, raw, junk):
    key = keys.spent("ann", rig.now // (24 * 3600 * 1000))
    raw.set(key, junk)
    job = rig.submit("ann", policy=Policy(daily_gpu_s=100))

    assert rig.settle(rig.take()) is State.DONE
    assert rig.job(job).state is State.DONE
    assert float(raw.get(key)) == 1


@pytest.mark.parametrize("junk", ["x", "nan"])
@pytest.mark.parametrize(
    "field",
    [
        "cost", "set", "attempt", "created", "run_at", "seq", "patience", "wait", "charged", "lost", "failures",
        "forecast",
    ],
)  # fmt: skip
def test_junk_in_a_job_keeps_neither_it_nor_another_from_its_end(rig, raw, field, junk):
    call(rig.client, calls.pause("admin", "queue", now_ms=rig.now))
    first = rig.submit("bob")
    raw.hset(keys.job(first), mapping={field: junk, "forecast_at": rig.now})
    assert rig.fetch("w1", waits=True) is None
    raw.delete(keys.PAUSED)
    second = rig.submit("ann")

    assert rig.handed().id == first
    raw.hset(keys.job(first), field, junk)
    rig.later(6)
    rig.worker("w1")
    rig.sweep()
    for _ in range(2):
        leased = rig.take()
        again = calls.retry(ErrorKind.OUT_OF_MEMORY, "", backoff_ms=1000, max_failures=3)
        if field != "attempt":  # which says whose delivery it is
            raw.hset(keys.job(first), field, junk)
        rig.settle(leased, again if leased.id == first else None)
    rig.later(60)
    rig.worker("w1")
    rig.sweep()
    assert rig.settle(rig.take()) is State.DONE

    assert {raw.hget(keys.job(job), "state") for job in (first, second)} == {b"done"}


@pytest.mark.parametrize("state", ["running", "delayed", "waiting"])
def test_what_is_no_job_any_more_holds_up_neither_the_sweep_nor_a_worker(rig, raw, state):
    first = rig.submit("bob", run_in_s=1 if state == "delayed" else 0)
    if state == "running":
        rig.take()
    second = rig.submit("ann")
    raw.delete(keys.job(first))
    raw.set(keys.job(first), "junk")
    rig.later(10)
    rig.worker("w1")

    rig.sweep()

    assert rig.take().id == second
    assert not raw.exists(keys.DELAYED)
    assert raw.zcard(keys.LEASES) == 1


@pytest.fixture(name="goes")
def _goes(rig):
    """How a worker stops taking jobs: it says that it is away, or leaves."""

    def goes(how):
        if how == "leaves":
            call(rig.as_worker, calls.leave("w1", now_ms=rig.now))
        else:
            rig.worker("w1", state=WorkerState.AWAY)

    return goes


@pytest.mark.parametrize("how", ["leaves", "is away"])
def test_what_was_handed_to_a_worker_that_then_goes_is_free_at_once(waiting, raw, goes, how):
    job = waiting.submit("ann")
    waiting.worker("w2")
    assert waiting.fetch("w2") is None

    goes(how)

    assert waiting.job(job).state is State.WAITING
    assert not raw.exists(keys.handed("w1"))
    assert raw.zscore(keys.LEASES, job) is None
    assert raw.llen(keys.wake("w2")) == 1
    leased = waiting.take("w2")
    assert (leased.id, leased.attempt) == (job, 2)
    assert waiting.settle(leased) is State.DONE


@pytest.mark.parametrize("how", ["leaves", "is away"])
def test_what_a_worker_has_come_for_stays_its_own_when_it_goes(waiting, goes, how):
    job = waiting.submit("ann")
    leased = waiting.handed("w1")

    goes(how)

    assert waiting.job(job).state is State.RUNNING
    assert waiting.settle(leased) is State.DONE


def test_what_was_handed_and_then_cancelled_ends_when_its_worker_leaves(waiting, goes):
    job = waiting.submit("ann")
    waiting.cancel(job)

    goes("leaves")

    assert waiting.job(job).state is State.CANCELLED


@pytest.mark.parametrize("how", ["leaves", "is away"])
def test_junk_where_a_worker_is_handed_jobs_keeps_it_from_nothing(rig, raw, goes, how):
    raw.set(keys.handed("w1"), "junk")
    raw.hset(keys.worker("w1"), "job", "nobody's")

    goes(how)

    assert not raw.exists(keys.handed("w1"))


def test_a_job_into_an_idle_fleet_takes_few_calls_inside_redis(waiting, raw):
    def made():
        return sum(its["calls"] for its in raw.info("commandstats").values())

    # Who had jobs before is known, and what is new is counted under its minute and hour.
    waiting.submit()
    waiting.settle_and_fetch(waiting.handed("w1"), waits=True)
    raw.config_resetstat()

    waiting.submit()
    assert made() <= 65
    leased = waiting.handed("w1")
    raw.config_resetstat()
    waiting.settle_and_fetch(leased, waits=True)
    assert made() <= 65
