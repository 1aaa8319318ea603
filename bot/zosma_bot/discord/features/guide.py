"""`/help`: how the bot is used, a topic at a time."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.card import Colour
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import choices, everywhere, slash

START = "start"
TOPICS = (START, "prompts", "buttons", "presets", "later", "data", "admin")


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers `/help`."""

    @slash(tree, "help")
    @app_commands.choices(topic=choices("help-topic", *TOPICS))
    async def help_(interaction: discord.Interaction[Any], topic: str = START) -> None:
        w = translations_of(interaction)
        embed = discord.Embed(
            title=texts.capitalised(w(f"help-topic-{topic}")),
            description=w(f"help-{topic}"),
            colour=Colour.RUNNING,
        )
        await say(interaction, "", embed=embed)

    everywhere(help_)
