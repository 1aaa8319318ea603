"""`/admin channels`, `roles`, `defaults`, and `rules` with all that is switched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.identity import group_of
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import export_import, rules_texts
from zosma_bot.discord.features.admin.group import AdminGroup, AnyChannel, begin, guild_of
from zosma_bot.discord.features.admin.words import change_rules, for_whom, whose
from zosma_bot.discord.state.server_settings import ServerSettings
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_for, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import NO_MENTIONS, say
from zosma_bot.discord.ui.slash import choices, group, slash
from zosma_queue.request import COUNT_MAX, SIDE_MAX_PX, STEPS_MAX

Fields = dict[str, Any]
ON, OFF = "on", "off"
RETENTION_MAX_DAYS = 30.0


async def change(
    services: Services, interaction: discord.Interaction[Any], part: str, value: str, edit: Callable[[Fields], Fields]
) -> ServerSettings:
    """Changes this server's rules, and notes which part was changed to or by what."""
    found = await services.server_settings.change(guild_of(interaction), edit)
    who, server = texts.admin_name(interaction), group_of(interaction)
    await services.queue.admin.note(who, "rules", server, part=part, value=value)
    return found


def including(name: str, one: int) -> Callable[[Fields], Fields]:
    """Adds an id to a list."""
    return lambda fields: fields | {name: sorted({*fields.get(name, []), one})}


def without(name: str, one: int) -> Callable[[Fields], Fields]:
    """Takes an id from a list."""
    return lambda fields: fields | {name: [each for each in fields.get(name, []) if each != one]}


def setting(**values: Any) -> Callable[[Fields], Fields]:
    """A change that sets fields of the rules."""
    return lambda fields: fields | values


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    _channels(group("channels", root, cls=AdminGroup), services)
    _roles(group("roles", root, cls=AdminGroup), services)
    rules = group("rules", root, cls=AdminGroup)
    _switches(rules, services)
    _people(rules, services)
    export_import.add(rules, services)


def _channels(channels: app_commands.Group, services: Services) -> None:
    async def told(interaction: discord.Interaction[Any], found: ServerSettings) -> None:
        w = translations_of(interaction)
        key = "channels-only" if found.channels else "channels-all"
        await say(interaction, w(key, shown=rules_texts.channels(found.channels)))

    @slash(channels, "allow")
    async def allow(interaction: discord.Interaction[Any], channel: AnyChannel) -> None:
        await begin(interaction)
        found = await change(services, interaction, "channels", f"+{channel.id}", including("channels", channel.id))
        await told(interaction, found)

    @slash(channels, "remove")
    async def remove(interaction: discord.Interaction[Any], channel: AnyChannel) -> None:
        await begin(interaction)
        if channel.id not in (await services.settings_here(interaction)).channels:
            raise refused("admin-not-listed")
        found = await change(services, interaction, "channels", f"-{channel.id}", without("channels", channel.id))
        await told(interaction, found)

    @slash(channels, "list")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        await told(interaction, await services.settings_here(interaction))


def _roles(roles: app_commands.Group, services: Services) -> None:
    async def told(interaction: discord.Interaction[Any], found: ServerSettings) -> None:
        w = translations_of(interaction)
        await say(interaction, w("roles-only" if found.roles else "roles-all", shown=rules_texts.roles(found.roles)))

    @slash(roles, "allow")
    async def allow(interaction: discord.Interaction[Any], role: discord.Role) -> None:
        await begin(interaction)
        await told(
            interaction, await change(services, interaction, "roles", f"+{role.id}", including("roles", role.id))
        )

    @slash(roles, "remove")
    async def remove(interaction: discord.Interaction[Any], role: discord.Role) -> None:
        await begin(interaction)
        if role.id not in (await services.settings_here(interaction)).roles:
            raise refused("admin-not-listed")
        await told(interaction, await change(services, interaction, "roles", f"-{role.id}", without("roles", role.id)))

    @slash(roles, "list")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        await told(interaction, await services.settings_here(interaction))


