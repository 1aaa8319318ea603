"""Strangers' words reach an operator's terminal and log as words: they move no cursor and turn no line around."""

from __future__ import annotations

import io
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zosma_queue import logs
from zosma_queue.terminal import visible, visible_all

ESCAPES = {
    "colour": ("\x1b[31mred", r"\x1b[31mred"),
    "CSI in one character": ("\x9b2Jgone", r"\x9b2Jgone"),
    "a window's title by OSC": ("\x1b]0;root@host\x07", r"\x1b]0;root@host\x07"),
    "OSC in one character": ("\x9d52;c;cm0=\x9c", r"\x9d52;c;cm0=\x9c"),
    "back to the beginning": ("good\rbad", r"good\rbad"),
    "rubbed out": ("bad\x08\x08\x08ok\x7f", r"bad\x08\x08\x08ok\x7f"),
    "another line": ("x\n2026-01-01 INFO all is well", r"x\n2026-01-01 INFO all is well"),
    "another kind of line": ("x\u2028y\u2029z\x85", r"x\u2028y\u2029z\x85"),
    "turned around": ("\u202egnp.exe\u202c \u2066x\u2069\u200f", r"\u202egnp.exe\u202c \u2066x\u2069\u200f"),
    "unseen": ("a\ufeffb\U000e0041", r"a\ufeffb\U000e0041"),
    "half a character": ("\ud800", r"\ud800"),
}


@pytest.mark.parametrize("name", ESCAPES)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(name):
    given_, shown = ESCAPES[name]
    assert visible(given_) == shown


@pytest.mark.parametrize("text", ["eine Katze für Łódź", "猫\tと犬", "👩\u200d🚀 Δ", "שלום", "a\\b [dim]"])
def test_words_of_every_language_stay_as_they_are(text):
    assert visible(text) == text


@given(st.text())
def test_nothing_is_left_that_is_a_control(text):
    left = visible(text)
    assert not [char for char in left if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\t"]
    assert not [char for char in left if unicodedata.bidirectional(char) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI")]


def test_all_of_an_answer_is_made_visible_and_keeps_its_lines():
    answer = {"\x1b": ["a\nb", {"why": "\x9b"}], "n": 1, "none": None}
    assert visible_all(answer) == {"\\x1b": ["a\nb", {"why": "\\x9b"}], "n": 1, "none": None}


def logged(write):
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter(as_text=True))
    log = logging.Logger("test")
    log.addHandler(handler)
    write(log)
    return out.getvalue()


@pytest.mark.parametrize("name", ESCAPES)
def test_an_event_is_one_line_of_the_log_whatever_it_says(name):
    text, shown = ESCAPES[name]
    assert (
        logged(lambda log: log.warning("the WebUI said %s", text)).partition(" WARNING test: ")[2]
        == f"the WebUI said {shown}\n"
    )


def test_a_traceback_has_its_lines_but_none_that_looks_like_an_event():
    def write(log):
        try:
            raise ValueError("x\nWARNING forged \x1b[2J")
        except ValueError:
            log.exception("broke")

    lines = logged(write).splitlines()
    assert lines[0].endswith("ERROR   test: broke")
    assert len(lines) > 3
    assert all(line.startswith("    ") for line in lines[1:])
    assert "\x1b" not in "".join(lines)
