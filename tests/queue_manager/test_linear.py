"""What reads strangers' texts takes time in proportion to their length, whatever stands in them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zosma_queue import infotext
from zosma_queue.moderation import _apart
from zosma_queue.needs import lora_tags, loras_in, with_lora_names, without_loras
from zosma_queue.request import parse_request
from zosma_queue.words import WordFinder
from zosma_webui import infotext as builtin
from zosma_worker.infotext import is_whole

#: Four times as much text may take ten times as long: twice that would still be far from the sixteen of a square.
SHORT, FACTOR, RATIO_MAX = 12_000, 4, 10
#: What takes less than this, in seconds, holds nobody up, and is too short to be compared.
FLOOR_S = 0.05

LINE = "a cat\nSteps: 20, Seed: 5, "
SCANNERS: dict[str, Callable[[str], object]] = {
    "pairs": infotext.pairs,
    "words": infotext.words,
    "request_fields": infotext.request_fields,
    "not_asked_for": infotext.not_asked_for,
    "the line of parameters": lambda text: infotext.request_fields(LINE + text),
    "the worker's": lambda text: is_whole(LINE + text, 5),
    "the built-in WebUI's": builtin.parse,
    "LoRA tags": loras_in,
    "a prompt without LoRA tags": without_loras,
    "a prompt with other LoRAs": lambda text: with_lora_names(text, {"a": "b"}),
    "blocked words": WordFinder(("block", "bad phrase", "pre*")).find,
    "words in names": _apart,
}
HOSTILE = {
    "spaces": " ",
    "letters": "a",
    "keys without a colon": "a -/",
    "colons": "aa:",
    "quotes": 'aa: "',
    "escapes": '\\"',
    "open quotes": 'aa: "\\',
    "commas": "aa: b,",
    "lines": "Steps: Seed:\n",
    "half tags": "<lora:",
    "tags without a name": "<lora::",
    "closed tags": "<lora:a:1>",
    "split words": "b l-o ",
    "digits": "1@",
}


def best_of(tries: int, scan: Callable[[str], object], text: str) -> float:
    """The shortest time in seconds of this thread's own: what else runs on the machine is not in it."""
    times = []
    for _ in range(tries):
        began = time.thread_time()
        scan(text)
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize("name", SCANNERS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_four_times_the_text_takes_about_four_times_as_long(name, kind):
    scan, part = SCANNERS[name], HOSTILE[kind]
    short, long = (part * (length // len(part)) for length in (SHORT, FACTOR * SHORT))
    tries = []
    while len(tries) < 3:  # a neighbour's use of the caches counts as ours, and is not there each time
        tries.append((best_of(3, scan, short), best_of(2, scan, long)))
        took, longer = tries[-1]
        if longer < max(RATIO_MAX * took, FLOOR_S):
            return
    pytest.fail(f"seconds for {SHORT} and {FACTOR * SHORT} characters: {tries}")


def test_a_text_longer_than_anybody_needs_is_not_looked_into():
    assert infotext.request_fields(LINE + "x" * infotext.TEXT_MAX_CHARS) == {}


_A1111S = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


@given(st.text('aB1 ,:"\\-/.(', max_size=40))
def test_pairs_are_those_that_a1111_reads(line):
    assert infotext._pairs_of(line) == {key: infotext._unquoted(value.strip()) for key, value in _A1111S.findall(line)}


_TAG = re.compile(r"<lora:([^:>]+)(?::([^>]*))?>", re.IGNORECASE)


@given(st.lists(st.sampled_from(("<lora:", "<LoRA:", "<", ">", ":", "a", "0.8", " ")), max_size=16).map("".join))
def test_tags_for_loras_are_those_that_a1111_reads(prompt):
    assert [(tag.name, tag.weight) for tag in lora_tags(prompt)] == [
        (name, weight.strip()) for name, weight in _TAG.findall(prompt)
    ]
    assert without_loras(prompt) == _TAG.sub("", prompt)


def test_tags_get_other_names_and_keep_all_else():
    prompt = "a <lora: ink :0.5:x> b <LoRA:pen> c <lora:ink:> <lora:other:1>"
    assert with_lora_names(prompt, {"ink": "Ink v2", "pen": "Pen"}) == (
        "a <lora:Ink v2:0.5:x> b <lora:Pen> c <lora:Ink v2> <lora:other:1>"
    )


def test_a_prompt_of_half_tags_is_a_request_like_any_other():
    assert parse_request({"prompt": "<lora:" * 600}).prompt.startswith("<lora:")
