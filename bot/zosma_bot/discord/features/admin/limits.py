"""`/admin limits set`, `remove`, `show`."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.permissions import at_home, need_home
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import rules_texts
from zosma_bot.discord.features.admin.group import AdminGroup, begin
from zosma_bot.discord.features.admin.role_limits import check_bounds, own_limits, policy_name
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import choices, group, slash
from zosma_queue.needs import Lane
from zosma_queue.policy import DEFAULT, LIMITS, UNLIMITED, Limit, parse_policy, with_limits


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    limits = group("limits", root, cls=AdminGroup)
    _set(limits, services)

    @slash(limits, "remove")
    async def remove(interaction: discord.Interaction[Any], role: discord.Role | None = None) -> None:
        await begin(interaction)
        name = policy_name(role)
        if name == DEFAULT:
            need_home(services, interaction)
        w = translations_of(interaction)
        if name not in await services.queue.admin.policies():
            raise refused("admin-no-limits")
        await services.queue.admin.drop_policy(texts.admin_name(interaction), name)
        await say(interaction, w("limits-removed", name=rules_texts.policy_name(w, name)))

    @slash(limits, "show")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        w = translations_of(interaction)
        found = await services.queue.admin.policies()
        if not at_home(services, interaction):
            default = {DEFAULT: found[DEFAULT]} if DEFAULT in found else {}
            found = default | own_limits(interaction, found)
        lines = [rules_texts.policy(w, name, one) for name, one in sorted(found.items())]
        await say(interaction, rules_texts.listed(w, lines, "limits-none"))


def _option(limit: Limit) -> Any:
    """The type of a limit's option."""
    return app_commands.Range[limit.type, limit.type(limit.least), limit.type(limit.most)] | None


def _set(limits: app_commands.Group, services: Services) -> None:
    @slash(limits, "set")
    @app_commands.choices(lane=choices("lane", *Lane))
    @with_limits(_option, defaults=False)
    async def change(
        interaction: discord.Interaction[Any],
        role: discord.Role | None = None,
        lane: str | None = None,
        **options: float | None,
    ) -> None:
        await begin(interaction)
        w = translations_of(interaction)
        name = policy_name(role)
        home = at_home(services, interaction)
        if name == DEFAULT:
            need_home(services, interaction)
        given = {"lane": lane, **{limit.name: options[limit.option] for limit in LIMITS}}
        given = {field: value for field, value in given.items() if value is not None}
        if not given:
            raise refused("admin-limits-empty")
        known = await services.queue.admin.policies()
        # What isn't named stays: nobody should have to say all limits again to change one.
        fields = known.get(name, UNLIMITED).model_dump(mode="json") | given
        if not home:
            check_bounds(w, parse_policy(fields), known)
        policy = await services.queue.admin.set_policy(texts.admin_name(interaction), name, fields)
        await say(interaction, w("limits-set", line=rules_texts.policy(w, name, policy)))
