"""`/admin`: seeing and steering queue, fleet and server. Hidden from members by Discord, and checked again here."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import defaults, fleet, jobs, limits, overview, rules, wildcards, words
from zosma_bot.discord.features.admin.group import AdminGroup
from zosma_bot.discord.ui.slash import group

#: One module for each kind of command; Discord takes 25 commands and groups of commands here.
PARTS = (overview, fleet, jobs, limits, rules, defaults, words, wildcards)


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers `/admin` and all below it."""
    root = group(
        "admin",
        cls=AdminGroup,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        default_permissions=discord.Permissions(manage_guild=True),
    )
    for part in PARTS:
        part.add(root, services)
    tree.add_command(root)
