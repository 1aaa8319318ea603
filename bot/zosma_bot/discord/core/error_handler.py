"""The one place where the errors of commands, buttons and forms end."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord.api.not_now import is_not_now
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

log = logging.getLogger(__name__)

_UNKNOWN_INTERACTION, _ALREADY_ANSWERED = 10062, 40060


async def answer_error(interaction: discord.Interaction[Any], error: Exception, what: str) -> None:
    """Tells the member in plain words: first what they can change, then what Discord did, last what is our fault."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if _came_too_late(cause):
        log.warning("an interaction was answered too late")
        return
    w = translations_of(interaction)
    text = explain(w, cause)
    if text is None and _is_discords(cause):
        text = w("discord-away")
        log.warning("%s failed: Discord: %s", what, _in_short(cause))
    elif text is None:
        text = w("unexpected")
        log.error("%s failed", what, exc_info=cause)
    try:
        await say(interaction, text)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as failure:
        log.warning("a failed command could not be answered: %s", type(failure).__name__)


def _is_discords(error: Exception) -> bool:
    """True for an outage of Discord's, or of the line to it: nothing that a traceback would explain."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429 or error.status >= 500 or is_not_now(error)
    return isinstance(error, discord.RateLimited | aiohttp.ClientError)


def _in_short(error: Exception) -> str:
    """One line. What Discord's proxies send along is a page of HTML."""
    status = f" {error.status} (code {error.code})" if isinstance(error, discord.HTTPException) else ""
    return f"{type(error).__name__}{status}"


def _came_too_late(error: Exception) -> bool:
    return isinstance(error, discord.HTTPException) and error.code in (_UNKNOWN_INTERACTION, _ALREADY_ANSWERED)


def explain(w: Translations, error: Exception) -> str | None:
    """What a member reads of an error; None for one of our own."""
    if isinstance(error, QueueUnavailableError | RequestRefusedError):
        return refusals.told(w, error)
    if isinstance(error, app_commands.NoPrivateMessage):
        return w("guilds-only")
    if isinstance(error, app_commands.CheckFailure):
        return w("not-permitted")
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return w("outdated")
    return None
