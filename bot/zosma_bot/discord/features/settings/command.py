"""`/settings`: what a member need not say each time."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import options
from zosma_bot.discord.core.defaults import with_style
from zosma_bot.discord.core.drawing import shaped
from zosma_bot.discord.core.moments import find_time_zone, time_zones
from zosma_bot.discord.core.options import Name, Side, Size, request_fields
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.sizes import PICTURES_MAX
from zosma_bot.discord.core.validation import check
from zosma_bot.discord.features.settings import presets, settings_texts
from zosma_bot.discord.state.member_settings import Fields, MemberSettings
from zosma_bot.discord.ui.choices import name_choices
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import choices, everywhere, group, slash
from zosma_queue.request import CFG_MAX, HIRES_SCALE_MAX, PROMPT_MAX_CHARS, STEPS_MAX

#: What `/settings reset` forgets by each of its choices.
RESETS: dict[str, tuple[str, ...]] = {
    "negative": ("negative_prompt",), "size": ("width", "height"), "count": ("count",), "checkpoint": ("checkpoint",),
    "style": ("style",), "sampler": ("sampler",), "scheduler": ("scheduler",), "steps": ("steps",),
    "guidance": ("cfg_scale",), "hires": ("hires",),
}  # fmt: skip


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers the group of commands."""
    settings = everywhere(group("settings"))
    _add_show(settings, services)
    _add_defaults(settings, services)
    _add_reset(settings, services)
    presets.add(settings, services)
    tree.add_command(settings)


def _add_show(settings: app_commands.Group, services: Services) -> None:
    @slash(settings, "show")
    async def show(interaction: discord.Interaction[Any]) -> None:
        member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
        shared = await services.background.within(CHECKS_S, services.member_settings.shared(interaction.guild_id))
        text = settings_texts.settings(translations_of(interaction), member, shared, services.now())
        await say(interaction, "", embed=discord.Embed(description=text))

    @slash(settings, "private")
    async def private(interaction: discord.Interaction[Any], on: bool) -> None:
        await services.background.within(
            CHECKS_S,
            services.member_settings.change(
                interaction.user.id, lambda member: member.model_copy(update={"private": on})
            ),
        )
        await say(interaction, translations_of(interaction)("settings-private-on" if on else "settings-private-off"))

    @slash(settings, "timezone")
    async def timezone(interaction: discord.Interaction[Any], zone: app_commands.Range[str, 1, 60]) -> None:
        found = find_time_zone(zone)
        changed = await services.background.within(
            CHECKS_S,
            services.member_settings.change(
                interaction.user.id, lambda member: member.model_copy(update={"timezone": found})
            ),
        )
        await say(interaction, settings_texts.time_zone(translations_of(interaction), changed, services.now()))

    async def zones(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices(time_zones(), typed)

    timezone.autocomplete("zone")(zones)


def _add_defaults(settings: app_commands.Group, services: Services) -> None:
    @slash(settings, "defaults")
    async def defaults(
        interaction: discord.Interaction[Any],
        negative: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        size: Size | None = None,
        width: Side | None = None,
        height: Side | None = None,
        count: app_commands.Range[int, 1, PICTURES_MAX] | None = None,
        checkpoint: Name | None = None,
        style: Name | None = None,
        sampler: Name | None = None,
        scheduler: Name | None = None,
        steps: app_commands.Range[int, 1, STEPS_MAX] | None = None,
        guidance: app_commands.Range[float, 0.0, CFG_MAX] | None = None,
        hires: app_commands.Range[float, 1.0, HIRES_SCALE_MAX] | None = None,
    ) -> None:
        given = request_fields(
            size=size, negative_prompt=negative, width=width, height=height, count=count, checkpoint=checkpoint,
            sampler=sampler, scheduler=scheduler, steps=steps, cfg_scale=guidance,
            hires=None if hires is None else {"scale": hires},
        )  # fmt: skip
        w = translations_of(interaction)
        if not given and not style:
            await say(interaction, w("settings-nothing-given"))
            return
        member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
        given = shaped(given, member.defaults)
        new = given | ({"style": style} if style else {})
        whole = member.defaults | new
        usual = whole.pop("style", None)
        if usual and (await services.catalogue()).takes_jobs:
            whole = await with_style(services, interaction, whole, usual)
        await check(services, whole)
        changed = await services.background.within(
            CHECKS_S, services.member_settings.change(interaction.user.id, lambda now: _set(now, new))
        )
        await say(interaction, w("settings-defaults", values=settings_texts.fields_line(w, changed.defaults)))

    options.complete_names(defaults, services, "size", "checkpoint", "style", "sampler", "scheduler")


def _add_reset(settings: app_commands.Group, services: Services) -> None:
    @slash(settings, "reset")
    @app_commands.choices(what=choices("option", *RESETS))
    async def reset(interaction: discord.Interaction[Any], what: str | None = None) -> None:
        gone = RESETS[what] if what else None

        def without(member: MemberSettings) -> MemberSettings:
            kept = {name: value for name, value in member.defaults.items() if gone and name not in gone}
            return member.model_copy(update={"defaults": kept})

        changed = await services.background.within(
            CHECKS_S, services.member_settings.change(interaction.user.id, without)
        )
        w = translations_of(interaction)
        values = settings_texts.fields_line(w, changed.defaults) or w("settings-none")
        await say(interaction, w("settings-defaults", values=values))


def _set(member: MemberSettings, new: Fields) -> MemberSettings:
    return member.model_copy(update={"defaults": member.defaults | new})