def _switches(rules: app_commands.Group, services: Services) -> None:
    @slash(rules, "age-restricted")
    @app_commands.choices(switch=choices("switch", ON, OFF))
    async def age_restricted(interaction: discord.Interaction[Any], switch: str, everybody: bool = False) -> None:
        await begin(interaction)
        if not whose(services, interaction, everybody):
            ruled = await change_rules(services, interaction, "", lambda _: {"age_restricted": switch == ON})
            shown = rules_texts.on_off(translations_of(interaction), ruled.age_restricted)
            await say(interaction, for_whom(interaction, "", translations_of(interaction)("rules-age", shown=shown)))
            return
        found = await change(services, interaction, "age-restricted", switch, setting(age_restricted_only=switch == ON))
        await _say_rule(interaction, "age", rules_texts.on_off(translations_of(interaction), found.age_restricted_only))

    @slash(rules, "sizes")
    async def sizes(
        interaction: discord.Interaction[Any],
        count: app_commands.Range[int, 0, COUNT_MAX] | None = None,
        steps: app_commands.Range[int, 0, STEPS_MAX] | None = None,
        side: app_commands.Range[int, 0, SIDE_MAX_PX] | None = None,
        everybody: bool = False,
    ) -> None:
        await begin(interaction)
        whom = whose(services, interaction, everybody)
        given = {"count": count, "steps": steps, "side": side}
        given = {name: value for name, value in given.items() if value is not None}
        if given:
            found = await change_rules(services, interaction, whom, lambda _: given)
        else:
            found = await services.queue.admin.rules(whom)
        await say(interaction, for_whom(interaction, whom, rules_texts.sizes(translations_of(interaction), found)))

    @slash(rules, "spoiler")
    @app_commands.choices(when=choices("spoiler", "never", "always", "outside-age-restricted"))
    async def spoiler(interaction: discord.Interaction[Any], when: str) -> None:
        await begin(interaction)
        found = await change(services, interaction, "spoiler", when, setting(spoiler=when))
        await _say_rule(interaction, "spoiler", translations_of(interaction)(f"spoiler-{found.spoiler}"))

    @slash(rules, "grid")
    @app_commands.choices(switch=choices("switch", ON, OFF))
    async def grid(interaction: discord.Interaction[Any], switch: str) -> None:
        await begin(interaction)
        found = await change(services, interaction, "grid", switch, setting(grid=switch == ON))
        await _say_rule(interaction, "grid", rules_texts.on_off(translations_of(interaction), found.grid))

    @slash(rules, "retention")
    async def retention(
        interaction: discord.Interaction[Any], days: app_commands.Range[float, 0.0, RETENTION_MAX_DAYS]
    ) -> None:
        await begin(interaction)
        found = await change(services, interaction, "retention", f"{days:g}", setting(retention_days=days))
        await say(interaction, "✅ " + translations_of(interaction)("rules-retention", days=found.retention_days))


async def _say_rule(interaction: discord.Interaction[Any], name: str, shown: str) -> None:
    await say(interaction, "✅ " + translations_of(interaction)(f"rules-{name}", shown=shown))


def _people(rules: app_commands.Group, services: Services) -> None:
    @slash(rules, "buttons")
    @app_commands.choices(who=choices("who", "owner", "anyone", "roles"))
    async def buttons(interaction: discord.Interaction[Any], who: str, role: discord.Role | None = None) -> None:
        await begin(interaction)
        if role and who != "roles":
            raise refused("admin-buttons-role")
        if who == "roles" and not role and not (await services.settings_here(interaction)).button_roles:
            raise refused("admin-buttons-whose")

        def edit(fields: Fields) -> Fields:
            # Once the roles don't count any more they are forgotten, or a later "roles" would bring old ones back.
            known = fields.get("button_roles", []) if who == "roles" else []
            return fields | {"buttons": who, "button_roles": sorted({*known, *([role.id] if role else [])})}

        value = who + (f" +{role.id}" if role else "")
        found = await change(services, interaction, "buttons", value, edit)
        shown = translations_of(interaction)(f"who-{found.buttons}")
        if found.button_roles:
            shown += f": {rules_texts.roles(found.button_roles)}"
        await _say_rule(interaction, "buttons", shown)

    @slash(rules, "reports")
    async def reports(interaction: discord.Interaction[Any], channel: AnyChannel | None = None) -> None:
        await begin(interaction)
        w = translations_of(interaction)
        if channel is None:
            await change(services, interaction, "reports", OFF, setting(report_channel=None))
            await _say_rule(interaction, "reports", w("rules-off"))
            return
        await _try_out(interaction, channel.id)
        await change(services, interaction, "reports", str(channel.id), setting(report_channel=channel.id))
        await _say_rule(interaction, "reports", f"<#{channel.id}>")


async def _try_out(interaction: discord.Interaction[Any], channel_id: int) -> None:
    """Posts where reports are to go: whether the bot may is known today, and not when the first report comes.

    Raises:
      RequestRefusedError: when Discord doesn't let it.
    """
    channel = interaction.client.get_partial_messageable(channel_id, guild_id=interaction.guild_id)
    try:
        await channel.send(translations_for(interaction.guild_locale)("reports-here"), allowed_mentions=NO_MENTIONS)
    except discord.HTTPException:
        raise refused("admin-cannot-post") from None
