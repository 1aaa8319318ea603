"""Says what the translations lack beside English: `make translations`, or with names of languages for those alone.

A folder in `locale/` is enough: a language need not be known to `language.py` yet.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser, ast, serialize

from zosma_bot.discord.ui.translation_rules import most_chars, plural_problems, shown

ENGLISH = "en"
LOCALES = Path(str(resources.files("zosma_bot.discord.ui") / "locale"))
#: Discord's, for names of commands and options.
NAME_MAX_CHARS = 32
_COMMAND_NAME = re.compile(r"[-_'\w]+")
SHOWN_MAX_CHARS = 90
#: Given for every value while a text is measured: a text is at least as long as with these.
_SAMPLES = (1, 10)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a translation."""

    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}"


def _entries(folder: Path) -> list[tuple[str, ast.EntryType]]:
    """(file's name, entry) of all of a language's files."""
    return [
        (file.name, entry)
        for file in sorted(folder.glob("*.ftl"))
        for entry in FluentParser().parse(file.read_text("utf-8")).body
    ]


def _patterns(folder: Path) -> dict[str, ast.Pattern]:
    """Key → pattern, attributes included."""
    found = {}
    for _, one in _entries(folder):
        if isinstance(one, ast.Message):
            values = {
                one.id.name: one.value,
                **{f"{one.id.name}.{each.id.name}": each.value for each in one.attributes},
            }
            found.update({key: value for key, value in values.items() if value is not None})
    return found


def _english(pattern: ast.Pattern) -> str:
    """The English text on one line, for whoever translates it."""
    message = ast.Message(ast.Identifier("x"), pattern)
    text = " ".join(serialize(ast.Resource([message])).partition("=")[2].split())
    return text if len(text) <= SHOWN_MAX_CHARS else text[: SHOWN_MAX_CHARS - 1] + "…"


def problems_of(language: str, locales: Path = LOCALES) -> list[Problem]:
    """All that is wrong with a language, by key."""
    english, other = _patterns(locales / ENGLISH), _patterns(locales / language)
    entries = _entries(locales / language)
    found = [Problem(file, f"can't be read: {(one.content or '').strip()[:60]!r}") for file, one in entries
             if isinstance(one, ast.Junk)]  # fmt: skip
    names = [one.id.name for _, one in entries if isinstance(one, ast.Message)]
    found += [Problem(name, "stands there twice") for name in sorted({name for name in names if names.count(name) > 1})]
    found += [Problem(key, f"is missing: {_english(english[key])}") for key in sorted(english.keys() - other.keys())]
    found += [Problem(key, "English has no such text") for key in sorted(other.keys() - english.keys())]
    for key in sorted(english.keys() & other.keys()):
        found += [Problem(key, what) for what in _of_values(english[key], other[key])]
        found += [Problem(key, what) for what in plural_problems(other[key], language)]
    return found + _for_discord(locales / language, english, other)


def _of_values(english: ast.Pattern, other: ast.Pattern) -> list[str]:
    """Values that nobody gives the text, and those that its reader would miss."""
    theirs, ours = shown(english), shown(other)
    unknown = (ours.names | ours.chosen_by) - theirs.names - theirs.chosen_by
    if unknown:
        return [f"uses ${', $'.join(sorted(unknown))}, which nobody gives it"]
    lost = theirs.names - ours.names
    return [f"doesn't show ${', $'.join(sorted(lost))}, as English does"] if lost else []


def _any_class(_number: Any) -> Any:
    """Stands for ORDINAL, whose answer is no part of a text's length."""
    return "other"


def _for_discord(folder: Path, english: Mapping[str, ast.Pattern], other: Mapping[str, ast.Pattern]) -> list[Problem]:
    """What Discord would not take: for a command's name or description too long it refuses all commands."""
    bundle = FluentBundle([folder.name], use_isolating=False, functions={"ORDINAL": _any_class})
    for file in sorted(folder.glob("*.ftl")):
        bundle.add_resource(FluentResource(file.read_text("utf-8")))
    found = []
    for key in sorted(english.keys() & other.keys()):
        name, _, attribute = key.partition(".")
        message = bundle.get_message(name)
        pattern = message.attributes[attribute] if attribute else message.value
        if pattern is None:
            continue
        values = shown(other[key]).names | shown(other[key]).chosen_by
        made = [bundle.format_pattern(pattern, dict.fromkeys(values, number)) for number in _SAMPLES]
        text = max((str(one) for one, _ in made), key=len)
        if errors := [error for _, each in made for error in each]:
            found.append(Problem(key, f"can't be put together: {errors[0]}"))
        elif key.startswith("command-") and not attribute:
            if problem := _name_problem(text, is_menu=_english(english[key])[:1].isupper()):
                found.append(Problem(key, problem))
        elif not 1 <= len(text) <= most_chars(key):
            found.append(Problem(key, f"has {len(text)} characters, Discord takes {most_chars(key)}"))
    return found


def _name_problem(name: str, *, is_menu: bool) -> str:
    """What Discord has against the name of a command or option; those in menus of messages may be called anything."""
    if not 1 <= len(name) <= NAME_MAX_CHARS:
        return f"has {len(name)} characters, Discord takes {NAME_MAX_CHARS}"
    if not is_menu and (name != name.lower() or not _COMMAND_NAME.fullmatch(name)):
        return f"{name!r} must be in small letters, without spaces and signs"
    return ""


def main(languages: Sequence[str], locales: Path = LOCALES) -> int:
    """Prints what is wrong with these languages, or all of them; how many problems there are."""
    there = sorted(folder.name for folder in locales.iterdir() if folder.is_dir())
    total = 0
    for language in languages or there:
        if language not in there:
            print(f"{language}: there is no folder locale/{language}; there are {', '.join(there)}")  # noqa: T201
            total += 1
            continue
        problems = problems_of(language, locales)
        total += len(problems)
        print(f"{language}: {_summary(problems, len(_patterns(locales / ENGLISH)))}")  # noqa: T201
        for problem in problems:
            print(f"  {problem}")  # noqa: T201
    return total


def _summary(problems: Iterable[Problem], texts: int) -> str:
    missing = sum(problem.what.startswith("is missing") for problem in problems)
    return f"{texts - missing} of {texts} texts" + ("" if problems else ", nothing wrong")


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
