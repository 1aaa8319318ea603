"""What a server's admins may act on: always their own server's jobs, members and rules; the whole fleet only where its
owner is at home. Whoever runs the bot for several servers names the homes in ZOSMA_HOME_GUILDS."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.identity import in_adult_channel, is_own, role_ids
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.state.server_settings import ServerSettings
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.job import Job


def at_home(services: Services, interaction: discord.Interaction[Any]) -> bool:
    """True when this server's admins may steer the whole fleet."""
    if interaction.guild_id is None:
        return False
    if services.homes:
        return interaction.guild_id in services.homes
    # Nobody has been named. As long as there is one server only, the whole fleet is that server's.
    client = interaction.client
    if (client.shard_count or 1) > 1:
        # Until the last connection stands, not all servers are known; and who needs several is in many.
        return False
    guilds = client.guilds
    return len(guilds) == 1 and guilds[0].id == interaction.guild_id


def need_home(services: Services, interaction: discord.Interaction[Any]) -> None:
    """Raises RequestRefusedError, which says what the owner must set, where `at_home` is False."""
    if not at_home(services, interaction):
        raise refused("admin-not-home", guild=str(interaction.guild_id))


def sees(services: Services, interaction: discord.Interaction[Any], owner: str) -> bool:
    """True when this server's admins may know of an owner's jobs."""
    return is_own(interaction, owner) or at_home(services, interaction)


async def seen_job(services: Services, interaction: discord.Interaction[Any], job_id: str) -> Job:
    """The job, when this server's admins may know of it.

    Raises:
      RequestRefusedError: when they may not, or there is none: which of the two is not told.
    """
    job_id = job_id.strip()
    job = await services.queue.job(job_id) if job_id.isalnum() or "-" in job_id else None
    if job is None or not sees(services, interaction, job.owner):
        raise refused("admin-no-job", given=job_id[:60])
    return job


def is_moderator(interaction: discord.Interaction[Any]) -> bool:
    """True for those who may manage other members' messages in this channel."""
    allowed = interaction.permissions
    return interaction.guild_id is not None and (
        allowed.administrator or allowed.manage_guild or allowed.manage_messages
    )


def is_admin(interaction: discord.Interaction[Any]) -> bool:
    """True for those who may manage this server."""
    allowed = interaction.permissions
    return interaction.guild_id is not None and (allowed.administrator or allowed.manage_guild)


def in_age_restricted(interaction: discord.Interaction[Any]) -> bool:
    """True in a channel for adults, and in direct messages, which are nobody else's business."""
    return interaction.guild_id is None or in_adult_channel(interaction)


def channel_ids(interaction: discord.Interaction[Any]) -> set[int]:
    """The channel's id, and for a thread that of the channel it hangs on."""
    parent = getattr(interaction.channel, "parent_id", None)
    return {one for one in (interaction.channel_id, parent) if one}


def why_not_here(rules: ServerSettings, interaction: discord.Interaction[Any]) -> tuple[str, dict[str, str]] | None:
    """The key and values of the text that says why pictures can't be asked for here; None when they can."""
    if is_admin(interaction):
        return None  # those who set the rules must be able to try them
    if rules.channels and not channel_ids(interaction) & set(rules.channels):
        return "rule-channels", {"channels": " ".join(f"<#{one}>" for one in rules.channels[:10])}
    if rules.roles and not role_ids(interaction) & set(rules.roles):
        return "rule-roles", {"roles": " ".join(f"<@&{one}>" for one in rules.roles[:10])}
    if rules.age_restricted_only and not in_adult_channel(interaction):
        return "rule-age", {}
    return None


def may_press(rules: ServerSettings, interaction: discord.Interaction[Any], owner: int) -> bool:
    """True for those who may use the buttons of a member's pictures."""
    if interaction.user.id == owner or is_moderator(interaction):
        return True
    if rules.buttons == "roles":
        return bool(role_ids(interaction) & set(rules.button_roles))
    return rules.buttons == "anyone"


def hides(rules: ServerSettings, interaction: discord.Interaction[Any]) -> bool:
    """True when pictures asked for here are posted as spoilers."""
    return rules.spoiler == "always" or (
        rules.spoiler == "outside-age-restricted" and not in_age_restricted(interaction)
    )
