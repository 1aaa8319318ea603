"""A server's own limits: those of its roles. `default` is the whole fleet's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from zosma_bot.discord.ui.language import Translations
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.needs import Lane
from zosma_queue.policy import DEFAULT, LIMITS, UNLIMITED, Order, Policy

PREFIX = "role:"


def policy_name(role: discord.Role | None) -> str:
    """Under which name a role's limits are kept."""
    return DEFAULT if role is None else f"{PREFIX}{role.id}"


def role_ids(interaction: discord.Interaction[Any]) -> set[int]:
    """The server's roles, @everyone among them."""
    return {role.id for role in interaction.guild.roles} if interaction.guild else set()


def own_limits(interaction: discord.Interaction[Any], policies: Mapping[str, Policy]) -> dict[str, Policy]:
    """The limits of this server's roles."""
    names = {f"{PREFIX}{role}" for role in role_ids(interaction)}
    return {name: policy for name, policy in policies.items() if name in names}


def check_bounds(w: Translations, policy: Policy, policies: Mapping[str, Policy]) -> None:
    """Raises RequestRefusedError where a strange server's admin would give more than the fleet's owner gives all."""
    default = policies.get(DEFAULT, UNLIMITED)
    for limit in LIMITS:
        name = w(f"command-admin-limits-set-{limit.option}")
        fleets, wanted = getattr(default, limit.name), getattr(policy, limit.name)
        if limit.gives is Order.MORE and fleets and (not wanted or wanted > fleets):
            raise refused("admin-limit-above", name=name, most=f"{fleets:g}")
        if limit.gives is Order.LESS and wanted < fleets:
            raise refused("admin-limit-below", name=name, least=f"{fleets:g}")
    if default.lane is Lane.RELAX and policy.lane is Lane.FAST:
        raise refused("admin-limit-lane")
