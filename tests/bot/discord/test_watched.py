"""Many messages at once: what happens to all of them is looked at by some at a time."""

from __future__ import annotations

import asyncio

import pytest

from zosma_bot.discord.delivery import manager as managers
from zosma_bot.discord.delivery.job_message import JobMessage, Tools
from zosma_bot.discord.delivery.manager import DeliveryManager
from zosma_bot.discord.state.fleet_cache import FleetCache
from zosma_bot.hub import Hub, Watch
from zosma_queue.events import Event
from zosma_queue.tasks import end


class Resting:
    """A delivery as the manager knows it."""

    def __init__(self, *, rests=True):
        self.rests, self.poked = rests, 0

    def poke(self):
        self.poked += 1


def tools(sleep):
    return Tools(queue=None, hub=Hub(None), fleet=FleetCache(None), fallbacks=None, rate_limiter=None, links=None,
                 sleep=sleep)  # fmt: skip


@pytest.fixture(name="naps")
def _naps():
    """What the manager sleeps, for as long as a test says."""
    return asyncio.Queue()


@pytest.fixture(name="manager")
async def _manager(naps, monkeypatch):
    async def nothing(_self):
        await asyncio.Event().wait()

    async def sleep(seconds):
        done = asyncio.Event()
        naps.put_nowait((seconds, done))
        await done.wait()

    monkeypatch.setattr(DeliveryManager, "_keep_looking", nothing)
    made = DeliveryManager(tools(sleep))
    made.start()
    yield made
    await end(*made._loops)


def watch(manager, *deliveries):
    manager._running = {str(number): (one, None) for number, one in enumerate(deliveries)}


async def test_after_a_change_of_the_fleet_a_thousand_messages_look_again_some_at_a_time(manager, naps):
    many = [Resting() for _ in range(50)]
    watch(manager, *many)
    manager._tools.hub._hear(Event(kind="worker-left", job=None, data={}))

    for looked in (20, 40):
        seconds, done = await naps.get()
        assert sum(one.poked for one in many) == looked
        assert seconds == pytest.approx(managers.LOOKS_AT_ONCE / managers.LOOKS_PER_S)
        if looked == 20:  # a change in between is told to all of them once more
            manager._tools.hub._hear(Event(kind="worker-joined", job=None, data={}))
        done.set()
    for _ in range(2):
        (await naps.get())[1].set()

    while sum(one.poked for one in many) < 100:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert {one.poked for one in many} == {2}


async def test_who_may_not_be_edited_yet_looks_by_itself_when_it_may(manager):
    busy, resting = Resting(rests=False), Resting()
    watch(manager, busy, resting)
    manager._tools.hub._hear(Event(kind="worker-changed", job=None, data={}))
    while not resting.poked:  # noqa: ASYNC110
        await asyncio.sleep(0)

    assert not busy.poked


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 5.0), (100, 5.0), (4000, 200.0)])
def test_the_more_messages_there_are_the_less_often_each_of_them_looks(jobs, seconds):
    message = JobMessage("job-1", tools(asyncio.sleep), pace_s=lambda: jobs / managers.EDITS_PER_S)

    assert message._rest_s() == seconds


def test_a_message_rests_once_it_is_at_work_and_may_be_edited():
    message = JobMessage("job-1", tools(asyncio.sleep), pace_s=lambda: 0.0)
    assert not message.rests
    message._watch = Watch()
    assert message.rests
    message._not_before = float("inf")
    assert not message.rests
