"""One process sweeps for all; another one takes over when it dies, and nobody sweeps twice a second for nothing."""

from __future__ import annotations

import asyncio

import pytest

from zosma_queue import calls, keys
from zosma_queue.calls import Swept
from zosma_queue.fleet import WorkerState
from zosma_queue.lua_assembly import library
from zosma_queue.request import PIXELS_MAX
from zosma_queue.scripts import call
from zosma_queue.sweeper import SWEEP_EVERY_S, SWEEP_LEAST_S, Sweeper


def sweep(rig, who):
    return call(rig.client, calls.sweep(who, now_ms=rig.now))


def beat(rig):
    return call(
        rig.client, calls.beat("w1", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, now_ms=rig.now)
    )  # fmt: skip


def test_one_sweeps_until_it_does_no_longer(rig):
    assert sweep(rig, "worker 1").is_ours
    assert not sweep(rig, "worker 2").is_ours
    assert sweep(rig, "worker 1").is_ours
    assert not beat(rig).unswept
    assert 0 < rig.client.pttl(keys.SWEEPER) <= calls.SWEEPER_MS

    rig.client.delete(keys.SWEEPER)  # what its expiry does

    assert beat(rig).unswept
    assert sweep(rig, "worker 2").is_ours


def test_a_bot_sweeps_rather_than_a_worker_but_no_second_bot(rig):
    assert sweep(rig, "worker 1").is_ours
    assert sweep(rig, "bot 1").is_ours
    assert not sweep(rig, "worker 1").is_ours
    assert not sweep(rig, "bot 2").is_ours


def test_who_does_not_sweep_changes_nothing(rig):
    job = rig.submit()
    rig.take()
    rig.later(60)
    sweep_of_another = sweep(rig, "bot 1")
    assert sweep_of_another.returned == 1
    rig.worker("w1")
    rig.take()
    rig.later(60)

    assert sweep(rig, "bot 2") == Swept(0, 0, 0, 0, -1)
    assert rig.job(job).state == "running"


def test_a_sweep_says_when_the_next_thing_falls_due(rig):
    assert rig.sweep().due_ms >= 1000
    rig.submit()
    rig.take()
    rig.later(calls.LEASE_MS / 1000 - 0.25)
    assert rig.sweep().due_ms == 250
    rig.submit("bob", run_in_s=0.1)
    assert rig.sweep().due_ms == 100


def test_more_than_one_sweep_can_do_is_done_by_the_next_at_once(rig):
    for number in range(calls.SWEEP_LIMIT + 5):
        rig.submit(f"owner {number}", run_in_s=1)
    rig.later(2)
    first = rig.sweep()
    assert (first.promoted, first.due_ms) == (calls.SWEEP_LIMIT, 0)
    assert rig.sweep().promoted == 5


def test_a_killed_workers_job_is_free_again_within_five_seconds():
    # The lease of whoever was killed right after a renewal, and a sweep that begins as it falls due.
    assert calls.LEASE_MS / 1000 + SWEEP_LEAST_S < 4.9
    # A living worker renews every half second; its lease outlasts all that is not told as a standstill, by a second.
    assert calls.AWAY_MS + 500 + 1000 <= calls.LEASE_MS
    # Nobody takes over from a dead sweeper so late that it looked like a standstill of Redis: bots ask each second.
    assert calls.SWEEPER_MS + 1000 * SWEEP_EVERY_S < calls.AWAY_MS


def test_the_scripts_have_the_same_times():
    assert (library()["LEASE_MS"], library()["AWAY_MS"]) == (str(calls.LEASE_MS), str(calls.AWAY_MS))
    assert library()["WORKER_TTL_MS"] == f"{calls.WORKER_TTL_MS // 1000} * 1000"


def test_a_standstill_is_told_by_whoever_comes_first_after_it(rig):
    job = rig.submit()
    leased = rig.take()
    rig.later(8)
    seconds, micros = rig.client.time()
    rig.client.set(keys.SWEPT, seconds * 1000 + micros // 1000 - 8000)

    beat(rig)

    assert rig.sweep().returned == 0
    assert rig.renew(leased) is calls.Lease.OK
    assert rig.job(job).lost == 0


def test_a_wake_up_that_went_to_a_dead_worker_is_made_up_for(rig, raw):
    for name in ("w1", "w2"):
        rig.worker(name)
        assert rig.fetch(name) is None
    rig.submit()
    rig.sweep()
    assert (raw.llen(keys.wake("w1")), raw.llen(keys.wake("w2"))) == (1, 0)  # who was woken is on the way

    rig.later(1)
    rig.sweep()

    assert raw.llen(keys.wake("w2")) == 1


def test_nobody_is_woken_where_nothing_waits_for_them(rig, raw):
    rig.worker("w2", "photo")
    rig.submit(checkpoint="photo")
    assert rig.fetch("w1") is None
    rig.sweep()
    assert raw.llen(keys.wake("w1")) == 0


def test_a_worker_that_comes_back_is_to_look_at_once(rig, raw):
    rig.beat("w1", WorkerState.AWAY)
    assert raw.llen(keys.wake("w1")) == 0
    rig.beat("w1", WorkerState.READY)
    assert raw.llen(keys.wake("w1")) == 1


class Stop(Exception):
    """The test has seen enough."""


async def pauses_of(answers, **more):
    """How long a sweeper pauses after each of these answers."""
    left, paused = list(answers), []

    async def answer():
        if not left:
            raise Stop
        return left.pop(0)

    async def sleep(seconds):
        paused.append(seconds)

    with pytest.raises(Stop):
        await Sweeper(answer, sleep=sleep, **more).run()
    return paused


async def test_the_next_sweep_comes_when_something_falls_due_and_a_second_later_at_the_latest():
    answers = [Swept(due_ms=60_000), Swept(due_ms=300), Swept(due_ms=0), Swept(due_ms=-1)]
    assert await pauses_of(answers) == [SWEEP_EVERY_S, 0.3, SWEEP_LEAST_S, SWEEP_EVERY_S]


async def test_a_worker_sweeps_while_nobody_else_does():
    wanted = asyncio.Event()
    wanted.set()
    swept = []

    async def answer():
        swept.append(True)
        return Swept(due_ms=0 if len(swept) < 3 else -1)

    async def sleep(seconds):
        await asyncio.sleep(0)

    task = asyncio.create_task(Sweeper(answer, wanted=wanted, sleep=sleep).run())
    for _ in range(50):
        await asyncio.sleep(0)
    assert (len(swept), wanted.is_set()) == (3, False)
    task.cancel()
