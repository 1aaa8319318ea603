"""Whose buttons these are."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.permissions import is_moderator, may_press
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import CustomId, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_queue.errors import QueueUnavailableError


async def anybody(interaction: discord.Interaction[Any], custom_id: CustomId) -> OfJob | None:
    """The job of a button that is for everybody; None when it names none, and then the member has been told."""
    of = OfJob.parse(custom_id)
    if of is None:
        await say(interaction, translations_of(interaction)("button-unknown"))
    return of


async def may_use(services: Services, interaction: discord.Interaction[Any], custom_id: CustomId) -> OfJob | None:
    """The job of a button for making something new, when the member may use it; else they have been told why not."""
    of = await anybody(interaction, custom_id)
    if of is None or interaction.user.id == of.owner:
        return of
    try:
        here = await services.settings_here(interaction)
    except QueueUnavailableError:
        await say(interaction, refusals.queue_away(translations_of(interaction)))
        return None
    if may_press(here, interaction, of.owner):
        return of
    await _not_yours(interaction, of)
    return None


async def may_end(interaction: discord.Interaction[Any], custom_id: CustomId) -> OfJob | None:
    """The job of a button that takes something away, for its owner and moderators only, whatever the server has set."""
    of = await anybody(interaction, custom_id)
    if of is None or interaction.user.id == of.owner or is_moderator(interaction):
        return of
    await _not_yours(interaction, of)
    return None


async def _not_yours(interaction: discord.Interaction[Any], of: OfJob) -> None:
    await say(interaction, translations_of(interaction)("button-not-yours", member=f"<@{of.owner}>"))
