"""Actions on jobs: a server's admins always may on their own server's."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.identity import owner_in
from zosma_bot.discord.core.permissions import need_home, seen_job, sees
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin.action import Action, Args
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.calls import Cancelled
from zosma_queue.job import Job, State

#: Failed jobs that one "requeue all" brings back.
REQUEUE_MAX = 1000


async def bump(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Moves a job before everybody's, other servers' too."""
    need_home(services, interaction)
    job = await seen_job(services, interaction, args["job"])
    if not await services.queue.admin.bump(texts.admin_name(interaction), job.id):
        raise refused("admin-not-waiting", id=job.id)
    return translations_of(interaction)("admin-bumped", id=job.id)


async def cancel(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Cancels a job, waiting or running."""
    job = await seen_job(services, interaction, args["job"])
    if job.state.ended:  # else a cancelled one would be told of as if that had been done now
        raise refused("admin-ended", id=job.id)
    answer = await services.queue.admin.cancel(texts.admin_name(interaction), job.id, args.get("why", ""))
    if answer not in (Cancelled.CANCELLED, Cancelled.CANCELLING):
        raise refused("admin-ended", id=job.id)
    key = "admin-cancelled" if answer is Cancelled.CANCELLED else "admin-cancelling"
    return translations_of(interaction)(key, id=job.id)


async def clear(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Cancels all that a member of this server has asked for."""
    owner = owner_in(interaction, int(args["member"]))
    count = await services.queue.admin.clear(texts.admin_name(interaction), owner, args.get("why", ""))
    return translations_of(interaction)("admin-cleared", count=count, member=f"<@{args['member']}>")


async def requeue(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Gives a failed job a new life."""
    job = await seen_job(services, interaction, args["job"])
    if not await services.queue.admin.retry(texts.admin_name(interaction), job.id):
        raise refused("admin-not-failed", id=job.id)
    services.deliveries.follow(job.id)
    return translations_of(interaction)("admin-requeued", id=job.id)


async def requeue_all(services: Services, interaction: discord.Interaction[Any], _: Args) -> str:
    """Requeues all failed jobs of this server, at home those of all servers."""
    count = 0
    for job in await failed(services, interaction):
        if await services.queue.admin.retry(texts.admin_name(interaction), job.id):
            services.deliveries.follow(job.id)
            count += 1
    return translations_of(interaction)("admin-requeued-all", count=count)


async def failed(services: Services, interaction: discord.Interaction[Any]) -> list[Job]:
    """The failed jobs that this server's admins may know of, newest first."""
    found = await services.queue.admin.jobs(State.FAILED, limit=REQUEUE_MAX)
    return [job for job in found if sees(services, interaction, job.owner)]


ACTIONS: dict[str, Action] = {
    "bump": bump,
    "cancel": cancel,
    "clear": clear,
    "requeue": requeue,
    "requeue-all": requeue_all,
}
