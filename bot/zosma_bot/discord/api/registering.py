"""Telling Discord which commands there are."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.api.not_now import is_not_now
from zosma_queue.errors import SettingsError, ZosmaError

#: The type of the command by which an Activity is started. Discord makes it by itself where the portal has switched
#: Activities on, and refuses every list that leaves it out.
_ENTRY_POINT, _ENTRY_POINT_LEFT_OUT = 4, 50240
_UNKNOWN_GUILD = 10004
#: What Discord takes of a command that it has told.
_FIELDS = (
    "id", "type", "name", "name_localizations", "description", "description_localizations", "contexts",
    "integration_types", "handler",
)  # fmt: skip


class NotTakenError(ZosmaError):
    """Raised when Discord doesn't take the commands now: too many new ones in a day, or too many requests."""


async def register(client: discord.Client, tree: app_commands.CommandTree[Any], guild_id: int | None) -> None:
    """Registers the commands in one guild, where they appear at once, or everywhere. Never both: members would see
    each twice.

    Raises:
      SettingsError: when the bot is not in that guild.
      NotTakenError: when Discord refuses them for a while; those that it knows go on working.
    """
    try:
        if guild_id is None:
            told = [
                await one.get_translated_payload(tree, tree.translator) if tree.translator else one.to_dict(tree)
                for one in tree.get_commands()
            ]
            await _overwrite_everywhere(client, told)
        else:
            await _overwrite_in_guild(tree, discord.Object(guild_id))
            # Those of an earlier start without DISCORD_GUILD_ID stay until somebody takes them away.
            await _overwrite_everywhere(client, [])
    except discord.RateLimited as error:
        raise NotTakenError(str(error)) from None
    except discord.HTTPException as error:
        if error.status in (400, 429):
            raise NotTakenError(f"{error.status} (code {error.code}): {error.text}") from None
        raise


async def _overwrite_in_guild(tree: app_commands.CommandTree[Any], guild: discord.Object) -> None:
    tree.clear_commands(guild=guild)
    tree.copy_global_to(guild=guild)
    try:
        await tree.sync(guild=guild)
    except (discord.Forbidden, discord.NotFound) as error:
        if is_not_now(error) or (error.status == 404 and error.code != _UNKNOWN_GUILD):
            raise
        raise SettingsError(
            f"DISCORD_GUILD_ID={guild.id} is a server that the bot is not in (Discord code {error.code}):"
            " invite it with the scopes bot and applications.commands, or correct the id"
        ) from None


async def _overwrite_everywhere(client: discord.Client, commands: list[dict[str, Any]]) -> None:
    if client.application_id is None:
        return
    try:
        await client.http.bulk_upsert_global_commands(client.application_id, commands)
    except discord.HTTPException as error:
        if error.code != _ENTRY_POINT_LEFT_OUT:
            raise
        known = await client.http.get_global_commands(client.application_id)
        kept = [
            {name: one[name] for name in _FIELDS if one.get(name) is not None}
            for one in map(dict, known)
            if one.get("type") == _ENTRY_POINT
        ]
        await client.http.bulk_upsert_global_commands(client.application_id, [*commands, *kept])
