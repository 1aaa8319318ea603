"""The JSON that Discord sends for what it remembers."""

from __future__ import annotations

import struct
from typing import Any

from loopback.discord.interaction import Interaction, Kind
from loopback.discord.permissions import ALL, DIRECT, NONE, P, permissions_in
from loopback.discord.state import VOICE, Attachment, Channel, Guild, Member, Message, Role, User, World

Json = dict[str, Any]

#: Context of an interaction: in a guild, in the direct message with the bot, or in that of others.
IN_GUILD, IN_DIRECT, IN_PRIVATE = 0, 1, 2


#: What a bot may do in its answers where only its commands are.
AS_APP = P.EMBED_LINKS | P.ATTACH_FILES


def user_json(user: User) -> Json:
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": None if user.bot else user.name.title(),
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "primary_guild": None,
        "bot": user.bot,
        "public_flags": 0,
        "flags": 0,
    }


def member_json(world: World, member: Member) -> Json:
    return {
        "user": user_json(member.user),
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [str(role.id) for role in member.roles],
        "joined_at": world.timestamp(0),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def role_json(role: Role) -> Json:
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel_json(channel: Channel) -> Json:
    last = max(channel.messages, default=None)
    common: Json = {
        "id": str(channel.id),
        "type": channel.type,
        "last_message_id": None if last is None else str(last),
        "flags": 0,
    }
    if channel.guild is None:
        if channel.group:
            group = {"name": channel.name, "icon": None, "owner_id": str(channel.group[0].id)}
            return common | group | {"recipients": [user_json(user) for user in channel.group]}
        recipients = [] if channel.recipient is None else [user_json(channel.recipient)]
        return common | {"recipients": recipients}
    overwrites = [
        {"id": str(k), "type": o.type, "allow": str(int(o.allow)), "deny": str(int(o.deny))}
        for k, o in channel.overwrites.items()
    ]
    if channel.parent is not None:
        return common | {
            "guild_id": str(channel.guild.id),
            "name": channel.name,
            "parent_id": str(channel.parent.id),
            "owner_id": str(channel.guild.owner_id),
            "rate_limit_per_user": 0,
            "message_count": len(channel.messages),
            "total_message_sent": len(channel.messages),
            "member_count": 1,
            "thread_metadata": {
                "archived": channel.archived,
                "archive_timestamp": "2026-01-01T00:00:00+00:00",
                "auto_archive_duration": 60,
                "locked": channel.locked,
                "create_timestamp": "2026-01-01T00:00:00+00:00",
            },
        }
    body = common | {
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "topic": None,
        "position": channel.guild.channels.index(channel),
        "parent_id": None,
        "nsfw": channel.nsfw,
        "rate_limit_per_user": 0,
        "permission_overwrites": overwrites,
    }
    return body | {"bitrate": 64_000, "user_limit": 0} if channel.type in VOICE else body


#: All that an interaction tells of a channel; of a thread its metadata besides. Only id and type are promised.
_PARTIAL = (
    "id", "type", "name", "last_message_id", "last_pin_timestamp", "nsfw", "parent_id", "guild_id", "flags",
    "rate_limit_per_user", "topic", "position", "thread_metadata",
)  # fmt: skip


def partial_channel_json(channel: Channel, permissions: P = NONE) -> Json:
    """The channel as interactions tell it: with what the member may do there, and without much else."""
    told = {key: value for key, value in channel_json(channel).items() if key in _PARTIAL}
    return told | {"permissions": str(int(permissions))}


def guild_json(guild: Guild) -> Json:
    """A guild as REST tells it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "vanity_url_code": None,
        "application_id": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": guild.locale,
        "home_header": None,
        "region": "deprecated",
        "widget_enabled": False,
        "widget_channel_id": None,
        "safety_alerts_channel_id": None,
        "max_presences": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "nsfw": False,
        "incidents_data": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role_json(role) for role in guild.roles],
    }


def guild_create_json(world: World, guild: Guild, all_members: bool) -> Json:
    """GUILD_CREATE: what REST tells plus what lives in it. Without the members intent, only the bot."""
    members = [m for m in guild.members.values() if all_members or m.user is world.bot]
    return guild_json(guild) | {
        "joined_at": world.timestamp(0),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_json(world, m) for m in members],
        "channels": [channel_json(c) for c in guild.channels],
        "threads": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def image_size(data: bytes) -> Json:
    """Width and height that Discord reads out of a picture; of PNG is enough here."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return {"width": width, "height": height}
    return {}


def attachment_json(attachment: Attachment) -> Json:
    body: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": len(attachment.data),
        "url": attachment.url,
        "proxy_url": attachment.url,
        "content_type": attachment.content_type,
    }
    if attachment.description is not None:
        body["description"] = attachment.description
    return body | image_size(attachment.data)


