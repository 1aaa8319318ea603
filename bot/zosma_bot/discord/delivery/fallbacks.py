"""The ways to reach a member, tried from the best down: their message by the interaction's token, the same by the bot's
token, a new message in the channel, a direct message. What was asked for in private is never shown in the channel.

Each way either works, or is refused for good (the next is tried, and the refusal remembered, because Discord bans who
asks in vain too often), or is out of order for the moment (`is_passing`: the caller tries again later).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import cast

import aiohttp
import discord
from discord.abc import Messageable

from zosma_bot.discord.api.not_now import is_not_now
from zosma_bot.discord.api.rate_limits import OLD_S, Priority, RateLimiter
from zosma_bot.discord.delivery.render import file_prefix, without_files
from zosma_bot.discord.state.reply_record import UPLOAD_LIMIT, Outlet, Reply
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.card import Card
from zosma_bot.discord.ui.respond import NO_MENTIONS
from zosma_queue import tracing

log = logging.getLogger(__name__)

#: For how long Discord surely recognises a nonce. It says "the past few minutes".
NONCE_MEMORY_S = 120.0
#: Messages looked through for one that was sent before a crash.
HISTORY_MESSAGES = 100

#: Told in the place of a way by those that count them, when every way was refused.
NO_ROUTE = "none"

#: By which Discord refuses a request as too large, and a file in it.
_TOO_LARGE = (40005, 50045)
_UNKNOWN_MESSAGE = 10008
_EMPTY_MESSAGE = 50006
#: No right to attach files, and "access to file uploads has been limited for this guild".
_NO_FILES = (50013, 400001)
_THREAD_ARCHIVED = 50083


class UnreachableError(Exception):
    """Raised when every way has been refused for good."""


class RemovedError(Exception):
    """Raised when somebody has taken the job's message out of its channel: it must not come back there."""


class TooLargeError(Exception):
    """Raised when Discord takes the message, but not this much of it."""


def is_passing(error: Exception) -> bool:
    """True for what may be over in a minute: limits, outages, a cut line, a bot token that is being changed."""
    if isinstance(error, discord.HTTPException):
        # A 401 on the bot's token ends when its owner sets the new one.
        return error.status in (401, 429) or error.status >= 500 or error.code == 0 or is_not_now(error)
    return isinstance(error, discord.RateLimited | aiohttp.ClientError | OSError | TimeoutError)


def nonce_of(job_id: str) -> str:
    """The same for every try of a job, so that Discord posts it once."""
    return hashlib.sha256(job_id.encode()).hexdigest()[:24]


