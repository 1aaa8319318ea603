"""Channels and their messages, by the bot's token."""

from __future__ import annotations

from typing import Any

from loopback.discord import errors
from loopback.discord.messages import Messages
from loopback.discord.payloads import bot_permissions, channel_json, message_json, unread
from loopback.discord.permissions import NONE, P
from loopback.discord.ratelimits import RateLimits, Window
from loopback.discord.rest.call import Call, Json
from loopback.discord.rest.route import Route
from loopback.discord.state import EPHEMERAL, MESSAGE_CONTENT, Channel, Message, World

#: Message type of a reply.
REPLY = 19
#: Messages older than this have a limit of edits of their own.
OLD_S = 3600.0


class Channels:
    def __init__(self, world: World, messages: Messages, limits: RateLimits) -> None:
        self._world = world
        self._messages = messages
        self._limits = limits
        self._old_edits: dict[int, Window] = {}

    def routes(self) -> list[Route]:
        one, many = "/channels/{channel_id}/messages/{message_id}", "/channels/{channel_id}/messages"
        return [
            Route("GET", "/channels/{channel_id}", self.get),
            Route("PATCH", "/channels/{channel_id}", self.change),
            Route("POST", "/channels/{channel_id}/typing", self.typing),
            Route("GET", many, self.history),
            Route("POST", many, self.create),
            Route("GET", one, self.get_message),
            Route("PATCH", one, self.edit),
            Route("DELETE", one, self.delete),
            Route("POST", "/users/@me/channels", self.open_direct),
        ]

    def get(self, call: Call) -> Json:
        return channel_json(self._channel(call))

    def change(self, call: Call) -> Json:
        """Of all that can be changed, a thread's place in the archive. A locked one is its moderators' business."""
        channel = self._channel(call, P.SEND_MESSAGES_IN_THREADS)
        moderates = bool(bot_permissions(self._world, channel) & P.MANAGE_THREADS)
        if channel.parent is None or (channel.locked and not moderates):
            raise errors.missing_permissions()
        channel.archived = bool(call.body.get("archived", channel.archived))
        return channel_json(channel)

    def typing(self, call: Call) -> None:
        self._channel(call, P.SEND_MESSAGES).typing_calls += 1
        self._world.changes.ring()

    def history(self, call: Call) -> list[Json]:
        """Newest first. Ephemeral messages are nobody's but their member's, so a bot never finds them."""
        channel = self._channel(call)
        if not bot_permissions(self._world, channel) & P.READ_MESSAGE_HISTORY:
            return []
        found = [m for m in sorted(channel.messages.values(), key=lambda m: -m.id) if not m.ephemeral]
        if before := call.query.get("before"):
            found = [m for m in found if m.id < int(before)]
        if after := call.query.get("after"):
            found = [m for m in found if m.id > int(after)]
        return [self._read(m) for m in found[: int(call.query.get("limit", 50))]]

    def create(self, call: Call) -> Json:
        channel, body = self._channel(call), call.body
        self._may_send(channel, call)
        if (twin := self._messages.twin(self._world.bot, body)) is not None:
            return message_json(self._world, twin)
        message = self._messages.new(channel, self._world.bot)
        self._refer(message, body.get("message_reference"))
        allowed = body | {"flags": int(body.get("flags") or 0) & ~EPHEMERAL}
        return message_json(self._world, self._messages.create(message, allowed, call.files))

    def get_message(self, call: Call) -> Json:
        return self._read(self._message(call))

    def _read(self, message: Message) -> Json:
        told = message_json(self._world, message)
        may_read = message.channel.guild is None or self._world.settings.privileged_intents & MESSAGE_CONTENT
        return told if may_read else unread(self._world, told)

    def edit(self, call: Call) -> Json:
        message = self._message(call)
        if message.author is not self._world.bot:
            raise errors.foreign_message()
        if message.channel.archived:
            raise errors.thread_archived()
        self._may_attach(message.channel, call)
        self._check_age(message)
        body = call.body
        if not bot_permissions(self._world, message.channel) & P.EMBED_LINKS:
            body = body | {"embeds": []}  # they are left out without a word; only an empty message is refused
        return message_json(self._world, self._messages.edit(message, body, call.files))

    def delete(self, call: Call) -> None:
        message = self._message(call)
        own = message.author is self._world.bot
        if not own and not bot_permissions(self._world, message.channel) & P.MANAGE_MESSAGES:
            raise errors.missing_permissions()
        self._messages.delete(message)

    def open_direct(self, call: Call) -> Json:
        """Opening works even with somebody who takes no messages; only sending fails."""
        recipient = str(call.body.get("recipient_id"))
        user = self._world.users.get(int(recipient)) if recipient.isdecimal() else None
        if user is None or user is self._world.bot:
            raise errors.unknown_user()
        return channel_json(self._world.direct_channel(user))

    def _channel(self, call: Call, needed: P = NONE) -> Channel:
        """The channel, if the bot sees it (else 50001) and may do what it asks (else 50013)."""
        channel = self._world.channels.get(call.id("channel_id"))
        if channel is None:
            raise errors.unknown_channel()
        held = bot_permissions(self._world, channel)
        if not held & P.VIEW_CHANNEL:
            raise errors.missing_access()
        if held & needed != needed:
            raise errors.missing_permissions()
        return channel

    def _may_send(self, channel: Channel, call: Call) -> None:
        if channel.recipient is not None and channel.recipient.closed:
            raise errors.closed_direct_messages()
        held = bot_permissions(self._world, channel)
        needed = P.SEND_MESSAGES_IN_THREADS if channel.parent else P.SEND_MESSAGES
        if not held & needed:
            raise errors.missing_permissions()
        if channel.locked and not held & P.MANAGE_THREADS:
            raise errors.thread_archived()
        self._may_attach(channel, call)
        lacks_links = bool(call.body.get("embeds")) and not held & P.EMBED_LINKS
        if lacks_links:
            raise errors.missing_permissions()
        channel.archived = False  # a new message takes a thread out of the archive

    def _may_attach(self, channel: Channel, call: Call) -> None:
        if call.files and not bot_permissions(self._world, channel) & P.ATTACH_FILES:
            raise errors.missing_permissions()

    def _check_age(self, message: Message) -> None:
        now = self._world.now()
        if self._limits.mode != "real" or now - message.created < OLD_S:
            return
        limit, seconds = self._world.settings.old_edits
        window = self._old_edits.setdefault(message.channel.id, Window(limit, seconds))
        window.limit, window.seconds = limit, seconds
        if not window.take(now):
            raise errors.too_many_old_edits(window.reset_after(now))

    def _message(self, call: Call) -> Message:
        message = self._channel(call).messages.get(call.id("message_id"))
        if message is None or message.ephemeral:
            raise errors.unknown_message()
        return message

    def _refer(self, message: Message, reference: Any) -> None:
        """A reply. To a message that is gone it fails, unless `fail_if_not_exists` is false."""
        if reference is None:
            return
        target = message.channel.messages.get(int(reference["message_id"]))
        if target is not None and not target.ephemeral:
            message.type, message.reference = REPLY, target.id
        elif reference.get("fail_if_not_exists", True):
            raise errors.invalid_form(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
