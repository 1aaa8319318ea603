"""Buttons that take something away: cancel a job, delete its message."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord import texts
from zosma_bot.discord.acts.whose import may_end
from zosma_bot.discord.buttons import Act
from zosma_bot.discord.custom_id import CustomId
from zosma_bot.discord.desk import CHECKS_S, Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.router import Router
from zosma_queue.calls import Cancelled
from zosma_queue.errors import QueueUnavailableError

CANCEL_TEXTS = {
    Cancelled.CANCELLED: "cancel-done",
    Cancelled.CANCELLING: "cancel-asked",
    Cancelled.UNKNOWN: "cancel-gone",
}


def add(router: Router, desk: Desk) -> None:
    """Registers the buttons."""

    async def cancel(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_end(interaction, custom_id)
        if of is None:
            return
        w = words_of(interaction)
        try:
            answer = await desk.chores.within(CHECKS_S, _cancel(desk, of.job_id))
        except QueueUnavailableError:
            await say(interaction, texts.queue_away(w))
            return
        await say(interaction, w(CANCEL_TEXTS.get(answer, "cancel-ended") if answer else "cancel-ended"))

    async def delete(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if await may_end(interaction, custom_id) is None:
            return
        w = words_of(interaction)
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


async def _cancel(desk: Desk, job_id: str) -> Cancelled | None:
    """The queue's answer; None when the job had ended before, also by a cancel."""
    job = await desk.queue.job(job_id)
    return None if job and job.state.ended else await desk.queue.cancel(job_id)


async def _delete_as_bot(interaction: discord.Interaction[Any]) -> None:
    w = words_of(interaction)
    try:
        if interaction.message is None:
            raise LookupError
        await interaction.message.delete()
    except (discord.HTTPException, LookupError):
        await say(interaction, w("delete-refused"))
