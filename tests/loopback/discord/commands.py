"""The commands that a bot registers: stored as Discord stores them, refused as Discord refuses them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any

from loopback.discord import errors
from loopback.discord.errors import FormErrors, Path
from loopback.discord.state import World

Json = dict[str, Any]

CHAT_INPUT, USER, MESSAGE, ENTRY_POINT = 1, 2, 3, 4
SUB_COMMAND, SUB_GROUP, STRING, INTEGER, BOOLEAN, NUMBER = 1, 2, 3, 4, 5, 10
ATTACHMENT = 11
#: Option types that may offer choices or autocomplete.
CHOOSABLE = (STRING, INTEGER, NUMBER)
#: Most commands of each type: slash commands, user and message commands, and that which starts an Activity.
MOST = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15, ENTRY_POINT: 1}
#: Languages in which names and descriptions can be given besides the plain one.
LOCALES = frozenset((
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
    "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
))  # fmt: skip


class Commands:
    """Registered commands: global ones under None, a guild's own under its id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scopes: dict[int | None, dict[int, Json]] = {}

    def all(self, scope: int | None) -> list[Json]:
        return list(self._scopes.get(scope, {}).values())

    def get(self, scope: int | None, command_id: int) -> Json:
        try:
            return self._scopes[scope][command_id]
        except KeyError:
            raise errors.unknown_command() from None

    def find(self, guild_id: int | None, name: str, kind: int) -> Json | None:
        """The command of that name that a member would find; a guild's own goes before the global one."""
        for scope in (guild_id, None):
            for command in self.all(scope):
                if (command["name"], command["type"]) == (name, kind):
                    return command
        return None

    def replace(self, scope: int | None, bodies: list[Json]) -> list[Json]:
        """Bulk overwrite: all or nothing; a command that keeps its name keeps its id."""
        form = FormErrors()
        for index, body in enumerate(bodies):
            check_command(form, (index,), body)
        names = Counter((b.get("name"), b.get("type") or CHAT_INPUT) for b in bodies)
        for index, body in enumerate(bodies):
            if names[body.get("name"), body.get("type") or CHAT_INPUT] > 1:
                form.add(
                    (index,),
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Command names must be unique",
                )
        form.check()
        if scope is None and self._has_entry_point and not any(b.get("type") == ENTRY_POINT for b in bodies):
            raise errors.entry_point_left_out()
        self._check_count(bodies)
        known = {(c["name"], c["type"]): c["id"] for c in self.all(scope)}
        stored = [self._stored(scope, body, known) for body in bodies]
        self._scopes[scope] = {int(c["id"]): c for c in stored}
        self._world.changes.ring()
        return stored

    @property
    def _has_entry_point(self) -> bool:
        return any(command["type"] == ENTRY_POINT for command in self.all(None))

    def upsert(self, scope: int | None, body: Json) -> Json:
        form = FormErrors()
        check_command(form, (), body)
        form.check()
        known = {(c["name"], c["type"]): c["id"] for c in self.all(scope)}
        command = self._stored(scope, body, known)
        self._check_count([*(c for c in self.all(scope) if c["id"] != command["id"]), command])
        self._scopes.setdefault(scope, {})[int(command["id"])] = command
        self._world.changes.ring()
        return command

    def edit(self, scope: int | None, command_id: int, body: Json) -> Json:
        merged = self.get(scope, command_id) | body
        form = FormErrors()
        check_command(form, (), merged)
        form.check()
        known = {(merged["name"], merged["type"]): str(command_id)}
        command = self._scopes[scope][command_id] = self._stored(scope, merged, known)
        return command

    def delete(self, scope: int | None, command_id: int) -> None:
        self.get(scope, command_id)
        del self._scopes[scope][command_id]

    def _check_count(self, bodies: list[Json]) -> None:
        for kind, most in MOST.items():
            if sum(1 for body in bodies if (body.get("type") or CHAT_INPUT) == kind) > most:
                raise errors.ApiError(400, 30032, f"Maximum number of application commands reached ({most})")

    def _stored(self, scope: int | None, body: Json, known: dict[tuple[str, int], str]) -> Json:
        kind = body.get("type") or CHAT_INPUT
        held = body.get("default_member_permissions")
        command = {
            "id": known.get((body["name"], kind)) or str(self._world.new_id()),
            "application_id": str(self._world.application_id),
            "version": str(self._world.new_id()),
            "type": kind,
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "default_member_permissions": None if held is None else str(held),
            "dm_permission": body.get("dm_permission", True),
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
            "nsfw": bool(body.get("nsfw")),
        }
        if kind == CHAT_INPUT:
            command["options"] = body.get("options") or []
        if kind == ENTRY_POINT:
            command["handler"] = body.get("handler")
        if scope is not None:
            command["guild_id"] = str(scope)
        return command


