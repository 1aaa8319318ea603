"""`/wildcards`: the lists of words from which prompts can draw here."""

from __future__ import annotations

import io
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.drawing import guild_of
from zosma_bot.discord.core.services import CHECKS_S, CHOICES_S, Services
from zosma_bot.discord.state.wildcards import NAME_MAX_CHARS, no_list
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.choices import name_choices
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.errors import QueueUnavailableError

SHOWN_MAX_CHARS = 1700


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers `/wildcards`."""

    @slash(tree, "wildcards")
    async def wildcards(
        interaction: discord.Interaction[Any], name: app_commands.Range[str, 1, NAME_MAX_CHARS] | None = None
    ) -> None:
        w, guild_id = translations_of(interaction), guild_of(interaction)
        if name is not None:
            await _show(services, interaction, name.strip().strip("_").casefold())
            return
        known = await services.background.within(CHECKS_S, services.wildcards.names(guild_id))
        if not known:
            await say(interaction, w("wildcards-none"))
            return
        names = ", ".join(w("wildcards-named", name=one, count=count) for one, count in known.items())
        await say(interaction, w("wildcards-listed", example=f"`__{next(iter(known))}__`", names=names)[:1990])

    async def names(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        try:
            found = await services.background.within(CHOICES_S, services.wildcards.names(guild_of(interaction)))
        except QueueUnavailableError:
            return []
        return name_choices(found, typed)

    everywhere(wildcards)
    wildcards.autocomplete("name")(names)


async def _show(services: Services, interaction: discord.Interaction[Any], name: str) -> None:
    """One list in full: a file where it is long."""
    w, guild_id = translations_of(interaction), guild_of(interaction)
    entries = await services.background.within(CHECKS_S, services.wildcards.entries(guild_id, name))
    if entries is None:
        raise no_list(name, await services.background.within(CHECKS_S, services.wildcards.names(guild_id)))
    head, whole = w("wildcards-one", name=name, count=len(entries)), "\n".join(entries)
    if len(whole) <= SHOWN_MAX_CHARS:
        await say(interaction, f"{head}\n{texts.code_block(whole)}")
        return
    await say(interaction, head, files=[discord.File(io.BytesIO(whole.encode()), filename="list.txt")])
