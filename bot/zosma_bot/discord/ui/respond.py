"""Answering an interaction: at once, later, to everybody or to the member alone."""

from __future__ import annotations

from typing import Any

import discord

NO_MENTIONS = discord.AllowedMentions.none()


async def defer(interaction: discord.Interaction[Any], *, ephemeral: bool = False) -> int:
    """Shows "thinking" to everybody, or to the member alone; gives the id of that message."""
    answer = await interaction.response.defer(thinking=True, ephemeral=ephemeral)
    if answer and answer.message_id:
        return answer.message_id
    return (await interaction.original_response()).id


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
