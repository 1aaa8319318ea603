"""Buttons that take something away: cancel a job, delete its message."""

from __future__ import annotations

from typing import Any, cast

import aiohttp
import discord

from zosma_bot.discord.core.button_owner import may_delete, may_end
from zosma_bot.discord.core.seen import SeenMessage, seen
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_queue.calls import Cancelled
from zosma_queue.errors import QueueUnavailableError

CANCEL_TEXTS = {
    Cancelled.CANCELLED: "cancel-done",
    Cancelled.CANCELLING: "cancel-asked",
    Cancelled.UNKNOWN: "cancel-gone",
}


def add(router: Router, services: Services) -> None:
    """Registers the buttons."""

    async def cancel(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_end(services, interaction, custom_id)
        if of is None:
            return
        w = translations_of(interaction)
        try:
            answer = await services.background.within(CHECKS_S, _cancel(services, of.job_id))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        await say(interaction, w(CANCEL_TEXTS.get(answer, "cancel-ended") if answer else "cancel-ended"))

    async def delete(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if not await may_delete(services, interaction, custom_id):
            return
        w = translations_of(interaction)
        message = seen(interaction)
        if message and message.token:
            await interaction.response.defer()
            gone = await _delete_seen(interaction, message)
            await interaction.edit_original_response(content=w("deleted" if gone else "delete-refused"), view=None)
            return
        # To the message that the button is on, this interaction's token gives the right of deleting it anywhere.
        await interaction.response.defer()
        try:
            await interaction.delete_original_response()
        except discord.NotFound:
            await say(interaction, w("deleted-before"))
        except (discord.HTTPException, discord.RateLimited):
            await _delete_as_bot(interaction)

    router.add(Act.CANCEL, cancel)
    router.add(Act.DELETE, delete)


async def _cancel(services: Services, job_id: str) -> Cancelled | None:
    """The queue's answer; None when the job had ended before, also by a cancel."""
    job = await services.queue.job(job_id)
    return None if job and job.state.ended else await services.queue.cancel(job_id)


async def _delete_seen(interaction: discord.Interaction[Any], message: SeenMessage) -> bool:
    """Deletes the message that a menu was opened for; False when Discord doesn't let us.

    First by the token of the press that opened the menu: for 15 minutes it needs no right in the channel.
    """
    webhook = discord.Webhook.partial(interaction.application_id, message.token, client=interaction.client)
    try:
        await webhook.delete_message(cast(int, "@original"))
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        channel = interaction.client.get_partial_messageable(message.channel_id, guild_id=interaction.guild_id)
        try:
            await channel.get_partial_message(message.id).delete()
        except discord.NotFound:
            return True
        except discord.DiscordException:
            return False
    return True


async def _delete_as_bot(interaction: discord.Interaction[Any]) -> None:
    w = translations_of(interaction)
    try:
        if interaction.message is None:
            raise LookupError
        await interaction.message.delete()
    except (discord.DiscordException, LookupError):
        await say(interaction, w("delete-refused"))
