"""A new sort of worker comes while much waits: that is filed in steps, between which everybody else has their turn."""

from __future__ import annotations

from functools import partial

import pytest

from zosma_queue import calls, keys, worker_queue
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState
from zosma_queue.policy import Policy
from zosma_queue.request import PIXELS_MAX
from zosma_queue.scripts import acall, call
from zosma_queue.sweeper import SWEEP_LEAST_S, Sweeper
from zosma_queue.worker_queue import RedisWorkerQueue

from .conftest import about

#: After how many steps to look; more than there are.
STEPS = range(1, 36, 6)
SAMPLERS = ("Euler a", "DPM++ 2M", "Euler")
OWNERS = ("ann", "bob", "cid", "dan")
#: It can do a part of what waits.
NEWCOMER = about("dream", "anime", samplers=SAMPLERS[:2])


def fill(rig):
    """Three jobs of each owner, sampler and checkpoint, of an owner with one at a time too."""
    rig.client.flushall()
    rig.worker("w1", "dream", "anime", samplers=SAMPLERS)
    return {
        rig.submit(owner, group=f"group {number % 2}", checkpoint=("dream", "anime", None)[number % 3], sampler=sampler,
                   policy=Policy(running=1 if owner == "dan" else 0), job_id=f"{owner}-{sampler}-{number}"): sampler
        for number in range(6) for owner in OWNERS for sampler in SAMPLERS
    }  # fmt: skip


def comes(rig, filing_us=1):
    beat = calls.beat(
        "w2", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=NEWCOMER, filing_us=filing_us, now_ms=rig.now
    )
    return call(rig.as_worker, beat)


def goes_on(rig):
    return call(rig.as_worker, calls.file(filing_us=1, now_ms=rig.now))


def drained(rig, worker="w1"):
    """Ids in the order in which one worker gets them."""
    found = []
    while leased := rig.fetch(worker):
        found.append(leased.id)
        rig.settle(leased)
    return found


def test_who_is_there_gets_everything_in_the_same_order_however_far_it_is(rig):
    fill(rig)
    expected = drained(rig)
    pending = 0
    for number in STEPS:
        fill(rig)
        assert comes(rig).filing
        pending += not any(goes_on(rig) for _ in range(number))

        assert drained(rig) == expected

        while not goes_on(rig):
            pass
        assert not comes(rig).filing
        assert not rig.client.keys(keys.PREFIX + "index:j*")
        assert not rig.client.keys(keys.PREFIX + "index:heads:*")
    assert 2 < pending < len(STEPS), "the last of these steps is far beyond the end, and the first ones are not"


def test_a_newcomer_is_there_at_the_end_alone_and_gets_its_part_of_what_came_meanwhile_too(rig):
    wanted = fill(rig)
    assert comes(rig).filing
    number = 0
    while not goes_on(rig):
        number += 1
        sampler = SAMPLERS[number % 3]
        size = 512 + 64 * (number % 4)  # a new class now and then
        late = rig.submit("late", job_id=f"late-{number}", checkpoint="dream", sampler=sampler, width=size)
        wanted[late] = sampler
        if number % 10 == 0:
            rig.cancel(f"late-{number - 5}")
            del wanted[f"late-{number - 5}"]
        assert rig.fetch("w2") is None

    assert comes(rig).known

    its = drained(rig, "w2")
    assert sorted(its) == sorted(job for job, sampler in wanted.items() if sampler in SAMPLERS[:2])
    assert sorted(drained(rig)) == sorted(job for job, sampler in wanted.items() if sampler == SAMPLERS[2])


def test_one_that_changes_stays_what_it_was_until_then_and_nobody_takes_it_for_dead(rig):
    fill(rig)
    rig.worker("w2", "dream", "anime", samplers=SAMPLERS)
    for _ in range(6):
        rig.later(2)
        rig.worker("w1", "dream", "anime", samplers=SAMPLERS)
        assert comes(rig).filing
        rig.sweep(filing_us=1)

    leased = rig.take("w2")
    assert leased.id


def test_a_sweep_goes_on_with_what_its_newcomer_has_left(rig):
    fill(rig)
    assert comes(rig).filing
    call(rig.as_worker, calls.leave("w2"))

    swept = 0
    while rig.sweep(filing_us=1).filing:
        swept += 1

    assert swept > 10
    assert not rig.client.exists(keys.JOIN)
    assert comes(rig).known


