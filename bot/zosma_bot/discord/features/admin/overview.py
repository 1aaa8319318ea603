"""`/admin overview`, `workers`, `failed`, `audit`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.identity import group_of, is_own
from zosma_bot.discord.core.permissions import at_home, sees
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.worker_names import WorkerNames
from zosma_bot.discord.features.admin import fleet_texts, job_actions
from zosma_bot.discord.features.admin.group import begin
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import slash
from zosma_queue.admin import Act

#: A server's own acts are looked for among so many of everybody's.
ACTS_READ = 300
#: Acts whose target is a job.
_OF_JOBS = ("cancel", "bump", "retry", "report")


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""

    @slash(root, "overview")
    async def overview(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        admin = services.queue.admin
        home = at_home(services, interaction)
        own = None if home else lambda owner: is_own(interaction, owner)
        found, depth, pauses = await asyncio.gather(admin.overview(own), services.queue.depth(), admin.pauses())
        if not home:
            names = WorkerNames(await services.queue.workers(), [one.scope for one in pauses])
            runs = replace(found.running_of, workers=names.counts(found.running_of.workers))
            found, pauses = replace(found, running_of=runs), [names.pause(one) for one in pauses]
        embed = fleet_texts.overview(translations_of(interaction), found, depth, pauses)
        await say(interaction, "", embed=embed)

    @slash(root, "workers")
    async def workers(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        found, pauses = await asyncio.gather(services.queue.workers(), services.queue.admin.pauses())
        shown = found[: fleet_texts.WORKERS_SHOWN]
        jobs = await asyncio.gather(*(services.queue.job(worker.job) for worker in shown if worker.job))
        seen = {job.id: job for job in jobs if job and sees(services, interaction, job.owner)}
        # A job of another server isn't named; that the worker is busy may be known.
        found = [one if one.job in seen else replace(one, job=None) for one in found]
        if not at_home(services, interaction):
            names = WorkerNames(found, [one.scope for one in pauses])
            found, pauses = [names.worker(one) for one in found], [names.pause(one) for one in pauses]
        await say(interaction, "", embed=fleet_texts.workers(translations_of(interaction), found, seen, pauses))

    @slash(root, "failed")
    async def failed(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        jobs = await job_actions.failed(services, interaction)
        if not at_home(services, interaction):
            names = WorkerNames(await services.queue.workers())
            jobs = [replace(job, error=names.hide(job.error)) if job.error else job for job in jobs]
        await say(interaction, "", embed=fleet_texts.failed(translations_of(interaction), jobs))

    @slash(root, "audit")
    async def audit(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        acts = await services.queue.admin.audit(limit=ACTS_READ)
        if not at_home(services, interaction):
            acts = await _own(services, interaction, acts)
        await say(interaction, "", embed=fleet_texts.audit(translations_of(interaction), acts, group_of(interaction)))


async def _own(services: Services, interaction: discord.Interaction[Any], acts: list[Act]) -> list[Act]:
    """The acts that concern this server, and those of whoever asks."""
    ids = {act.target for act in acts if act.act in _OF_JOBS}
    jobs = await asyncio.gather(*(services.queue.job(job_id) for job_id in ids))
    own = {job.id for job in jobs if job and is_own(interaction, job.owner)}
    me, here = texts.admin_name(interaction), group_of(interaction)

    def concerns(act: Act) -> bool:
        of_server = act.target == here or act.target.startswith(f"{here}/")
        return act.who == me or act.target in own or of_server

    return [act for act in acts if concerns(act)]
