"""The message command "Use this picture": a form, and new pictures that start from one in a message."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.use_picture import command, submitted
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the command and its form."""
    command.add(tree, services)
    submitted.add(router, services)
