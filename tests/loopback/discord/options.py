"""What the member's own client checks before it sends a command, and how it writes the options down."""

from __future__ import annotations

from typing import Any

from loopback.discord.commands import (
    ATTACHMENT,
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    SUB_COMMAND,
    SUB_GROUP,
)
from loopback.discord.errors import RefusedByClient
from loopback.discord.payloads import attachment_json, member_json, partial_channel_json, role_json, user_json
from loopback.discord.state import Channel, Member, Role, Upload, World

Json = dict[str, Any]

USER_OPTION, CHANNEL_OPTION, ROLE_OPTION, MENTIONABLE = 6, 7, 8, 9
#: Largest whole number that Discord takes: what a JavaScript number holds exactly.
LARGEST = 2**53


class Options:
    """Turns `{"name": value}` into the `options` and `resolved` of an interaction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.resolved: Json = {}

    def build(self, declared: list[Json], path: list[str], values: Json) -> list[Json]:
        """Walk down the subcommands in `path`, then write each value in the order of its declaration."""
        if path:
            return [self._nested(declared, path, lambda options: self.build(options, path[1:], values))]
        if any(option["type"] in (SUB_COMMAND, SUB_GROUP) for option in declared):
            raise RefusedByClient("command", "this command is used through its subcommands")
        self._no_strangers(declared, values)
        return [self._filled(option, values[option["name"]]) for option in declared if self._is_given(option, values)]

    def typing(self, declared: list[Json], path: list[str], values: Json, focused: str, text: str) -> list[Json]:
        """The options while the member types: nothing is required yet, and one option has the cursor."""
        if path:
            deeper = path[1:]
            return [self._nested(declared, path, lambda o: self.typing(o, deeper, values, focused, text))]
        self._no_strangers(declared, {**values, focused: text})
        written: list[Json] = []
        for option in declared:
            name, kind = option["name"], option["type"]
            if name == focused:
                if not option.get("autocomplete"):
                    raise RefusedByClient(name, "this option has no autocomplete")
                written.append({"name": name, "type": kind, "value": text, "focused": True})
            elif name in values:
                written.append({"name": name, "type": kind, "value": self._value(option, values[name])})
        return written

    def _nested(self, declared: list[Json], path: list[str], inner: Any) -> Json:
        for option in declared:
            if option["name"] == path[0] and option["type"] in (SUB_COMMAND, SUB_GROUP):
                return {
                    "name": option["name"],
                    "type": option["type"],
                    "options": inner(option.get("options") or []),
                }
        raise RefusedByClient(path[0], "there is no such subcommand")

    def _no_strangers(self, declared: list[Json], values: Json) -> None:
        names = {option["name"] for option in declared}
        for name in values:
            if name not in names:
                raise RefusedByClient(name, f"there is no such option; there are {sorted(names)}")

    def _is_given(self, option: Json, values: Json) -> bool:
        given = values.get(option["name"]) is not None and values[option["name"]] != ""
        if not given and option.get("required"):
            raise RefusedByClient(option["name"], "this option is required")
        return given

    def _filled(self, option: Json, value: Any) -> Json:
        return {"name": option["name"], "type": option["type"], "value": self._value(option, value)}

    def _value(self, option: Json, value: Any) -> Any:
        kind = option["type"]
        if kind in (STRING, INTEGER, NUMBER):
            return self._checked(option, value)
        if kind == BOOLEAN:
            if not isinstance(value, bool):
                raise RefusedByClient(option["name"], f"{value!r} is neither true nor false")
            return value
        return self._resolve(option, kind, value)

    def _checked(self, option: Json, value: Any) -> Any:
        name = option["name"]
        if choices := option.get("choices"):
            for choice in choices:
                if value in (choice["name"], choice["value"]):
                    return choice["value"]
            raise RefusedByClient(name, f"{value!r} is none of the choices {[c['name'] for c in choices]}")
        if option["type"] == STRING:
            return _checked_text(option, value)
        return _checked_number(option, value)

    def _resolve(self, option: Json, kind: int, value: Any) -> str:
        """Users, roles, channels and files travel as ids, with what they stand for in `resolved`."""
        if kind in (USER_OPTION, MENTIONABLE) and isinstance(value, Member):
            return self.add_member(value)
        if kind in (ROLE_OPTION, MENTIONABLE) and isinstance(value, Role):
            return self._add("roles", value.id, role_json(value))
        if kind == CHANNEL_OPTION and isinstance(value, Channel):
            allowed = option.get("channel_types")
            if allowed and value.type not in allowed:
                raise RefusedByClient(option["name"], f"a channel of type {value.type} cannot be chosen")
            return self._add("channels", value.id, partial_channel_json(value))
        if kind == ATTACHMENT and isinstance(value, Upload):
            return self.add_file(value)
        raise RefusedByClient(option["name"], f"{value!r} does not fit an option of type {kind}")

    def add_member(self, member: Member) -> str:
        partial = {k: v for k, v in member_json(self._world, member).items() if k not in ("user", "deaf", "mute")}
        self._add("members", member.id, partial | {"permissions": "0"})
        return self._add("users", member.id, user_json(member.user))

    def add_file(self, file: Upload) -> str:
        stored = self._world.store(file.filename, file.data, file.content_type)
        return self._add("attachments", stored.id, attachment_json(stored) | {"ephemeral": True})

    def _add(self, kind: str, key: int, body: Json) -> str:
        self.resolved.setdefault(kind, {})[str(key)] = body
        return str(key)


def _checked_text(option: Json, value: Any) -> str:
    name = option["name"]
    if not isinstance(value, str):
        raise RefusedByClient(name, f"{value!r} is no text")
    low, high = option.get("min_length") or 0, option.get("max_length") or 6000
    if not low <= len(value) <= high:
        raise RefusedByClient(name, f"{len(value)} letters, but {low} to {high} are allowed")
    return value


def _checked_number(option: Json, value: Any) -> int | float:
    name = option["name"]
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (isinstance(value, float) and option["type"] == NUMBER):
        raise RefusedByClient(name, f"{value!r} is no such number")
    number: int | float = value
    low, high = option.get("min_value"), option.get("max_value")
    if (low is not None and number < low) or (high is not None and number > high) or abs(number) > LARGEST:
        raise RefusedByClient(name, f"{number} lies outside {low} to {high}")
    return number
