"""A server's rules, words, checkpoints and limits as one JSON file, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Never, TypeVar

import discord
from pydantic import BaseModel, ValidationError

from zosma_bot.discord.features.admin import role_limits
from zosma_bot.discord.state.server_settings import ServerSettings
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations
from zosma_queue.errors import RequestRefusedError
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy
from zosma_queue.validation import problems_of

VERSION = 1
#: It is kept in a record while the admin is asked.
FILE_MAX_BYTES = 60 * 1024
#: What a JavaScript number still holds exactly. Ids are beyond that: written as numbers, an editor would change them.
_NUMBER_MAX = 2**53
_PARTS = ("zosma", "rules", "words", "checkpoints", "sizes", "limits")
#: How much one request may ask for: fields of `moderation.ContentRules`.
SIZES = ("count", "steps", "side")


#: The file's names for what is called otherwise inside.
_NAMES = {"blocked": "words"}
#: As many mistakes are told at once.
PROBLEMS_SHOWN = 12

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Content:
    """What a file says; None for what it leaves out."""

    rules: ServerSettings | None = None
    moderation: dict[str, Any] | None = None
    """Fields of `moderation.ContentRules`; those left out stay."""
    limits: dict[str, Policy] | None = None
    """By role id."""


def written(rules: ServerSettings, moderation: ContentRules, policies: Mapping[str, Policy]) -> bytes:
    """A server's settings as the bytes of a file."""
    document = {
        "zosma": VERSION,
        "rules": _portable(rules.model_dump(mode="json")),
        "words": list(moderation.blocked),
        "checkpoints": list(moderation.checkpoints),
        "sizes": {name: getattr(moderation, name) for name in SIZES},
        "limits": {
            name.removeprefix(role_limits.PREFIX): one.model_dump(mode="json") for name, one in policies.items()
        },
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _portable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _portable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_portable(one) for one in value]
    return str(value) if isinstance(value, int) and abs(value) >= _NUMBER_MAX else value


class Reader:
    """Reads a file as a whole, and collects all that is wrong with it, each with its place."""

    def __init__(self, w: Translations, guild: discord.Guild | None) -> None:
        self._w = w
        self._guild = guild
        self.problems: list[str] = []

    def read(self, data: bytes, policies: Mapping[str, Policy] | None) -> Content:
        """What it says, as far as it can be read; look at `problems` first.

        With `policies` limits must keep within the fleet's: this is not its owner's server.
        """
        document = self._document(data)
        return Content() if document is None else self.understood(document, policies)

    def understood(self, document: Mapping[str, Any], policies: Mapping[str, Policy] | None) -> Content:
        """What the JSON object in a file says, and what is wrong with it."""
        for name in document:
            if name not in _PARTS:
                self._wrong(name[:60], self._w("import-unknown", there=", ".join(_PARTS)))
        if document.get("zosma") != VERSION:
            self._wrong("zosma", self._w("import-version", version=VERSION))
        return Content(
            rules=self._rules(document.get("rules")),
            moderation=self._moderation(document),
            limits=self._limits(document.get("limits"), policies),
        )

    def _document(self, data: bytes) -> dict[str, Any] | None:
        try:
            document = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
        except UnicodeDecodeError:
            self.problems.append(self._w("import-no-text"))
        except json.JSONDecodeError as error:
            self.problems.append(self._w("import-no-json", line=str(error.lineno), column=str(error.colno)))
        except (ValueError, RecursionError):  # NaN, a number of 5,000 digits, a thousand brackets
            self.problems.append(self._w("import-no-json", line="?", column="?"))
        else:
            if isinstance(document, dict):
                return document
            self.problems.append(self._w("import-no-object"))
        return None

    def _rules(self, fields: Any) -> ServerSettings | None:
        found = self._model(ServerSettings, fields, "rules")
        guild = self._guild
        if found and guild:
            channels = dict.fromkeys(found.channels, "rules.channels")
            channels |= dict.fromkeys(found.channel_defaults, "rules.channel_defaults")
            if found.report_channel:
                channels[found.report_channel] = "rules.report_channel"
            roles = dict.fromkeys(found.roles, "rules.roles") | dict.fromkeys(found.button_roles, "rules.button_roles")
            self._there("import-no-channel", channels, guild.get_channel_or_thread)
            self._there("import-no-role", roles, guild.get_role)
        return found

    def _moderation(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        given = {field: document[name] for name, field in (("words", "blocked"), ("checkpoints", "checkpoints"))
                 if name in document}  # fmt: skip
        found = self._model(ContentRules, given, "")
        sizes = self._sizes(document["sizes"]) if "sizes" in document else {}
        if found is None or sizes is None:
            return None
        return {field: list(getattr(found, field)) for field in given} | sizes or None

    def _sizes(self, fields: Any) -> dict[str, int] | None:
        """The file's sizes; those that it leaves out have no limit. None when something is wrong with them."""
        if not isinstance(fields, dict):
            self._wrong("sizes", self._w("import-no-object"))
            return None
        if other := next((name for name in fields if name not in SIZES), None):
            self._wrong(f"sizes.{other[:60]}", self._w("import-unknown", there=", ".join(SIZES)))
            return None
        found = self._model(ContentRules, fields, "sizes")
        return {name: getattr(found, name) for name in SIZES} if found else None

    def _limits(self, fields: Any, policies: Mapping[str, Policy] | None) -> dict[str, Policy] | None:
        if fields is None:
            return None
        if not isinstance(fields, dict):
            self._wrong("limits", self._w("import-no-object"))
            return None
        found = {}
        for role, one in fields.items():
            where = f"limits.{role[:30]}"
            if self._guild and not (role.isascii() and role.isdecimal() and self._guild.get_role(int(role[:20]))):
                self._wrong(where, self._w("import-no-role", id=role[:30]))
            if policy := self._model(Policy, one, where):
                found[role] = policy
                self._bounded(where, policy, policies)
        return found

    def _bounded(self, where: str, policy: Policy, policies: Mapping[str, Policy] | None) -> None:
        if policies is None:
            return
        try:
            role_limits.check_bounds(self._w, policy, policies)
        except RequestRefusedError as error:
            self._wrong(where, self._w(f"refusal-{error.code}", **error.values))

    def _model(self, model: type[M], fields: Any, where: str) -> M | None:
        """The model made of the fields; None where there are none, or wrong ones."""
        if fields is None:
            return None
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            for one in problems_of(error)[:PROBLEMS_SHOWN]:
                path = [_NAMES.get(part, part) for part in one.path]
                place = ".".join([*([where] if where else []), *path])
                self._wrong(place[:120], one.clause)
        return None

    def _there(self, key: str, ids: Mapping[int, str], find: Callable[[int], object | None]) -> None:
        """Complains of ids that this server doesn't have: a file of another server, or something was deleted."""
        for one, where in ids.items():
            if find(one) is None:
                self._wrong(where, self._w(key, id=str(one)))

    def _wrong(self, where: str, problem: str) -> None:
        self.problems.append(f"`{where.replace('`', chr(39))}`: {texts.plain(problem, 200)}")


def _no_number(_: str) -> Never:
    raise ValueError
