"""The catalogue: read by Fluent without a mistake, whole in each language, and named as Discord names things there."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

import pytest
from fluent.syntax import FluentParser, ast

from zosma_bot.discord.language import LANGUAGES, words_for


def files(language):
    return list((resources.files("zosma_bot.discord") / "locale" / language).iterdir())


def entries(language):
    return [entry for one in files(language) for entry in FluentParser().parse(one.read_text("utf-8")).body]


def names(language):
    return [one.id.name for one in entries(language) if isinstance(one, ast.Message)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_fluent_understands_every_line(language):
    assert [one.content for one in entries(language) if isinstance(one, ast.Junk)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_there_twice(language):
    assert [name for name, count in Counter(names(language)).items() if count > 1] == []


def test_all_languages_have_the_same_texts():
    english, *others = (set(names(language)) for language in LANGUAGES)
    assert all(other == english for other in others)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_commands_are_called_by_their_names_in_that_language(language):
    """Who has Discord in German finds no /imagine in his list."""
    english, other = words_for("en"), words_for(language)
    keys = [name for name in names("en") if name.startswith("command-") and name.count("-") == 1]
    foreign = [english(key) for key in keys if english(key) != other(key)]
    assert foreign
    pattern = re.compile(rf"/(?:{'|'.join(map(re.escape, foreign))})\b|/admin [a-z]")
    found = [line for one in files(language) for line in one.read_text("utf-8").splitlines() if pattern.search(line)]
    assert found == []
