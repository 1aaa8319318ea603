"""Under which names the queue knows members and servers: who pays for a job, and whose it is."""

from __future__ import annotations

from typing import Any

import discord

from zosma_queue.client import Sender


def owner_of(interaction: discord.Interaction[Any]) -> str:
    """Under which name the queue knows the member here."""
    return sender_of(interaction).owner


def sender_of(interaction: discord.Interaction[Any]) -> Sender:
    """Who pays: the member, within their guild; in direct messages each user is a group of their own."""
    user = interaction.user.id
    person = f"discord:user/{user}"
    if interaction.guild_id is None:
        return Sender(owner=f"discord:dm/{user}", group=f"discord:dm-{user}", person=person, all_ages=True)
    # Where the bot is no member of the guild (installed by the user), Discord sends no roles that it could know.
    return Sender(
        owner=f"discord:{interaction.guild_id}/{user}",
        group=f"discord:{interaction.guild_id}",
        person=person,
        roles=tuple(f"role:{role}" for role in sorted(role_ids(interaction))),
        all_ages=not in_adult_channel(interaction),
    )


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


def role_ids(interaction: discord.Interaction[Any]) -> set[int]:
    """The member's roles; none in direct messages and where the bot is not in the server."""
    return {role.id for role in interaction.user.roles} if isinstance(interaction.user, discord.Member) else set()
