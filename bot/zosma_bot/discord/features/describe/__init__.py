"""`/describe`: how a picture was made, and the button that makes it again."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.describe import command, remake
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the command and its button."""
    command.add(tree, services)
    remake.add(router, services)
