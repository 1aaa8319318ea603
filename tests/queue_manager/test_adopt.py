"""A queue that an older version has filled goes on, and what an older version still does to it harms nothing.

`kept/format_1.json` is such a queue as version 1's scripts left it, with the order in which they then handed it out:
jobs of six classes, an owner who is at their limit, one person in two places, a comparison, a set, a bumped, a failed,
a put off and a running job.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zosma_queue import calls, keys
from zosma_queue.calls import Leased
from zosma_queue.job import State
from zosma_queue.policy import Policy
from zosma_queue.scripts import call

from .conftest import result

KEPT = json.loads((Path(__file__).parent / "kept" / "format_1.json").read_text("utf-8"))
WORKERS = {"gpu/webui/1": "dream", "gpu2/webui/1": "anime"}


def restore(raw, kept):
    """Writes keys as they were."""
    for key, (kind, value, ttl) in kept.items():
        match kind:
            case "hash":
                raw.hset(key, mapping=value)
            case "zset":
                raw.zadd(key, value)
            case "set":
                raw.sadd(key, *value)
            case _:
                raw.set(key, value)
        if ttl > 0:
            raw.pexpire(key, ttl)


def come(rig):
    for name, loaded in WORKERS.items():
        rig.worker(name, loaded=loaded)


@pytest.fixture(name="old")
def _old(rig, raw):
    """The queue of version 1, and this version's workers."""
    raw.flushall()
    restore(raw, KEPT["keys"])
    rig.now = KEPT["now"]
    come(rig)
    return rig


def old_keys(raw):
    names = ("classes", "stranded", "groups:*", "owners:*", "jobs:*", "owner-classes:*", "group-classes:*")
    return [key for name in names for key in raw.keys(keys.PREFIX + name)]


def test_its_jobs_are_handed_out_in_the_order_in_which_version_1_would_have(old, raw):
    assert old_keys(raw)
    old.sweep()
    assert old_keys(raw) == []

    assert old.settle(Leased(*KEPT["running"]), calls.done(result(2.0))) is State.DONE
    order = []
    for turn in range(60):
        old.later(2)
        come(old)
        old.sweep()
        worker = sorted(WORKERS)[turn % 2]
        leased = old.fetch(worker)
        if leased:
            order.append([worker, leased.id])
            old.settle(leased, calls.done(result(4.0, leased.attempt)))

    assert order == KEPT["order"]
    assert old.waiting() == []
    for name in (
        "needs",
        "buckets",
        "alike",
        "special",
        "bucket-like",
        "tokens",
        "patience",
        "groups*",
        "jobs*",
        "heads*",
    ):
        assert raw.keys(f"{keys.PREFIX}index:{name}") == []


def test_nothing_is_filed_anew_twice(old, raw):
    old.sweep()
    before = {key: raw.dump(key) for key in raw.keys(keys.PREFIX + "index:*")}

    raw.delete(keys.FORMAT)
    old.sweep()

    assert {key: raw.dump(key) for key in raw.keys(keys.PREFIX + "index:*")} == before


def test_who_waits_is_given_what_was_filed_anew(old, raw):
    assert old.take("gpu/webui/1").id == "bumped"
    assert old.fetch("gpu2/webui/1") is None

    old.sweep()

    assert raw.llen(keys.wake("gpu2/webui/1")) == 1
    assert old.fetch("gpu2/webui/1") is not None


def test_a_job_that_an_old_worker_puts_back_is_filed_anew(rig, raw):
    """What version 1's `push` does."""
    job = rig.submit("ann", checkpoint="dream")
    rig.sweep()
    class_, group = raw.hmget(keys.job(job), "class", "group")
    call(rig.client, calls.cancel(job, now_ms=rig.now))
    raw.hset(keys.job(job), "state", "waiting")
    raw.persist(keys.job(job))
    old = keys.PREFIX.encode()
    raw.hset(keys.OPEN, "ann", 1)
    raw.hset(keys.GROUP_OF, "ann", group)
    raw.zadd(keys.WAITING, {job: rig.now})
    raw.hset(keys.DEPTH, class_, 1)
    raw.zadd(old + b"jobs:" + class_ + b":ann", {job: 1})
    raw.sadd(old + b"owner-classes:ann", class_)
    raw.hset(keys.CLASSES, class_, raw.hget(keys.job(job), "needs"))
    assert rig.fetch() is None

    rig.sweep()

    assert rig.take().id == job
    assert old_keys(raw) == []


def test_a_job_that_an_old_bot_has_cancelled_is_passed_over(rig, raw):
    """What version 1's `pull` and `finish` do: the index still has the job."""
    gone = rig.submit("ann", checkpoint="dream")
    raw.zrem(keys.WAITING, gone)
    raw.hdel(keys.DEPTH, raw.hget(keys.job(gone), "class"))
    raw.hset(keys.job(gone), "state", "cancelled")
    there = rig.submit("bob")

    assert rig.take().id == there
    assert rig.fetch() is None
    assert raw.hlen(keys.BUCKETS) == 0


