"""Dangerous deeds ask first: a message with Yes and No, whose Yes works once, for the admin who asked, after a restart
too, and only while he still has the right."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import discord

from zosma_bot.discord import rules, texts
from zosma_bot.discord.buttons import Button, view_of
from zosma_bot.discord.custom_id import CustomId
from zosma_bot.discord.deeds import Args, Deed, fleet, import_file, jobs
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.ladder import NO_MENTIONS
from zosma_bot.discord.language import words_of
from zosma_bot.discord.router import Router
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

log = logging.getLogger(__name__)

KIND = "question"
YES, NO = "ay", "an"
#: As long as Discord lets an ephemeral message be changed.
TTL_S = 15 * 60

DEEDS: dict[str, Deed] = fleet.DEEDS | jobs.DEEDS | import_file.DEEDS


async def ask(desk: Desk, interaction: discord.Interaction[Any], deed: str, args: Args, question: str) -> None:
    """Asks the admin whether the deed shall be done.

    Raises:
      QueueUnavailableError: when the question can't be kept.
    """
    w = words_of(interaction)
    key, by = secrets.token_hex(8), interaction.user.id
    await desk.queue.records.put(KIND, key, {"deed": deed, "args": args, "guild": interaction.guild_id}, ttl_s=TTL_S)
    where = (str(by), key)
    rows = (
        (
            Button(str(CustomId(YES, where)), w("admin-yes"), style=discord.ButtonStyle.danger),
            Button(str(CustomId(NO, where)), w("admin-no")),
        ),
    )
    await say(interaction, question, view=view_of(rows))


def add(router: Router, desk: Desk) -> None:
    """Registers the two buttons."""

    async def yes(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if not await _may(interaction, custom_id):
            return
        with desk.chores.counted():  # a deed that has begun is not dropped when the bot closes
            await interaction.response.defer()
            question = await desk.queue.records.take(KIND, custom_id.args[1])
            await _close(interaction, await _done(desk, interaction, question))

    async def no(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if await _may(interaction, custom_id):
            await interaction.response.defer()
            await desk.queue.records.drop(KIND, custom_id.args[1])
            await _close(interaction, words_of(interaction)("admin-left"))

    router.add(YES, yes)
    router.add(NO, no)


async def _may(interaction: discord.Interaction[Any], custom_id: CustomId) -> bool:
    """True for the admin who was asked, while he is one; else he has been told why not."""
    w = words_of(interaction)
    if custom_id.args[0] != str(interaction.user.id):
        await say(interaction, w("admin-not-asked"))
        return False
    if not rules.is_admin(interaction):
        await say(interaction, w("not-permitted"))
        return False
    return True


async def _done(desk: Desk, interaction: discord.Interaction[Any], question: dict[str, Any] | None) -> str:
    w = words_of(interaction)
    deed = DEEDS.get(question["deed"]) if question else None
    if question is None or deed is None or question["guild"] != interaction.guild_id:
        return w("admin-too-late")
    try:
        return await deed(desk, interaction, question["args"])
    except RequestRefusedError as error:
        return texts.refusal(w, error)
    except QueueUnavailableError:
        return w("admin-unsure")


async def _close(interaction: discord.Interaction[Any], text: str) -> None:
    """Writes the outcome in the question's place, without the buttons."""
    await interaction.edit_original_response(content=text[:2000], view=None, allowed_mentions=NO_MENTIONS)
