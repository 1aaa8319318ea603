"""The text catalogue: whole in each language, understood by Fluent, and with all that the code asks for."""

from __future__ import annotations

import ast as python
from importlib import resources
from pathlib import Path

import discord
import pytest
from fluent.syntax import FluentParser, ast, visitor

import zosma_bot.discord
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act
from zosma_bot.discord.ui.language import (
    ENGLISH,
    LANGUAGES,
    CommandTranslator,
    Translations,
    entries_of,
    translations_for,
)
from zosma_bot.discord.ui.sizes import SIZES
from zosma_bot.discord.ui.translation_rules import most_chars
from zosma_queue.errors import CODES, ErrorKind
from zosma_queue.policy import LIMITS, Unit

#: Read for their English words in every language: nobody but us knows what they say.
_ENGLISH_ONLY = {"malformed", "refused", "bad-rule", "infeasible-lacking"}


def entries(language):
    """Every entry of a language's files."""
    folder = resources.files("zosma_bot.discord.ui") / "locale" / language
    return [entry for file in sorted(folder.iterdir()) for entry in FluentParser().parse(file.read_text("utf-8")).body]


def texts(language):
    """Key → pattern, attributes included."""
    found = {}
    for one in entries(language):
        if isinstance(one, ast.Message):
            found[one.id.name] = one.value
            found |= {f"{one.id.name}.{attribute.id.name}": attribute.value for attribute in one.attributes}
    return found


class Variables(visitor.Visitor):
    """Collects the values that a pattern needs."""

    def __init__(self):
        self.names = set()

    def visit_VariableReference(self, node):
        self.names.add(node.id.name)


class Others(visitor.Visitor):
    """Counts the texts that a pattern shows."""

    number = 0

    def visit_MessageReference(self, _):
        self.number += 1

    visit_TermReference = visit_MessageReference


def shows_others(pattern):
    found = Others()
    found.visit(pattern)
    return found.number > 0


def variables(pattern):
    found = Variables()
    if pattern is not None:
        found.visit(pattern)
    return found.names


@pytest.mark.parametrize("language", LANGUAGES)
def test_fluent_understands_every_line(language):
    assert [one.content for one in entries(language) if isinstance(one, ast.Junk)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_are_found_without_parsing_where_fluent_finds_them(language):
    folder = resources.files("zosma_bot.discord.ui") / "locale" / language
    found = [entries_of(file.read_text("utf-8")) for file in sorted(folder.iterdir())]

    known = [one for one in entries(language) if isinstance(one, ast.Message | ast.Term)]
    assert [name for file in found for name in file] == [
        f"-{one.id.name}" if isinstance(one, ast.Term) else one.id.name for one in known
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_that_shows_another_one_finds_it_though_nobody_asked_for_that_before(language, caplog):
    showing = {key: pattern for key, pattern in texts(language).items() if pattern and shows_others(pattern)}
    assert showing
    for key, pattern in showing.items():
        Translations(language)(key, **dict.fromkeys(variables(pattern), 1))
    assert caplog.messages == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_stands_twice(language):
    names = [one.id.name for one in entries(language) if isinstance(one, ast.Message)]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != ENGLISH])
def test_every_language_has_every_text_with_the_same_values(language):
    english, other = texts(ENGLISH), texts(language)
    assert sorted(english.keys() - other.keys()) == []
    assert sorted(other.keys() - english.keys()) == []
    differing = {key for key in english if variables(other[key]) - variables(english[key])}
    assert differing == set()


def test_every_text_that_the_code_names_is_there():
    """Calls like `w("key")`: keys put together at run time are tried by the tests of what shows them."""
    known = texts(ENGLISH)
    missing = []
    for file in Path(zosma_bot.discord.__path__[0]).rglob("*.py"):
        for node in python.walk(python.parse(file.read_text("utf-8"))):
            named = isinstance(node, python.Call) and isinstance(node.func, python.Name) and node.func.id == "w"
            if named and node.args and isinstance(node.args[0], python.Constant) and node.args[0].value not in known:
                missing.append(f"{file.name}: {node.args[0].value}")
    assert missing == []


@pytest.mark.parametrize("code", sorted((CODES.keys() - _ENGLISH_ONLY) | refusals.CODES.keys()))
def test_every_refusal_has_words_and_their_values(code):
    pattern = texts(ENGLISH)[f"refusal-{code}"]
    given = {*{**CODES, **refusals.CODES}[code], "field"} | ({"when"} if code.startswith("limit-") else set())
    assert variables(pattern) <= given


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_error_has_words_and_no_words_are_left_over(language):
    worded = {key.removeprefix("failed-") for key in texts(language) if key.startswith("failed-")}
    assert worded == set(ErrorKind)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_limit_has_words_and_an_option(limit):
    known = texts(ENGLISH)
    assert variables(known[f"limit-{limit.option}"]) == {"span" if limit.unit is Unit.SECONDS else "value"}
    assert f"command-admin-limits-set-{limit.option}.description" in known


def test_every_shape_has_a_name():
    for name in SIZES:
        assert f"shape-{name.partition(' ')[0]}" in translations_for("de")