def check_command(form: FormErrors, path: Path, body: Json) -> None:
    kind = body.get("type") or CHAT_INPUT
    if kind == CHAT_INPUT:
        _check_names(form, path, body)
        check_options(form, path, body.get("options") or [], depth=0)
        if _letters(body) > 8000:
            form.add(path, "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
    else:
        form.length((*path, "name"), body.get("name"), 1, 32)
        for where, name in _localised(form, path, body, "name"):
            form.length(where, name, 1, 32)
        if body.get("options") or (body.get("description") and kind != ENTRY_POINT):
            form.add(path, "APPLICATION_COMMAND_CONTEXT_MENU", "Context menus have no description or options")
    contexts = body.get("contexts")
    if contexts is not None and (not contexts or set(contexts) - {0, 1, 2}):
        form.add((*path, "contexts"), "BASE_TYPE_CHOICES", "Value must be one of {0, 1, 2}.")
    held = body.get("default_member_permissions")
    if held is not None and not str(held).isdecimal():
        form.add((*path, "default_member_permissions"), "NUMBER_TYPE_COERCE", f"Value {held!r} is not int.")


def _check_names(form: FormErrors, path: Path, body: Json) -> None:
    """A name and a description, in each language in which they are given."""
    for where, name in [((*path, "name"), body.get("name")), *_localised(form, path, body, "name")]:
        check_name(form, where, name)
    for where, text in [
        ((*path, "description"), body.get("description")),
        *_localised(form, path, body, "description"),
    ]:
        form.length(where, text, 1, 100)


def _localised(form: FormErrors, path: Path, body: Json, field: str) -> list[tuple[Path, Any]]:
    """(where it stands, text) of a field's translations; a language that Discord doesn't have is refused."""
    found = body.get(f"{field}_localizations") or {}
    for locale in found.keys() - LOCALES:
        form.add((*path, f"{field}_localizations"), "BASE_TYPE_CHOICES", f"{locale!r} is no locale")
    return [((*path, f"{field}_localizations", locale), text) for locale, text in found.items()]


def check_name(form: FormErrors, path: Path, name: Any) -> None:
    """Letters and digits of any script, dash, underscore and apostrophe; no capitals where there are any."""
    form.length(path, name, 1, 32)
    if isinstance(name, str) and name:
        fine = all(c in "-_'" or unicodedata.category(c)[0] in "LNM" for c in name)
        if not fine or name != name.lower():
            form.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def check_options(form: FormErrors, path: Path, options: list[Json], depth: int) -> None:
    form.at_most((*path, "options"), options, 25)
    for locale in (None, *LOCALES):
        shown = [str((o.get("name_localizations") or {}).get(locale) or o.get("name")) for o in options]
        for name, count in Counter(shown).items():
            if count > 1:
                form.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NAME_NOT_UNIQUE", f"{name!r} is not unique")
    kinds = {o.get("type") in (SUB_COMMAND, SUB_GROUP) for o in options}
    if len(kinds) > 1:
        form.add(
            (*path, "options"),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        )
    optional_seen = False
    for index, option in enumerate(options):
        where = (*path, "options", index)
        if option.get("required") and optional_seen:
            form.add(
                where,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
        _check_option(form, where, option, depth)


def _check_option(form: FormErrors, path: Path, option: Json, depth: int) -> None:
    kind = option.get("type")
    _check_names(form, path, option)
    if kind not in range(1, 12):
        form.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of {1, …, 11}.")
    elif kind in (SUB_COMMAND, SUB_GROUP):
        if depth > 1 or (kind == SUB_GROUP and depth > 0):
            form.add((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Nested too deeply")
        check_options(form, path, option.get("options") or [], depth + 1)
    else:
        _check_values(form, path, option)


def _check_values(form: FormErrors, path: Path, option: Json) -> None:
    kind, choices = option.get("type"), option.get("choices") or []
    if option.get("autocomplete") and choices:
        form.add((*path, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE", "Choices and autocomplete exclude")
    if (option.get("autocomplete") or choices) and kind not in CHOOSABLE:
        form.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE", "Only texts and numbers can be chosen")
    if kind not in (INTEGER, NUMBER) and ("min_value" in option or "max_value" in option):
        form.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE", "Only numbers have min_value and max_value")
    if kind != STRING and ("min_length" in option or "max_length" in option):
        form.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE", "Only texts have min_length and max_length")
    low, high = option.get("min_length"), option.get("max_length")
    if not (0 <= (low or 0) <= 6000 and 1 <= (6000 if high is None else high) <= 6000):
        form.add((*path, "max_length"), "NUMBER_TYPE_MAX", "Lengths lie between 0 and 6000")
    _check_choices(form, (*path, "choices"), choices, kind)


def _check_choices(form: FormErrors, path: Path, choices: list[Json], kind: Any) -> None:
    form.at_most(path, choices, 25)
    check_choices(form, path, choices, kind)
    for name, count in Counter(str(c.get("name")) for c in choices).items():
        if count > 1:
            form.add(path, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", f"Choice {name!r} twice")


def check_choices(form: FormErrors, path: Path, choices: list[Json], kind: Any) -> None:
    """A choice: a name of 1 to 100 letters, and a value of the option's own type."""
    expected: dict[Any, type | tuple[type, ...]] = {STRING: str, INTEGER: int, NUMBER: (int, float)}
    for index, choice in enumerate(choices):
        form.length((*path, index, "name"), choice.get("name"), 1, 100)
        for where, name in _localised(form, (*path, index), choice, "name"):
            form.length(where, name, 1, 100)
        value = choice.get("value")
        if not isinstance(value, expected.get(kind, object)) or isinstance(value, bool):
            form.add((*path, index, "value"), "BASE_TYPE_REQUIRED", f"Does not fit an option of type {kind}")
        elif isinstance(value, str):
            form.length((*path, index, "value"), value, 1, 100)


def _letters(body: Json) -> int:
    """Names, descriptions and choice values together may hold 8000 letters, each in its longest language."""
    own = sum(max(len(str(text or "")) for text in (body.get(key), *(body.get(f"{key}_localizations") or {}).values()))
              for key in ("name", "description"))  # fmt: skip
    own += sum(_letters({"name": c.get("name"), "name_localizations": c.get("name_localizations")})
               + len(str(c.get("value"))) for c in body.get("choices") or [])  # fmt: skip
    return own + sum(_letters(option) for option in body.get("options") or [])
