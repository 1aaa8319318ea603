"""Blocked words are found however they are dressed up, and innocent ones are not."""

from __future__ import annotations

import time

import pytest

from zosma_queue.words import WordFinder


@pytest.mark.parametrize(
    "text",
    [
        "a block of stone",
        "BLOCK",
        "Ｂｌｏｃｋ",
        "𝓫𝓵𝓸𝓬𝓴",
        "ⓑⓛⓞⓒⓚ",
        "🅱lock",
        "bl\u200bo\u200dck",
        "b\u00adl\u2060ock",
        "bl\ufe0fo\u034fck",
        "b\U000e0061lock",
        "bl\x00ock",
        "blóčk",
        "b̶l̶o̶c̶k̶",
        "blосk",  # Cyrillic о and с
        "BLОСK",
        "βlοck",
        "blo\u1d04k",
        "b.l o-c k",
        "b l o c k",
        "x b l o c k y",
        "b_l_o_c_k",
        "b*l*o*c*k",
        "bl-ock",
        "blo...ck",
        "bl o ck",
        "bl0ck",
        "b10ck",
        "(block:1.3)",
        "[block|stone]",
        "<lora:block:1>",
        "red,block,blue",
        "red\nblock",
        "block's",
    ],
)
def test_a_word_is_found_however_it_is_written(text):
    assert WordFinder(("block",)).find(text) == "block"


@pytest.mark.parametrize(
    "text",
    [
        "class", "assassin", "a glass of water", "mass-produced", "c l a s s", "as solid as rock", "a s e a", "bass",
        "passé", "grass, assembly", "1girl, 8k, 4k", "as S", "45 5",
    ],
)  # fmt: skip
def test_a_short_word_is_not_found_inside_others(text):
    assert WordFinder(("ass",)).find(text) is None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("hell", "he'll be there"),
        ("hell", "hello, shell"),
        ("rapist", "the therapist"),
        ("the rapist", "therapist"),
        ("penis", "the pen is mightier"),
        ("block", "blocks, blockade, unblock"),
        ("block", "b, l, o, k"),
        ("block", "locks b"),
        ("cat", "concatenate"),
        ("gun", "🔫 gum"),
        ("lass", "c l a s s"),
    ],
)
def test_innocent_words_are_left_alone(rule, text):
    assert WordFinder((rule,)).find(text) is None


def test_a_star_finds_what_begins_so_and_nothing_that_ends_so():
    finder = WordFinder(("block*",))

    assert finder.find("BLOCKADE") == "block*"
    assert finder.find("b.l.o.c.k.s") == "block*"
    assert finder.find("unblock") is None


@pytest.mark.parametrize("text", ["big bad wolf", "Big--BAD\t wolf", "b i g b a d w o l f", "bíg bаd wolf"])
def test_a_phrase_is_found_over_any_separators(text):
    assert WordFinder(("big bad wolf",)).find(text) == "big bad wolf"


def test_the_words_of_a_phrase_alone_are_no_phrase():
    assert WordFinder(("big bad wolf",)).find("a big wolf, bad") is None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("запрет", "это ЗАПРЕТ!"),
        ("裸", "一个裸体女人"),
        ("verboten", "VERBÖTEN"),
        ("straße", "STRASSE"),
        ("नग्न", "एक नग्न चित्र"),
    ],
)
def test_rules_in_other_scripts_are_found(rule, text):
    assert WordFinder((rule,)).find(text) == rule
    assert WordFinder((rule,)).find("a red house") is None


def test_the_longest_prompt_against_the_most_rules_takes_no_noticeable_time():
    finder = WordFinder(f"blocked{number}" for number in range(500))
    begun = time.process_time()  # others may have the processor meanwhile
    for text in ("b l " * 1000, "lighthouse at dusk " * 210, "ж" * 4000, "l.0.c." * 660):
        assert finder.find(text) is None

    assert time.process_time() - begun < 1