def message_json(world: World, message: Message) -> Json:
    body: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "type": message.type,
        "author": user_json(message.author),
        "content": message.content,
        "embeds": message.embeds,
        "attachments": [attachment_json(a) for a in message.attachments if not a.in_embed],
        "components": message.components,
        "flags": message.flags,
        "timestamp": world.timestamp(message.created),
        "edited_timestamp": None if message.edited is None else world.timestamp(message.edited),
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
    }
    if message.nonce is not None:
        body["nonce"] = message.nonce
    if message.reference is not None:
        body["message_reference"] = {
            "type": 0,
            "channel_id": body["channel_id"],
            "message_id": str(message.reference),
        }
    if message.forwards is not None:
        body |= _forwarded(world, message.forwards)
    if message.interaction is not None:
        body |= _through_interaction(world, message.interaction)
    return body


#: What a snapshot has of the message that is forwarded: neither its id nor its author.
_SNAPSHOT = (
    "type", "content", "embeds", "attachments", "components", "flags", "timestamp", "edited_timestamp", "mentions",
    "mention_roles",
)  # fmt: skip


def _forwarded(world: World, message: Message) -> Json:
    told = message_json(world, message)
    reference = {"type": 1, "channel_id": told["channel_id"], "message_id": told["id"]}
    return {
        "message_reference": reference,
        "message_snapshots": [{"message": {key: told[key] for key in _SNAPSHOT}}],
    }


def _through_interaction(world: World, interaction: Interaction) -> Json:
    application = str(world.application_id)
    metadata = _metadata(world, interaction)
    return {"interaction_metadata": metadata, "application_id": application, "webhook_id": application}


def _metadata(world: World, interaction: Interaction) -> Json:
    metadata: Json = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": user_json(interaction.member.user),
        "authorizing_integration_owners": owners_json(world, interaction),
    }
    if interaction.kind is Kind.COMMAND:
        metadata["name"] = interaction.name
    elif interaction.kind is Kind.COMPONENT and interaction.source is not None:
        metadata["interacted_message_id"] = str(interaction.source.id)
    elif interaction.kind is Kind.MODAL and interaction.opened_by is not None:
        metadata["triggering_interaction_metadata"] = _metadata(world, interaction.opened_by)
    return metadata


def owners_json(world: World, interaction: Interaction) -> Json:
    """Who installed the bot where this happened: key 0 is a guild install ("0" in direct messages), 1 a user's."""
    guild = interaction.channel.guild
    if not world.knows(interaction.channel):
        return {"1": str(_authorizing(interaction).id)}
    return {"0": str(guild.id) if guild else "0"}


def _authorizing(interaction: Interaction) -> Member:
    """Who has installed the bot: of a component not who presses it, but who called for its message."""
    before = interaction.opened_by or (interaction.source.interaction if interaction.source else None)
    return _authorizing(before) if before else interaction.member


def message_event_json(world: World, message: Message) -> Json:
    """MESSAGE_CREATE and MESSAGE_UPDATE tell a little more than REST."""
    body = message_json(world, message)
    if (guild := message.channel.guild) is not None:
        body["guild_id"] = str(guild.id)
        if (member := guild.members.get(message.author.id)) is not None:
            body["member"] = {k: v for k, v in member_json(world, member).items() if k != "user"}
    return body


def unread(world: World, told: Json) -> Json:
    """A message as bots without MESSAGE_CONTENT get it, by whatever way: what others wrote in a guild is empty."""
    if told["author"]["id"] == str(world.bot.id) or f"<@{world.bot.id}>" in told["content"]:
        return told
    return told | {"content": "", "embeds": [], "attachments": [], "components": []}


def interaction_json(world: World, interaction: Interaction) -> Json:
    """INTERACTION_CREATE, field by field as Discord sends it."""
    member, channel = interaction.member, interaction.channel
    held = permissions_in(member, channel) if channel.guild else DIRECT
    body: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": partial_channel_json(channel, held),
        "locale": member.locale,
        "app_permissions": str(int(bot_permissions(world, channel) if world.knows(channel) else AS_APP)),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": owners_json(world, interaction),
        "context": IN_GUILD if channel.guild else IN_PRIVATE if channel.group else IN_DIRECT,
        "attachment_size_limit": world.settings.upload_limit,
    }
    if channel.guild is None:
        body["user"] = user_json(member.user)
    else:
        guild = channel.guild
        body["member"] = member_json(world, member) | {"permissions": str(int(held))}
        body["guild_id"] = str(guild.id)
        body["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
        body["guild_locale"] = guild.locale
    if interaction.source is not None:
        body["message"] = message_json(world, interaction.source)
    return body


def bot_permissions(world: World, channel: Channel) -> P:
    """What the bot may do in `channel`; in its direct messages there is nobody to forbid it anything."""
    if not world.knows(channel):
        return NONE
    if channel.guild is None:
        return DIRECT
    member = channel.guild.members.get(world.bot.id)
    held = NONE if member is None else permissions_in(member, channel)
    return ALL if held & P.ADMINISTRATOR else held
