"""What a closing bot still does for members, and what it no longer takes up."""

from __future__ import annotations

import asyncio

from zosma_bot.discord.state.background import BackgroundTasks


async def test_what_came_before_the_close_is_waited_for_and_done_and_what_comes_after_is_not_taken_up():
    background = BackgroundTasks()
    claimed = asyncio.Event()
    refused = {}

    async def of_member(name):
        background.hold()
        await claimed.wait()
        refused[name] = background.takes_nothing

    early = asyncio.create_task(of_member("early"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(background.close(5.0))
    await asyncio.sleep(0)
    late = asyncio.create_task(of_member("late"))
    await asyncio.sleep(0)
    assert not closing.done()

    claimed.set()
    await asyncio.gather(early, late, closing)

    assert refused == {"early": False, "late": True}


async def test_a_task_that_has_ended_is_held_no_longer():
    background = BackgroundTasks()

    async def of_member():
        background.hold()

    await asyncio.create_task(of_member())
    await asyncio.sleep(0)

    assert not background._tasks
    assert not background._held
