"""Buttons that take something away: cancel a job, delete its message."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.button_owner import may_delete, may_end
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
        # To the message that the button is on, this interaction's token gives the right of deleting it anywhere.
        await interaction.response.defer()
        try:
            await interaction.delete_original_response()
        except discord.NotFound:
            await say(interaction, w("deleted-before"))
        except discord.HTTPException:
            await _delete_as_bot(interaction)

    router.add(Act.CANCEL, cancel)
    router.add(Act.DELETE, delete)


async def _cancel(services: Services, job_id: str) -> Cancelled | None:
    """The queue's answer; None when the job had ended before, also by a cancel."""
    job = await services.queue.job(job_id)
    return None if job and job.state.ended else await services.queue.cancel(job_id)


async def _delete_as_bot(interaction: discord.Interaction[Any]) -> None:
    w = translations_of(interaction)
    try:
        if interaction.message is None:
            raise LookupError
        await interaction.message.delete()
    except (discord.HTTPException, LookupError):
        await say(interaction, w("delete-refused"))
