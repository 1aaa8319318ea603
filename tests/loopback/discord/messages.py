"""Making, editing and deleting messages, and telling everybody who can see them."""

from __future__ import annotations

import copy
import mimetypes
from typing import Any

from loopback.discord import errors
from loopback.discord.components import number_components
from loopback.discord.limits import check_message, check_sizes
from loopback.discord.payloads import message_event_json
from loopback.discord.shown import Shown
from loopback.discord.state import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    Attachment,
    Channel,
    Message,
    User,
    World,
)

Json = dict[str, Any]
Files = dict[int, tuple[str, bytes]]

#: Flags that a sender may set: suppress embeds, ephemeral (interactions only), silent, components v2.
SETTABLE = (1 << 2) | EPHEMERAL | (1 << 12) | COMPONENTS_V2


class Messages:
    """All writing of messages goes through here, so that each change is seen, recorded and announced."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, message: Message, body: Json, files: Files, at: errors.Path = ()) -> Message:
        """Fill a new message, put it in its channel and announce it."""
        message.flags |= int(body.get("flags") or 0) & SETTABLE
        self._check(body, files, message.flags, at)
        self._fill(message, body, files)
        if not (message.content or message.embeds or message.attachments or message.components or message.forwards):
            raise errors.empty_message()
        self._publish(message)
        return message

    def new(self, channel: Channel, author: User) -> Message:
        return Message(self._world.new_id(), channel, author, created=self._world.now())

    def publish_thinking(self, message: Message) -> None:
        """A deferred answer: a message that says the bot is thinking."""
        message.flags |= LOADING
        self._publish(message)

    def edit(self, message: Message, body: Json, files: Files, at: errors.Path = ()) -> Message:
        """Change what the body names and keep the rest; whoever is the member's side keeps its visibility."""
        flags = message.flags | int(body.get("flags") or 0) & COMPONENTS_V2
        self._check(body, files, flags, at)
        kept = (message.content, message.embeds, message.attachments, message.components, message.flags)
        message.flags = flags & ~LOADING
        self._fill(message, body, files)
        if not (message.content or message.embeds or message.attachments or message.components):
            message.content, message.embeds, message.attachments, message.components, message.flags = kept
            raise errors.empty_message()
        message.edited = self._world.now()
        self._record(message)
        self._announce("MESSAGE_UPDATE", message, message_event_json(self._world, message))
        return message

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        self._record(message)
        gone = {"id": str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild is not None:
            gone["guild_id"] = str(message.channel.guild.id)
        self._announce("MESSAGE_DELETE", message, gone)

    def twin(self, author: User, body: Json) -> Message | None:
        """With `enforce_nonce`, a second message of the same author and nonce is the first one again.

        Discord looks back over "the past few minutes" and at all that this author sent, in any channel.
        """
        nonce = body.get("nonce")
        if nonce is None or not body.get("enforce_nonce"):
            return None
        oldest = self._world.now() - self._world.settings.nonce_window_s
        for channel in self._world.channels.values():
            for message in channel.messages.values():
                fresh = message.created >= oldest and message.author is author
                if fresh and message.nonce is not None and str(message.nonce) == str(nonce):
                    return message
        return None

    def _check(self, body: Json, files: Files, flags: int, at: errors.Path) -> None:
        check_sizes(files, self._world.settings.upload_limit)
        check_message(body, files, flags, at)

    def _fill(self, message: Message, body: Json, files: Files) -> None:
        attachments = self._attachments(message, body, files)
        if "content" in body:
            message.content = body["content"] or ""
        if "components" in body:
            message.components = number_components(copy.deepcopy(body["components"] or []))
        if "allowed_mentions" in body:
            message.allowed_mentions = body["allowed_mentions"]
        if body.get("nonce") is not None:
            message.nonce = body["nonce"]
        if "embeds" in body:
            message.embeds = [_resolve_embed(embed, attachments) for embed in body["embeds"] or []]
        used = {url for embed in message.embeds for url in _picture_urls(embed)}
        for attachment in attachments:
            attachment.in_embed = attachment.url in used
        message.attachments = attachments

    def _attachments(self, message: Message, body: Json, files: Files) -> list[Attachment]:
        """Without `attachments`, all stay; with it, those listed by id stay, and numbers name new files."""
        entries = body.get("attachments")
        if "attachments" not in body:
            return message.attachments + [self._store(*file) for file in files.values()]
        present = {a.id: a for a in message.attachments}
        result: list[Attachment] = []
        listed: set[int] = set()
        for index, entry in enumerate(entries or []):
            number = int(entry["id"])
            if number in files:
                listed.add(number)
                name, data = files[number]
                attachment = self._store(entry.get("filename") or name, data)
                attachment.description = entry.get("description")
            elif number in present:
                attachment = present[number]
            else:
                raise errors.invalid_form(
                    ("attachments", index, "id"), "ATTACHMENT_NOT_FOUND", "No such file or attachment"
                )
            result.append(attachment)
        return result + [self._store(*file) for number, file in files.items() if number not in listed]

    def _store(self, filename: str, data: bytes) -> Attachment:
        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        return self._world.store(filename, data, kind)

    def _publish(self, message: Message) -> None:
        message.channel.messages[message.id] = message
        self._world.all_messages.append(message)
        self._record(message)
        self._announce("MESSAGE_CREATE", message, message_event_json(self._world, message))

    def _record(self, message: Message) -> None:
        message.history.append(shown(message, self._world.now()))
        self._world.changes.ring()

    def _announce(self, event: str, message: Message, data: Json) -> None:
        """Ephemeral messages exist for one member only; the gateway never tells of them, nor of where the bot isn't."""
        if not message.ephemeral and self._world.knows(message.channel):
            guild = message.channel.guild
            self._world.emit(event, data, guild.id if guild else None)


def _picture_urls(embed: Json) -> list[str]:
    return [embed[key]["url"] for key in ("image", "thumbnail") if (embed.get(key) or {}).get("url")]


def _resolve_embed(embed: Json, attachments: list[Attachment]) -> Json:
    """`attachment://name` becomes the file's address; of a file that is not there, nothing is left."""
    resolved: Json = {"type": "rich"} | {k: v for k, v in embed.items() if v is not None}
    for key in ("image", "thumbnail"):
        url = str((resolved.get(key) or {}).get("url", ""))
        if not url.startswith("attachment://"):
            continue
        name = url.removeprefix("attachment://")
        found = next((a for a in attachments if a.filename == name), None)
        if found is None:
            del resolved[key]
        else:
            resolved[key] = {"url": found.url, "proxy_url": found.url}
    return resolved


def shown(message: Message, at: float) -> Shown:
    """The message as its readers see it right now."""
    return Shown(
        id=message.id,
        channel_id=message.channel.id,
        author=message.author.name,
        content=message.content,
        embeds=tuple(message.embeds),
        attachments=tuple(a.shown() for a in message.attachments if not a.in_embed),
        files=tuple(a.shown() for a in message.attachments),
        components=tuple(message.components),
        ephemeral=message.ephemeral,
        thinking=bool(message.flags & LOADING),
        edited=message.edited is not None,
        deleted=message.deleted,
        reference=message.reference,
        at=at,
    )
