"""The button under a described picture that makes the very picture again."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.defaults import wants_private
from zosma_bot.discord.core.recipes import recall
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_queue.errors import QueueUnavailableError


def add(router: Router, services: Services) -> None:
    """Registers the button."""

    async def remake(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_use(services, interaction, custom_id)
        if of is None:
            return
        w = translations_of(interaction)
        try:
            recipe = await recall(services, of)
            private = await wants_private(services, interaction, None)
        except QueueUnavailableError as error:
            await say(interaction, refusals.told(w, error))
            return
        if recipe is None:
            await say(interaction, w("described-gone"))
            return
        await submit(services, interaction, recipe.fields, private=private)

    router.add(Act.REMAKE, remake)
