"""`/describe`: how a picture was made, as it tells itself."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord import described, texts
from zosma_bot.discord.commands.slash import everywhere, slash
from zosma_bot.discord.desk import CHECKS_S, FETCH_S, Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.recipes import keep
from zosma_bot.discord.sources import Source, of_attachment
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

log = logging.getLogger(__name__)


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers `/describe`."""

    @slash(tree, "describe")
    async def describe(interaction: discord.Interaction[Any], image: discord.Attachment) -> None:
        w = words_of(interaction)
        try:
            source = of_attachment(image, "image")
            await interaction.response.defer(ephemeral=True, thinking=True)
            found = await asyncio.to_thread(described.told_by, await _fetched(source))
        except RequestRefusedError as error:
            await say(interaction, texts.refused(w, error))
            return
        if found is None:
            await say(interaction, w("parameters-none"))
            return
        key = None
        if found.fields:
            try:
                key = await desk.chores.within(CHECKS_S, keep(desk, found))
            except (QueueUnavailableError, RequestRefusedError) as error:
                # What it says can be shown all the same; only its buttons need a memory.
                log.info("a described picture could not be kept: %s", type(error).__name__)
        await described.show(interaction, found, key)

    everywhere(describe)


async def _fetched(source: Source) -> bytes:
    try:
        async with asyncio.timeout(FETCH_S):
            return await source.fetch()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        raise RequestRefusedError(
            "image could not be fetched from Discord: send it again", field="image", code="picture-unfetched"
        ) from None
