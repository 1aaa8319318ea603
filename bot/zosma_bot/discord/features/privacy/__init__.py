"""`/privacy`: what is kept of a member, all of it as a file, and forgetting it."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.privacy import command, confirmed
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the commands and the answer to "erase everything?"."""
    command.add(tree, services)
    confirmed.add(router, services)
