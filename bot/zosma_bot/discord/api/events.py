"""Events of the gateway on their way to discord.py: an odd one must cost no more than itself.

An event in which discord.py misses a field ends its whole connection: every member is without a bot until it has logged
in again, and whoever can cause such an event once can do it all day. Discord adds types of channels before discord.py
knows them, promises of an interaction's channel its id and type alone, and servers that are only compatible tell less.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import discord
from discord.utils import DEFAULT_FILE_SIZE_LIMIT_BYTES

from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

Json = dict[str, Any]
Parser = Callable[[Any], None]

#: Without these there is no connection: what is wrong with one is a failed login.
_OF_THE_LOGIN = ("READY", "RESUMED")
_TEXT, _DIRECT = discord.ChannelType.text.value, discord.ChannelType.private.value
_TYPES = frozenset(one.value for one in discord.ChannelType)
#: What discord.py wants of a channel that it hasn't heard of, whatever its type.
_CHANNEL: Json = {
    "name": "", "position": 0, "bitrate": 0, "user_limit": 0,
    "parent_id": "0", "owner_id": "0", "message_count": 0, "member_count": 0,
    "thread_metadata": {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": "2015-01-01T00:00:00Z"},
}  # fmt: skip
_MEMBER: Json = {"roles": [], "flags": 0}
_USER: Json = {"discriminator": "0", "avatar": None}
_MESSAGE: Json = {"type": 0, "content": "", "embeds": [], "attachments": []}


def harden(client: discord.Client) -> None:
    """Has the client pass over events that discord.py can't read, and read interactions that tell little."""
    parsers, said = client._connection.parsers, Hourly()
    for name, parse in list(parsers.items()):
        if name not in _OF_THE_LOGIN:
            parsers[name] = _harmless(name, parse, said)


def _harmless(name: str, parse: Parser, said: Hourly) -> Parser:
    def read(data: Any) -> None:
        try:
            parse(completed(data) if name == "INTERACTION_CREATE" else data)
        except Exception as error:
            if said.due(f"{name}: {type(error).__name__}: {error}"):
                log.exception("Discord's event %s can't be read, and is passed over", name)

    return read


def completed(interaction: Json) -> Json:
    """An interaction with all that discord.py needs of one; what it tells itself stays."""
    least: Json = {"version": 1, "attachment_size_limit": DEFAULT_FILE_SIZE_LIMIT_BYTES}
    whole = least | interaction | {"channel": _channel(interaction)}
    resolved = (interaction.get("data") or {}).get("resolved") or {}
    if channels := resolved.get("channels"):
        known = {key: _CHANNEL | {"permissions": "0"} | channel for key, channel in channels.items()}
        whole["data"] = interaction["data"] | {"resolved": resolved | {"channels": known}}
    if member := interaction.get("member"):
        whole["member"] = _MEMBER | member | {"user": _USER | member["user"]}
    elif user := interaction.get("user"):
        whole["user"] = _USER | user
    if message := interaction.get("message"):
        whole["message"] = _MESSAGE | {"channel_id": whole["channel"]["id"]} | message
    return whole


def _channel(interaction: Json) -> Json:
    """discord.py knows an interaction's place by its channel alone, and only when it knows the channel's type."""
    told = interaction.get("channel") or {}
    channel = _CHANNEL | {"id": interaction.get("channel_id")} | told
    if channel.get("type") not in _TYPES:
        channel["type"] = _TEXT if interaction.get("guild_id") else _DIRECT
    return channel