class Fallbacks:
    """Shows cards in Discord."""

    def __init__(
        self,
        client: discord.Client,
        *,
        rate_limiter: RateLimiter | None = None,
        now: Callable[[], float] = time.time,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`rate_limiter` must be the one whose trace the client has; `note` is told by which way an end was shown."""
        self._client = client
        self._rate_limiter = rate_limiter or RateLimiter()
        self._now = now
        self._note = note

    def place(self, outlet: Outlet) -> str | None:
        """The channel by whose limit an end would have to wait; None while the interaction's token works."""
        reply = outlet.reply
        if reply.message_id is not None and reply.token_works(self._now()):
            return None
        return f"user {reply.user_id}" if reply.private else f"channel {reply.channel_id}"

    async def edit(self, outlet: Outlet, card: Card) -> None:
        """Changes the job's message, and makes no new one. Progress: dropped when the budget is short.

        Raises:
          RemovedError: when somebody has deleted it.
          UnreachableError: when it can't be changed any more.
        """
        if not await self._by_first_open(outlet, card, (self._by_interaction, self._by_bot), Priority.PROGRESS):
            raise UnreachableError

    async def end(self, outlet: Outlet, card: Card) -> None:
        """Shows a job's last card, wherever it can be shown: what is private only where nobody else looks.

        Raises:
          RemovedError: when somebody has deleted the job's message.
          UnreachableError: when it can be shown nowhere.
          TooLargeError: when its pictures must become smaller.
        """
        if outlet.reply.private:
            # The bot's token knows nothing of a message that its member alone sees.
            routes: tuple[Route, ...] = (self._by_interaction, self._in_private)
        else:
            routes = (self._by_interaction, self._by_bot, self._in_channel, self._in_private)
        await self._end(outlet, card, routes, Priority.RESULT if card.pictures else Priority.ERROR)

    async def tell_alone(self, outlet: Outlet, card: Card) -> None:
        """Tells the member, and nobody else, what became of a job whose message was deleted.

        Raises:
          UnreachableError: when they can't be told.
        """
        await self._end(outlet, card, (self._by_follow_up, self._in_private), Priority.ERROR)

    async def _end(self, outlet: Outlet, card: Card, routes: tuple[Route, ...], priority: Priority) -> None:
        with tracing.span("post", "client") as span:
            route = await self._by_first_open(outlet, card, routes, priority)
            span.note({"zosma.route": route or NO_ROUTE})
        self._note(route or NO_ROUTE)
        if not route:
            raise UnreachableError

    async def _by_first_open(self, outlet: Outlet, card: Card, routes: tuple[Route, ...], priority: Priority) -> str:
        """The name of the way that it was shown by; '' when none is open."""
        for route in routes:
            try:
                if await route(outlet, card, priority):
                    return route.__name__.removeprefix("_by_").removeprefix("_in_")
            except discord.HTTPException as error:
                if error.status == 413 or error.code in _TOO_LARGE:
                    raise TooLargeError from None
                if is_passing(error):
                    raise
                log.info("job %s: %s: %d (code %d)", outlet.job_id, route.__name__, error.status, error.code)
        return ""

    async def _by_interaction(self, outlet: Outlet, card: Card, priority: Priority) -> bool:
        reply = outlet.reply
        if reply.message_id is None or not reply.token_works(self._now()):
            return False
        webhook = discord.Webhook.partial(reply.application_id, reply.token, client=self._client)
        message_id = reply.message_id

        async def edit(shown: Card) -> None:
            await webhook.edit_message(
                message_id,
                content=None,
                embed=shown.embed(),
                attachments=shown.files(),
                view=shown.view(),
                allowed_mentions=NO_MENTIONS,
            )

        try:
            async with self._rate_limiter.spending(priority):
                return await self._change(reply, card, edit, f"files by interactions in channel {reply.channel_id}")
        except discord.HTTPException as error:
            if error.status not in (401, 403, 404) or is_not_now(error):
                raise
            await _check_removed(outlet, error)
            log.info("job %s: its interaction is void: %d (code %d)", outlet.job_id, error.status, error.code)
            await outlet.change(token="")
            return False

    async def edit_first_answer(self, reply: Reply, text: str) -> bool:
        """Changes the first answer to an interaction, whose id nobody knows. False when there is none any more."""
        webhook = discord.Webhook.partial(reply.application_id, reply.token, client=self._client)
        try:
            async with self._rate_limiter.spending(Priority.ERROR):
                await webhook.edit_message(cast(int, "@original"), content=text, allowed_mentions=NO_MENTIONS)
        except discord.HTTPException as error:
            if error.status not in (401, 403, 404) or is_not_now(error):
                raise
            return False
        return True

    async def _by_bot(self, outlet: Outlet, card: Card, priority: Priority) -> bool:
        reply = outlet.reply
        place = f"channel {reply.channel_id}"
        if reply.message_id is None or reply.private or self._rate_limiter.refuses(f"edits in {place}"):
            return False
        is_old = self._now() - reply.token_created_ms / 1000 > OLD_S
        try:
            async with self._rate_limiter.spending(priority, place, is_old=is_old):
                if self._rate_limiter.refuses(f"edits in {place}"):  # by what the one before has heard
                    return False
                edit = partial(self._edit_by_bot, reply, reply.message_id, priority)
                return await self._change(reply, card, edit, f"files in {place}")
        except discord.HTTPException as error:
            if is_passing(error) or error.status not in (403, 404):
                raise
            await _check_removed(outlet, error)
            log.info("job %s: its message is out of reach: %d (code %d)", outlet.job_id, error.status, error.code)
            if error.code != _UNKNOWN_MESSAGE:
                self._rate_limiter.refused(f"edits in {place}")
            await outlet.change(message_id=None)
            return False

    async def _change(self, reply: Reply, card: Card, edit: Callable[[Card], Awaitable[None]], no_files: str) -> bool:
        """False when nothing may be attached there, so that only the words of an end are shown."""
        if not card.bytes or not self._rate_limiter.refuses(no_files):
            try:
                await edit(card)
            except discord.HTTPException as error:
                if error.code not in _NO_FILES or not card.bytes:
                    raise
                self._rate_limiter.refused(no_files)
            else:
                return True
        await edit(without_files(reply.words, card))
        return not card.pictures

    async def _edit_by_bot(self, reply: Reply, message_id: int, priority: Priority, card: Card) -> None:
        """Takes the thread of an end out of the archive, where it goes by itself, for edits don't count as life."""
        try:
            await self._write(reply, message_id, card)
        except discord.HTTPException as error:
            if error.code != _THREAD_ARCHIVED or priority is Priority.PROGRESS:
                raise
            try:
                # A new message would do the same.
                await self._client.http.edit_channel(reply.channel_id, archived=False)
            except discord.Forbidden:  # it is locked
                raise error from None
            await self._write(reply, message_id, card)

    async def _write(self, reply: Reply, message_id: int, card: Card) -> None:
        """Without the permission for embeds Discord leaves them out, and says so of an otherwise empty message only."""
        channel = self._client.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        no_embeds = f"embeds in channel {reply.channel_id}"

        async def edit(*, plain: bool) -> discord.Message:
            return await channel.get_partial_message(message_id).edit(
                content=card.plain() if plain else None,
                embed=None if plain else card.embed(),
                attachments=card.files(),
                view=card.view(),
                allowed_mentions=NO_MENTIONS,
            )

        if not self._rate_limiter.refuses(no_embeds):
            try:
                if (await edit(plain=False)).embeds:
                    return
            except discord.HTTPException as error:
                if error.code != _EMPTY_MESSAGE:
                    raise
            self._rate_limiter.refused(no_embeds)
        await edit(plain=True)

    async def _by_follow_up(self, outlet: Outlet, card: Card, priority: Priority) -> bool:
        reply = outlet.reply
        if not reply.token_works(self._now()):
            return False
        webhook = discord.Webhook.partial(reply.application_id, reply.token, client=self._client)
        webhook.type = discord.WebhookType.application  # none other has ephemeral messages
        # Nothing makes a follow-up unique: after a lost answer the next way is gone, which knows what it has sent.
        await outlet.change(token="")
        async with self._rate_limiter.spending(priority):
            await webhook.send(embed=card.embed(), ephemeral=True, allowed_mentions=NO_MENTIONS)
        return True

    async def _in_channel(self, outlet: Outlet, card: Card, priority: Priority) -> bool:
        reply = outlet.reply
        channel = self._client.get_partial_messageable(reply.channel_id, guild_id=reply.guild_id)
        place = f"channel {reply.channel_id}"
        async with self._rate_limiter.spending(priority, place):
            with self._refusing(f"posts in {place}") as is_open:
                return is_open and await self._post(outlet, card, channel)

    async def _in_private(self, outlet: Outlet, card: Card, priority: Priority) -> bool:
        user_id = outlet.reply.user_id
        place = f"user {user_id}"
        if any(len(one.data) > UPLOAD_LIMIT for one in card.pictures):
            # A boosted server takes more than a direct message.
            raise TooLargeError
        async with self._rate_limiter.spending(priority, place):
            with self._refusing(place) as is_open:
                if not is_open:
                    return False
                channel = await self._client.create_dm(discord.Object(user_id))
                return await self._post(outlet, card, channel)

    @contextlib.contextmanager
    def _refusing(self, place: str) -> Iterator[bool]:
        """Gives False for a place that has refused lately, and remembers when it refuses now."""
        try:
            yield not self._rate_limiter.refuses(place)
        except discord.HTTPException as error:
            if error.status in (403, 404) and not is_passing(error):
                self._rate_limiter.refused(place)
            raise

    async def _post(self, outlet: Outlet, card: Card, channel: Messageable) -> bool:
        """Sends a new message, once: by its nonce while Discord remembers that, by looking for it later."""
        began_ms = outlet.reply.posting_since_ms
        found: discord.Message | None = None
        if began_ms is None:
            await outlet.change(posting_since_ms=int(self._now() * 1000))
        elif self._now() - began_ms / 1000 > NONCE_MEMORY_S:
            found = await self._sent_before(outlet, channel, began_ms)
        message = found or await channel.send(
            texts.meant_for(outlet.reply.words, outlet.reply.user_id),
            embed=card.embed(),
            files=card.files(),
            view=card.view() or discord.utils.MISSING,
            nonce=nonce_of(outlet.job_id),
            allowed_mentions=NO_MENTIONS,
        )
        await outlet.change(message_id=message.id, channel_id=message.channel.id, token="")
        return True

    async def _sent_before(self, outlet: Outlet, channel: Messageable, began_ms: int) -> discord.Message | None:
        # A minute earlier, for clocks that disagree.
        start = discord.Object((began_ms - 60_000 - discord.utils.DISCORD_EPOCH) << 22)
        me = self._client.user  # an application of before 2017 has another id than its bot
        try:
            async for message in channel.history(limit=HISTORY_MESSAGES, after=start):
                if message.author == me and _shows(message, outlet.job_id):
                    return message
        except discord.Forbidden as error:
            if is_not_now(error):
                raise
            log.info("job %s: the channel's history can't be read", outlet.job_id)
        return None


#: One way to reach a member: True when the card is shown, False when this way isn't open.
Route = Callable[[Outlet, Card, Priority], Awaitable[bool]]


async def _check_removed(outlet: Outlet, error: discord.HTTPException) -> None:
    """Notes that the message was deleted, where anybody but its member can have done so.

    Raises:
      RemovedError: when it was.
    """
    if error.code == _UNKNOWN_MESSAGE and outlet.reply.guild_id is not None and not outlet.reply.private:
        await outlet.change(removed=True, message_id=None)
        raise RemovedError


def _shows(message: discord.Message, job_id: str) -> bool:
    prefix = file_prefix(job_id)
    if any(attachment.filename.removeprefix("SPOILER_").startswith(prefix) for attachment in message.attachments):
        return True
    return any(job_id in (embed.footer.text or "") for embed in message.embeds)
