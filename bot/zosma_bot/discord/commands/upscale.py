"""`/upscale`: a picture made larger, with nothing painted anew."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord import texts
from zosma_bot.discord.commands import options
from zosma_bot.discord.commands.imagine import Name
from zosma_bot.discord.commands.slash import everywhere, slash
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.sources import of_attachment
from zosma_bot.discord.wishes import wants_private
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import UPSCALE_MAX

SCALE = 2.0


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
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
            alone = await wants_private(desk, interaction, private)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, texts.refused(words_of(interaction), error))
            return
        await desk.take(interaction, {"upscale": fields}, sources={("upscale", "image"): source}, private=alone)

    everywhere(upscale)
    options.complete_names(upscale, desk, "upscaler")