def test_every_act_is_written_as_it_always_was():
    """These stand in messages for ever."""
    assert {act.name: act.value for act in Act} == {
        "UPSCALE": "up", "VARY_SUBTLE": "vs", "VARY_STRONG": "vb", "AGAIN": "re", "EDIT": "ed", "CHECKPOINT": "ck",
        "PARAMETERS": "pa", "SEND": "dm", "DELETE": "de", "CANCEL": "ca", "REPORT": "rp", "EDIT_FORM": "ef",
        "CHOOSE_CHECKPOINT": "cs", "REPORT_FORM": "rf", "REPORT_REMOVE": "rx", "REPORT_DISMISS": "ro",
        "JOBS_REFRESH": "jr", "JOBS_MENU": "jm", "JOBS_LOOK": "jl", "JOBS_PICK_UP": "jp", "JOBS_RETRY": "jt",
        "ERASE": "pe", "KEEP": "pk", "ADMIN_YES": "ay", "ADMIN_NO": "an", "USE_PICTURE_FORM": "uf", "REMAKE": "rm",
        "IMAGINE_WORDS": "iw", "MISSING": "mi",
        "MORE": "mo", "MORE_ACT": "ma", "MORE_PICTURE": "mp", "REGION": "rg", "REGION_FORM": "gf",
        "REGION_PAINTED": "gp", "ZOOM_OUT": "zo", "ZOOM_OUT_FAR": "zf", "PAN_LEFT": "pl", "PAN_RIGHT": "pr",
        "PAN_UP": "pu", "PAN_DOWN": "pd", "SQUARE": "sq",
    }  # fmt: skip


@pytest.mark.parametrize("locale", ["de", "fr", "es-ES", "es-419"])
async def test_every_command_and_option_is_told_to_discord_in_every_language(client, locale):
    payloads = await translated(client)
    missing = []

    def look(thing, path):
        for field in ("name_localizations", "description_localizations"):
            if field.partition("_")[0] in thing and locale not in (thing.get(field) or {}) and thing.get("type") != 3:
                missing.append(f"{path}: {field}")
        for choice in thing.get("choices", []):
            if not choice["name"].isdecimal() and locale not in (choice.get("name_localizations") or {}):
                missing.append(f"{path}: {choice['name']}")
        for option in thing.get("options", []):
            look(option | {"type": None}, f"{path} {option['name']}")

    for payload in payloads:
        if payload.get("type", 1) == 1:
            look(payload | {"type": None}, payload["name"])
        else:
            assert locale in payload["name_localizations"]
    assert missing == []


async def translated(client):
    """What is registered, as discord.py sends it."""
    return [
        await command.get_translated_payload(client.tree, CommandTranslator())
        for command in client.tree.get_commands(type=None)
    ]


@pytest.mark.parametrize("locale", ["de", "fr", "es-ES", "es-419"])
async def test_names_of_commands_and_options_differ_in_each_language(client, locale):
    payloads = await translated(client)
    waiting = [{"name": "all", "options": [one for one in payloads if one.get("type", 1) == 1]}, *payloads]
    while waiting:
        one = waiting.pop()
        options = one.get("options", [])
        waiting += options
        named = [(option.get("name_localizations") or {}).get(locale, option["name"]) for option in options]
        assert len(named) == len(set(named)), one["name"]


def test_every_locale_of_discord_finds_its_language():
    found = {str(locale): translations_for(locale).language for locale in discord.Locale}
    assert found["de"] == "de"
    assert found["fr"] == "fr"
    assert found["es-ES"] == found["es-419"] == "es"
    ours = {"de", "fr", "es-ES", "es-419"}
    assert {language for locale, language in found.items() if locale not in ours} == {"en"}
    assert translations_for(None).language == "en"


@pytest.mark.parametrize(
    ("classes", "most"),
    [({"Modal"}, 45), ({"Label"}, 45), ({"Button"}, 80), ({"SelectOption"}, 100), ({"Select"}, 150)],
)
def test_the_checked_lengths_are_those_of_where_the_code_shows_a_text(classes, most):
    """A label that is a few letters too long would be cut in the middle of a word."""
    shown = set()
    for file in Path(zosma_bot.discord.__path__[0]).rglob("*.py"):
        for node in python.walk(python.parse(file.read_text("utf-8"))):
            if not isinstance(node, python.Call) or _called(node.func) not in classes:
                continue
            given = [
                *node.args,
                *(one.value for one in node.keywords if one.arg in ("title", "text", "label", "placeholder")),
            ]
            shown |= {call.args[0].value for one in given for call in _texts_in(one)}
    assert shown
    assert {key: most_chars(key) for key in shown if most_chars(key) > most} == {}


def _called(function):
    if isinstance(function, python.Subscript):
        function = function.value
    return getattr(function, "attr", getattr(function, "id", ""))


def _texts_in(node):
    """Calls like `w("key")` in what is given, not below another call that makes something."""
    if isinstance(node, python.Subscript):
        node = node.value
    if isinstance(node, python.Call) and _called(node.func) == "w" and isinstance(node.args[0], python.Constant):
        yield node


def test_a_missing_text_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        translations_for("de")("no-such-text")
