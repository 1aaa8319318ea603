"""`/describe`: how a picture was made, or what it shows, and the buttons that go on from there."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.describe import command, remake, words
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the command and its buttons."""
    command.add(tree, services)
    remake.add(router, services)
    words.add(router, services)
