"""Answering an interaction: at once, later, to everybody or to the member alone."""

from __future__ import annotations

from typing import Any

import discord

NO_MENTIONS = discord.AllowedMentions.none()


async def defer(interaction: discord.Interaction[Any], *, ephemeral: bool = False) -> int | None:
    """Shows "thinking" to everybody, or to the member alone; gives the id of that message.

    None when the interaction has an answer already, from another bot with this token. An answer of our own whose
    acknowledgement was lost still says "thinking", and is found by that.
    """
    answer = await interaction.response.defer(thinking=True, ephemeral=ephemeral)
    if answer and answer.message_id:
        return answer.message_id
    original = await interaction.original_response()
    return original.id if original.flags.loading or (answer and answer.is_thinking()) else None


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
