"""`/admin`: seeing and steering queue, fleet and server."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import command, confirm, fleet_actions, import_action, job_actions
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the commands and the two buttons of a confirmation."""
    command.add(tree, services)
    confirm.add(router, services, fleet_actions.ACTIONS | job_actions.ACTIONS | import_action.ACTIONS)
