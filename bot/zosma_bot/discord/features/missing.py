"""The button for pictures of a set that could not be made: it asks for these alone, with the seeds that they had."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.defaults import wants_private
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_queue.errors import QueueUnavailableError


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the button."""

    async def make(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_use(services, interaction, custom_id)
        if of is None:
            return
        w = translations_of(interaction)
        try:
            job = await services.background.within(CHECKS_S, services.queue.job(of.job_id))
            private = await wants_private(services, interaction, None)
        except QueueUnavailableError as error:
            await say(interaction, refusals.told(w, error))
            return
        gap = next((one for one in job.missing if one.first == of.number - 1), None) if job else None
        if job is None or job.request is None or gap is None:
            await say(interaction, w("recipe-gone"))
            return
        # On the checkpoint of the others, where the request named none.
        checkpoint = job.result.checkpoint if job.result else None
        request = job.request.part(gap.first, gap.count, checkpoint or None)
        message = interaction.message
        await submit(
            services, interaction, request.model_dump(mode="json", exclude_defaults=True),
            private=private or bool(message and message.flags.ephemeral),
        )  # fmt: skip

    router.add(Act.MISSING, make)
