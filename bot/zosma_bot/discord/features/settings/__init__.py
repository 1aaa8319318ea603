"""`/settings` and `/styles`: a member's own defaults and presets."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.settings import command, styles
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the commands."""
    command.add(tree, services)
    styles.add(tree, services)
