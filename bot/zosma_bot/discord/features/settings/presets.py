"""`/settings save`, `remove`, `share`, `unshare`: presets of one's own, and those that a server shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.defaults import with_style
from zosma_bot.discord.core.drawing import shaped, with_flags
from zosma_bot.discord.core.options import Name, Side, Size, request_fields
from zosma_bot.discord.core.permissions import is_moderator
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.sizes import PICTURES_MAX
from zosma_bot.discord.core.validation import check, check_words
from zosma_bot.discord.features.settings import settings_texts
from zosma_bot.discord.state.member_settings import PRESET_NAME_MAX_CHARS, MemberSettings
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.choices import name_choices
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import slash
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import CFG_MAX, HIRES_SCALE_MAX, PROMPT_MAX_CHARS, STEPS_MAX

PresetName = app_commands.Range[str, 1, PRESET_NAME_MAX_CHARS]


def add(settings: app_commands.Group, services: Services) -> None:
    """Registers the commands for presets in the group."""
    _add_save(settings, services)
    _add_remove(settings, services)
    _add_share(settings, services)


def called(name: str, some: Iterable[str]) -> str:
    """The one of these names that is meant, else the name as it was typed."""
    name = " ".join(name.split())
    return next((one for one in some if one.casefold() == name.casefold()), name)


def no_preset(name: str) -> RequestRefusedError:
    """The refusal of a preset that does not exist."""
    return refused("no-preset", field="preset", name=name)


def _add_save(settings: app_commands.Group, services: Services) -> None:
    @slash(settings, "save")
    async def save(
        interaction: discord.Interaction[Any],
        name: PresetName,
        prompt: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        negative: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        size: Size | None = None,
        width: Side | None = None,
        height: Side | None = None,
        count: app_commands.Range[int, 1, PICTURES_MAX] | None = None,
        checkpoint: Name | None = None,
        style: Name | None = None,
        lora: Name | None = None,
        sampler: Name | None = None,
        scheduler: Name | None = None,
        steps: app_commands.Range[int, 1, STEPS_MAX] | None = None,
        guidance: app_commands.Range[float, 0.0, CFG_MAX] | None = None,
        hires: app_commands.Range[float, 1.0, HIRES_SCALE_MAX] | None = None,
    ) -> None:
        known = (await services.catalogue()).lora_names if lora else ()
        words = options.with_loras(prompt or "", lora, known).strip() or None
        given = with_flags(
            request_fields(
                size=size, prompt=words, negative_prompt=negative, width=width, height=height, count=count,
                checkpoint=checkpoint, sampler=sampler, scheduler=scheduler, steps=steps, cfg_scale=guidance,
                style=style, hires=None if hires is None else {"scale": hires},
            )
        )  # fmt: skip
        w = translations_of(interaction)
        style = given.pop("style", None)
        fields = shaped(given, {})
        if style:
            fields = await with_style(services, interaction, fields, style)
        if not fields:
            await say(interaction, w("settings-nothing-given"))
            return
        await check(services, fields)

        def saved(member: MemberSettings) -> MemberSettings:
            presets = {k: v for k, v in member.presets.items() if k.casefold() != name.strip().casefold()}
            return member.model_copy(update={"presets": presets | {" ".join(name.split()): fields}})

        await services.background.within(CHECKS_S, services.member_settings.change(interaction.user.id, saved))
        told = {"name": texts.plain(name, 60), "values": settings_texts.fields_line(w, fields)}
        await say(interaction, w("preset-saved", **told))

    options.complete_names(save, services, "size", "checkpoint", "style", "lora", "sampler", "scheduler")


def _add_remove(settings: app_commands.Group, services: Services) -> None:
    @slash(settings, "remove")
    async def remove(interaction: discord.Interaction[Any], name: PresetName) -> None:
        def without(member: MemberSettings) -> MemberSettings:
            gone = called(name, member.presets)
            if gone not in member.presets:
                raise no_preset(name)
            return member.model_copy(update={"presets": {k: v for k, v in member.presets.items() if k != gone}})

        await services.background.within(CHECKS_S, services.member_settings.change(interaction.user.id, without))
        await say(interaction, translations_of(interaction)("preset-removed", name=texts.plain(name, 60)))

    remove.autocomplete("name")(_own_names(services))


def _add_share(settings: app_commands.Group, services: Services) -> None:
    @slash(settings, "share")
    async def share(interaction: discord.Interaction[Any], name: PresetName) -> None:
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
        own = called(name, member.presets)
        if own not in member.presets:
            raise no_preset(name)
        await check_words(services, interaction, own, member.presets[own])
        await _share(services, interaction, interaction.guild_id, own, member.presets[own])
        await say(interaction, translations_of(interaction)("preset-shared", name=texts.plain(own, 60)))

    @slash(settings, "unshare")
    async def unshare(interaction: discord.Interaction[Any], name: PresetName) -> None:
        if interaction.guild_id is None:
            raise app_commands.NoPrivateMessage
        shared = await services.background.within(CHECKS_S, services.member_settings.shared(interaction.guild_id))
        found = called(name, shared)
        if found not in shared:
            raise no_preset(name)
        await _share(services, interaction, interaction.guild_id, found, None)
        await say(interaction, translations_of(interaction)("preset-unshared", name=texts.plain(found, 60)))

    async def shared_names(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        try:
            found = await services.background.within(CHECKS_S, services.member_settings.shared(interaction.guild_id))
        except QueueUnavailableError:
            return []
        return name_choices(found, typed)

    share.autocomplete("name")(_own_names(services))
    unshare.autocomplete("name")(shared_names)


async def _share(
    services: Services, interaction: discord.Interaction[Any], guild_id: int, name: str, fields: dict[str, Any] | None
) -> None:
    by, any_ones = interaction.user.id, is_moderator(interaction)
    await services.background.within(
        CHECKS_S, services.member_settings.share(guild_id, name, fields, by, any_ones=any_ones)
    )


def _own_names(services: Services) -> options.Offer:
    async def names(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        try:
            member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
        except QueueUnavailableError:
            return []
        return name_choices(member.presets, typed)

    return names
