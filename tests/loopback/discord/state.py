"""What Discord remembers: users, guilds, channels, messages. Plain data, no protocol."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopback.discord.changes import Changes
from loopback.discord.permissions import EVERYONE, NONE, P
from loopback.discord.shown import Shown, ShownAttachment

if TYPE_CHECKING:
    from loopback.discord.interaction import Interaction

Json = dict[str, Any]

#: Discord counts milliseconds from the first second of 2015.
DISCORD_EPOCH_MS = 1_420_070_400_000

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15

TEXT_CHANNEL = 0
DIRECT_CHANNEL = 1
GROUP_CHANNEL = 3
PUBLIC_THREAD = 11


class Snowflakes:
    """Ids that grow with time: milliseconds above bit 22, a counter below."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._counter = itertools.count(1)

    def __call__(self) -> int:
        return (int(self._now() * 1000) - DISCORD_EPOCH_MS) << 22 | next(self._counter) & 0x3FFFFF


@dataclass(eq=False)
class User:
    id: int
    name: str
    bot: bool = False
    #: The user lets no bot write to them: code 50007.
    closed: bool = False


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: P
    position: int = 0


@dataclass(frozen=True)
class Overwrite:
    allow: P = NONE
    deny: P = NONE
    #: 0 for a role, 1 for a member.
    type: int = 0


@dataclass(eq=False)
class Member:
    user: User
    guild: Guild
    roles: list[Role] = field(default_factory=list)
    locale: str = "en-US"

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name


@dataclass(eq=False)
class Channel:
    id: int
    name: str
    guild: Guild | None = None
    #: The user at the other end of a direct message.
    recipient: User | None = None
    #: Those in a group's direct messages. A bot is never one of them: it only answers interactions there.
    group: list[User] = field(default_factory=list)
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    nsfw: bool = False
    #: Of a thread: the channel (or forum) that it hangs on, whose overwrites are its own.
    parent: Channel | None = None
    #: A thread goes to the archive by itself after an hour without a new message; edits don't count.
    archived: bool = False
    locked: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    typing_calls: int = 0

    @property
    def type(self) -> int:
        if self.group:
            return GROUP_CHANNEL
        if self.parent:
            return PUBLIC_THREAD
        return TEXT_CHANNEL if self.guild else DIRECT_CHANNEL

    def overwrite(self, target: Role | Member | Guild, allow: P | None = None, deny: P | None = None) -> None:
        """Set what `target` (a guild stands for @everyone) may and may not do here."""
        kind = 1 if isinstance(target, Member) else 0
        self.overwrites[target.id] = Overwrite(allow or NONE, deny or NONE, kind)


@dataclass(eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    channels: list[Channel] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    members: dict[int, Member] = field(default_factory=dict)
    locale: str = "en-US"

    @property
    def everyone(self) -> Role:
        return self.roles[0]


@dataclass(eq=False)
class Attachment:
    id: int
    filename: str
    data: bytes
    content_type: str
    url: str
    description: str | None = None
    #: Shown inside an embed: Discord then leaves it out of the message's list.
    in_embed: bool = False

    def shown(self) -> ShownAttachment:
        return ShownAttachment(self.id, self.filename, self.data, self.content_type, self.url, self.description)


@dataclass(eq=False)
class Message:
    id: int
    channel: Channel
    author: User
    type: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str | int | None = None
    created: float = 0.0
    edited: float | None = None
    reference: int | None = None
    allowed_mentions: Json | None = None
    #: Set when it came through an interaction; its member alone sees it when it is ephemeral.
    interaction: Interaction | None = None
    deleted: bool = False
    #: Each state in turn, as the people in the channel saw it.
    history: list[Shown] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)


@dataclass(frozen=True)
class Upload:
    """A file that a member hands to a command or posts."""

    filename: str
    data: bytes
    content_type: str = "image/png"


