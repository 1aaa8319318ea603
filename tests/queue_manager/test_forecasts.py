"""Forecasts are made once for all who ask, and who came later is told a place beside the newest one."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from zosma_queue import forecasts
from zosma_queue.client import Queue
from zosma_queue.forecast import Machine, Snapshot, WaitingJob, place_if_added, play
from zosma_queue.needs import Lane
from zosma_queue.newcomers import place_beside
from zosma_queue.policy import Policy

DREAM = frozenset({"checkpoint:dream"})


def job(number, owner, group, *, lane=Lane.FAST, cost=4.0, tokens=DREAM):
    return WaitingJob(
        id=f"job-{number}", owner=owner, group=group, lane=lane, cost=cost, seq=float(number), tokens=tokens, pixels=1,
        checkpoint="dream",
    )  # fmt: skip


def machines(count=2, can=DREAM):
    return tuple(Machine(id=f"w{n}", can=can, pixels=1, loaded="dream", busy_s=1.0 + n) for n in range(count))


@pytest.mark.parametrize("trial", range(200))
def test_a_newcomers_place_is_the_one_that_the_rules_would_give_it(trial):
    dice = random.Random(trial)
    members = [(f"owner-{n}", f"group-{n % 3}") for n in range(7)]
    jobs = tuple(
        job(n, *dice.choice(members), cost=dice.choice([1.0, 4.0, 9.0])) for n in range(1, dice.randint(2, 40))
    )
    snapshot = Snapshot(now_ms=0, jobs=jobs, machines=machines(dice.randint(1, 3)))
    added = job(100, *dice.choice([*members, ("newcomer", "group-1"), ("stranger", "group-9")]))

    told, exact = place_beside(play(snapshot), added), place_if_added(snapshot, added)

    assert told
    assert exact
    assert told.position == exact.position
    assert told.starts_in_s == pytest.approx(exact.starts_in_s)
    assert told.ends_in_s == pytest.approx(exact.ends_in_s)


def test_into_an_empty_line_it_comes_first_when_a_machine_is_free():
    told = place_beside(play(Snapshot(now_ms=0, jobs=(), machines=machines())), job(1, "ann", "g"))
    assert told
    assert (told.position, told.starts_in_s, told.ends_in_s) == (1, 1.0, 5.0)


def test_what_nobody_can_do_or_a_pause_holds_back_has_no_place():
    other = job(1, "ann", "g", tokens=frozenset({"checkpoint:other"}))
    assert place_beside(play(Snapshot(now_ms=0, jobs=(), machines=machines())), other) is None
    for scope in ("queue", "lane:fast", "checkpoint:dream"):
        paused = Snapshot(now_ms=0, jobs=(), machines=machines(), paused=frozenset({scope}))
        assert place_beside(play(paused), job(1, "ann", "g")) is None


def test_fast_goes_before_relax():
    relax = tuple(job(n, "bob", "g", lane=Lane.RELAX) for n in range(1, 5))
    told = place_beside(play(Snapshot(now_ms=0, jobs=relax, machines=machines(1))), job(9, "ann", "h"))
    assert told
    assert told.position == 1


@pytest.fixture(name="slow")
def _slow(monkeypatch):
    """Forecasts that say they took a long time, and how many were made."""
    made = []

    def slow(snapshot, began):
        made.append(snapshot)
        return real(snapshot, began).__class__(play(snapshot), began=began, took_s=10.0)

    real = forecasts._made
    monkeypatch.setattr(forecasts, "_made", slow)
    return made


@pytest.fixture(name="line")
def _line(rig):
    """The verbs on the server's own clock, a worker, and two that wait."""
    rig.now = 0
    rig.worker("w1")
    for owner in ("ann", "bob"):
        rig.submit(owner)
    return rig


async def test_a_job_that_came_after_a_long_forecast_has_its_place_without_another_one(queue, line, slow):
    assert (await queue.place("job-1")).position == 1
    new = line.submit("cid")

    assert (await queue.place(new)).position == 3
    assert len(slow) == 1
    assert await queue.standings([new, "job-2"]) == {
        new: (await queue.place(new), False), "job-2": (await queue.place("job-2"), False),
    }  # fmt: skip
    assert len(slow) == 1


async def test_a_short_line_is_looked_at_anew_for_who_just_came(queue, line):
    assert (await queue.place("job-2")).position == 2
    new = line.submit("cid")
    assert (await queue.place(new)).position == 3


async def test_after_a_second_a_long_forecast_is_made_behind_who_asks(queue, line):
    await queue.place("job-1")
    known = queue._forecasts
    known._newest = old = replace(known._newest, began=time.monotonic() - 1.5, took_s=10.0)
    line.submit("cid")

    assert await known.newest() is old
    await known._ahead
    assert len((await known.newest()).places) == 3


async def test_what_is_made_behind_who_asked_ends_with_the_queue(redis_url, line):
    async with Queue(redis_url) as queue:
        await queue.place("job-1")
        known = queue._forecasts
        known._newest = replace(known._newest, began=time.monotonic() - 1.5, took_s=10.0)
        await known.newest()
        ahead = known._ahead
    assert ahead.done()


async def test_whose_owner_is_at_their_limit_is_told_so(queue, line):
    line.submit("dan", policy=Policy(running=1))
    taken = {line.take().owner for _ in range(3)}
    assert "dan" in taken
    waits = line.submit("dan", policy=Policy(running=1))
    assert await queue.is_at_limit(waits)
