"""`/styles`: what the option `style` takes here, and what stands behind each of them."""

from __future__ import annotations

import io
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.features.settings import settings_texts
from zosma_bot.discord.features.settings.presets import called
from zosma_bot.discord.state.member_settings import FIELDS, Fields
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import everywhere, slash

#: Of each kind, as many names are listed; typing finds the others.
LISTED = 40
SHOWN_MAX_CHARS = 1700


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers `/styles`."""

    @slash(tree, "styles")
    async def styles(
        interaction: discord.Interaction[Any], name: app_commands.Range[str, 1, 200] | None = None
    ) -> None:
        w = translations_of(interaction)
        member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
        shared = await services.background.within(CHECKS_S, services.member_settings.shared(interaction.guild_id))
        webuis: dict[str, Fields] = {
            one.name: {"prompt": one.prompt, "negative_prompt": one.negative_prompt}
            for one in (await services.catalogue()).styles
        }
        if name is None:
            kinds = (("styles-yours", member.presets), ("styles-shared", shared), ("styles-webui", webuis))
            await say(interaction, "", embed=discord.Embed(description="\n".join(_row(w, k, s) for k, s in kinds)))
            return
        # In the order in which `/imagine` looks for them.
        for some in (member.presets, shared, webuis):
            found = called(name, some)
            if found in some:
                await _show(interaction, found, some[found])
                return
        raise refused("no-style", field="style", name=name[:60])

    everywhere(styles)
    # One option, but the same names as everywhere.
    styles.autocomplete("name")(options.offers(services)["style"])


def _row(w: Translations, key: str, some: dict[str, Fields]) -> str:
    names = settings_texts.names(list(some)[:LISTED]) or w("settings-none")
    more = f" {w('styles-more', count=len(some) - LISTED)}" if len(some) > LISTED else ""
    return w(key, names=names) + more


async def _show(interaction: discord.Interaction[Any], name: str, fields: Fields) -> None:
    """One in full, as it is: to be read, copied and learned from."""
    w = translations_of(interaction)
    words = [(texts.option_name(w, one), str(fields[one])) for one in ("prompt", "negative_prompt") if fields.get(one)]
    rest = settings_texts.fields_line(w, {k: v for k, v in fields.items() if k in FIELDS[2:]})
    head = w("styles-one", name=texts.plain(name, 200))
    text = "\n".join([head, *(f"{label}: {texts.code_block(value)}" for label, value in words), rest]).rstrip()
    if len(text) <= SHOWN_MAX_CHARS:
        await say(interaction, text)
        return
    whole = "\n\n".join([*(f"{label}:\n{value}" for label, value in words), rest])
    file = discord.File(io.BytesIO(whole.encode()), filename="style.txt")
    await say(interaction, f"{head}\n{w('parameters-file')}", files=[file])
