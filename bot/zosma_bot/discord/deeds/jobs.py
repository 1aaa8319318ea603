"""Deeds on jobs: a server's admins always may on their own server's."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord import texts
from zosma_bot.discord.authority import need_home, owner_in, refused, seen_job, sees
from zosma_bot.discord.deeds import Args, Deed
from zosma_bot.discord.desk import Desk
from zosma_bot.discord.language import words_of
from zosma_queue.calls import Cancelled
from zosma_queue.job import Job, State

#: Failed jobs that one "requeue all" brings back.
REQUEUE_MAX = 1000


async def bump(desk: Desk, interaction: discord.Interaction[Any], args: Args) -> str:
    """Moves a job before everybody's, other servers' too."""
    need_home(desk, interaction)
    job = await seen_job(desk, interaction, args["job"])
    if not await desk.queue.admin.bump(texts.admin_name(interaction), job.id):
        raise refused("admin-not-waiting", id=job.id)
    return words_of(interaction)("admin-bumped", id=job.id)


async def cancel(desk: Desk, interaction: discord.Interaction[Any], args: Args) -> str:
    """Cancels a job, waiting or running."""
    job = await seen_job(desk, interaction, args["job"])
    if job.state.ended:  # else a cancelled one would be told of as if that had been done now
        raise refused("admin-ended", id=job.id)
    answer = await desk.queue.admin.cancel(texts.admin_name(interaction), job.id)
    if answer not in (Cancelled.CANCELLED, Cancelled.CANCELLING):
        raise refused("admin-ended", id=job.id)
    key = "admin-cancelled" if answer is Cancelled.CANCELLED else "admin-cancelling"
    return words_of(interaction)(key, id=job.id)


async def clear(desk: Desk, interaction: discord.Interaction[Any], args: Args) -> str:
    """Cancels all that a member of this server has asked for."""
    owner = owner_in(interaction, int(args["member"]))
    count = await desk.queue.admin.clear(texts.admin_name(interaction), owner)
    return words_of(interaction)("admin-cleared", count=count, member=f"<@{args['member']}>")


async def requeue(desk: Desk, interaction: discord.Interaction[Any], args: Args) -> str:
    """Gives a failed job a new life."""
    job = await seen_job(desk, interaction, args["job"])
    if not await desk.queue.admin.retry(texts.admin_name(interaction), job.id):
        raise refused("admin-not-failed", id=job.id)
    desk.courier.follow(job.id)
    return words_of(interaction)("admin-requeued", id=job.id)


async def requeue_all(desk: Desk, interaction: discord.Interaction[Any], _: Args) -> str:
    """Likewise all failed jobs of this server, at home those of all servers."""
    count = 0
    for job in await failed(desk, interaction):
        if await desk.queue.admin.retry(texts.admin_name(interaction), job.id):
            desk.courier.follow(job.id)
            count += 1
    return words_of(interaction)("admin-requeued-all", count=count)


async def failed(desk: Desk, interaction: discord.Interaction[Any]) -> list[Job]:
    """The failed jobs that this server's admins may know of, newest first."""
    found = await desk.queue.admin.jobs(State.FAILED, limit=REQUEUE_MAX)
    return [job for job in found if sees(desk, interaction, job.owner)]


DEEDS: dict[str, Deed] = {
    "bump": bump,
    "cancel": cancel,
    "clear": clear,
    "requeue": requeue,
    "requeue-all": requeue_all,
}
