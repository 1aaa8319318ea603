"""The tool that says what a translation lacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zosma_bot.discord.ui.language import LANGUAGES
from zosma_bot.discord.ui.translation_check import main, problems_of


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wrong_with_our_own_languages(language):
    assert [str(problem) for problem in problems_of(language)] == []


@pytest.fixture(name="locales")
def _locales(tmp_path):
    """English with a few texts, and French as a test fills it."""
    (tmp_path / "en").mkdir()
    (tmp_path / "fr").mkdir()
    (tmp_path / "en" / "a.ftl").write_text(
        "hello = Hello, { $name }\nbye = Bye\ncommand-imagine = imagine\n    .description = Make a picture\n"
        "command-use = Use this picture\nbutton-go = Go\nedit-title = Edit\nedit-same-size = the same\n"
        "jobs = { $count ->\n    [one] { $count } job\n   *[other] { $count } jobs\n    }\n"
        "place = { ORDINAL($n) ->\n    [one] { $n }st\n    [two] { $n }nd\n    [few] { $n }rd\n"
        "   *[other] { $n }th\n    } in line\n"
    )
    return tmp_path


WHOLE = (
    "hello = Bonjour { $name }\nbye = Au revoir\ncommand-imagine = image\n    .description = Faire une image\n"
    "command-use = Utiliser\nbutton-go = Allez\nedit-title = Modifier\nedit-same-size = la même\n"
    "jobs = { $count ->\n    [one] { $count } tâche\n   *[other] { $count } tâches\n    }\n"
    "place = { ORDINAL($n) ->\n    [one] { $n }re\n   *[other] { $n }e\n    } place\n"
)


def lacks(locales, text):
    (locales / "fr" / "a.ftl").write_text(text)
    return [str(problem) for problem in problems_of("fr", locales)]


def test_a_whole_translation_lacks_nothing(locales):
    assert lacks(locales, WHOLE) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("bye = Au revoir\n", "", "bye: is missing: Bye"),
        ("    .description = Faire une image\n", "", "command-imagine.description: is missing: Make a picture"),
        ("bye = Au revoir\n", "bye = A\nmore = B\n", "more: English has no such text"),
        ("bye = Au revoir\n", "bye = A\nbye = B\n", "bye: stands there twice"),
        ("{ $name }", "{ $nom }", "hello: uses $nom, which nobody gives it"),
        ("= image\n", "= Image\n", "command-imagine: 'Image' must be in small letters, without spaces and signs"),
        ("= image\n", "= une image\n",
         "command-imagine: 'une image' must be in small letters, without spaces and signs"),
        ("= image\n", f"= {'x' * 33}\n", "command-imagine: has 33 characters, Discord takes 32"),
        ("Faire une image", "x" * 101, "command-imagine.description: has 101 characters, Discord takes 100"),
        ("Faire une image", "{ nothing }",
         "command-imagine.description: can't be put together: Unknown message: nothing"),
        ("Bonjour { $name }", "Bonjour", "hello: doesn't show $name, as English does"),
        ("Bonjour { $name }", "Bonjour { $name ->\n    [a] toi\n   *[b] vous\n    }",
         "hello: doesn't show $name, as English does"),
        ("    [one] { $count } tâche\n", "    [one] une tâche\n",
         "jobs: must show $count in [one], which is 0, 1 in this language"),
        ("    [one] { $count } tâche\n", "    [few] { $count } tâche\n    [one] { $count } tâche\n",
         "jobs: has [few], which no number is in this language"),
        ("    [one] { $count } tâche\n", "    [many] { $count } de tâches\n",
         "jobs: has no [one], which this language needs for 0, 1"),
        ("    [one] { $n }re\n", "    [one] { $n }re\n    [two] { $n }de\n",
         "place: has [two], which no number is in this language"),
        ("Allez", "x" * 81, "button-go: has 81 characters, Discord takes 80"),
        ("Modifier", "x" * 46, "edit-title: has 46 characters, Discord takes 45"),
        ("la même", "x" * 101, "edit-same-size: has 101 characters, Discord takes 100"),
        ("Bonjour {", "x" * 1999 + "{", "hello: has 2001 characters, Discord takes 2000"),
    ],
)  # fmt: skip
def test_each_lack_is_named_with_its_key(locales, old, new, problem):
    assert old in WHOLE
    assert lacks(locales, WHOLE.replace(old, new, 1)) == [problem]


def test_a_language_needs_all_of_its_own_plurals(tmp_path):
    (tmp_path / "en").mkdir()
    (tmp_path / "pl").mkdir()
    text = "jobs = { $count ->\n    [one] { $count } zadanie\n   *[other] { $count } zadania\n    }\n"
    for language in ("en", "pl"):
        (tmp_path / language / "a.ftl").write_text(text)
    assert [str(problem) for problem in problems_of("pl", tmp_path)] == [
        "jobs: has no [few], which this language needs for 2, 3, 4",
        "jobs: has no [many], which this language needs for 0, 5, 6",
    ]


def test_one_may_be_a_word_where_it_is_one_thing_alone(locales):
    """French [one] is 0 too, so it needs the number; unless 0 has words of its own."""
    with_nothing = WHOLE.replace("    [one] { $count } tâche\n", "    [0] rien\n    [one] une tâche\n")
    assert lacks(locales, with_nothing) == []


def test_a_line_that_cannot_be_read_is_shown(locales):
    (problem, *_) = lacks(locales, WHOLE + "what is { this\n")
    assert problem == "a.ftl: can't be read: 'what is { this'"


def test_it_prints_by_language_and_counts(locales, capsys):
    (locales / "fr" / "a.ftl").write_text(WHOLE.replace("bye = Au revoir\n", ""))
    assert main([], locales) == 1
    assert capsys.readouterr().out == "en: 10 of 10 texts, nothing wrong\nfr: 9 of 10 texts\n  bye: is missing: Bye\n"
    assert main(["it"], locales) == 1
    assert "there is no folder locale/it; there are en, fr" in capsys.readouterr().out


def test_the_command_ends_well_for_what_is_whole_and_not_for_what_is_not():
    command = [sys.executable, "-m", "zosma_bot.discord.ui.translation_check"]
    whole = subprocess.run([*command, "de"], capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.endswith("texts, nothing wrong\n")
    assert subprocess.run([*command, "xx"], capture_output=True, check=False).returncode == 1
