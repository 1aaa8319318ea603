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

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser, ast, serialize
from fluent.syntax.visitor import Visitor

ENGLISH = "en"
LOCALES = Path(str(resources.files("zosma_bot.discord.ui") / "locale"))
#: Discord's, for names and descriptions of commands and options.
NAME_MAX_CHARS, DESCRIPTION_MAX_CHARS = 32, 100
_COMMAND_NAME = re.compile(r"[-_'\w]+")
SHOWN_MAX_CHARS = 90


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a translation."""

    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}"


class _Variables(Visitor):
    """Collects the values that a pattern needs."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:
        """One of them."""
        self.names.add(node.id.name)


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


def _variables(pattern: ast.Pattern) -> set[str]:
    found = _Variables()
    found.visit(pattern)
    return found.names


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
        unknown = _variables(other[key]) - _variables(english[key])
        if unknown:
            found.append(Problem(key, f"uses ${', $'.join(sorted(unknown))}, which nobody gives it"))
    return found + _for_discord(locales / language, english, other)


def _for_discord(folder: Path, english: Mapping[str, ast.Pattern], other: Mapping[str, ast.Pattern]) -> list[Problem]:
    """Names and descriptions of commands that Discord would not take: it refuses all commands for one of them."""
    bundle = FluentBundle([folder.name], use_isolating=False)
    for file in sorted(folder.glob("*.ftl")):
        bundle.add_resource(FluentResource(file.read_text("utf-8")))
    found = []
    for key in sorted(english.keys() & other.keys()):
        if not key.startswith("command-"):
            continue
        name, _, attribute = key.partition(".")
        message = bundle.get_message(name)
        pattern = message.attributes[attribute] if attribute else message.value
        if pattern is None:
            continue
        text, errors = bundle.format_pattern(pattern)
        if errors:
            found.append(Problem(key, f"can't be put together: {errors[0]}"))
        elif attribute:
            if not 1 <= len(str(text)) <= DESCRIPTION_MAX_CHARS:
                found.append(Problem(key, f"has {len(str(text))} characters, Discord takes {DESCRIPTION_MAX_CHARS}"))
        elif problem := _name_problem(str(text), is_menu=_english(english[key])[:1].isupper()):
            found.append(Problem(key, problem))
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
