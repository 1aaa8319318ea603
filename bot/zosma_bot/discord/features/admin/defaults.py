"""`/admin defaults set` and `clear`: what a command gets that leaves it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import rules_texts
from zosma_bot.discord.features.admin.group import AdminGroup, AnyChannel, begin, guild_of
from zosma_bot.discord.features.admin.names import known_checkpoint, known_style
from zosma_bot.discord.features.admin.rules import Fields, change
from zosma_bot.discord.state.server_settings import Defaults, ServerSettings
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import group, slash

Name = app_commands.Range[str, 1, 200]


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    defaults = group("defaults", root, cls=AdminGroup)

    @slash(defaults, "set")
    async def change_them(
        interaction: discord.Interaction[Any],
        channel: AnyChannel | None = None,
        checkpoint: Name | None = None,
        style: Name | None = None,
        negative: app_commands.Range[str, 1, 1000] | None = None,
    ) -> None:
        await begin(interaction)
        given = {"checkpoint": checkpoint, "style": style, "negative": negative}
        given = {name: value for name, value in given.items() if value}
        if not given:
            raise refused("admin-defaults-empty")
        place = _place(channel)
        if checkpoint:
            given["checkpoint"] = await known_checkpoint(services, checkpoint)
        if style:
            given["style"] = await known_style(services, guild_of(interaction), style)
        value = ", ".join(given) + (f" in {place}" if place else "")
        found = await change(services, interaction, "defaults", value, _over(place, given))
        await _told(interaction, place, found)

    @slash(defaults, "clear")
    async def clear(interaction: discord.Interaction[Any], channel: AnyChannel | None = None) -> None:
        await begin(interaction)
        place = _place(channel)
        value = "cleared" + (f" in {place}" if place else "")
        await _told(interaction, place, await change(services, interaction, "defaults", value, _over(place, None)))

    options.complete_names(change_them, services, "checkpoint", "style")


def _place(channel: AnyChannel | None) -> str | None:
    """The channel's id as a record's key; a thread has the defaults of the channel it hangs on."""
    if channel is None:
        return None
    return str(channel.parent_id if isinstance(channel, app_commands.AppCommandThread) else channel.id)


def _over(place: str | None, given: Fields | None) -> Callable[[Fields], Fields]:
    """Lays `given` over the defaults of a place, or with None takes them away."""

    def edit(fields: Fields) -> Fields:
        if place is None:
            return fields | {"defaults": {} if given is None else fields.get("defaults", {}) | given}
        places = dict(fields.get("channel_defaults", {}))
        known = places.pop(place, {})
        return fields | {"channel_defaults": places if given is None else places | {place: known | given}}

    return edit


async def _told(interaction: discord.Interaction[Any], place: str | None, found: ServerSettings) -> None:
    w = translations_of(interaction)
    if place is None:
        shown = w("rules-defaults", shown=rules_texts.defaults(w, found.defaults))
    else:
        here = found.channel_defaults.get(int(place), Defaults())
        shown = w("rules-defaults-in", channel=f"<#{place}>", shown=rules_texts.defaults(w, here))
    await say(interaction, f"✅ {shown}")
