"""The form of the message command "Use this picture", once it has been filled in."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord import starting, texts
from zosma_bot.discord.custom_id import CustomId
from zosma_bot.discord.desk import CHECKS_S, Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.router import Router, values_of
from zosma_bot.discord.wishes import complete
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError


def add(router: Router, desk: Desk) -> None:
    """Registers the form."""

    async def filled_in(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = words_of(interaction)
        try:
            found = await desk.chores.within(
                CHECKS_S, desk.queue.records.get(starting.KIND, custom_id.args[0] if custom_id.args else "")
            )
            if found is None:
                await say(interaction, w("use-too-late"))
                return
            given, source = starting.wanted(interaction.client, found, values_of(interaction))
            wish = await complete(desk, interaction, given, None, True if found.get("private") else None)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, texts.refused(w, error))
            return
        await desk.take(interaction, wish.fields, sources={("img2img", "image"): source}, private=wish.private)

    router.add(starting.FORM, filled_in)
