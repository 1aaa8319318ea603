"""What members and admins can see: a module or package for each thing, and each has `add(tree, router, services)`."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features import (
    admin,
    describe,
    imagine,
    my_jobs,
    privacy,
    queue,
    report,
    result,
    settings,
    upscale,
    use_picture,
    wildcards,
)
from zosma_bot.discord.ui.router import Router

#: In the order in which the commands are registered.
FEATURES = (
    imagine, queue, upscale, describe, use_picture, my_jobs, settings, wildcards, privacy, admin, report, result,
)  # fmt: skip


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers commands with `tree`, and what buttons, menus and forms do with `router`."""
    for feature in FEATURES:
        feature.add(tree, router, services)
