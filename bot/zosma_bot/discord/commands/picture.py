"""The message command "Use this picture": a form, and new pictures that start from one in a message."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord import described, starting, texts
from zosma_bot.discord.commands.slash import everywhere
from zosma_bot.discord.desk import CHECKS_S, Desk, say
from zosma_bot.discord.language import words_for, words_of
from zosma_bot.discord.recipes import pictures_in
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: A form must be the first answer, and Discord waits 3 s for it: the picture is asked for its words only so long.
READ_S = 1.5


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers it."""

    async def use(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        w = words_of(interaction)
        try:
            usable = starting.usable(pictures_in(message))
            if not usable:
                shown = any(embed.image or embed.thumbnail for embed in message.embeds)
                await say(interaction, w("use-embed" if shown else "use-none"))
                return
            key = await desk.chores.within(CHECKS_S, starting.keep(desk, message, usable))
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, texts.refused(w, error))
            return
        await interaction.response.send_modal(starting.form(w, key, usable, await _words(usable[0])))

    menu = app_commands.ContextMenu(name=words_for(None)("command-use-this-picture"), callback=use)
    everywhere(menu)
    tree.add_command(menu)


async def _words(attachment: discord.Attachment) -> dict[str, Any]:
    """What the picture says of itself, if it says it in time."""
    try:
        async with asyncio.timeout(READ_S):
            recipe = await asyncio.to_thread(described.told_by, await attachment.read())
    except (RequestRefusedError, discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        return {}
    return recipe.fields if recipe else {}
