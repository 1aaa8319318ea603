"""The text catalogue: every sentence that members and admins read, in `locale/<language>/*.ftl` (Project Fluent).

English is complete and the fallback; a test finds what another language lacks.
"""

from __future__ import annotations

import functools
import logging
import re
from importlib import resources
from typing import Any

import babel
import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Place
from fluent.runtime import FluentBundle, FluentResource

log = logging.getLogger(__name__)

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "es", "fr")
#: Discord's locales for each language; English needs none, it is what Discord shows otherwise.
_DISCORD_LOCALES = {
    discord.Locale.german: "de",
    discord.Locale.french: "fr",
    discord.Locale.spain_spanish: "es",
    discord.Locale.latin_american_spanish: "es",
}
#: The first line of an entry. What goes on with it is indented, or closes a placeable: Fluent's grammar has it so.
_ENTRY = re.compile(r"^(-?[a-zA-Z][\w-]*) *=", re.ASCII | re.MULTILINE)
#: What an entry may take from another one: `{ command-help }`, `{ -term }`.
_OTHER = re.compile(r"[{(,:]\s*(-?[a-zA-Z][\w-]*)", re.ASCII)


def entries_of(text: str) -> dict[str, str]:
    """The name and the source of each entry of an .ftl file, comments behind it included."""
    starts = list(_ENTRY.finditer(text))
    ends = [one.start() for one in starts[1:]] + [len(text)]
    return {one[1]: text[one.start() : end] for one, end in zip(starts, ends, strict=True)}


class Translations:
    """The catalogue in one language. An entry is parsed when it is first asked for: all would take 0.3 s of a start."""

    def __init__(self, language: str, fallback: Translations | None = None) -> None:
        self.language = language
        self._fallback = fallback
        functions: dict[str, Any] = {"ORDINAL": self._ordinal}
        # No isolation marks: Discord shows them as boxes on some machines, and our values carry their own escapes.
        self._bundle = FluentBundle([language], use_isolating=False, functions=functions)
        self._locale = babel.Locale(language)
        folder = resources.files("zosma_bot.discord.ui") / "locale" / language
        self._unread: dict[str, str] = {}
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            self._unread |= entries_of(file.read_text(encoding="utf-8"))

    def __call__(self, key: str, /, **values: Any) -> str:
        """The sentence `key`, or `key.attribute`, with its values. Whole numbers that aren't amounts go in as text.

        Raises:
          KeyError: when no language has it.
        """
        pattern = self._pattern(key)
        if pattern is None:
            if self._fallback is None:
                raise KeyError(f"no text {key!r} in the catalogue")
            return self._fallback(key, **values)
        text, problems = self._bundle.format_pattern(pattern, values)
        for problem in problems:
            log.error("text %s (%s): %s", key, self.language, problem)
        return str(text)

    def __contains__(self, key: str) -> bool:
        """True when this very language has the text."""
        return self._pattern(key) is not None

    def _ordinal(self, number: Any) -> str:
        """CLDR's class of an ordinal: 1st is `one`, 2nd `two`, 3rd `few`; Fluent's own NUMBER knows cardinals only."""
        return str(self._locale.ordinal_form(number))

    def _pattern(self, key: str) -> Any:
        name, _, attribute = key.partition(".")
        self._read(name)
        if not self._bundle.has_message(name):
            return None
        message = self._bundle.get_message(name)
        return message.attributes.get(attribute) if attribute else message.value

    def _read(self, name: str) -> None:
        """Parses an entry and those that it takes something from, where that hasn't been done."""
        source = self._unread.pop(name, None)
        if source is not None:
            self._bundle.add_resource(FluentResource(source))
            for other in _OTHER.findall(source):
                self._read(other)


@functools.cache
def _language(name: str) -> Translations:
    return Translations(name, None if name == ENGLISH else _language(ENGLISH))


def translations_for(locale: str | discord.Locale | None) -> Translations:
    """The catalogue in the language nearest to a locale like `de` or `en-GB`."""
    name = str(locale or "").partition("-")[0].lower()
    return _language(name if name in LANGUAGES else ENGLISH)


def translations_of(interaction: discord.Interaction[Any]) -> Translations:
    """The language of whoever uses the command or button."""
    return translations_for(interaction.locale)


def command_key(command: Any) -> str:
    """The key under which a command's or group's name and description stand: `command-admin-pause`."""
    return "command-" + str(command.qualified_name).lower().replace(" ", "-")


class CommandTranslator(app_commands.Translator):
    """Tells Discord the commands' names and descriptions in other languages."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """None where Discord shall show the English one."""
        language = _DISCORD_LOCALES.get(locale)
        if language and (text := string.extras.get("text")):
            return translations_for(language)(text)
        key = _key_in(context)
        if language is None or key is None:
            return None
        words = translations_for(language)
        return words(key) if key in words else None


def _key_in(context: app_commands.TranslationContextTypes) -> str | None:
    data: Any = context.data
    if context.location in (Place.command_name, Place.group_name):
        return command_key(data)
    if context.location in (Place.command_description, Place.group_description):
        return command_key(data) + ".description"
    if context.location in (Place.parameter_name, Place.parameter_description):
        key = f"{command_key(data.command)}-{data.name}"
        return key if context.location is Place.parameter_name else key + ".description"
    return None
