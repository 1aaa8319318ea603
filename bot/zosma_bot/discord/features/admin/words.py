"""`/admin words`, `checkpoints` and `rules sizes`: what this server's members may not ask for, on whatever way; at home
with `everybody` what nobody may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.identity import group_of
from zosma_bot.discord.core.permissions import need_home
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import rules_texts
from zosma_bot.discord.features.admin.group import AdminGroup, Offers, begin, offering
from zosma_bot.discord.features.admin.names import known_checkpoint
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import group as command_group
from zosma_bot.discord.ui.slash import slash
from zosma_queue.moderation import ContentRules

Fields = dict[str, Any]
Word = app_commands.Range[str, 1, 60]
Name = app_commands.Range[str, 1, 200]


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    _words(command_group("words", root, cls=AdminGroup), services)
    _checkpoints(command_group("checkpoints", root, cls=AdminGroup), services)


def whose(services: Services, interaction: discord.Interaction[Any], everybody: bool) -> str:
    """The group whose rules are meant: this server, or '' for everybody.

    Raises:
      RequestRefusedError: when somebody wants to rule over everybody elsewhere than at home.
    """
    if not everybody:
        return group_of(interaction)
    need_home(services, interaction)
    return ""


async def change_rules(
    services: Services, interaction: discord.Interaction[Any], group: str, edit: Callable[[ContentRules], Fields]
) -> ContentRules:
    """Changes the fields that `edit` gives."""
    known = await services.queue.admin.rules(group)
    fields = known.model_dump(mode="json") | edit(known)
    return await services.queue.admin.set_rules(texts.admin_name(interaction), group, fields)


async def _change(
    services: Services,
    interaction: discord.Interaction[Any],
    group: str,
    name: str,
    edit: Callable[[list[str]], list[str]],
) -> ContentRules:
    return await change_rules(services, interaction, group, lambda known: {name: edit(list(getattr(known, name)))})


def for_whom(interaction: discord.Interaction[Any], group: str, text: str) -> str:
    """A text on rules, with a line above it that says so when they are everybody's."""
    return text if group else f"{translations_of(interaction)('rules-for-all')}\n{text}"


def _listed(services: Services, interaction: discord.Interaction[Any]) -> str:
    """Whose names are to be offered, by what has been filled in so far."""
    return whose(services, interaction, bool(getattr(interaction.namespace, "everybody", False)))


def _same(word: str) -> str:
    """A word as it is compared with those on the list; prompts are compared far more thoroughly, by the queue."""
    return " ".join(word.casefold().split())


def _words(words: app_commands.Group, services: Services) -> None:
    async def told(interaction: discord.Interaction[Any], group: str, found: ContentRules) -> None:
        w = translations_of(interaction)
        # One a line and hidden: nobody wants to read these by accident.
        lines = [f"||{texts.plain(one, 60)}||" for one in found.blocked]
        shown = rules_texts.listed(w, lines, "words-none")
        await say(interaction, for_whom(interaction, group, f"{w('words-blocked')}\n{shown}" if lines else shown))

    @slash(words, "add")
    async def block(interaction: discord.Interaction[Any], word: Word, everybody: bool = False) -> None:
        await begin(interaction)
        group = whose(services, interaction, everybody)
        if not any(sign.isalnum() for sign in word):
            raise refused("admin-no-letters")
        known = (await services.queue.admin.rules(group)).blocked
        if _same(word) in map(_same, known):
            raise refused("admin-listed")
        await told(interaction, group, await _change(services, interaction, group, "blocked", lambda old: [*old, word]))

    @slash(words, "remove")
    async def allow(interaction: discord.Interaction[Any], word: Word, everybody: bool = False) -> None:
        await begin(interaction)
        group = whose(services, interaction, everybody)
        gone = _same(word)
        known = (await services.queue.admin.rules(group)).blocked
        if gone not in map(_same, known):
            raise refused("admin-not-listed")
        edit: Callable[[list[str]], list[str]] = lambda old: [one for one in old if _same(one) != gone]  # noqa: E731
        await told(interaction, group, await _change(services, interaction, group, "blocked", edit))

    @slash(words, "list")
    async def show(interaction: discord.Interaction[Any], everybody: bool = False) -> None:
        await begin(interaction)
        group = whose(services, interaction, everybody)
        await told(interaction, group, await services.queue.admin.rules(group))

    async def blocked(interaction: discord.Interaction[Any]) -> Offers:
        return [(one, one) for one in (await services.queue.admin.rules(_listed(services, interaction))).blocked]

    allow.autocomplete("word")(offering(services, blocked))


def _checkpoints(checkpoints: app_commands.Group, services: Services) -> None:
    async def told(interaction: discord.Interaction[Any], group: str, found: ContentRules) -> None:
        key = "checkpoints-only" if found.checkpoints else "checkpoints-all"
        text = translations_of(interaction)(key, shown=rules_texts.words(found.checkpoints))
        await say(interaction, for_whom(interaction, group, text))

    @slash(checkpoints, "allow")
    async def allow(interaction: discord.Interaction[Any], checkpoint: Name, everybody: bool = False) -> None:
        await begin(interaction)
        group = whose(services, interaction, everybody)
        name = await known_checkpoint(services, checkpoint)
        found = await _change(services, interaction, group, "checkpoints", lambda old: [*dict.fromkeys([*old, name])])
        await told(interaction, group, found)

    @slash(checkpoints, "remove")
    async def remove(interaction: discord.Interaction[Any], checkpoint: Name, everybody: bool = False) -> None:
        await begin(interaction)
        group = whose(services, interaction, everybody)
        wanted = checkpoint.strip().casefold()
        known = (await services.queue.admin.rules(group)).checkpoints
        if wanted not in [one.casefold() for one in known]:
            raise refused("admin-not-listed")
        edit: Callable[[list[str]], list[str]] = lambda old: [one for one in old if one.casefold() != wanted]  # noqa: E731
        await told(interaction, group, await _change(services, interaction, group, "checkpoints", edit))

    @slash(checkpoints, "list")
    async def show(interaction: discord.Interaction[Any], everybody: bool = False) -> None:
        await begin(interaction)
        group = whose(services, interaction, everybody)
        await told(interaction, group, await services.queue.admin.rules(group))

    async def allowed(interaction: discord.Interaction[Any]) -> Offers:
        return [(one, one) for one in (await services.queue.admin.rules(_listed(services, interaction))).checkpoints]

    options.complete_names(allow, services, "checkpoint")
    remove.autocomplete("checkpoint")(offering(services, allowed))
