"""The command tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from zosma_bot.discord.answers import answer_error

if TYPE_CHECKING:
    from zosma_bot.discord.client import Zosma


class Tree(app_commands.CommandTree["Zosma"]):
    """Answers every failed command in plain words, to its member alone."""

    async def on_error(self, interaction: discord.Interaction[Zosma], error: app_commands.AppCommandError, /) -> None:
        """Whatever a command raises."""
        name = interaction.command.qualified_name if interaction.command else "?"
        await answer_error(interaction, error, f"/{name}")
