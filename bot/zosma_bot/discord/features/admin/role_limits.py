"""A server's own limits: those of its roles. `default` is the whole fleet's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from zosma_bot.discord.ui.refusals import refused
from zosma_queue.needs import Lane
from zosma_queue.policy import DEFAULT, UNLIMITED, Policy

PREFIX = "role:"
#: Fields of which more is more; 0 is no limit. Shares (`weight`) count within one server only.
_MOST = ("waiting", "running", "daily_gpu_s", "depth")


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


def check_bounds(policy: Policy, policies: Mapping[str, Policy]) -> None:
    """Raises RequestRefusedError where a strange server's admin would give more than the fleet's owner gives all."""
    default = policies.get(DEFAULT, UNLIMITED)
    for field in _MOST:
        most, wanted = getattr(default, field), getattr(policy, field)
        if most and (not wanted or wanted > most):
            raise refused("admin-limit-above", name=field.partition("_")[0], most=f"{most:g}")
    if policy.cooldown_s < default.cooldown_s:
        raise refused("admin-limit-below", name="cooldown", least=f"{default.cooldown_s:g}")
    if default.lane is Lane.RELAX and policy.lane is Lane.FAST:
        raise refused("admin-limit-lane")
