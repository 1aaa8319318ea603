"""What a member has set for themselves: defaults for `/imagine`, and presets, which a server can share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from zosma_bot.discord.ui.refusals import refused
from zosma_queue.client import Queue
from zosma_queue.unreadable import model_of, skipping

MEMBER, SHARED = "member", "shared-presets"
PRESETS_MAX = 50
#: Members and servers whose records are held in memory.
REMEMBERED = 2000
PRESET_NAME_MAX_CHARS = 60
#: Where in a preset's words the member's own go.
PLACE = "{prompt}"

#: Request fields that a default or preset may hold, beside `style`. A prompt in a preset is added to the member's own.
FIELDS = (
    "prompt", "negative_prompt", "width", "height", "count", "checkpoint", "sampler", "scheduler", "steps",
    "cfg_scale", "seed", "clip_skip", "vae", "hires", "styles",
)  # fmt: skip

#: Those that are words, and are put together.
WORDS = ("prompt", "negative_prompt")

Fields = dict[str, Any]

V = TypeVar("V")


class MemberSettings(BaseModel):
    """What one member has set: defaults, presets, privacy."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    defaults: Fields = Field(default_factory=dict)
    """Request fields, and `style`."""
    presets: dict[str, Fields] = Field(default_factory=dict)
    timezone: str | None = Field(None, max_length=60)
    """By its name, like `Europe/Berlin`."""
    private: bool = False
    """True: their pictures are shown to them alone unless they say otherwise."""


class MemberSettingsStore:
    """Reads and changes members' records and servers' shared presets. What was read is kept: nobody else writes it."""

    def __init__(self, queue: Queue) -> None:
        self._documents = queue.documents
        self._members: OrderedDict[int, MemberSettings] = OrderedDict()
        self._shared: OrderedDict[int, dict[str, Fields]] = OrderedDict()

    async def of(self, user_id: int) -> MemberSettings:
        """A member's settings, from memory where they are remembered.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        known = self._members.get(user_id)
        if known is None:
            known = decode_member(await self._documents.get(MEMBER, str(user_id)) or {})
            _remember(self._members, user_id, known)
        return known

    async def change(self, user_id: int, edit: Callable[[MemberSettings], MemberSettings]) -> MemberSettings:
        """Changes a member's record, whatever else changes it at the same time.

        Raises:
          RequestRefusedError: when it becomes too large.
          QueueUnavailableError: when Redis doesn't answer.
        """

        def edited(fields: Fields) -> Fields:
            changed = edit(decode_member(fields))
            check_presets(changed.presets)
            return changed.model_dump(mode="json", exclude_defaults=True)

        self._members.pop(user_id, None)
        changed = decode_member(await self._documents.change(MEMBER, str(user_id), edited))
        _remember(self._members, user_id, changed)
        return changed

    async def forget(self, user_id: int) -> bool:
        """Drops all of it; False when there was nothing."""
        dropped = await self._documents.drop(MEMBER, str(user_id))
        self._members.pop(user_id, None)
        return dropped

    async def shared(self, guild_id: int | None) -> dict[str, Fields]:
        """The presets that a server shares: name → fields."""
        if guild_id is None:
            return {}
        known = self._shared.get(guild_id)
        if known is None:
            known = decode_shared(await self._documents.get(SHARED, str(guild_id)) or {})
            _remember(self._shared, guild_id, known)
        return dict(known)

    async def share(self, guild_id: int, name: str, fields: Fields | None, by: int, *, any_ones: bool = False) -> None:
        """Shares a preset with a server, or with None takes it away. `by`, who may do that again, is kept with it.

        Raises:
          RequestRefusedError: when somebody else has shared one of this name, unless it may be `any_ones`.
          QueueUnavailableError: when Redis doesn't answer.
        """

        def edited(fields_by_name: Fields) -> Fields:
            presets = decode_shared(fields_by_name)
            taken = next((one for one in presets if one.casefold() == name.casefold()), None)
            if taken and presets[taken].get("by") != by and not any_ones:
                raise refused("preset-not-yours", field="preset", name=taken)
            presets.pop(taken or name, None)
            if fields is not None:
                presets[name] = fields | {"by": by}
                check_presets(presets)
            return presets

        self._shared.pop(guild_id, None)
        _remember(self._shared, guild_id, dict(await self._documents.change(SHARED, str(guild_id), edited)))

    async def unshare_all(self, guild_id: int, by: int) -> None:
        """Takes everything away that somebody has shared with a server.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """

        def others(presets: Fields) -> Fields | None:
            return {name: one for name, one in decode_shared(presets).items() if one.get("by") != by} or None

        await self._documents.change(SHARED, str(guild_id), others)


def _remember(known: OrderedDict[int, V], key: int, value: V) -> None:
    known[key] = value
    while len(known) > REMEMBERED:
        known.popitem(last=False)


def decode_member(fields: Fields) -> MemberSettings:
    """A member's settings in a record, as far as they can be read."""
    return model_of("a member's settings", MemberSettings, fields)


def decode_shared(presets: Fields) -> dict[str, Fields]:
    """The presets in a server's record, as far as they can be read."""
    found: dict[str, Fields] = {}
    for name, fields in presets.items():
        with skipping("a server's shared presets"):
            found[name] = {**fields}
    return found


def check_presets(presets: Mapping[str, Fields]) -> None:
    """Raises RequestRefusedError when there are too many, or one has no good name."""
    if len(presets) > PRESETS_MAX:
        raise refused("presets-full", field="preset", most=PRESETS_MAX)
    for name in presets:
        if not name.strip() or len(name) > PRESET_NAME_MAX_CHARS:
            raise refused("preset-name", field="preset", most=PRESET_NAME_MAX_CHARS)


def with_preset(fields: Fields, preset: Fields) -> Fields:
    """The fields with a preset beneath them: what was said wins, and words are put together.

    As with A1111's styles: what was said takes the place of `{prompt}` in the preset's words, else it comes first.
    """
    merged = {name: value for name, value in preset.items() if name in FIELDS} | fields
    for name in WORDS:
        said, words = str(fields.get(name) or ""), str(preset.get(name) or "")
        if words:
            both = ", ".join(one for one in (said, words) if one)
            merged[name] = words.replace(PLACE, said) if PLACE in words else both
    if preset.get("styles") and fields.get("styles"):
        merged["styles"] = [*fields["styles"], *preset["styles"]]
    return merged
