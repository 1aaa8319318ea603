"""`/describe`: how a picture was made, as it tells itself; else what it shows, in words that a GPU finds for it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord.core import parameters
from zosma_bot.discord.core.attachments import Source, of_attachment, of_bytes
from zosma_bot.discord.core.identity import sender_of
from zosma_bot.discord.core.recipes import keep
from zosma_bot.discord.core.services import CHECKS_S, FETCH_S, Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

log = logging.getLogger(__name__)


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers `/describe`."""

    @slash(tree, "describe")
    async def describe(interaction: discord.Interaction[Any], image: discord.Attachment) -> None:
        w = translations_of(interaction)
        try:
            source = of_attachment(image, "image")
            await interaction.response.defer(ephemeral=True, thinking=True)
            data = await _fetched(source)
            found = await parameters.told_by(data, sender_of(interaction).everywhere)
        except RequestRefusedError as error:
            await say(interaction, refusals.told(w, error))
            return
        if found is None:
            await _in_words(services, interaction, of_bytes(data, source.width, source.height))
            return
        key = None
        if found.fields:
            try:
                key = await services.background.within(CHECKS_S, keep(services, found, by=interaction.user.id))
            except (QueueUnavailableError, RequestRefusedError) as error:
                # What it says can be shown all the same; only its buttons need a memory.
                log.info("a described picture could not be kept: %s", type(error).__name__)
        await parameters.show(services, interaction, found, key)

    everywhere(describe)


async def _in_words(services: Services, interaction: discord.Interaction[Any], source: Source) -> None:
    """Has a GPU look at a picture that tells nothing of itself."""
    try:
        catalogue = await services.background.within(CHECKS_S, services.fleet.catalogue())
    except QueueUnavailableError as error:
        await say(interaction, refusals.told(translations_of(interaction), error))
        return
    if not catalogue.interrogators:
        await say(interaction, translations_of(interaction)("described-none"))
        return
    wanted = {"interrogate": {"model": catalogue.interrogators[0]}}
    await submit(services, interaction, wanted, sources={("interrogate", "image"): source}, private=True)


async def _fetched(source: Source) -> bytes:
    try:
        async with asyncio.timeout(FETCH_S):
            return await source.fetch()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        raise refused("picture-unfetched", field="image") from None
