"""Permission bits, and how roles and channel overwrites add up to what somebody may do."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopback.discord.state import Channel, Member


class P(IntFlag):
    """The bits that a bot of our kind meets; Discord has more."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    #: Without it, what an app that somebody has installed for themselves answers is seen by them alone.
    USE_EXTERNAL_APPS = 1 << 50


#: What @everyone holds in a fresh guild, as far as it matters here.
EVERYONE = (
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_APPLICATION_COMMANDS
    | P.SEND_MESSAGES_IN_THREADS
    | P.USE_EXTERNAL_APPS
)

NONE = P(0)
ALL = P((1 << 53) - 1)

#: In a direct message there are no roles: both sides may write, attach and read.
DIRECT = EVERYONE


def permissions_in(member: Member, channel: Channel | None) -> P:
    """What `member` may do in `channel`: owner and administrators everything, else roles, then overwrites."""
    guild = member.guild
    held = guild.everyone.permissions
    for role in member.roles:
        held |= role.permissions
    if guild.owner_id == member.id or held & P.ADMINISTRATOR:
        return ALL
    return _with_overwrites(held, member, channel) if channel else held


def _with_overwrites(held: P, member: Member, channel: Channel) -> P:
    """Overwrites apply in three rounds: @everyone, then all roles together, then the member's own."""
    rounds = [[member.guild.id], [role.id for role in member.roles], [member.id]]
    for ids in rounds:
        allow = deny = NONE
        for target in ids:
            if (overwrite := channel.overwrites.get(target)) is not None:
                allow |= overwrite.allow
                deny |= overwrite.deny
        held = (held & ~deny) | allow
    return held
