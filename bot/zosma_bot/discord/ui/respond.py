"""Answering an interaction: at once, later, to everybody or to the member alone."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord

#: What is asked of Discord while a member waits is asked again when the line was cut.
TRIES = 3
NO_MENTIONS = discord.AllowedMentions.none()


async def defer(interaction: discord.Interaction[Any], *, ephemeral: bool = False) -> int:
    """Shows "thinking" to everybody, or to the member alone, if nothing is shown yet; gives the id of that message."""
    if not interaction.response.is_done():
        answer = await interaction.response.defer(thinking=True, ephemeral=ephemeral)
        if answer and answer.message_id:
            return answer.message_id
    for left in reversed(range(TRIES)):
        try:
            return (await interaction.original_response()).id
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
