"""What the commands work with, and the one way in which a request becomes a job."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import discord

from zosma_bot.discord import texts
from zosma_bot.discord.chores import Chores
from zosma_bot.discord.courier import Courier
from zosma_bot.discord.fleet import LiveFleet
from zosma_bot.discord.ladder import NO_MENTIONS
from zosma_bot.discord.reply import Reply
from zosma_queue.client import Queue, Sender, new_job_id
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import Request, parse_request

log = logging.getLogger(__name__)

#: Time for the checks before the first answer. Discord waits 3 s for it, members should not wait for more than one.
CHECKS_S = 0.8


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Takes requests in."""

    queue: Queue
    fleet: LiveFleet
    courier: Courier
    chores: Chores = field(default_factory=Chores)
    now: Callable[[], float] = time.time

    async def take(self, interaction: discord.Interaction, fields: dict[str, Any]) -> str | None:
        """Answers an interaction with a job's message, or with the reason why there is none. Returns the job id.

        What can be known at once is refused at once, seen by the member alone; only then does everybody see "thinking".
        """
        if self.chores.closed:
            await say(interaction, texts.restarting())
            return None
        with self.chores.counted():
            return await self._take(interaction, fields)

    async def _take(self, interaction: discord.Interaction, fields: dict[str, Any]) -> str | None:
        try:
            request = await self._check(fields)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, texts.refused(error))
            return None
        received_s = self.now()
        message_id = await defer(interaction)
        job_id = new_job_id()
        reply = reply_to(interaction, message_id, received_s)
        try:
            await self.queue.submit(request, sender_of(interaction), job_id=job_id, reply=reply.model_dump_json())
        except (RequestRefusedError, QueueUnavailableError) as error:
            if isinstance(error, QueueUnavailableError):
                self.chores.start(self.courier.withdraw(job_id))
            await self._take_back(interaction, texts.refused(error))
            return None
        log.info("job %s: accepted from Discord", job_id)
        self.courier.follow(job_id)
        return job_id

    async def _check(self, fields: dict[str, Any]) -> Request:
        """The request, as far as it can be judged without queueing it.

        Raises:
          RequestRefusedError: when it is wrong, or nobody can do it.
          QueueUnavailableError: when Redis doesn't answer in time.
        """
        request = parse_request(fields)
        (await self.chores.within(CHECKS_S, self.fleet.catalogue())).resolve(request)
        return request

    async def _take_back(self, interaction: discord.Interaction, text: str) -> None:
        await interaction.delete_original_response()
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS)


async def defer(interaction: discord.Interaction) -> int:
    """Shows "thinking" to everybody; gives the id of that message."""
    answer = None
    with heard(interaction):
        answer = await interaction.response.defer(thinking=True)
    if answer and answer.message_id:
        return answer.message_id
    return (await interaction.original_response()).id


@contextlib.contextmanager
def heard(interaction: discord.Interaction) -> Iterator[None]:
    """Lets an answer count that was taken without a word.

    Discord-compatible servers may answer 204, as Discord itself does when nobody asks for more; discord.py then fails
    to read what it asked for, after the answer has been accepted.
    """
    try:
        yield
    except (TypeError, KeyError):
        if not interaction.response.is_done():
            raise


async def say(interaction: discord.Interaction, text: str, *, embed: discord.Embed | None = None) -> None:
    """Tells the member alone, whether or not the interaction has been answered."""
    embeds = [embed] if embed else []
    if interaction.response.is_done():
        await interaction.followup.send(text, embeds=embeds, ephemeral=True, allowed_mentions=NO_MENTIONS)
    else:
        with heard(interaction):
            await interaction.response.send_message(text, embeds=embeds, ephemeral=True, allowed_mentions=NO_MENTIONS)


def sender_of(interaction: discord.Interaction) -> Sender:
    """Who pays: the member, within his guild; in direct messages each user is a group of his own."""
    user = interaction.user.id
    if interaction.guild_id is None:
        return Sender(owner=f"discord:dm/{user}", group=f"discord:dm-{user}")
    # Where the bot is no member of the guild (installed by the user), Discord sends no roles that it could know.
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    return Sender(
        owner=f"discord:{interaction.guild_id}/{user}",
        group=f"discord:{interaction.guild_id}",
        roles=tuple(f"role:{role.id}" for role in roles),
    )


def reply_to(interaction: discord.Interaction, message_id: int, received_s: float) -> Reply:
    """Where the answer to this interaction goes.

    Its token's age counts from when we received it, by our own clock: an id's date is Discord's clock, and on a server
    that is only compatible it may be no date at all.
    """
    if interaction.channel_id is None:
        raise ValueError("an interaction without a channel has no place for an answer")
    return Reply(
        application_id=interaction.application_id,
        token=interaction.token,
        token_created_ms=int(received_s * 1000),
        channel_id=interaction.channel_id,
        guild_id=interaction.guild_id,
        user_id=interaction.user.id,
        message_id=message_id,
        upload_limit=interaction.filesize_limit,
    )
