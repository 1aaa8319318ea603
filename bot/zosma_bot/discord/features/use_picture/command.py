"""The message command "Use this picture": a form, and new pictures that start from one in a message."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord.core import parameters
from zosma_bot.discord.core.identity import sender_of
from zosma_bot.discord.core.recipes import Recipe
from zosma_bot.discord.core.seen import pictures_in
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.features.use_picture import form
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_for, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import everywhere
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: A form must be the first answer, and Discord waits 3 s for it: the picture is asked for its words only so long.
READ_S = 1.5


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers "Use this picture" in the menu of messages."""

    async def use(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        w = translations_of(interaction)
        try:
            usable = form.usable(pictures_in(message))
            if not usable:
                shown = any(embed.image or embed.thumbnail for embed in message.embeds)
                await say(interaction, w("use-embed" if shown else "use-none"))
                return
            key = await services.background.within(
                CHECKS_S, form.keep(services, message, usable, by=interaction.user.id)
            )
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, refusals.told(w, error))
            return
        await interaction.response.send_modal(
            form.form(w, key, usable, await _told(usable[0], sender_of(interaction).everywhere))
        )

    menu = app_commands.ContextMenu(name=translations_for(None)("command-use-this-picture"), callback=use)
    everywhere(menu)
    tree.add_command(menu)


async def _told(attachment: discord.Attachment, who: str) -> Recipe:
    """What the picture says of itself, if it says it in time."""
    try:
        async with asyncio.timeout(READ_S):
            recipe = await parameters.told_by(await attachment.read(), who)
    except (RequestRefusedError, discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        recipe = None
    return recipe or Recipe({})
