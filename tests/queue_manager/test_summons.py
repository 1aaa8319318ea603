"""When the operator's machines are called to come or to go: decided once for all bot processes, and kept in Redis."""

from __future__ import annotations

import pytest

from zosma_queue import calls
from zosma_queue.fleet import WorkerState
from zosma_queue.scripts import call


def ask(rig, what="wake", *, idle_s=600):
    """The number of the call that is due now, 0 for none."""
    summons = calls.summon(what, again_ms=120_000, most_ms=3_600_000, idle_ms=idle_s * 1000, now_ms=rig.now)
    return call(rig.client, summons).call


@pytest.fixture(name="empty")
def _empty(rig):
    """A fleet whose last worker is gone."""
    rig.later(11)
    rig.sweep()
    return rig


@pytest.fixture(name="waits")
def _waits(empty):
    """A job waits in it."""
    empty.submit(wait_s=86_400)
    return empty


def asked(rig, seconds, what="wake", *, step_s=2, alive=False):
    """The calls of so many seconds, by the second in which each came."""
    found = {}
    for second in range(0, seconds, step_s):
        if alive:
            rig.worker("w1")
        if number := ask(rig, what):
            found[second] = number
        rig.later(step_s)
    return found


def test_nobody_is_called_while_nothing_waits_or_somebody_is_there(rig):
    rig.submit()
    assert ask(rig) == 0
    rig.drain()
    rig.later(11)
    rig.sweep()
    assert ask(rig) == 0


def test_it_is_called_once_and_again_after_twice_the_time_each(waits):
    assert asked(waits, 4000) == {0: 1, 120: 2, 360: 3, 840: 4, 1800: 5, 3720: 6}


def test_between_two_calls_there_is_an_hour_at_most(waits):
    asked(waits, 10_000, step_s=10)

    assert len(asked(waits, 7_200, step_s=10)) == 2


def test_of_several_who_ask_at_once_one_is_told(waits):
    assert [ask(waits) for _ in range(5)] == [1, 0, 0, 0, 0]


def test_a_worker_that_came_has_the_next_call_begin_anew_but_not_at_once(waits):
    asked(waits, 400)
    waits.worker("w1", state=WorkerState.READY)
    assert ask(waits) == 0
    waits.later(11)
    waits.sweep()

    # The last call was 51 s ago.
    assert asked(waits, 200) == {70: 1, 190: 2}


def test_a_worker_whose_webui_is_away_is_no_reason_not_to_call(waits):
    waits.beat("w1", WorkerState.AWAY)

    assert ask(waits) == 1


def test_a_paused_queue_calls_nobody(waits):
    call(waits.client, calls.pause("admin", "queue", now_ms=waits.now))

    assert ask(waits) == 0


def test_what_waits_is_told_with_the_call(waits):
    waits.submit("bob", wait_s=60)

    summons = call(waits.client, calls.summon("wake", again_ms=1, most_ms=1, now_ms=waits.now))

    assert (summons.waiting, summons.since_ms) == (2, waits.now)


# -- to go ------------------------------------------------------------------------------------------------------


def test_an_idle_fleet_is_told_to_go_after_its_time_and_again_later(rig):
    assert asked(rig, 1000, "idle", alive=True) == {600: 1, 720: 2, 960: 3}


def test_work_has_the_time_begin_anew(rig):
    assert asked(rig, 500, "idle", alive=True) == {}
    rig.worker("w1")
    rig.submit()
    assert ask(rig, "idle") == 0
    rig.drain()

    assert asked(rig, 700, "idle", alive=True) == {600: 1}


def test_a_job_that_falls_due_soon_keeps_the_fleet(rig):
    rig.submit(run_in_s=900)

    assert asked(rig, 800, "idle", alive=True) == {}


def test_a_running_job_keeps_the_fleet(rig):
    rig.submit()
    rig.take()

    assert asked(rig, 700, "idle", alive=True) == {}


def test_nobody_is_told_to_go_where_nobody_is(empty):
    assert asked(empty, 700, "idle") == {}


def test_time_in_which_nobody_looked_is_not_idle(rig):
    ask(rig, "idle")
    rig.later(3600)
    rig.worker("w1")

    assert asked(rig, 700, "idle", alive=True) == {600: 1}
