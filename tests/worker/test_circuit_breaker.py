"""When a WebUI counts as sick, and how it gets well: times are passed in."""

from __future__ import annotations

import pytest

from zosma_worker.circuit_breaker import BreakerState, CircuitBreaker, Pauses


@pytest.fixture(name="webui")
def _webui() -> CircuitBreaker:
    return CircuitBreaker(Pauses(first_s=5, growth=2, max_s=60))


def test_one_job_that_goes_wrong_again_and_again_is_the_jobs_own_doing(webui):
    assert [webui.fault("a", "black", now) for now in (0, 1, 2)] == [False] * 3
    assert (webui.state, webui.trusted) == (BreakerState.CLOSED, False)


def test_a_second_job_that_goes_wrong_makes_the_webui_sick(webui):
    webui.fault("a", "black", 0)

    assert webui.fault("b", "black", 10)

    assert (webui.sick, webui.says(12)) == (True, "sick: black; next try in 3 s")


def test_a_picture_between_two_faults_clears_the_suspicion(webui):
    webui.fault("a", "black", 0)
    webui.job_done()

    assert webui.trusted
    assert not webui.fault("b", "black", 10)


def test_a_canary_is_due_after_pauses_that_grow_up_to_a_limit(webui):
    webui.condemn("gone", 0)
    pauses = []
    now = 0.0
    for _ in range(6):
        began = now
        while not webui.due(now):
            now += 1
        pauses.append(now - began)
        webui.canary_failed("gone", now)

    assert pauses == [5, 10, 20, 40, 60, 60]


def test_a_try_that_costs_nothing_is_made_after_the_pause_given_and_makes_no_later_one_longer(webui):
    webui.condemn("gone", 0, again_s=1)
    assert (webui.due(0.9), webui.due(1)) == (False, True)
    for _ in range(5):
        webui.canary_failed("gone", 100, again_s=2)

    assert (webui.due(101), webui.due(102)) == (False, True)
    webui.canary_failed("black", 200)
    assert (webui.due(209), webui.due(210)) == (False, True)


def test_a_reason_as_long_as_a_page_is_cut_for_whoever_looks_at_the_fleet(webui):
    webui.condemn("CUDA out of memory. " * 50, 0)

    assert len(webui.says(0)) < 200
    assert webui.says(0).endswith("…; next try in 5 s")


def test_after_the_canary_one_job_decides(webui):
    webui.condemn("gone", 0)
    webui.canary_passed()

    assert (webui.state, webui.trusted, webui.due(1000)) == (BreakerState.HALF_OPEN, False, False)
    assert webui.fault("a", "black", 100)
    assert (webui.due(109), webui.due(110)) == (False, True)

    webui.canary_passed()
    webui.job_done()
    assert (webui.state, webui.trusted) == (BreakerState.CLOSED, True)
    webui.condemn("gone", 200)
    assert webui.due(205)


def test_a_job_that_ends_well_on_a_sick_webui_had_begun_before(webui):
    webui.condemn("gone", 0)
    webui.job_done()

    assert webui.sick


def test_one_members_jobs_alone_raise_doubt_and_a_canary_that_comes_out_right_settles_it(webui):
    assert [webui.fault(job, "500", 0, owner="ann") for job in ("a", "b")] == [False] * 2
    assert (webui.doubtful, webui.sick) == (True, False)

    webui.canary_passed()

    assert (webui.doubtful, webui.state) == (False, BreakerState.CLOSED)
    assert not webui.fault("c", "500", 0, owner="ann")
    assert not webui.doubtful
    webui.fault("d", "500", 0, owner="ann")
    assert webui.doubtful  # twice as many: it may have broken since


def test_another_members_job_decides_unless_both_asked_for_the_same_thing(webui):
    cats = frozenset({"lora:cats"})
    webui.fault("a", "500", 0, owner="ann", extras=cats)

    assert not webui.fault("b", "500", 0, owner="bob", extras=cats | {"vae:x"})
    assert webui.fault("c", "500", 0, owner="carol")


def test_on_trial_the_jobs_that_were_guilty_before_do_not_decide(webui):
    webui.fault("a", "500", 0, owner="ann")
    webui.fault("b", "500", 0, owner="bob")
    webui.canary_passed()

    assert not webui.fault("a", "500", 10, owner="ann")
    assert not webui.fault("a2", "500", 10, owner="ann")
    assert webui.state is BreakerState.HALF_OPEN
    assert webui.fault("c", "500", 10, owner="carol")


def test_on_trial_two_members_who_were_guilty_before_decide_together(webui):
    webui.fault("a", "500", 0, owner="ann")
    webui.fault("b", "500", 0, owner="bob")
    webui.canary_passed()

    assert not webui.fault("a", "500", 10, owner="ann")
    assert webui.fault("b", "500", 10, owner="bob")


def test_it_does_well_for_others_once_their_jobs_or_a_canary_came_out_right_since(webui):
    assert not webui.does_well_for_others("ann")
    webui.job_done("ann")
    assert not webui.does_well_for_others("ann")
    webui.job_done("bob")
    assert webui.does_well_for_others("ann")
    webui.fault("a", "500", 0, owner="ann")
    assert (webui.does_well_for_others("ann"), webui.does_well_for_others("bob")) == (True, False)
    webui.condemn("gone", 0)
    webui.canary_passed()
    assert not webui.does_well_for_others("ann")
