"""What the commands work with, and the one way in which a request becomes a job."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import discord

from zosma_bot.discord import rules, texts
from zosma_bot.discord.chores import Chores
from zosma_bot.discord.courier import Courier
from zosma_bot.discord.fleet import LiveFleet
from zosma_bot.discord.ladder import NO_MENTIONS
from zosma_bot.discord.language import words_of
from zosma_bot.discord.prefs import Prefs
from zosma_bot.discord.reply import Reply
from zosma_bot.discord.rules import GuildRules, Rulebook
from zosma_bot.discord.sources import Source
from zosma_bot.inputs import draft, store, upright
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue, Sender, new_job_id
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import Request

log = logging.getLogger(__name__)

#: Time for the checks before the first answer. Discord waits 3 s for it, members should not wait for more than one.
CHECKS_S = 0.8
#: Autocomplete and menus show nothing rather than come late.
CHOICES_S = 1.0
#: For what several reads of the queue are needed to answer at all.
LOOK_S = 2.0
#: A picture that a member has attached must be here within this time.
FETCH_S = 30.0
DAY_S = 86_400.0

#: Where in the request each picture belongs → where it comes from.
Sources = Mapping[tuple[str, str], Source]
#: A request's fields, and the pictures that belong into it.
Wish = tuple[dict[str, Any], Sources]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Takes requests in."""

    queue: Queue
    fleet: LiveFleet
    courier: Courier
    rulebook: Rulebook
    prefs: Prefs
    chores: Chores = field(default_factory=Chores)
    homes: frozenset[int] = frozenset()
    """Servers whose admins may steer the whole fleet; see `authority`."""
    now: Callable[[], float] = time.time

    async def take(
        self,
        interaction: discord.Interaction[Any],
        fields: dict[str, Any],
        *,
        sources: Sources | None = None,
        private: bool = False,
    ) -> str | None:
        """Answers an interaction with a job's message, or with the reason why there is none. Returns the job id.

        What can be known at once is refused at once, seen by the member alone; only then does everybody see "thinking".
        """

        async def known() -> Wish:
            return fields, sources or {}

        with self.chores.counted():
            here = await self._open(interaction)
            if here is None:
                return None
            try:
                unseen = {place: source.unseen for place, source in (sources or {}).items()}
                await self._check(draft(fields, unseen))
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, texts.refused(words_of(interaction), error))
                return None
            return await self._submit(interaction, here, known, private)

    async def take_late(
        self, interaction: discord.Interaction[Any], find: Callable[[], Awaitable[Wish]], *, private: bool = False
    ) -> str | None:
        """Likewise for a wish that takes a while to find out: `find` runs after the first answer.

        Raises nothing that `find` raises on purpose: a RequestRefusedError is told to the member.
        """
        with self.chores.counted():
            here = await self._open(interaction)
            return None if here is None else await self._submit(interaction, here, find, private)

    async def _open(self, interaction: discord.Interaction[Any]) -> GuildRules | None:
        """The rules here, or None when nothing may be asked for: then the member has been told why."""
        w = words_of(interaction)
        if self.chores.closed:
            await say(interaction, w("restarting"))
            return None
        try:
            here = await self.rules_here(interaction)
        except QueueUnavailableError:
            await say(interaction, texts.queue_away(w))
            return None
        if why := rules.why_not_here(here, interaction):
            await say(interaction, w(why[0], **why[1]))
            return None
        return here

    async def _submit(
        self,
        interaction: discord.Interaction[Any],
        here: GuildRules,
        find: Callable[[], Awaitable[Wish]],
        private: bool,
    ) -> str | None:
        received_s = self.now()
        message_id = await defer(interaction, ephemeral=private)
        job_id = new_job_id()
        reply = reply_to(interaction, message_id, received_s, private=private, here=here)
        try:
            request = await self._with_pictures(*await find())
            await self.queue.submit(
                request,
                sender_of(interaction),
                job_id=job_id,
                reply=reply.model_dump_json(),
                # 0 would mean "as long as usual".
                keep_s=max(here.retention_days * DAY_S, 1.0),
            )
        except (RequestRefusedError, QueueUnavailableError) as error:
            if isinstance(error, QueueUnavailableError):
                self.chores.start(self.courier.withdraw(job_id))
            await self._take_back(interaction, texts.refused(words_of(interaction), error))
            return None
        log.info("job %s: accepted from Discord", job_id)
        self.courier.follow(job_id)
        return job_id

    async def rules_here(self, interaction: discord.Interaction[Any]) -> GuildRules:
        """The rules of the server that the interaction comes from.

        Raises:
          QueueUnavailableError: when Redis doesn't answer in time.
        """
        return await self.chores.within(CHECKS_S, self.rulebook.of(interaction.guild_id))

    async def catalogue(self) -> Catalogue:
        """What there is to choose from; nothing when Redis is away or slow."""
        try:
            return await self.chores.within(CHOICES_S, self.fleet.catalogue())
        except QueueUnavailableError:
            return Catalogue()

    async def offered(self, interaction: discord.Interaction[Any]) -> Catalogue:
        """Likewise without the checkpoints that this server's rules don't allow."""
        catalogue = await self.catalogue()
        try:
            held = await self.chores.within(CHOICES_S, self.queue.admin.rules_for(sender_of(interaction).group))
        except QueueUnavailableError:
            return catalogue
        allowed = [rules.checkpoints for rules in held if rules.checkpoints]
        checkpoints = [
            one for one in catalogue.checkpoints if all(any(one.is_called(name) for name in names) for names in allowed)
        ]
        return replace(catalogue, checkpoints=tuple(checkpoints))

    async def _check(self, request: Request) -> None:
        """Judges a request as far as that is possible without queueing it.

        Raises:
          RequestRefusedError: when it is wrong, or nobody can do it.
          QueueUnavailableError: when Redis doesn't answer in time.
        """
        (await self.chores.within(CHECKS_S, self.fleet.catalogue())).resolve(request)

    async def _with_pictures(self, fields: dict[str, Any], sources: Sources) -> Request:
        pictures = {}
        for place, source in sources.items():
            name = ".".join(place)
            try:
                async with asyncio.timeout(FETCH_S):
                    data = await source.fetch()
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.info("an attachment could not be fetched: %s", type(error).__name__)
                raise RequestRefusedError(
                    f"{name} could not be fetched from Discord: send it again", field=name, code="picture-unfetched"
                ) from None
            pictures[place] = await asyncio.to_thread(upright, data, name)
        return await store(self.queue, fields, pictures)

    async def _take_back(self, interaction: discord.Interaction[Any], text: str) -> None:
        await interaction.delete_original_response()
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS)


