"""The queue at a glance."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.policy import Policy


@pytest.fixture(name="live")
def _live(rig):
    """The verbs on the server's own clock."""
    rig.now = 0
    rig.worker("w1", "dream", "anime", loaded="dream")
    return rig


async def test_an_overview_counts_by_lane_checkpoint_owner_and_worker(live, queue):
    live.worker("w2", "anime")
    taken = live.submit("ann", checkpoint="dream")
    assert live.take().id == taken
    live.submit("ann", checkpoint="dream")
    live.submit("ann", checkpoint="anime")
    live.submit("bob", policy=Policy(lane="relax"))
    live.submit("cyd", delay_ms=60_000)

    seen = await queue.admin.overview()

    assert seen.lanes == {"fast": 2, "relax": 1}
    assert seen.checkpoints == {"dream": 1, "anime": 1, "": 1}
    assert [(one.owner, one.open, one.running) for one in seen.owners] == [("ann", 3, 1), ("cyd", 1, 0), ("bob", 1, 0)]


async def test_what_runs_is_counted_by_lane_worker_and_the_checkpoint_it_runs_on(live, queue):
    live.submit("ann", checkpoint="anime")
    live.submit("bob")
    live.worker("w2", "dream", loaded="dream")
    live.take("w2")
    live.take("w1")

    seen = (await queue.admin.overview()).running_of

    assert seen.lanes == {"fast": 2}
    assert seen.checkpoints == {"anime": 1, "dream": 1}
    assert seen.workers == {"w1": 1, "w2": 1}


async def test_owners_that_are_not_to_be_seen_make_room_for_others(live, queue):
    for number in range(20):
        live.submit(f"elsewhere/{number}")
    live.submit("here/ann")

    owners = (await queue.admin.overview(lambda owner: owner.startswith("here/"))).owners

    assert [(one.owner, one.waiting) for one in owners] == [("here/ann", 1)]


async def test_one_owners_jobs_are_counted_without_looking_at_them(live, queue, raw):
    for delay_ms in (0, 0, 60_000):
        live.submit("ann", delay_ms=delay_ms)
    taken = live.take()
    raw.set(keys.job("job-3"), "junk")

    depth = await queue.admin.owner_depth("ann")
    assert (depth.open, depth.waiting, depth.running) == (3, 2, 1)
    live.settle(taken)
    assert (await queue.admin.owner_depth("ann")).running == 0
    assert (await queue.admin.owner_depth("nobody")).open == 0


async def test_jobs_of_an_owner_at_his_limit_are_counted_too(live, queue):
    for _ in range(3):
        live.submit("ann", checkpoint="anime", policy=Policy(running=1))
    live.take()

    assert (await queue.admin.overview()).checkpoints == {"anime": 2}


async def test_of_many_owners_those_with_most_jobs_are_listed(live, queue):
    for number in range(20):
        for _ in range(1 + number // 10):
            live.submit(f"owner-{number:02d}")

    owners = (await queue.admin.overview()).owners

    assert len(owners) == 15
    assert [one.owner for one in owners[:11]] == [*(f"owner-{number}" for number in range(19, 9, -1)), "owner-09"]


async def test_an_empty_queue_has_an_overview(live, queue, raw):
    live.submit()
    live.cancel(live.submit("bob"))
    live.settle(live.take(), calls.retry("webui", "x", backoff_ms=0, max_failures=3))
    live.sweep()
    live.settle(live.take(), calls.RELEASE)
    live.settle(live.take())

    seen = await queue.admin.overview()

    assert (seen.lanes, seen.checkpoints, seen.owners) == ({"fast": 0, "relax": 0}, {}, ())
    assert raw.exists(keys.DEPTH, keys.BUSIEST) == 0
