"""Answering an interaction: at once, later, to everybody or to the member alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import aiohttp
import discord

#: What is asked of Discord while a member waits is asked again when the line was cut.
TRIES = 3
NO_MENTIONS = discord.AllowedMentions.none()


class Answer(NamedTuple):
    """The first answer to an interaction."""

    message_id: int
    is_private: bool
    """The member alone sees it, asked for or not: some servers allow no more to apps that members bring along."""


async def defer(interaction: discord.Interaction[Any], *, ephemeral: bool = False) -> Answer:
    """Shows "thinking" to everybody, or to the member alone, if nothing is shown yet."""
    if not interaction.response.is_done():
        answer = await interaction.response.defer(thinking=True, ephemeral=ephemeral)
        if answer and answer.message_id:
            return Answer(answer.message_id, ephemeral or answer.is_ephemeral())
    for left in reversed(range(TRIES)):
        try:
            shown = await interaction.original_response()
            return Answer(shown.id, ephemeral or shown.flags.ephemeral)
        except (aiohttp.ClientError, OSError):
            if not left:
                raise
    raise AssertionError  # the last try returns or raises


async def say(
    interaction: discord.Interaction[Any],
    text: str,
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    files: list[discord.File] | None = None,
) -> None:
    """Tells the member alone, whether or not the interaction has been answered."""
    more: dict[str, Any] = {"view": view} if view else {}
    if embed:
        more["embed"] = embed
    if files:
        more["files"] = files
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS, **more)
    else:
        await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NO_MENTIONS, **more)
