"""The button under a picture that was put into words: it has one made from them."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.defaults import complete
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError


def add(router: Router, services: Services) -> None:
    """Registers the button."""

    async def imagine(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_use(services, interaction, custom_id)
        if of is None:
            return
        w = translations_of(interaction)
        try:
            job = await services.background.within(CHECKS_S, services.queue.job(of.job_id))
            if job is None or job.result is None or not job.result.caption:
                await say(interaction, w("recipe-gone"))
                return
            completed = await complete(services, interaction, {"prompt": job.result.caption}, None, None)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, refusals.told(w, error))
            return
        await submit(services, interaction, completed.fields, private=completed.private)

    router.add(Act.IMAGINE_WORDS, imagine)
