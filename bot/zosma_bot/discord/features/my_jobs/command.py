"""`/jobs`: what a member has asked for here, and what became of it."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import member_jobs
from zosma_bot.discord.core.services import LOOK_S, Services
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.errors import QueueUnavailableError


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers `/jobs`."""

    @slash(tree, "jobs")
    async def jobs(interaction: discord.Interaction[Any]) -> None:
        w = translations_of(interaction)
        try:
            found = await services.background.within(LOOK_S, member_jobs.jobs_here(services, w, interaction))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        view = member_jobs.list_view(w, found, interaction.user.id)
        await say(interaction, "", embed=member_jobs.listed(w, found), view=view)

    everywhere(jobs)
