"""`/admin words` and `checkpoints`: what this server's members may not ask for, on whatever way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.identity import group_of
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import rules_texts
from zosma_bot.discord.features.admin.group import AdminGroup, Offers, begin, offering
from zosma_bot.discord.features.admin.names import known_checkpoint
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import group, slash
from zosma_queue.moderation import ContentRules

Word = app_commands.Range[str, 1, 60]
Name = app_commands.Range[str, 1, 200]


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    _words(group("words", root, cls=AdminGroup), services)
    _checkpoints(group("checkpoints", root, cls=AdminGroup), services)


async def _change(
    services: Services, interaction: discord.Interaction[Any], name: str, edit: Callable[[list[str]], list[str]]
) -> ContentRules:
    here = group_of(interaction)
    fields = (await services.queue.admin.rules(here)).model_dump(mode="json")
    return await services.queue.admin.set_rules(
        texts.admin_name(interaction), here, fields | {name: edit(list(fields[name]))}
    )


def _same(word: str) -> str:
    """A word as it is compared with those on the list; prompts are compared far more thoroughly, by the queue."""
    return " ".join(word.casefold().split())


def _words(words: app_commands.Group, services: Services) -> None:
    async def told(interaction: discord.Interaction[Any], found: ContentRules) -> None:
        w = translations_of(interaction)
        # One a line and hidden: nobody wants to read these by accident.
        lines = [f"||{texts.plain(one, 60)}||" for one in found.blocked]
        shown = rules_texts.listed(w, lines, "words-none")
        await say(interaction, f"{w('words-blocked')}\n{shown}" if lines else shown)

    @slash(words, "add")
    async def block(interaction: discord.Interaction[Any], word: Word) -> None:
        await begin(interaction)
        if not any(sign.isalnum() for sign in word):
            raise refused("admin-no-letters")
        known = (await services.queue.admin.rules(group_of(interaction))).blocked
        if _same(word) in map(_same, known):
            raise refused("admin-listed")
        await told(interaction, await _change(services, interaction, "blocked", lambda old: [*old, word]))

    @slash(words, "remove")
    async def allow(interaction: discord.Interaction[Any], word: Word) -> None:
        await begin(interaction)
        gone = _same(word)
        known = (await services.queue.admin.rules(group_of(interaction))).blocked
        if gone not in map(_same, known):
            raise refused("admin-not-listed")
        edit: Callable[[list[str]], list[str]] = lambda old: [one for one in old if _same(one) != gone]  # noqa: E731
        await told(interaction, await _change(services, interaction, "blocked", edit))

    @slash(words, "list")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        await told(interaction, await services.queue.admin.rules(group_of(interaction)))

    async def blocked(interaction: discord.Interaction[Any]) -> Offers:
        return [(one, one) for one in (await services.queue.admin.rules(group_of(interaction))).blocked]

    allow.autocomplete("word")(offering(services, blocked))


def _checkpoints(checkpoints: app_commands.Group, services: Services) -> None:
    async def told(interaction: discord.Interaction[Any], found: ContentRules) -> None:
        key = "checkpoints-only" if found.checkpoints else "checkpoints-all"
        await say(interaction, translations_of(interaction)(key, shown=rules_texts.words(found.checkpoints)))

    @slash(checkpoints, "allow")
    async def allow(interaction: discord.Interaction[Any], checkpoint: Name) -> None:
        await begin(interaction)
        name = await known_checkpoint(services, checkpoint)
        found = await _change(services, interaction, "checkpoints", lambda old: [*dict.fromkeys([*old, name])])
        await told(interaction, found)

    @slash(checkpoints, "remove")
    async def remove(interaction: discord.Interaction[Any], checkpoint: Name) -> None:
        await begin(interaction)
        wanted = checkpoint.strip().casefold()
        known = (await services.queue.admin.rules(group_of(interaction))).checkpoints
        if wanted not in [one.casefold() for one in known]:
            raise refused("admin-not-listed")
        edit: Callable[[list[str]], list[str]] = lambda old: [one for one in old if one.casefold() != wanted]  # noqa: E731
        await told(interaction, await _change(services, interaction, "checkpoints", edit))

    @slash(checkpoints, "list")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        await told(interaction, await services.queue.admin.rules(group_of(interaction)))

    async def allowed(interaction: discord.Interaction[Any]) -> Offers:
        return [(one, one) for one in (await services.queue.admin.rules(group_of(interaction))).checkpoints]

    options.complete_names(allow, services, "checkpoint")
    remove.autocomplete("checkpoint")(offering(services, allowed))