@dataclass
class Settings:
    """What tests may turn."""

    upload_limit: int = 10 * 1024 * 1024
    #: "The past few minutes" of `enforce_nonce`.
    nonce_window_s: float = 180.0
    token_life_s: float = 900.0
    #: Discord gives 3 s. Here a machine runs many tests at once; how soon we answer is measured by `bench/storm.py`.
    first_answer_s: float = 15.0
    #: Privileged intents that the developer portal allows this bot (bits 1, 8 and 15).
    privileged_intents: int = 0
    heartbeat_interval_ms: int = 41_250
    #: Connections that `/gateway/bot` asks for. An IDENTIFY for fewer is refused (4011) if `shards_required`.
    shards: int = 1
    shards_required: bool = False
    #: Answer callbacks with 204 whatever was asked, as servers that are only compatible may.
    tells_of_callbacks: bool = True
    #: Edits of messages older than an hour, by the bot's token: so many in so many seconds for a channel, then 30046.
    #: Discord tells no figure; this is what others have met.
    old_edits: tuple[int, float] = (3, 20.0)


class World:
    """The whole of it, and the helpers that make ids and dates."""

    def __init__(self, now: Callable[[], float], token: str) -> None:
        self.now = now
        self.token = token
        self.new_id = Snowflakes(now)
        self.changes = Changes()
        self.settings = Settings()
        self.application_id = self.new_id()
        self.bot = User(self.application_id, "Zosma", bot=True)
        self.owner = User(self.new_id(), "owner")
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.attachments: dict[int, Attachment] = {}
        self.interactions: dict[int, Interaction] = {}
        self.base_url = ""
        #: Every message there ever was, deleted ones too, oldest first.
        self.all_messages: list[Message] = []
        #: Set by the gateway: (event name, its data, the guild it belongs to).
        self.emit: Callable[[str, Json, int | None], None] = lambda *_: None

    def timestamp(self, at: float | None = None) -> str:
        return datetime.fromtimestamp(self.now() if at is None else at, UTC).isoformat()

    def add_guild(self, name: str) -> Guild:
        guild = Guild(self.new_id(), name, self.owner.id)
        guild.roles.append(Role(guild.id, "@everyone", EVERYONE))
        for user in (self.owner, self.bot):
            guild.members[user.id] = Member(user, guild)
        self.guilds[guild.id] = guild
        return guild

    def add_foreign_guild(self, name: str) -> Guild:
        """A guild that the bot is not in. Its people may have installed the bot for themselves."""
        guild = Guild(self.new_id(), name, self.owner.id)
        guild.roles.append(Role(guild.id, "@everyone", EVERYONE))
        guild.members[self.owner.id] = Member(self.owner, guild)
        return guild

    def add_group(self, name: str, users: Iterable[User]) -> Channel:
        """Several people's direct messages."""
        channel = Channel(self.new_id(), name, group=list(users))
        self.channels[channel.id] = channel
        return channel

    def knows(self, channel: Channel) -> bool:
        """True where the bot itself is, not only its commands."""
        if channel.guild is not None:
            return self.bot.id in channel.guild.members
        return not channel.group

    def add_channel(self, guild: Guild, name: str) -> Channel:
        channel = Channel(self.new_id(), name, guild)
        guild.channels.append(channel)
        self.channels[channel.id] = channel
        return channel

    def add_thread(self, parent: Channel, name: str) -> Channel:
        thread = Channel(
            self.new_id(), name, parent.guild, parent=parent, overwrites=parent.overwrites, nsfw=parent.nsfw
        )
        self.channels[thread.id] = thread
        return thread

    def add_role(self, guild: Guild, name: str, permissions: P) -> Role:
        role = Role(self.new_id(), name, permissions, position=len(guild.roles))
        guild.roles.append(role)
        return role

    def add_member(self, guild: Guild, user: User, roles: Iterable[Role]) -> Member:
        self.users[user.id] = user
        member = guild.members[user.id] = Member(user, guild, list(roles))
        return member

    def direct_channel(self, user: User) -> Channel:
        """There is one direct channel between two users, however often it is asked for."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self.new_id(), user.name, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def message(self, message_id: int) -> Message | None:
        for channel in self.channels.values():
            if (found := channel.messages.get(message_id)) is not None:
                return found
        return None

    def store(self, filename: str, data: bytes, content_type: str) -> Attachment:
        """Keep a file where `/attachments/...` serves it."""
        attachment_id = self.new_id()
        url = f"{self.base_url}/attachments/{attachment_id}/{filename}"
        attachment = Attachment(attachment_id, filename, data, content_type, url)
        self.attachments[attachment_id] = attachment
        return attachment
