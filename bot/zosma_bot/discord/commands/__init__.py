"""The slash commands, one module each."""

from typing import Any

from discord import app_commands

from zosma_bot.discord.commands import (
    admin,
    describe,
    imagine,
    jobs,
    picture,
    privacy,
    queue,
    settings,
    styles,
    upscale,
)
from zosma_bot.discord.desk import Desk


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers all of them."""
    for module in (imagine, queue, upscale, describe, picture, jobs, settings, styles, privacy, admin):
        module.add(tree, desk)
