"""Under which names the queue knows members and servers: who pays for a job, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import discord

from zosma_queue.client import Sender

#: Under which name a `Home` is noted in an interaction's extras.
HOME = "home"
#: Under which number an interaction names who has installed the bot for themselves.
_BY_A_USER = 1
#: The group of all who ask in direct messages and belong to no server that the bot is in.
NOWHERE = "discord:dm"


@dataclass(frozen=True)
class Home:
    """The server that somebody belongs to who asks in direct messages, and their roles there."""

    guild_id: int
    roles: tuple[int, ...]
    has_rules: bool
    """True when the server's settings hold in direct messages as well, besides its words and limits."""


def owner_of(interaction: discord.Interaction[Any]) -> str:
    """Under which name the queue knows the member here."""
    return sender_of(interaction).owner


def sender_of(interaction: discord.Interaction[Any]) -> Sender:
    """Who pays: the member, within their guild. In direct messages it is the guild they belong to, as `Door` has found
    out; those who belong to none share one group, so that none of them gets as much as a whole guild."""
    user, guild = interaction.user.id, interaction.guild_id
    owner = f"discord:dm/{user}" if guild is None else f"discord:{guild}/{user}"
    person, all_ages = f"discord:user/{user}", not in_adult_channel(interaction)
    if not is_elsewhere(interaction):
        roles = _role_names(role_ids(interaction))
        return Sender(owner=owner, group=f"discord:{guild}", person=person, roles=roles, all_ages=all_ages)
    home = home_of(interaction)
    if home is None:
        return Sender(owner=owner, group=NOWHERE, person=person, all_ages=all_ages)
    here = f"discord:{home.guild_id}"
    roles = (f"{here}/{user}", *_role_names(home.roles))
    return Sender(owner=owner, group=here, person=person, roles=roles, all_ages=all_ages)


def _role_names(roles: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"role:{role}" for role in sorted(roles))


def is_elsewhere(interaction: discord.Interaction[Any]) -> bool:
    """True in direct messages, and in servers where the bot is no member but installed by a user.

    That need not be who is at work: others see what it has answered there, and press its buttons.
    """
    by_a_user = _BY_A_USER in interaction._integration_owners
    return interaction.guild_id is None or (by_a_user and not interaction.is_guild_integration())


def home_of(interaction: discord.Interaction[Any]) -> Home | None:
    """Where somebody belongs who asks in direct messages; None for nowhere."""
    home: Home | None = interaction.extras.get(HOME)
    return home


def in_adult_channel(interaction: discord.Interaction[Any]) -> bool:
    """True in a server's channel that Discord shows to adults only."""
    is_nsfw = getattr(interaction.channel, "is_nsfw", None)
    return interaction.guild_id is not None and bool(is_nsfw and is_nsfw())


def group_of(interaction: discord.Interaction[Any]) -> str:
    """Under which name the queue knows this server."""
    return f"discord:{interaction.guild_id}"


def owner_in(interaction: discord.Interaction[Any], user_id: int) -> str:
    """Under which name the queue knows a member of this server."""
    return f"{group_of(interaction)}/{user_id}"


def is_own(interaction: discord.Interaction[Any], owner: str) -> bool:
    """True when the owner of a job is a member of this server."""
    return owner.startswith(group_of(interaction) + "/")


def member_of(owner: str) -> int | None:
    """Discord's id of the member who is the owner of a job; None for a job that was not asked for in Discord."""
    kind, _, rest = owner.partition(":")
    user = rest.rpartition("/")[2]
    return int(user) if kind == "discord" and user.isascii() and user.isdecimal() else None


def role_ids(interaction: discord.Interaction[Any]) -> set[int]:
    """The member's roles; in direct messages those that they have where they belong."""
    if isinstance(interaction.user, discord.Member):
        # `Member.roles` leaves out what discord.py hasn't heard of: all of them, until Discord has told of the server.
        return {interaction.user.guild.id, *interaction.user._roles}
    home = home_of(interaction)
    return set(home.roles) if home else set()
