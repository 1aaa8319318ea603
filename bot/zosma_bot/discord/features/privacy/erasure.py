"""All that is kept of a member: handed out to them, or erased, their messages in Discord included."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
import discord

from zosma_bot.discord.api.not_now import is_not_now
from zosma_bot.discord.core.identity import owner_of
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.state.member_settings import MEMBER
from zosma_bot.discord.state.reply_record import Reply
from zosma_queue.remains import Remains

log = logging.getLogger(__name__)

#: What is being made is stopped first, and its message says so, before that is deleted.
STOP_S = 20.0


@dataclass(frozen=True)
class Gone:
    """What an erasure has removed, and what it could not."""

    jobs: int
    pictures: int
    cancelled: int
    messages: int
    left: int
    """Messages that Discord let nobody delete for us."""
    remains: Remains
    """What still names the member, and why."""


def owners_of(interaction: discord.Interaction[Any]) -> list[str]:
    """The names under which the queue knows the member: here, and in direct messages."""
    return list(dict.fromkeys((owner_of(interaction), f"discord:dm/{interaction.user.id}")))


async def export(services: Services, interaction: discord.Interaction[Any]) -> dict[str, Any]:
    """Everything that is kept of a member, ready for JSON.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    user = interaction.user.id
    shared = await services.member_settings.shared(interaction.guild_id)
    return {
        "member": str(user),
        "settings": await services.queue.documents.get(MEMBER, str(user)) or {},
        "shared_presets": {name: fields for name, fields in shared.items() if fields.get("by") == user},
        "made": {owner: asdict(await services.queue.made(owner)) for owner in owners_of(interaction)},
        "jobs": {owner: await services.queue.export(owner) for owner in owners_of(interaction)},
    }


async def erase(services: Services, interaction: discord.Interaction[Any]) -> Gone:
    """Forgets everything. Takes as long as Discord takes to delete the messages.

    Raises:
      QueueUnavailableError: when Redis doesn't answer. Safe to do again.
    """
    user = interaction.user.id
    replies: list[tuple[str, Reply]] = []
    jobs = pictures = cancelled = 0
    for owner in owners_of(interaction):
        erased = await services.queue.erase(owner)
        replies += [(job_id, reply) for job_id, text in erased.replies if (reply := Reply.parse(text))]
        jobs, pictures, cancelled = jobs + erased.jobs, pictures + erased.pictures, cancelled + erased.cancelled
    await services.member_settings.forget(user)
    await services.queue.drop_documents(user)
    if interaction.guild_id is not None:
        await services.member_settings.unshare_all(interaction.guild_id, user)
    # A message that goes while its job is at work would be posted anew.
    await services.deliveries.ended([job_id for job_id, _ in replies], STOP_S)
    messages, left = await _delete_messages(services, interaction.client, [reply for _, reply in replies])
    log.info("a member has erased what was kept of them: %d jobs, %d messages", jobs, messages)
    remains = await services.queue.remains(owners_of(interaction), user)
    return Gone(jobs, pictures, cancelled, messages, left, remains)


async def _delete_messages(services: Services, client: discord.Client, replies: Sequence[Reply]) -> tuple[int, int]:
    """(deleted, not deleted). A channel that has refused once isn't asked again: Discord bans who asks in vain."""
    gone = left = 0
    closed: set[int] = set()
    for reply in replies:
        if reply.message_id is None:
            continue
        if await _by_interaction(services, client, reply):
            gone += 1
        elif reply.private:
            # The member alone sees it, for as long as their Discord runs; nobody else can reach it.
            continue
        elif reply.channel_id not in closed and await _by_bot(client, reply, closed):
            gone += 1
        else:
            left += 1
    return gone, left


async def _by_interaction(services: Services, client: discord.Client, reply: Reply) -> bool:
    """Of the last quarter of an hour anything can be deleted, wherever it is."""
    if reply.message_id is None or not reply.token_works(services.now()):
        return False
    webhook = discord.Webhook.partial(reply.application_id, reply.token, client=client)
    try:
        await webhook.delete_message(reply.message_id)
    except (discord.DiscordException, aiohttp.ClientError, OSError):
        return False
    return True


async def _by_bot(client: discord.Client, reply: Reply, closed: set[int]) -> bool:
    channel = client.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
    try:
        await channel.get_partial_message(reply.message_id or 0).delete()
    except discord.NotFound:
        return True  # it is gone already, or its channel is
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        if isinstance(error, discord.Forbidden) and not is_not_now(error):
            closed.add(reply.channel_id)
        log.info("a message could not be deleted: %s", type(error).__name__)
        return False
    return True
