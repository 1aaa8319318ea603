"""`/admin`: seeing and steering queue, fleet and server. Hidden from members by Discord, and checked again here."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.commands import (
    admin_defaults,
    admin_fleet,
    admin_jobs,
    admin_limits,
    admin_look,
    admin_rules,
    admin_words,
)
from zosma_bot.discord.commands.admin_base import AdminGroup
from zosma_bot.discord.commands.slash import group
from zosma_bot.discord.desk import Desk

#: One module for each kind of command; Discord takes 25 commands and groups of commands here.
PARTS = (admin_look, admin_fleet, admin_jobs, admin_limits, admin_rules, admin_defaults, admin_words)


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers `/admin` and all below it."""
    root = group(
        "admin",
        cls=AdminGroup,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        default_permissions=discord.Permissions(manage_guild=True),
    )
    for part in PARTS:
        part.add(root, desk)
    tree.add_command(root)
