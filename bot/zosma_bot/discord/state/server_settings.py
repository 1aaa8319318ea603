"""What a server's admins have set up: where, by whom and how the bot may be used. Limits and blocked words are the
queue's own (`policy.py`, `moderation.py`), because other ways into the queue must keep to them as well."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zosma_queue.client import Queue
from zosma_queue.unreadable import model_of
from zosma_queue.validation import malformed, problems_of

KIND = "guild"
MAX_AGE_S = 2.0
#: Servers whose rules are held in memory; others are read again.
REMEMBERED = 512

Id = int


class Defaults(BaseModel):
    """What a command gets that leaves it out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoint: str | None = Field(None, max_length=200)
    style: str | None = Field(None, max_length=200)
    negative: str | None = Field(None, max_length=1000)

    @property
    def given(self) -> dict[str, str]:
        """The defaults that are set."""
        return {name: value for name, value in self if value}


class ServerSettings(BaseModel):
    """One server's rules. All of it is exported and imported as one JSON file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[Id, ...] = Field((), max_length=200)
    """Where the bot may be used; empty: everywhere."""
    roles: tuple[Id, ...] = Field((), max_length=200)
    """Who may use it; empty: everybody."""
    buttons: Literal["owner", "anyone", "roles"] = "owner"
    """Who may use the buttons of somebody's pictures, beside admins."""
    button_roles: tuple[Id, ...] = Field((), max_length=200)
    age_restricted_only: bool = False
    """True: pictures are made in age-restricted channels only."""
    spoiler: Literal["never", "always", "outside-age-restricted"] = "never"
    grid: bool = False
    """True: a set is shown as one picture, its singles on demand."""
    report_channel: Id | None = None
    retention_days: float = Field(30, ge=0, le=30)
    """How long prompts and parameters of ended jobs are kept."""
    defaults: Defaults = Defaults()
    channel_defaults: dict[Id, Defaults] = Field(default_factory=dict, max_length=200)

    def defaults_in(self, channel_id: int | None) -> dict[str, str]:
        """The server's defaults, with the channel's over them."""
        here = self.channel_defaults.get(channel_id or 0)
        return self.defaults.given | (here.given if here else {})


def parse_server_settings(fields: dict[str, Any]) -> ServerSettings:
    """A server's rules made of these fields.

    Raises:
      RequestRefusedError: when a field is unknown or out of bounds; `field` and the text name it.
    """
    try:
        return ServerSettings.model_validate(fields)
    except ValidationError as error:
        raise malformed(problems_of(error)[0]) from None


def decode_server(fields: dict[str, Any]) -> ServerSettings:
    """The rules in a record, as far as they can be read."""
    return model_of("a server's rules", ServerSettings, fields)


def _kept(rules: ServerSettings) -> dict[str, Any]:
    return rules.model_dump(mode="json", exclude_defaults=True)


class ServerSettingsStore:
    """Reads and changes servers' rules; those read are two seconds old at most."""

    def __init__(self, queue: Queue, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents = queue.documents
        self._clock = clock
        self._known: OrderedDict[int, tuple[float, ServerSettings]] = OrderedDict()
        self._reading: dict[int, asyncio.Task[ServerSettings]] = {}
        self._changes = 0

    async def of(self, guild_id: int | None) -> ServerSettings:
        """The rules of a server; those of direct messages are the defaults.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if guild_id is None:
            return ServerSettings()
        known = self._known.get(guild_id)
        if known and self._clock() - known[0] < MAX_AGE_S:
            return known[1]
        if guild_id not in self._reading:
            # A hundred commands at once ask Redis once, and none of them ends the question of the others.
            reading = self._reading[guild_id] = asyncio.create_task(self._read(guild_id))
            reading.add_done_callback(lambda done: self._has_read(guild_id, done))
        return await asyncio.shield(self._reading[guild_id])

    async def _read(self, guild_id: int) -> ServerSettings:
        changes = self._changes
        rules = decode_server(await self._documents.get(KIND, str(guild_id)) or {})
        if changes == self._changes:  # else what was read may be older than what was written meanwhile
            self._remember(guild_id, rules)
        return rules

    def _has_read(self, guild_id: int, reading: asyncio.Task[ServerSettings]) -> None:
        if self._reading.get(guild_id) is reading:
            del self._reading[guild_id]
        if not reading.cancelled():
            reading.exception()  # told to those who wait

    def _remember(self, guild_id: int, rules: ServerSettings) -> None:
        self._known[guild_id] = self._clock(), rules
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, guild_id: int) -> None:
        """Drops the copy of a server's rules, which have been changed."""
        self._changes += 1
        self._known.pop(guild_id, None)
        self._reading.pop(guild_id, None)  # what it finds may be older than the change

    async def change(self, guild_id: int, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> ServerSettings:
        """Changes the rules; what comes out is checked before it is kept.

        Raises:
          RequestRefusedError: when the result isn't valid.
          QueueUnavailableError: when Redis doesn't answer.
        """

        def checked(fields: dict[str, Any]) -> dict[str, Any]:
            return _kept(parse_server_settings(edit(_kept(decode_server(fields)))))

        changed = await self._documents.change(KIND, str(guild_id), checked)
        self.forget(guild_id)
        rules = ServerSettings.model_validate(changed)
        self._remember(guild_id, rules)
        return rules
