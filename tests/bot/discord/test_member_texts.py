"""Texts of the members' commands: read by Fluent without a mistake, and whole in each language."""

from __future__ import annotations

from importlib import resources

import pytest
from fluent.syntax import FluentParser, ast

from zosma_bot.discord.language import LANGUAGES


def entries(language):
    file = resources.files("zosma_bot.discord") / "locale" / language / "member.ftl"
    return FluentParser().parse(file.read_text("utf-8")).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_fluent_understands_every_line(language):
    assert [one.content for one in entries(language) if isinstance(one, ast.Junk)] == []


def test_all_languages_have_the_same_texts():
    names = [{one.id.name for one in entries(language) if isinstance(one, ast.Message)} for language in LANGUAGES]
    assert names[0] == names[1]
