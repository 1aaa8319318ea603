"""Every parser of strangers' text and bytes, fed with whatever Hypothesis comes up with: it answers or refuses by name.

A few examples of each here, always the same; `make fuzz` looks on for as many as FUZZ_EXAMPLES says, always others.
"""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.parsers import PARSERS
from fuzz.strategies import PICTURES, TEXTS
from zosma_queue.picture_headers import FORMATS, format_of
from zosma_queue.terminal import visible

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
fuzzed = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_whatever_comes_is_answered_or_refused_by_name(parser):
    @fuzzed
    @given(parser.fed)
    def fed(data):
        with contextlib.suppress(*parser.refusals):
            parser.read(data)

    fed()


@fuzzed
@given(PICTURES)
def test_what_has_a_format_is_one_of_the_closed_list(data):
    found = format_of(data)

    assert found is None or (found in FORMATS and not data.lstrip().startswith((b"<", b"GIF")))


@fuzzed
@given(TEXTS)
def test_nothing_that_steers_a_terminal_is_left(text):
    shown = visible(text).replace("\t", " ")  # which only moves on
    assert not any(char < " " or "\x7f" <= char <= "\x9f" or char == "\u202e" for char in shown)
