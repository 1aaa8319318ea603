"""A job that a member waits for, as far as its delivery: asked for, begun, shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from loopback.discord.handle import InteractionHandle
from loopback.discord.server import DiscordServer
from loopback.discord.state import Channel, Member
from loopback.played_worker import PlayedWorker
from zosma_queue.calls import Leased
from zosma_queue.client import Queue

SMALL = {"prompt": "a cat", "width": 64, "height": 64}


async def begin(
    server: DiscordServer,
    member: Member,
    worker: PlayedWorker,
    *,
    channel: Channel | None = None,
    dm: bool = False,
    **options: Any,
) -> tuple[InteractionHandle, Leased]:
    """A job that runs and whose message says so."""
    asked = await server.slash(member, "imagine", SMALL | options, channel=channel, dm=dm)
    leased = await worker.take()
    await worker.progress(leased, 0.25)
    await asked.wait_for(lambda shown: "25 %" in shown.text)
    return asked, leased


async def delivered(queue: Queue, until: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]) -> None:
    """Waits until the queue owes nobody an answer."""

    async def nothing_owed() -> bool:
        return not await queue.undelivered()

    await until(nothing_owed)
