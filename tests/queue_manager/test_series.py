"""What is counted for plots: by the minute and the hour, by whoever knows, in a room that stays bounded."""

from __future__ import annotations

import pytest
import redis

from loopback.redis_user import worker_user
from zosma_queue import calls, keys
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.policy import Policy
from zosma_queue.scripts import call
from zosma_queue.series import Span, Step, read_series

from .conftest import result

OOM = ErrorKind.OUT_OF_MEMORY


@pytest.fixture(name="minute")
def _minute(queue, rig):
    """Reads the rig's present minute."""

    async def read() -> Span:
        (span,) = await read_series(queue._redis, Step.MINUTE, 1, now_s=rig.now // 1000)
        return span

    return read


async def test_what_becomes_of_jobs_is_counted(rig, minute):
    rig.submit()
    rig.settle(rig.take(), calls.done(result(3.5)))
    rig.cancel(rig.submit())
    rig.submit()
    rig.settle(rig.take(), calls.fail(OOM))
    rig.submit("bob", policy=Policy(waiting=1))
    assert rig.offer("bob", policy=Policy(waiting=1)) == "waiting"

    span = await minute()

    counted = (span.submitted, span.refused, span.done, span.cancelled, span.failed, span.pictures, span.gpu_ms)
    assert counted == (4, 1, 1, 1, 1, 1, 3500)
    assert span.faults == {OOM: 1}


async def test_a_job_that_is_judged_and_not_taken_is_not_counted(rig, minute):
    rig.worker("w1", "dream")
    assert rig.offer(checkpoint="nobody-has-it") == "infeasible"

    assert (await minute()).submitted == 0


async def test_the_same_numbers_stand_under_the_hour(rig, queue):
    for _ in range(3):
        rig.submit()
        rig.settle(rig.take())
        rig.later(60)
        rig.worker("w1")

    (hour,) = await read_series(queue._redis, Step.HOUR, 1, now_s=rig.now // 1000)
    minutes = await read_series(queue._redis, Step.MINUTE, 4, now_s=rig.now // 1000)

    assert [span.done for span in minutes] == [1, 1, 1, 0]
    assert (hour.done, hour.submitted, sum(hour.wait_bins.values())) == (3, 3, 3)


async def test_a_wait_is_told_to_a_tenth(rig, queue):
    rig.now = 1_200_000
    rig.worker("w1")
    for seconds in (2, 10, 10, 10, 100):
        rig.submit()
        rig.later(seconds)
        rig.worker("w1")
        rig.settle(rig.take())
    (span,) = await read_series(queue._redis, Step.MINUTE, 1, size=5, now_s=rig.now // 1000)

    assert sum(span.wait_bins.values()) == 5
    assert span.wait_quantile_s(0.5) == pytest.approx(10, rel=0.1)
    assert span.wait_quantile_s(0.99) == pytest.approx(100, rel=0.1)
    assert span.wait_quantile_s(0.1) == pytest.approx(2, rel=0.1)


async def test_a_job_that_was_put_off_begins_to_wait_when_it_falls_due(rig, minute):
    rig.submit(delay_ms=600_000)
    rig.later(605)
    rig.worker("w1")
    rig.sweep()
    rig.take()

    span = await minute()
    assert sum(span.wait_bins.values()) == 1
    assert span.wait_quantile_s(1) == pytest.approx(5, rel=0.1)


async def test_only_the_first_start_of_a_job_ends_its_wait(rig, minute):
    rig.submit()
    rig.settle(rig.take(), calls.RELEASE)
    rig.take()

    assert sum((await minute()).wait_bins.values()) == 1


async def test_faults_are_counted_by_kind_also_those_that_another_try_makes_good(rig, minute):
    rig.submit()
    rig.settle(rig.take(), calls.retry(ErrorKind.WEBUI_HUNG, "hung", backoff_ms=0, max_failures=3, elsewhere=False))
    rig.sweep()
    rig.settle(rig.take(), calls.release(ErrorKind.WEBUI_AWAY))
    rig.take()
    rig.later(10)
    rig.sweep()
    rig.worker("w1")
    rig.settle(rig.take())

    span = await minute()
    assert dict(span.faults) == {"webui-hung": 1, "webui-away": 1, "worker-lost": 1}
    assert (span.retried, span.failed, span.done) == (1, 0, 1)


async def test_a_release_without_blame_is_no_fault(rig, minute):
    rig.submit()
    rig.settle(rig.take(), calls.RELEASE)

    assert dict((await minute()).faults) == {}


async def test_what_a_worker_calls_a_fault_is_no_way_to_fill_memory(rig, minute):
    rig.submit()
    leased = rig.take()
    for kind in ("x" * 5000, "two words", "a:b"):
        rig.settle(leased, calls.Outcome(verb="release", kind=kind, text="?"))
        leased = rig.take()

    assert dict((await minute()).faults) == {}


async def test_the_fleet_is_looked_at_once_in_ten_seconds_however_many_sweep(rig, minute):
    rig.now = 1_020_000
    rig.worker("w1")
    rig.worker("w2")
    rig.worker("w3")
    rig.beat("w3", WorkerState.AWAY)
    rig.submit()
    rig.submit()
    rig.take()
    for _ in range(5):
        rig.sweep()
    rig.later(9)
    rig.sweep()
    span = await minute()
    assert (span.samples, span.alive, span.ready, span.busy, span.waiting) == (1, 3, 2, 1, 1)
    assert span.gpu_use == 0.5

    rig.worker("w1")
    rig.later(1)
    rig.sweep()
    assert (await minute()).samples == 2


async def test_a_worker_that_sweeps_counts_what_waits_though_it_may_not_read_it(rig, raw, redis_url, minute):
    for owner in ("ann", "bob", "ann"):
        rig.submit(owner, checkpoint="dream" if owner == "bob" else None)
    with worker_user(raw, redis_url, "sweeps") as url, redis.Redis.from_url(url) as worker:
        call(worker, calls.sweep(now_ms=rig.now))

    assert (await minute()).waiting == 3


async def test_nothing_is_said_of_a_time_in_which_nobody_looked(rig, queue):
    spans = await read_series(queue._redis, Step.HOUR, 3, now_s=rig.now // 1000)

    assert len(spans) == 3
    assert spans[0].average("alive") is None
    assert spans[0].gpu_use is None
    assert spans[0].wait_quantile_s(0.5) is None


async def test_more_than_is_kept_is_an_error(queue):
    with pytest.raises(ValueError, match="of minutes 1440 are kept"):
        await queue.series(Step.MINUTE, 97, size=15)


async def test_a_minute_goes_after_a_day_and_an_hour_after_ninety(rig, raw):
    rig.submit()
    rig.sweep()

    minute, hour = (keys.series(step.seconds, rig.now // 1000 // step.seconds) for step in Step)
    assert 24 * 3600 <= raw.ttl(minute) <= 24 * 3600 + 60
    assert 90 * 24 * 3600 <= raw.ttl(hour) <= 90 * 24 * 3600 + 3600


async def test_a_worker_that_may_not_write_the_counts_works_all_the_same(rig, raw, redis_url):
    """Whoever has not run the README's lines anew: their workers lack the key."""
    with worker_user(raw, redis_url, "old-worker") as url:
        raw.execute_command("ACL", "SETUSER", "old-worker", "resetkeys", "~{zosma}:*", "&{zosma}:*")
        raw.execute_command("ACL", "SETUSER", "old-worker", "resetkeys", *old_keys(raw))
        rig.submit()
        with redis.Redis.from_url(url) as old:
            leased = call(old, calls.fetch("w1", now_ms=rig.now))
            assert leased is not None
            assert (
                call(old, calls.settle(leased.id, leased.attempt, calls.done(result()), now_ms=rig.now)) is State.DONE
            )
            call(old, calls.sweep(now_ms=rig.now))


def old_keys(raw):
    rules = raw.acl_getuser("worker-of-the-readme")["keys"]
    return [rule for rule in rules if "series" not in rule]


async def test_junk_under_a_counts_name_stops_nobody_and_is_passed_over(rig, queue, raw, minute):
    key = keys.series(60, rig.now // 60_000)
    raw.set(key, "junk")
    rig.submit()
    assert rig.settle(rig.take()) is State.DONE
    rig.sweep()
    assert (await minute()).done == 0

    (hour,) = await read_series(queue._redis, Step.HOUR, 1, now_s=rig.now // 1000)
    assert hour.done == 1

    raw.delete(key)
    raw.hset(key, mapping={"done": "many", "failed": 2, "wait:99999999": 1, "wait:x": 1, b"\xff": 1, "strange": 3})
    span = await minute()
    assert (span.done, span.failed, dict(span.wait_bins)) == (0, 2, {})


async def test_junk_under_a_workers_name_ends_neither_a_look_nor_a_sweep(rig, raw, minute):
    rig.submit()
    leased = rig.take()
    raw.zadd(keys.WORKERS, {"junk": rig.now})
    raw.set(keys.worker("junk"), "no hash")
    rig.sweep()
    span = await minute()
    assert (span.samples, span.alive, span.ready, span.busy) == (1, 2, 1, 1)
    assert rig.settle(leased) is State.DONE


async def test_a_full_day_and_ninety_days_of_a_busy_fleet_take_a_few_megabytes(raw):
    """Every minute and hour with all that may be counted in it: the most that it can take."""
    fields = {name: 123_456 for name in Span.__dataclass_fields__ if name not in ("faults", "wait_bins", "start_s")}
    fields |= {f"fault:{kind}": 1_234 for kind in ErrorKind}
    # From a tenth of a second to a day.
    full = fields | {f"wait:{power}": 1_234 for power in range(23, 92)}
    usual = fields | {f"wait:{power}": 12 for power in range(40, 55)}

    def bytes_of(step, values):
        key = keys.series(step.seconds, 29_000_000)
        raw.delete(key)
        raw.hset(key, mapping=values)
        return raw.memory_usage(key, samples=0) * step.kept

    assert sum(bytes_of(step, full) for step in Step) < 20_000_000
    assert sum(bytes_of(step, usual) for step in Step) < 6_000_000
