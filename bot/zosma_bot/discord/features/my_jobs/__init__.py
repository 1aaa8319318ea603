"""`/jobs`: what a member has asked for here, and what can be done with each."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.my_jobs import actions, command
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the command, its menu and its buttons."""
    command.add(tree, services)
    actions.add(router, services)
