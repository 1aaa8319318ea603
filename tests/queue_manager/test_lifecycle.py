"""A job's way from submit to its end, and every way in which it can stray."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.calls import Accepted, Cancelled, Lease, Skipped
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.scripts import call


def test_a_job_waits_runs_and_is_done(rig):
    job = rig.submit()
    assert rig.job(job).state is State.WAITING

    leased = rig.take()
    running = rig.job(job)
    assert (leased.id, leased.attempt, running.state, running.worker) == (job, 1, State.RUNNING, "w1")

    assert rig.settle(leased) is State.DONE
    assert rig.job(job).result.pictures[0].seed == 1


def test_the_same_id_twice_is_the_same_job(rig):
    job = rig.submit(job_id="once")

    assert rig.offer(job_id="once") is Accepted.EXISTS
    assert rig.take().id == job
    assert rig.fetch() is None


def test_a_skip_is_told_once_and_to_the_attempt_that_it_was_meant_for(rig):
    rig.worker("w1", skips=True)
    job = rig.submit()
    assert call(rig.client, calls.skip(job)) is Skipped.IDLE
    lost = rig.take()
    assert call(rig.client, calls.skip(job)) is Skipped.SKIPPING
    assert [rig.renew(lost), rig.renew(lost)] == [Lease.SKIP, Lease.OK]

    call(rig.client, calls.skip(job))
    rig.later(calls.LEASE_MS / 1000 + 1)
    rig.worker("w1", skips=True)
    rig.sweep()
    again = rig.take()

    assert (again.attempt, rig.renew(again)) == (2, Lease.OK)


def test_a_skip_comes_to_nothing_where_the_webui_cant_or_the_job_is_over(rig):
    job = rig.submit()
    leased = rig.take()

    assert call(rig.client, calls.skip(job)) is Skipped.UNABLE
    assert rig.renew(leased) is Lease.OK
    rig.settle(leased)
    assert call(rig.client, calls.skip(job)) is Skipped.IDLE
    assert call(rig.client, calls.skip("nobody")) is Skipped.UNKNOWN


def test_a_job_without_any_worker_is_refused(rig, raw):
    raw.flushall()

    assert rig.offer() is Accepted.NOBODY
    assert raw.zcard(keys.WAITING) == 0


def test_a_job_that_no_worker_can_do_is_refused(rig):
    assert rig.offer(checkpoint="unheard-of") is Accepted.INFEASIBLE


def test_a_worker_whose_webui_is_away_counts_for_nothing(rig):
    rig.worker("w1", state=WorkerState.AWAY)

    assert rig.offer() is Accepted.NOBODY


def test_a_picture_larger_than_the_workers_limit_is_refused(rig):
    rig.worker("w1", pixels=512 * 512)

    assert rig.offer(width=1024, height=1024) is Accepted.INFEASIBLE
    assert rig.offer(width=512, height=512) is Accepted.QUEUED


def test_a_silent_workers_job_goes_back_within_eight_seconds(rig):
    rig.submit("ann", job_id="first")
    rig.submit("ann", job_id="second")
    lost = rig.take()

    rig.later(calls.LEASE_MS / 1000 - 0.001)
    assert rig.sweep().returned == 0
    rig.later(1)
    assert rig.sweep().returned == 1

    again = rig.take()
    assert (again.id, again.attempt) == (lost.id, 2)


def test_a_renewed_lease_does_not_run_out(rig):
    rig.submit()
    leased = rig.take()

    for _ in range(10):
        rig.later(calls.LEASE_MS / 1000 - 1)
        assert rig.renew(leased) is Lease.OK
        assert rig.sweep().returned == 0


def test_what_a_superseded_worker_sends_is_refused(rig):
    job = rig.submit()
    stale = rig.take("w1")
    rig.later(10)
    rig.sweep()
    rig.worker("w2")
    fresh = rig.take("w2")

    assert rig.renew(stale) is Lease.LOST
    assert rig.settle(stale) is None
    assert rig.job(job).state is State.RUNNING
    assert rig.settle(fresh) is State.DONE


def test_a_finished_picture_counts_although_the_lease_ran_out_while_nobody_took_the_job(rig):
    job = rig.submit()
    leased = rig.take()
    rig.later(60)
    rig.sweep()
    assert rig.job(job).state is State.WAITING

    assert rig.settle(leased) is State.DONE
    assert rig.fetch() is None


def test_a_worker_goes_on_after_a_pause_in_which_its_lease_ran_out(rig):
    job = rig.submit()
    leased = rig.take()
    rig.later(60)
    rig.worker("w1")
    rig.sweep()

    assert rig.renew(leased) is Lease.OK
    assert rig.job(job).state is State.RUNNING
    assert rig.fetch() is None


def test_a_job_that_lost_three_workers_is_set_aside_with_its_reason(rig, raw):
    job = rig.submit()
    for _ in range(3):
        rig.worker("w1")
        rig.take()
        rig.later(7)
        rig.sweep()

    assert rig.fetch() is None
    ended = rig.job(job)
    assert (ended.state, ended.error_kind, ended.error) == (State.FAILED, "worker-lost", "its worker died 3 times")
    assert raw.zscore(keys.DEAD, job) is not None


def test_a_retry_waits_for_its_back_off_and_keeps_the_reason(rig):
    job = rig.submit()
    failed = calls.retry("webui-error", "out of memory", backoff_ms=500, max_failures=3)

    assert rig.settle(rig.take(), failed) is State.DELAYED
    assert rig.fetch() is None
    rig.later(0.4)
    assert rig.sweep().promoted == 0
    rig.later(0.2)
    assert rig.sweep().promoted == 1
    assert rig.take().id == job
    assert rig.job(job).error == "out of memory"


def test_the_last_failure_is_final(rig):
    job = rig.submit()
    failed = calls.retry("webui-error", "black picture", backoff_ms=0, max_failures=2)

    assert rig.settle(rig.take(), failed) is State.DELAYED
    rig.sweep()
    assert rig.settle(rig.take(), failed) is State.FAILED
    assert rig.job(job).error_kind == "webui-error"


def test_a_released_job_goes_next_as_if_it_had_never_been_taken(rig):
    first, second = rig.submit("ann"), rig.submit("ann")
    rig.submit("bob")

    rig.settle(rig.take(), calls.RELEASE)

    assert rig.take().id == first
    assert rig.job(second).state is State.WAITING


def test_a_waiting_job_is_cancelled_at_once(rig):
    job = rig.submit()

    assert rig.cancel(job) is Cancelled.CANCELLED
    assert rig.fetch() is None
    assert rig.cancel(job) is Cancelled.CANCELLED


def test_a_running_job_is_cancelled_through_its_worker(rig):
    job = rig.submit()
    leased = rig.take()

    assert rig.cancel(job) is Cancelled.CANCELLING
    assert rig.renew(leased) is Lease.CANCEL
    assert rig.settle(leased, calls.cancelled()) is State.CANCELLED


def test_a_cancel_before_the_settle_wins_over_a_finished_picture(rig):
    job = rig.submit()
    leased = rig.take()
    rig.cancel(job)

    assert rig.settle(leased) is State.CANCELLED
    assert rig.job(job).result is None


def test_a_cancel_after_the_settle_is_too_late(rig):
    job = rig.submit()
    rig.settle(rig.take())

    assert rig.cancel(job) is Cancelled.DONE


def test_a_cancelled_job_whose_worker_dies_does_not_run_again(rig):
    job = rig.submit()
    rig.take()
    rig.cancel(job)
    rig.later(10)
    rig.sweep()

    assert rig.job(job).state is State.CANCELLED


def test_nobody_is_blamed_for_a_redis_that_stands_still(rig):
    """Three workers, four pauses of 8 s: each pause looked like three deaths."""
    workers = ("w1", "w2", "w3")
    for worker in workers:
        rig.worker(worker)
        rig.submit()
    held = [rig.take(worker) for worker in workers]
    for _ in range(4):
        rig.later(8)
        assert rig.sweep(stood_still_s=8).returned == 0
        rig.worker("idle")
        assert rig.fetch("idle") is None
        assert [rig.renew(leased) for leased in held] == [Lease.OK] * 3
    for leased in held:
        assert (rig.job(leased.id).lost, rig.job(leased.id).attempt) == (0, 1)
        assert rig.settle(leased) is State.DONE


def test_a_worker_that_died_while_redis_stood_still_is_noticed_one_lease_later(rig):
    job = rig.submit()
    rig.take()
    rig.later(8)
    assert rig.sweep(stood_still_s=8).returned == 0
    rig.later(calls.LEASE_MS / 1000 - 0.1)
    assert rig.sweep().returned == 0
    rig.later(0.1)
    assert rig.sweep().returned == 1
    assert rig.job(job).lost == 1


def test_a_lease_that_had_run_out_before_redis_stood_still_gets_no_new_one(rig):
    rig.submit()
    rig.take()
    rig.later(14)
    assert rig.sweep(stood_still_s=7).returned == 1


def test_a_loss_is_taken_back_when_the_worker_goes_on_with_the_job(rig, raw):
    job = rig.submit()
    leased = rig.take()
    for _ in range(calls.MAX_LOST + 1):
        rig.later(7)
        assert rig.sweep().returned == 1
        assert rig.job(job).lost == 1
        assert rig.renew(leased) is Lease.OK
        assert rig.job(job).lost == 0
    assert raw.hget(keys.STATS, "lost") == b"0"


def test_a_loss_is_taken_back_when_the_worker_brings_the_picture_after_all(rig):
    job = rig.submit()
    leased = rig.take()
    rig.later(7)
    assert rig.sweep().returned == 1
    assert rig.settle(leased) is State.DONE
    assert rig.job(job).lost == 0


def test_what_an_earlier_attempt_lost_stays_counted(rig):
    job = rig.submit()
    rig.take()
    rig.later(7)
    rig.sweep()
    rig.worker("w1")
    second = rig.take()
    rig.later(7)
    rig.sweep()
    assert rig.renew(second) is Lease.OK
    assert rig.job(job).lost == 1


def test_a_job_can_be_put_off(rig):
    job = rig.submit(run_in_s=3600)

    assert rig.job(job).state is State.DELAYED
    rig.later(3599)
    rig.worker("w1")
    assert rig.sweep().promoted == 0
    rig.later(1)
    assert rig.sweep().promoted == 1
    assert rig.take().id == job


def test_an_unknown_job_has_defined_answers(rig):
    ghost = calls.Leased("ghost", 1, b"")

    assert rig.cancel("ghost") is Cancelled.UNKNOWN
    assert rig.renew(ghost) is Lease.LOST
    assert rig.settle(ghost) is None


def test_waiting_jobs_end_when_their_patience_with_an_empty_fleet_does(rig):
    job = rig.submit(patience_s=30)
    rig.later(11)
    rig.sweep()  # the worker is gone
    rig.sweep()  # its class is stranded
    rig.later(29)
    assert rig.sweep().given_up == 0
    rig.later(1)
    assert rig.sweep().given_up == 1
    assert rig.job(job).error_kind == "no-worker"


def test_a_worker_that_comes_back_in_time_finds_the_job(rig):
    job = rig.submit(patience_s=30)
    rig.later(20)
    rig.sweep()
    rig.worker("w2")
    rig.sweep()
    rig.later(29)
    rig.worker("w2")
    assert rig.sweep().given_up == 0
    assert rig.take("w2").id == job


def test_an_end_is_owed_until_it_is_delivered(rig, raw):
    job = rig.submit(reply='{"channel": 1}')
    assert raw.get(keys.reply(job)) == b'{"channel": 1}'

    rig.settle(rig.take())
    assert raw.zrange(keys.UNDELIVERED, 0, -1) == [job.encode()]


def test_an_end_that_is_forgotten_is_owed_no_longer(rig, raw):
    job = rig.submit(reply='{"channel": 1}')
    rig.settle(rig.take())
    raw.delete(keys.job(job))  # what its expiry does

    rig.later(3_600 - 1)
    rig.sweep()
    assert raw.zcard(keys.UNDELIVERED) == 1
    rig.later(2)
    rig.sweep()
    assert raw.zcard(keys.UNDELIVERED) == 0


def test_a_job_whose_sender_waits_owes_nothing(rig, raw):
    rig.submit()
    rig.settle(rig.take())

    assert raw.zcard(keys.UNDELIVERED) == 0


def test_nothing_but_ended_jobs_is_left_in_redis_after_they_ended(rig, raw):
    jobs = [rig.submit(owner, group=group) for owner, group in (("ann", "a"), ("bob", "b"), ("cid", "b"))]
    rig.cancel(jobs[0])
    rig.drain()

    rig.later(24 * 3600)  # their pictures are stored for a day
    rig.beat("w1", WorkerState.READY)
    rig.sweep()

    found = {key.decode().removeprefix(keys.PREFIX) for key in raw.keys("*")}
    passing = {key for key in found if key.startswith(("series:", f"bot:{keys.PREFIX}history:"))}
    assert all(raw.ttl(key if key.startswith("bot:") else keys.PREFIX + key) > 0 for key in passing)
    left = found - passing
    learned = {"speed", "stats", "seq", "swept", "tags", "spent:0:bob", "spent:0:cid"}
    profile = raw.hget(keys.worker("w1"), "profile").decode()
    of_w1 = {
        "workers",
        "versions",
        "worker:w1",
        "idle",
        f"can:{profile}",
        "index:fleet",
        "index:profiles",
        f"index:ready:{profile}",
    }
    index = {f"index:idle:{profile}", "index:bucket-seq", "index:stranded", "index:format", "index:looked"}
    assert left == {*(f"job:{job}" for job in jobs), *of_w1, *index, *learned}
    assert all(raw.ttl(keys.spent(owner, 0)) > 0 for owner in ("bob", "cid"))
    assert raw.ttl(keys.LOOKED) > 0
    rig.submit()
    assert float(raw.hget(keys.TAGS, "v") or 0) < 0.001


async def test_whoever_listens_hears_when_a_worker_goes_away_and_comes_back(rig, queue):
    heard = queue.events()
    assert await anext(heard) is None
    for state in (WorkerState.READY, WorkerState.BUSY, WorkerState.AWAY, WorkerState.AWAY, WorkerState.READY):
        rig.beat("w1", state)
    rig.beat("w2", WorkerState.AWAY)

    kinds = [(await anext(heard)).kind for _ in range(3)]
    await heard.aclose()

    assert kinds == ["worker-changed", "worker-changed", "worker-joined"]


def test_what_has_failed_is_listed_for_a_month(rig, raw):
    rig.submit()
    rig.settle(rig.take(), calls.fail("refused", "no"))

    rig.later(30 * 86_400 - 1)
    rig.sweep()
    assert raw.zcard(keys.DEAD) == 1
    rig.later(2)
    rig.sweep()
    assert raw.zcard(keys.DEAD) == 0


def stored(rig, raw, leased, count=1):
    """What the job's worker has stored before it died."""
    made = [keys.image(leased.id, leased.attempt, index) for index in range(count)]
    for key in made:
        raw.set(key, b"a picture")
    rig.later(calls.LEASE_MS / 1000)
    return made


def test_what_a_dead_worker_stored_goes_when_the_job_begins_again_and_not_before(rig, raw):
    job = rig.submit(count=3)
    left = stored(rig, raw, rig.take(), 3)
    assert rig.sweep().returned == 1
    assert raw.exists(*left) == 3  # its worker may still bring them

    rig.worker("w2")
    assert rig.take("w2").id == job
    assert raw.exists(*left) == 0


def test_what_a_worker_stored_whose_lease_ran_out_is_there_when_it_brings_it_after_all(rig, raw):
    rig.submit()
    leased = rig.take()
    left = stored(rig, raw, leased)
    rig.sweep()

    assert rig.settle(leased) is State.DONE
    assert raw.exists(*left) == 1


@pytest.mark.parametrize("how", ["cancelled", "lost too often"])
def test_what_a_dead_worker_stored_of_a_job_that_ends_by_it_goes_at_once(rig, raw, how):
    job = rig.submit()
    leased = rig.take()
    if how == "cancelled":
        rig.cancel(job)
    else:
        raw.hset(keys.job(job), "lost", calls.MAX_LOST - 1)
    left = stored(rig, raw, leased)
    rig.sweep()

    assert rig.job(job).state.ended
    assert raw.exists(*left) == 0
