"""What members and admins can see: a module or package for each thing, and each has `add(tree, router, services)`."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features import (
    admin,
    compare,
    describe,
    guide,
    imagine,
    missing,
    my_jobs,
    privacy,
    queue,
    report,
    result,
    settings,
    stats,
    upscale,
    use_picture,
    wildcards,
)
from zosma_bot.discord.ui.router import Router

#: In the order in which the commands are registered.
FEATURES = (
    imagine, compare, missing, queue, upscale, describe, use_picture, my_jobs, settings, wildcards, stats, guide,
    privacy, admin, report, result,
)  # fmt: skip


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers commands with `tree`, and what buttons, menus and forms do with `router`."""
    for feature in FEATURES:
        feature.add(tree, router, services)
