"""What a server's admins may act on: always their own server's jobs, members and rules; the whole fleet only where its
owner is at home. Whoever runs the bot for several servers names the homes in ZOSMA_HOME_GUILDS."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.desk import Desk
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import Job


def refused(code: str, **values: str | int | float) -> RequestRefusedError:
    """A refusal whose words are the text `refusal-<code>`."""
    return RequestRefusedError(code, code=code, values=values)


def at_home(desk: Desk, interaction: discord.Interaction[Any]) -> bool:
    """True when this server's admins may steer the whole fleet."""
    if interaction.guild_id is None:
        return False
    if desk.homes:
        return interaction.guild_id in desk.homes
    # Nobody has been named. As long as there is one server only, the whole fleet is that server's.
    client = interaction.client
    if (client.shard_count or 1) > 1:
        # Until the last connection stands, not all servers are known; and who needs several is in many.
        return False
    guilds = client.guilds
    return len(guilds) == 1 and guilds[0].id == interaction.guild_id


def need_home(desk: Desk, interaction: discord.Interaction[Any]) -> None:
    """Raises RequestRefusedError, which says what the owner must set, where `at_home` is False."""
    if not at_home(desk, interaction):
        raise refused("admin-not-home", guild=str(interaction.guild_id))


def group_of(interaction: discord.Interaction[Any]) -> str:
    """Under which name the queue knows this server."""
    return f"discord:{interaction.guild_id}"


def owner_in(interaction: discord.Interaction[Any], user_id: int) -> str:
    """Under which name the queue knows a member of this server."""
    return f"{group_of(interaction)}/{user_id}"


def is_own(interaction: discord.Interaction[Any], owner: str) -> bool:
    """True when the owner of a job is a member of this server."""
    return owner.startswith(group_of(interaction) + "/")


def sees(desk: Desk, interaction: discord.Interaction[Any], owner: str) -> bool:
    """True when this server's admins may know of an owner's jobs."""
    return is_own(interaction, owner) or at_home(desk, interaction)


async def seen_job(desk: Desk, interaction: discord.Interaction[Any], job_id: str) -> Job:
    """The job, when this server's admins may know of it.

    Raises:
      RequestRefusedError: when they may not, or there is none: which of the two is not told.
    """
    job_id = job_id.strip()
    job = await desk.queue.job(job_id) if job_id.isalnum() or "-" in job_id else None
    if job is None or not sees(desk, interaction, job.owner):
        raise refused("admin-no-job", given=job_id[:60])
    return job