def test_a_job_with_little_patience_takes_it_along(rig):
    rig.client.flushall()
    rig.worker("w1", "dream", samplers=SAMPLERS)
    for sampler in SAMPLERS:
        rig.submit(checkpoint="dream", sampler=sampler, job_id=sampler, patience_s=20)
    while comes(rig).filing:
        pass
    call(rig.as_worker, calls.leave("w1"))
    rig.sweep()
    for _ in range(11):
        rig.later(2)
        comes(rig)
    rig.sweep()

    assert [sampler for sampler in SAMPLERS if rig.job(sampler).state.ended] == [SAMPLERS[2]]


async def test_both_who_may_sweep_go_on_and_come_again_at_once(rig, redis_url):
    fill(rig)
    naps = []

    async def sleep(seconds):
        naps.append(seconds)
        raise StopAsyncIteration

    async with Queue(redis_url) as bot, RedisWorkerQueue(redis_url, "w3") as worker:
        for one in (bot, worker):
            assert comes(rig).filing
            rig.client.delete(keys.SWEEPER)
            with pytest.raises(StopAsyncIteration):
                await Sweeper(one.sweep, sleep=sleep).run()
            assert not rig.client.exists(keys.JOIN)
            assert naps.pop() == SWEEP_LEAST_S
            rig.client.zrem(keys.PROFILES, *rig.client.zrange(keys.PROFILES, 0, -1))


def test_two_sorts_that_come_together_are_filed_one_after_the_other(rig):
    fill(rig)
    other = about("anime", samplers=SAMPLERS[1:])
    beat = calls.beat("w3", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=other, filing_us=1, now_ms=rig.now)
    answers = set()
    while comes(rig).filing | call(rig.as_worker, beat).filing:
        answers.add(rig.client.hget(keys.JOIN, "profile"))

    assert len(answers - {None}) == 2
    assert {job.split("-")[1] for job in drained(rig, "w3")} == set(SAMPLERS[1:])
    assert {job.split("-")[1] for job in drained(rig, "w2")} == set(SAMPLERS[:2])


def test_a_checkpoint_that_is_paused_meanwhile_is_kept_from_all(rig):
    wanted = fill(rig)
    assert comes(rig).filing
    while not rig.client.hexists(keys.JOIN, "owner"):  # some jobs have been moved, others not
        assert not goes_on(rig)
    call(rig.client, calls.pause("admin", "checkpoint:dream", now_ms=rig.now))
    while comes(rig).filing:
        pass

    got = drained(rig, "w2") + drained(rig)

    jobs = {job: rig.job(job).request.checkpoint for job in wanted}
    assert {job for job in got if jobs[job] == "dream"} == set()
    call(rig.client, calls.resume("admin", "checkpoint:dream", now_ms=rig.now))
    assert sorted(got + drained(rig, "w2") + drained(rig)) == sorted(wanted)


async def test_a_worker_joins_by_one_sign_of_life_however_many_steps_that_takes(rig, redis_url):
    loras = tuple(f"lora {number}" for number in range(400))
    rig.worker("w1", "dream", loras=loras)
    for name in loras:
        rig.submit(checkpoint="dream", prompt=f"a cat <lora:{name}:1>")
    its = about("dream").model_copy(update={"loras": loras[::2]})

    async with RedisWorkerQueue(redis_url, "w2") as queue:
        first = await acall(
            queue._redis, calls.beat("w2", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=its)
        )
        assert first.filing
        heard = await queue.beat(WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=its)

    assert heard.known
    assert rig.fetch("w2")


async def test_who_is_there_lives_on_however_slowly_what_it_can_do_now_is_filed(rig, redis_url, monkeypatch):
    fill(rig)
    rig.worker("w2", "dream", "anime", samplers=SAMPLERS)
    monkeypatch.setattr(worker_queue, "AGAIN_S", 0)  # a line over which one step takes as long as all of a beat's pause
    for name in ("beat", "file"):
        monkeypatch.setattr(calls, name, partial(getattr(calls, name), filing_us=1))

    said = []
    async with RedisWorkerQueue(redis_url, "w2") as queue:
        run = queue._run

        async def counted(wanted):
            said.append(wanted.verb)
            rig.client.zadd(keys.WORKERS, {"w2": 1})
            answer = await run(wanted)
            if wanted.verb == "beat":
                assert rig.client.zscore(keys.WORKERS, "w2") > 1
            return answer

        monkeypatch.setattr(queue, "_run", counted)
        heard = await queue.beat(WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=NEWCOMER)

    assert heard.known
    assert len(said) > 20
    assert said == ["beat", "file"] * (len(said) // 2) + ["beat"]
