"""`/upscale`: a picture made larger, with nothing repainted."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.attachments import of_attachment
from zosma_bot.discord.core.defaults import wants_private
from zosma_bot.discord.core.options import Name
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import UPSCALE_MAX

SCALE = 2.0


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers `/upscale`."""

    @slash(tree, "upscale")
    async def upscale(
        interaction: discord.Interaction[Any],
        image: discord.Attachment,
        scale: app_commands.Range[float, 1.0, UPSCALE_MAX] = SCALE,
        upscaler: Name | None = None,
        private: bool | None = None,
    ) -> None:
        fields = {"upscaling_resize": scale} | ({"upscaler_1": upscaler} if upscaler else {})
        try:
            source = of_attachment(image, "image")
            alone = await wants_private(services, interaction, private)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, refusals.told(translations_of(interaction), error))
            return
        await submit(services, interaction, {"upscale": fields}, sources={("upscale", "image"): source}, private=alone)

    everywhere(upscale)
    options.complete_names(upscale, services, "upscaler")
