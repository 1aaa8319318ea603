"""The form of the message command "Use this picture", once it has been filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord

from zosma_bot.discord.core.defaults import complete
from zosma_bot.discord.core.drawing import with_flags
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.features.use_picture import form
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router, values_of
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError


def add(router: Router, services: Services) -> None:
    """Registers the form."""

    async def filled_in(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        try:
            found = await services.background.within(
                CHECKS_S, services.queue.documents.get(form.KIND, custom_id.args[0] if custom_id.args else "")
            )
            if found is None or found.get("by") != interaction.user.id:
                await say(interaction, w("use-too-late"))
                return
            given, source = form.wanted(interaction.client, found, values_of(interaction))
            sizes = {name: given.pop(name) for name in ("width", "height")}
            given = with_flags(given)
            if not {"width", "height", "aspect"} & given.keys():
                given |= sizes
            else:
                source = replace(source, shapes=False)
            hidden = True if found.get("private") else None
            completed = await complete(services, interaction, given, given.pop("style", None), hidden)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, refusals.told(w, error))
            return
        await submit(
            services, interaction, completed.fields, sources={("img2img", "image"): source}, private=completed.private
        )

    router.add(Act.USE_PICTURE_FORM, filled_in)
