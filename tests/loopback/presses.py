"""Pressing what is under a picture, and reading what comes of it."""

from __future__ import annotations

from typing import Any

import redis

from loopback.discord.handle import InteractionHandle
from loopback.discord.interaction import Callback
from loopback.discord.server import DiscordServer
from loopback.discord.shown import Shown
from loopback.discord.state import Member
from loopback.played_worker import PlayedWorker
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_queue.calls import Leased
from zosma_queue.client import Queue
from zosma_queue.request import Request


def button(shown: Shown, act: Act, number: int = 0) -> str:
    """The custom_id of a button of a message."""
    ids = [CustomId.parse(one["custom_id"]) for one in shown.buttons]
    return next(str(one) for one in ids if one and one.act == act and one.args[2] == str(number))


async def use(server: DiscordServer, member: Member, shown: Shown, act: Act, number: int = 0) -> InteractionHandle:
    """Presses a button that the message has, or that messages had before most of them went into a menu."""
    try:
        custom_id = button(shown, act, number)
    except StopIteration:
        of = OfJob.parse(_parsed(button(shown, Act.MORE, 1)))
        assert of is not None
        return await server.press(member, shown, OfJob(of.job_id, of.owner, number).custom_id(act))
    return await server.click(member, shown, custom_id)


async def menu_of(server: DiscordServer, member: Member, shown: Shown, number: int = 1) -> Shown:
    """The menu behind "More…", of picture `number`."""
    pressed = await server.click(member, shown, button(shown, Act.MORE, 1))
    menu = await pressed.wait_for_followup()
    assert menu.ephemeral
    if number > 1:
        chosen = await server.select(member, menu, menu.selects[0]["custom_id"], [str(number)])
        await chosen.response()
        menu = server.history(menu)[-1]
    return menu


async def more(server: DiscordServer, member: Member, shown: Shown, act: Act, number: int = 1) -> InteractionHandle:
    """Chooses something for picture `number` behind "More…"."""
    menu = await menu_of(server, member, shown, number)
    return await server.select(member, menu, menu.selects[-1]["custom_id"], [str(act)])


async def answer_of(pressed: InteractionHandle) -> Shown:
    """What the member reads after a press."""
    kind = (await pressed.response()).type
    if kind is Callback.MESSAGE:
        assert pressed.message is not None
        return pressed.message
    if kind is Callback.DEFERRED_MESSAGE:
        return await pressed.wait_for(lambda shown: not shown.thinking)
    return await pressed.wait_for_followup()


async def next_request(worker: PlayedWorker, queue: Queue) -> tuple[Request, Leased]:
    """What the worker is asked for next."""
    leased = await worker.take(10)
    job = await queue.job(leased.id)
    assert job is not None
    assert job.request is not None
    return job.request, leased


async def forgotten(raw: redis.Redis) -> None:
    """Everything that the queue knew of any job is gone, as after a year."""
    keys: Any = raw.keys("*job:*") + raw.keys("*image:*") + raw.keys("*record:*")
    for key in keys:
        raw.delete(key)


def _parsed(custom_id: str) -> CustomId:
    found = CustomId.parse(custom_id)
    assert found is not None
    return found
