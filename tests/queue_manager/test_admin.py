"""What an admin sees and does, and that every act is written down."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.calls import Cancelled
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import State
from zosma_queue.policy import Policy


@pytest.fixture(name="admin")
def _admin(queue):
    return queue.admin


async def acts(admin):
    return [(act.who, act.act, act.target) for act in reversed(await admin.audit())]


async def test_pausing_the_queue_holds_everything_back_until_it_resumes(rig, admin):
    job = rig.submit()
    assert await admin.pause("ann", "queue", "maintenance")
    assert rig.fetch() is None
    [pause] = await admin.pauses()
    assert (pause.scope, pause.who, pause.why) == ("queue", "ann", "maintenance")

    assert await admin.resume("bob", "queue")
    assert rig.take().id == job
    assert not await admin.resume("bob", "queue")
    assert await acts(admin) == [("ann", "pause", "queue"), ("bob", "resume", "queue")]


@pytest.mark.parametrize("scope", ["lane:relax", "checkpoint:anime"])
async def test_pausing_a_part_leaves_the_rest_running(rig, admin, scope):
    held = rig.submit("ann", checkpoint="anime", policy=Policy(lane="relax"))
    free = rig.submit("bob", checkpoint="dream")
    await admin.pause("ann", scope)

    assert rig.drain() == [free]
    await admin.resume("ann", scope)
    assert rig.drain() == [held]


@pytest.mark.parametrize("scope", ["worker:gpu/webui/1", "worker:gpu/webui"])
async def test_a_paused_worker_takes_nothing_also_after_a_restart_when_its_place_was_named(rig, admin, scope):
    rig.worker("gpu/webui/1")
    await admin.pause("ann", scope)
    rig.submit()

    assert rig.fetch("gpu/webui/1") is None
    assert rig.fetch("w1") is not None


async def test_resuming_wakes_who_rests(rig, admin, raw):
    await admin.pause("ann", "queue")
    rig.submit()
    rig.fetch()
    raw.delete(keys.wake("w1"))

    await admin.resume("ann", "queue")

    assert raw.llen(keys.wake("w1")) == 1


async def test_an_act_that_changes_nothing_is_not_written_down(rig, admin):
    job = rig.submit()
    for _ in range(2):
        await admin.pause("ann", "queue", "heat")
        await admin.bump("ann", job)
        await admin.set_policy("ann", "default", {"waiting": 1})
    assert not await admin.pause("bob", "queue")
    assert [pause.why for pause in await admin.pauses()] == ["heat"]
    assert await admin.pause("bob", "queue", "still hot")
    for _ in range(2):
        await admin.resume("ann", "queue")
        await admin.cancel("ann", job)
        await admin.clear("ann", "ann")
        await admin.purge("ann")
        await admin.drop_policy("ann", "default")
    await admin.cancel("ann", "ghost")

    assert [act for _, act, _ in await acts(admin)] == [
        "pause", "bump", "limits", "pause", "resume", "cancel", "limits",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["odd", "", "role:mods", "role:55/1", "key:", "discord:me"])
async def test_a_policy_that_nobody_could_have_is_refused(admin, name):
    with pytest.raises(RequestRefusedError, match="use default, role:ID"):
        await admin.set_policy("root", name, {"waiting": 1})
    assert not await admin.drop_policy("root", name)


@pytest.mark.parametrize("name", ["default", "role:55", "key:ann", "discord:5/6", "discord:dm/6", "http:local"])
async def test_a_policy_may_be_everybodys_a_roles_a_keys_or_an_owners(admin, name):
    assert await admin.set_policy("root", name, {"waiting": 1})
    assert await admin.drop_policy("root", name)


async def test_a_bumped_job_goes_before_everybodys(rig, admin):
    rig.submit("ann")
    rig.submit("ann", job_id="late")
    assert await admin.bump("bob", "late")

    assert rig.take().id == "late"
    assert not await admin.bump("bob", "late")
    assert not await admin.bump("bob", "ghost")
    assert await acts(admin) == [("bob", "bump", "late")]


async def test_a_bumped_job_waits_for_a_worker_that_can_do_it_and_holds_up_nobody(rig, admin):
    rig.worker("w2", "photo")
    rig.submit("ann", checkpoint="photo", job_id="photo")
    other = rig.submit("bob")
    await admin.bump("admin", "photo")

    assert rig.take("w1").id == other
    assert rig.take("w2").id == "photo"


async def test_clearing_an_owner_ends_his_jobs_in_every_state_and_nobody_elses(rig, admin):
    rig.submit("ann")
    running = rig.take()
    waiting, delayed, bobs = rig.submit("ann"), rig.submit("ann", run_in_s=60), rig.submit("bob")

    assert await admin.clear("root", "ann") == 3
    assert await admin.clear("root", "nobody") == 0
    assert rig.job(waiting).state is rig.job(delayed).state is State.CANCELLED
    assert rig.renew(running) is calls.Lease.CANCEL
    assert rig.job(bobs).state is State.WAITING


async def test_jobs_are_listed_by_state(rig, admin):
    rig.submit("ann", job_id="a")
    rig.submit("ann", job_id="b")
    rig.take()
    rig.submit("ann", job_id="c", run_in_s=60)

    assert [job.id for job in await admin.jobs(State.RUNNING)] == ["a"]
    assert [job.id for job in await admin.jobs(State.WAITING)] == ["b"]
    assert [job.id for job in await admin.jobs(State.DELAYED)] == ["c"]
    with pytest.raises(RequestRefusedError, match="is not listed"):
        await admin.jobs(State.DONE)


async def test_a_dead_job_is_listed_with_its_reason_replayed_and_purged(rig, admin, raw):
    job = rig.submit(reply='{"channel": 1}')
    rig.settle(rig.take(), calls.fail("refused", "the WebUI refused it"))
    [dead] = await admin.jobs(State.FAILED)
    assert (dead.id, dead.error) == (job, "the WebUI refused it")

    assert await admin.retry("ann", job)
    assert not await admin.retry("ann", job)
    assert await admin.jobs(State.FAILED) == []
    again = rig.take()
    assert (again.id, again.attempt, rig.job(job).failures) == (job, 2, 0)
    assert raw.ttl(keys.job(job)) == -1

    rig.settle(again, calls.fail("refused", "still"))
    assert await admin.purge("ann") == 1
    assert not raw.exists(keys.job(job))
    assert raw.zcard(keys.UNDELIVERED) == 0


async def test_an_admins_cancel_is_written_down_and_an_owners_is_not(rig, admin, queue):
    first, second = rig.submit(), rig.submit()
    assert await queue.cancel(first) is Cancelled.CANCELLED
    assert await admin.cancel("root", second) is Cancelled.CANCELLED

    assert await acts(admin) == [("root", "cancel", second)]


async def test_policies_are_set_used_and_dropped(rig, admin, queue, raw):
    await admin.set_policy("root", "default", {"waiting": 1})
    assert (await admin.policies())["default"].waiting == 1

    await admin.drop_policy("root", "default")
    assert await admin.policies() == {}
    assert await acts(admin) == [("root", "limits", "default"), ("root", "limits", "default")]


async def test_counters_tell_how_many_loads_were_saved(rig, admin):
    rig.worker("w1", loaded="dream")
    rig.submit("ann", checkpoint="anime")
    rig.submit("bob", checkpoint="dream")
    rig.drain()

    stats = await admin.stats()

    assert (stats["done"], stats["loads_saved"], stats["loads"]) == (2, 1, 1)
