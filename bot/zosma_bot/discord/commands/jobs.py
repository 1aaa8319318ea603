"""`/jobs`: what a member has asked for here, and what became of it."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord import mine, texts
from zosma_bot.discord.commands.slash import everywhere, slash
from zosma_bot.discord.desk import LOOK_S, Desk, say
from zosma_bot.discord.language import words_of
from zosma_queue.errors import QueueUnavailableError


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers `/jobs`."""

    @slash(tree, "jobs")
    async def jobs(interaction: discord.Interaction[Any]) -> None:
        w = words_of(interaction)
        try:
            found = await desk.chores.within(LOOK_S, mine.jobs_here(desk, w, interaction))
        except QueueUnavailableError:
            await say(interaction, texts.queue_away(w))
            return
        view = mine.list_view(w, found, interaction.user.id)
        await say(interaction, "", embed=mine.listed(w, found), view=view)

    everywhere(jobs)
