"""The command tree with the one place where a command's errors end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord import texts
from zosma_bot.discord.desk import say
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

if TYPE_CHECKING:
    from zosma_bot.discord.client import ZosmaClient

log = logging.getLogger(__name__)

_UNKNOWN_INTERACTION, _ALREADY_ANSWERED = 10062, 40060


class Tree(app_commands.CommandTree["ZosmaClient"]):
    """Answers every failed command in plain words, to its member alone."""

    async def on_error(
        self, interaction: discord.Interaction[ZosmaClient], error: app_commands.AppCommandError, /
    ) -> None:
        """First what the member can change, then what Discord did, last what is our own fault."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if _came_too_late(cause):
            log.warning("an interaction was answered too late")
            return
        text = _explain(cause)
        if text is None:
            text = texts.unexpected()
            name = interaction.command.qualified_name if interaction.command else "?"
            log.error("/%s failed", name, exc_info=cause)
        try:
            await say(interaction, text)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
            log.warning("a failed command could not be answered: %s", type(failure).__name__)


def _came_too_late(error: Exception) -> bool:
    return isinstance(error, discord.HTTPException) and error.code in (_UNKNOWN_INTERACTION, _ALREADY_ANSWERED)


def _explain(error: Exception) -> str | None:
    if isinstance(error, QueueUnavailableError | RequestRefusedError):
        return texts.refused(error)
    if isinstance(error, app_commands.NoPrivateMessage):
        return texts.guilds_only()
    if isinstance(error, app_commands.CheckFailure):
        return texts.not_permitted()
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return texts.outdated()
    return None
