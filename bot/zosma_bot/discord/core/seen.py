"""The message whose button was pressed, also where the press came by a menu or form on a message of its own."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import discord

from zosma_bot.discord.core.attachments import ADDRESS_TTL_S
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.ui.custom_id import OfJob

#: What is kept of a message while a menu of it is open: as long as Discord's addresses of its pictures are good.
KIND, KEPT_S = "menu", ADDRESS_TTL_S
#: Under which name it is noted in an interaction's extras.
_EXTRA = "seen"


@dataclass(frozen=True)
class SeenPicture:
    """A picture as a message shows it."""

    id: int
    filename: str
    url: str
    width: int
    height: int
    read: Callable[[], Awaitable[bytes]] = field(repr=False, compare=False)
    """Its bytes, from Discord. Raises what discord.py and aiohttp raise."""


@dataclass(frozen=True)
class SeenMessage:
    """A message, as far as its buttons need it."""

    id: int
    channel_id: int
    jump_url: str
    private: bool
    """True when its member alone sees it."""
    asked_by: int | None
    """Whose command or press made it, as Discord says; None for one that the bot posted by itself."""
    pictures: tuple[SeenPicture, ...] = ()
    token: str = field(default="", repr=False)
    """Of the press that opened a menu: for 15 minutes it may delete the message, whatever rights the bot has there."""

    @classmethod
    def of(cls, message: discord.Message) -> SeenMessage:
        """What can be seen of a message."""
        asked = message.interaction_metadata
        pictures = tuple(
            SeenPicture(one.id, one.filename, one.url, one.width or 512, one.height or 512, one.read)
            for one in pictures_in(message)
        )
        private = message.flags.ephemeral
        by = asked.user.id if asked else None
        return cls(message.id, message.channel.id, message.jump_url, private, by, pictures)


def pictures_in(message: discord.Message | None) -> list[discord.Attachment]:
    """A message's pictures in their order, those of what it forwards among them."""
    if message is None:
        return []
    found = [*message.attachments, *(one for forwarded in message.message_snapshots for one in forwarded.attachments)]
    return [one for one in found if (one.content_type or "image/").startswith("image/")]


def seen(interaction: discord.Interaction[Any]) -> SeenMessage | None:
    """The message that the press is about: the one that a menu was opened for, else the one that was pressed."""
    noted: SeenMessage | None = interaction.extras.get(_EXTRA)
    if noted or interaction.message is None:
        return noted
    return SeenMessage.of(interaction.message)


async def keep_seen(services: Services, interaction: discord.Interaction[Any]) -> str:
    """Remembers the message for whoever pressed, and gives the key under which a menu or form names it.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    message = seen(interaction)
    if message is None:
        raise ValueError("a press without a message has nothing to remember")
    key = secrets.token_hex(10)
    document = {
        "by": interaction.user.id,
        "id": message.id,
        "channel": message.channel_id,
        "jump_url": message.jump_url,
        "private": message.private,
        "asked_by": message.asked_by,
        "token": interaction.token,
        "pictures": [
            {"id": one.id, "filename": one.filename, "url": one.url, "width": one.width, "height": one.height}
            for one in message.pictures
        ],
    }
    await services.background.within(CHECKS_S, services.queue.documents.put(KIND, key, document, ttl_s=KEPT_S))
    return key


async def recall_seen(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> bool:
    """Finds the message that a menu's or form's custom_id names, for `seen`. False when it is no longer remembered.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    if not of.menu:
        return True
    found = await services.background.within(CHECKS_S, services.queue.documents.get(KIND, of.menu))
    if found is None or found.get("by") != interaction.user.id:
        return False
    client = interaction.client
    pictures = tuple(
        SeenPicture(
            one["id"], one["filename"], one["url"], one["width"], one["height"],
            partial(_fetch, client, found["channel"], found["id"], one),
        )
        for one in found["pictures"]
    )  # fmt: skip
    interaction.extras[_EXTRA] = SeenMessage(
        found["id"], found["channel"], found["jump_url"], found["private"], found["asked_by"], pictures, found["token"]
    )
    return True


async def _fetch(client: discord.Client, channel_id: int, message_id: int, picture: dict[str, Any]) -> bytes:
    """The bytes by the address that Discord gave us; where that has run out, by a new one from the message.

    The address first: it needs no right to read the channel, which a bot that a user installed hasn't got.
    """
    try:
        return await client.http.get_from_cdn(picture["url"])
    except (discord.Forbidden, discord.NotFound):
        message = await client.get_partial_messageable(channel_id).fetch_message(message_id)
        for attachment in message.attachments:
            if attachment.id == picture["id"]:
                return await attachment.read()
        raise