async def defer(interaction: discord.Interaction[Any], *, ephemeral: bool = False) -> int:
    """Shows "thinking" to everybody, or to the member alone; gives the id of that message."""
    answer = await interaction.response.defer(thinking=True, ephemeral=ephemeral)
    if answer and answer.message_id:
        return answer.message_id
    return (await interaction.original_response()).id


async def say(
    interaction: discord.Interaction[Any],
    text: str,
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    files: list[discord.File] | None = None,
) -> None:
    """Tells the member alone, whether or not the interaction has been answered."""
    more: dict[str, Any] = {"view": view} if view else {}
    if embed:
        more["embed"] = embed
    if files:
        more["files"] = files
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS, **more)
    else:
        await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NO_MENTIONS, **more)


def owner_of(interaction: discord.Interaction[Any]) -> str:
    """Under which name the queue knows the member here."""
    return sender_of(interaction).owner


def sender_of(interaction: discord.Interaction[Any]) -> Sender:
    """Who pays: the member, within his guild; in direct messages each user is a group of his own."""
    user = interaction.user.id
    if interaction.guild_id is None:
        return Sender(owner=f"discord:dm/{user}", group=f"discord:dm-{user}")
    # Where the bot is no member of the guild (installed by the user), Discord sends no roles that it could know.
    return Sender(
        owner=f"discord:{interaction.guild_id}/{user}",
        group=f"discord:{interaction.guild_id}",
        roles=tuple(f"role:{role}" for role in sorted(rules.role_ids(interaction))),
    )


def reply_to(
    interaction: discord.Interaction[Any],
    message_id: int,
    received_s: float,
    *,
    private: bool,
    here: GuildRules,
) -> Reply:
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
        locale=str(interaction.locale),
        private=private,
        spoiler=rules.hides(here, interaction),
        grid=here.grid,
    )
