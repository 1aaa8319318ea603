"""The buttons under a picture: remix, edit, cancel, and behind "More…" parameters, region, zoom and delete."""

from __future__ import annotations

from typing import Any

from discord import app_commands

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.result import cancel_delete, edit, more, parameters, region, remix, zoom
from zosma_bot.discord.ui.router import Router


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the buttons."""
    remix.add(router, services)
    edit.add(router, services)
    parameters.add(router, services)
    cancel_delete.add(router, services)
    more.add(router, services)
    region.add(router, services)
    zoom.add(router, services)
