"""What can be paused, by which names, and what a pause holds back."""

from __future__ import annotations

import time

import pytest

from zosma_queue import calls
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import State
from zosma_queue.scopes import Scope
from zosma_queue.scripts import call


@pytest.fixture(name="admin")
def _admin(queue):
    return queue.admin


@pytest.mark.parametrize("scope", ["everything", "lane:slow", "worker:", "checkpoint:", ""])
def test_a_scope_that_is_none_is_refused_with_those_there_are(scope):
    with pytest.raises(RequestRefusedError, match="use queue, lane:fast"):
        Scope.parse(scope)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("worker:gpu1/10.0.0.1:7860/4f2a", "worker:gpu1/10.0.0.1:7860/4f2a"),
        ("worker:gpu1/10.0.0.1:7860", "worker:gpu1/10.0.0.1:7860"),
        ("worker:10.0.0.1:7860", "worker:gpu1/10.0.0.1:7860"),
        ("checkpoint:PHOTO.safetensors", "checkpoint:photo"),
        ("lane:relax", "lane:relax"),
    ],
)
async def test_a_pause_is_of_the_worker_or_checkpoint_that_was_meant(rig, admin, typed, meant):
    rig.worker("gpu1/10.0.0.1:7860/4f2a", "photo")
    rig.worker("gpu2/localhost:7860/11aa")

    assert await admin.resolve_scope(typed) == meant
    assert await admin.pause("ann", typed)
    assert [pause.scope for pause in await admin.pauses()] == [meant]


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ("worker:nosuch", "there are gpu1/localhost:7860/4f2a, gpu2/localhost:7860/11aa, w1"),
        ("worker:localhost:7860", "may be any of gpu1/localhost:7860, gpu2/localhost:7860"),
        ("checkpoint:nosuch", "there are anime, dream, photo"),
    ],
)
async def test_an_unknown_name_pauses_nothing_and_is_answered_with_those_there_are(rig, admin, scope, says):
    rig.worker("gpu1/localhost:7860/4f2a", "photo")
    rig.worker("gpu2/localhost:7860/11aa")

    for act in (admin.pause, admin.resume):
        with pytest.raises(RequestRefusedError, match=says) as refused:
            await act("ann", scope)
        assert refused.value.field == "scope"
    assert await admin.pauses() == await admin.audit() == []


@pytest.mark.parametrize("typed", ["worker:gpu/10.0.0.1:7860", "worker:10.0.0.1:7860", "worker:gpu/10.0.0.1:7860/77ff"])
async def test_a_pause_outlives_its_worker_and_is_lifted_by_any_of_its_names(rig, admin, queue, raw, typed):
    rig.worker("gpu/10.0.0.1:7860/4f2a", "photo")
    await admin.pause("ann", "worker:10.0.0.1:7860")
    await admin.pause("ann", "checkpoint:photo")
    call(raw, calls.leave("gpu/10.0.0.1:7860/4f2a"))

    assert await queue.pauses() == ("checkpoint:photo", "worker:gpu/10.0.0.1:7860")
    assert await admin.resume("ann", typed)
    assert await admin.resume("ann", "checkpoint:Photo")
    assert await queue.pauses() == ()


async def test_a_checkpoints_pause_holds_back_and_counts_what_runs_on_it_because_it_is_loaded(rig, admin):
    rig.worker("w1", loaded="dream")
    by_default = rig.submit("ann")
    rig.take()
    assert rig.job(by_default).runs_on == "dream"
    await admin.pause("ann", "checkpoint:dream")
    held = rig.submit("bob")

    assert [job.id for job in await admin.running("checkpoint:dream")] == [by_default]
    assert await admin.running("checkpoint:anime") == []
    rig.worker("w2", loaded="dream")
    assert rig.fetch("w2") is None
    rig.worker("w2", loaded="anime")
    assert rig.take("w2").id == held
    assert [job.id for job in await admin.running("worker:w2")] == [held]
    assert {job.id for job in await admin.running("queue")} == {by_default, held}


async def test_what_only_enlarges_a_picture_runs_on_no_checkpoint(rig, admin):
    rig.worker("w1", loaded="dream", enlargers=("Lanczos",))
    await admin.pause("ann", "checkpoint:dream")
    larger = rig.submit(upscale={"image": "0" * 20, "source_width": 64, "source_height": 64})

    assert rig.take().id == larger
    assert rig.job(larger).runs_on is None


async def test_nobodys_patience_runs_while_the_queue_is_paused(rig, admin):
    job = rig.submit(patience_s=60)
    await admin.pause("ann", "queue", "new cables")
    call(rig.client, calls.leave("w1"))
    for _ in range(3):
        rig.later(50)
        rig.sweep()
    assert rig.job(job).state is State.WAITING

    await admin.resume("ann", "queue")
    rig.sweep()
    rig.later(61)
    rig.sweep()
    assert rig.job(job).state is State.FAILED


async def test_what_a_pause_holds_back_is_told_from_what_runs_on_and_listed_behind_it(rig, admin, queue):
    rig.now = int(time.time() * 1000)  # places are read by the server's own clock
    rig.worker("gpu/webui/1", "photo")
    rig.worker("w1")
    held, free, bumped = rig.submit(checkpoint="photo"), rig.submit("bob"), rig.submit("eve", checkpoint="photo")
    assert not await queue.is_held(held)

    await admin.pause("ann", "worker:gpu/webui")
    await admin.bump("ann", bumped)
    assert [job.id for job in await queue.in_order(await admin.jobs(State.WAITING))] == [free, bumped, held]
    assert [await queue.is_held(job) for job in (held, free, "ghost")] == [True, False, False]
    await admin.pause("ann", "queue")
    assert await queue.is_held(free)