def test_an_owner_who_is_let_in_again_has_what_an_old_worker_put_back(rig, raw):
    raw.sadd(keys.PREFIX + "owner-classes:ann", "fast|pixels:262144")
    rig.submit("ann", policy=Policy(running=1))
    leased = rig.take()
    rig.sweep()
    raw.sadd(keys.PREFIX + "owner-classes:ann", "fast|pixels:262144")

    rig.settle(leased)

    assert raw.exists(keys.CLASSES)


def test_owners_whose_buckets_were_in_no_order_have_their_jobs_in_the_same_one(rig, raw):
    orders = []
    for filed_before in (False, True):
        raw.flushall()
        rig.worker("w1")
        jobs = [rig.submit(owner, checkpoint=name, job_id=f"{owner}-{name}-{number}")
                for number in range(2) for name in (None, "dream") for owner in ("ann", "bob")]  # fmt: skip
        filed = {owner: raw.zrange(keys.owner_buckets(owner), 0, -1, withscores=True) for owner in ("ann", "bob")}
        for owner, buckets in filed.items() if filed_before else ():
            raw.sadd(keys.PREFIX + f"index:owner-buckets:{owner}", *dict(buckets))
            raw.delete(keys.owner_buckets(owner))
            raw.set(keys.FORMAT, "2")
        rig.sweep()
        assert filed == {owner: raw.zrange(keys.owner_buckets(owner), 0, -1, withscores=True) for owner in filed}
        orders.append([rig.take().id for _ in jobs])

    assert orders[0] == orders[1]
    assert not raw.keys(keys.PREFIX + "index:owner-buckets:*")
    assert not raw.keys(keys.PREFIX + "index:first:*")


def test_a_queue_that_began_empty_has_nothing_that_a_sweep_would_have_to_look_for(rig, raw):
    raw.flushall()
    rig.worker("w1")
    for number in range(300):
        rig.submit(f"owner {number}")
    before = raw.info("commandstats")["cmdstat_smembers"]["calls"]

    rig.sweep()

    assert raw.info("commandstats")["cmdstat_smembers"]["calls"] - before < 10


@pytest.mark.parametrize("checkpoint", [None, "dream"])
def test_whom_an_old_worker_has_let_in_without_filing_their_jobs_is_filed_by_the_sweep(rig, raw, checkpoint):
    """What `settle` of the versions before does: it finds no jobs of the owner where it looks for them."""
    jobs = [rig.submit("ann", policy=Policy(running=1), checkpoint=checkpoint) for _ in range(2)]
    rig.sweep()
    assert rig.take().id == jobs[0]
    raw.zrem(keys.LEASES, jobs[0])
    raw.hdel(keys.worker("w1"), "job", "target")
    raw.delete(keys.RUNNING)
    rig.later(10)
    rig.worker("w1")
    assert rig.fetch() is None

    rig.sweep()

    assert raw.llen(keys.wake("w1")) == 1
    assert rig.take().id == jobs[1]
    assert rig.fetch() is None


@pytest.mark.parametrize("running", [0, 1])
def test_what_an_old_worker_has_put_back_stands_where_it_did_and_counts_in_its_owners_limit(rig, raw, running):
    """What `push` of the index's first format does."""
    filed = []
    for by_old in (False, True):
        raw.flushall()
        rig.worker("w1", loaded="dream")
        rig.submit("ann", checkpoint="dream", job_id="first")
        rig.submit("ann", job_id="second", policy=Policy(running=running))
        rig.submit("bob", job_id="third")
        rig.sweep()
        if by_old:
            raw.sadd(keys.PREFIX + "index:owner-buckets:ann", *raw.zrange(keys.owner_buckets("ann"), 0, -1))
            raw.delete(keys.owner_buckets("ann"))
            raw.zrem(keys.all_owners("guild"), "ann")
            rig.later(10)
            rig.worker("w1", loaded="dream")
            rig.sweep()
        filed.append([rig.take().id, leased.id if (leased := rig.fetch()) else None])
        assert not raw.exists(keys.PREFIX + "index:owner-buckets:ann")

    assert filed[0] == filed[1]
    assert filed[0][0] == "first"


@pytest.mark.parametrize("junk", ["x", "1 " + "9" * 40, None])
def test_junk_in_how_far_it_has_looked_keeps_no_sweep_from_looking(rig, raw, junk):
    rig.submit()
    if junk is None:
        raw.rpush(keys.LOOKED, "junk")
    else:
        raw.set(keys.LOOKED, junk)

    rig.sweep()

    assert raw.get(keys.LOOKED) == b"%d 0" % (rig.now // 10_000)
