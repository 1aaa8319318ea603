"""`/admin wildcards`: this server's lists of words from which prompts can draw."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord.core.alternatives import check_loops, lists_of
from zosma_bot.discord.core.identity import group_of
from zosma_bot.discord.core.services import FETCH_S, Services
from zosma_bot.discord.features.admin.group import AdminGroup, Offers, begin, guild_of, offering
from zosma_bot.discord.state.wildcards import NAME_MAX_CHARS, checked_entries, checked_name, no_list
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import group, slash

FILE_MAX_BYTES = 256 * 1024
ListName = app_commands.Range[str, 1, NAME_MAX_CHARS + 4]


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    wildcards = group("wildcards", root, cls=AdminGroup)

    @slash(wildcards, "set")
    async def set_(
        interaction: discord.Interaction[Any],
        name: ListName,
        entries: app_commands.Range[str, 1, 4000] | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        await begin(interaction)
        guild_id, name = guild_of(interaction), checked_name(name)
        if entries and file:
            raise refused("wildcard-both", field="entries")
        found = checked_entries((await _read(file)).splitlines() if file else (entries or "").split("|"))
        await _check_loops(services, guild_id, name, found)
        await services.wildcards.put(guild_id, name, found)
        await _note(services, interaction, f"+{name}")
        await say(interaction, translations_of(interaction)("admin-wildcard-set", name=name, count=len(found)))

    @slash(wildcards, "remove")
    async def remove(interaction: discord.Interaction[Any], name: ListName) -> None:
        await begin(interaction)
        guild_id, name = guild_of(interaction), checked_name(name)
        known = await services.wildcards.names(guild_id)
        if not await services.wildcards.remove(guild_id, name):
            raise no_list(name, known)
        await _note(services, interaction, f"-{name}")
        await say(interaction, translations_of(interaction)("admin-wildcard-removed", name=name))

    async def names(interaction: discord.Interaction[Any]) -> Offers:
        return [(one, one) for one in await services.wildcards.names(guild_of(interaction))]

    remove.autocomplete("name")(offering(services, names))


async def _check_loops(services: Services, guild_id: int, name: str, entries: tuple[str, ...]) -> None:
    """Returns when the list, as it is to be, doesn't lead back to itself by others. Those that are not there yet may
    come later, and are checked then."""
    lists = {name: entries}
    wanted = sorted(lists_of(entries))
    while wanted:
        other = wanted.pop()
        if other not in lists and (found := await services.wildcards.entries(guild_id, other)):
            lists[other] = found
            wanted += sorted(lists_of(found))
    check_loops(lists, [name])


async def _read(file: discord.Attachment) -> str:
    if file.size > FILE_MAX_BYTES:
        raise refused("wildcard-file", most=FILE_MAX_BYTES)
    try:
        async with asyncio.timeout(FETCH_S):
            return (await file.read()).decode("utf-8-sig")
    except (UnicodeDecodeError, discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        raise refused("wildcard-file", most=FILE_MAX_BYTES) from None


async def _note(services: Services, interaction: discord.Interaction[Any], value: str) -> None:
    who = texts.admin_name(interaction)
    await services.queue.admin.note(who, "rules", group_of(interaction), part="wildcards", value=value)
