"""The button under a described picture that makes the very picture again."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord import texts
from zosma_bot.discord.acts.whose import may_use
from zosma_bot.discord.custom_id import CustomId
from zosma_bot.discord.described import REMAKE
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.recipes import recall
from zosma_bot.discord.router import Router
from zosma_bot.discord.wishes import wants_private
from zosma_queue.errors import QueueUnavailableError


def add(router: Router, desk: Desk) -> None:
    """Registers the button."""

    async def remake(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_use(desk, interaction, custom_id)
        if of is None:
            return
        w = words_of(interaction)
        try:
            recipe = await recall(desk, of)
            private = await wants_private(desk, interaction, None)
        except QueueUnavailableError as error:
            await say(interaction, texts.refused(w, error))
            return
        if recipe is None:
            await say(interaction, w("described-gone"))
            return
        await desk.take(interaction, recipe.fields, private=private)

    router.add(REMAKE, remake)
