"""Whose buttons these are: by the job that they name, never by what the button itself says.

Discord takes a press only of what a message shows. A server that is only compatible may not look, so whoever forges a
button there must gain nothing: they may reach what is theirs, and what the channel that they are in has been shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord

from zosma_bot.discord.core import recipes
from zosma_bot.discord.core.identity import member_of
from zosma_bot.discord.core.permissions import is_moderator, may_press
from zosma_bot.discord.core.seen import recall_seen, seen
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import CustomId, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.job import Job


async def anybody(services: Services, interaction: discord.Interaction[Any], custom_id: CustomId) -> OfJob | None:
    """The job of a button that is for everybody who sees it, with its true owner.

    None when it names none that the member may know of, and then they have been told.
    """
    of = OfJob.parse(custom_id)
    if of is None:
        await say(interaction, translations_of(interaction)("button-unknown"))
        return None
    try:
        if not await recall_seen(services, interaction, of):
            await say(interaction, translations_of(interaction)("menu-gone"))
            return None
        owned = await services.background.within(CHECKS_S, _owned(services, interaction, of))
    except QueueUnavailableError:
        await say(interaction, refusals.queue_away(translations_of(interaction)))
        return None
    if owned is None:
        await say(interaction, translations_of(interaction)("button-foreign"))
    return owned


async def may_use(services: Services, interaction: discord.Interaction[Any], custom_id: CustomId) -> OfJob | None:
    """The job of a button for making something new, when the member may use it; else they have been told why not."""
    of = await anybody(services, interaction, custom_id)
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


async def may_end(services: Services, interaction: discord.Interaction[Any], custom_id: CustomId) -> OfJob | None:
    """The job of a button that takes something away, for its owner and moderators only, whatever the server has set."""
    of = await anybody(services, interaction, custom_id)
    if of is None or interaction.user.id == of.owner or is_moderator(interaction):
        return of
    await _not_yours(interaction, of)
    return None


async def may_delete(services: Services, interaction: discord.Interaction[Any], custom_id: CustomId) -> bool:
    """True when the member may have the message deleted that the button is on; else they have been told why not.

    That the job is theirs is not enough: it must be that job's message.
    """
    of = await may_end(services, interaction, custom_id)
    if of is None:
        return False
    message = seen(interaction)
    if is_moderator(interaction) or (message and message.private):
        return True
    try:
        reply = await services.background.within(CHECKS_S, _reply(services, of.job_id))
    except QueueUnavailableError:
        await say(interaction, refusals.queue_away(translations_of(interaction)))
        return False
    if message and (message.asked_by == interaction.user.id or (reply and reply.message_id == message.id)):
        return True
    await say(interaction, translations_of(interaction)("button-foreign"))
    return False


async def _owned(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> OfJob | None:
    """The job with its true owner, when the member may know of it.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    if job := await services.queue.job(of.job_id):
        return await _of_known_job(services, interaction, of, job)
    if kept := await services.queue.documents.get(recipes.KIND, of.job_id):
        return replace(of, owner=interaction.user.id) if kept.get("by") == interaction.user.id else None
    # Forgotten. What is left is in the message, which the member sees; whoever asked for that is its owner.
    message = seen(interaction)
    return replace(of, owner=message.asked_by) if message and message.asked_by else of


async def _of_known_job(services: Services, interaction: discord.Interaction[Any], of: OfJob, job: Job) -> OfJob | None:
    owner = member_of(job.owner)
    if owner is None:
        return None
    if owner != interaction.user.id:
        reply = await _reply(services, job.id)
        if reply is None or reply.private or reply.channel_id != interaction.channel_id:
            return None
    return replace(of, owner=owner)


async def _reply(services: Services, job_id: str) -> Reply | None:
    text = await services.queue.reply(job_id)
    return Reply.parse(text) if text else None


async def _not_yours(interaction: discord.Interaction[Any], of: OfJob) -> None:
    await say(interaction, translations_of(interaction)("button-not-yours", member=f"<@{of.owner}>"))
