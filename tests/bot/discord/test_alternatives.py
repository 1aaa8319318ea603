"""What is drawn of a prompt, by its seed."""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zosma_bot.discord.core.alternatives import check_loops, draw, escaped, lists_in, parse
from zosma_queue.errors import RequestRefusedError

LISTS = {"colour": ("red", "blue", "2::green"), "car": ("a __colour__ car", "{old|new} van")}


def drawn(text, seeds=range(60), lists=LISTS):
    return {draw(parse(text), seed, lists) for seed in seeds}


@pytest.mark.parametrize(
    ("text", "all_of_it"),
    [
        ("a {red|blue} cat", {"a red cat", "a blue cat"}),
        ("{|very }red", {"red", "very red"}),
        ("{a {red|blue} car|a van}", {"a red car", "a blue car", "a van"}),
        ("__colour__", {"red", "blue", "green"}),
        ("__Colour__!", {"red!", "blue!", "green!"}),
        ("__car__", {"a red car", "a blue car", "a green car", "old van", "new van"}),
        ("{2$$a|b}", {"a, b", "b, a"}),
        ("{1-2$$ and $$a|b}", {"a", "b", "a and b", "b and a"}),
        ("{0-1$$a}", {"", "a"}),
        ("{3$$__colour__}", None),
    ],
)
def test_every_way_is_drawn_by_some_seed_and_nothing_else(text, all_of_it):
    found = drawn(text)
    if all_of_it is None:
        assert {frozenset(one.split(", ")) for one in found} == {frozenset(("red", "blue", "green"))}
        assert len(found) == 6
    else:
        assert found == all_of_it


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("(red:1.2), [red|blue], [a:b:0.5], \\(x\\)", "(red:1.2), [red|blue], [a:b:0.5], \\(x\\)"),
        ("{cat}, {{cat}}", "{cat}, {{cat}}"),
        ("a { and a }", "a { and a }"),
        ("{prompt}, misty", "{prompt}, misty"),
        (r"\{red|blue\}", "{red|blue}"),
        (r"\__init__", "__init__"),
        ("snake_case __ and ___", "snake_case __ and ___"),
    ],
)
def test_what_is_no_alternative_means_itself(text, means):
    assert parse(text) == (means,)


def test_a1111s_own_alternation_may_stand_inside():
    assert drawn("{[red|blue]|green}") == {"[red|blue]", "green"}
    assert drawn(r"{a\|b|c}") == {"a|b", "c"}


def test_a_seed_always_draws_the_same():
    """Written down: what an old message says of its seed must stay true."""
    assert [draw(parse("{a|b|c|d} __colour__"), seed, LISTS) for seed in range(6)] == [
        "d green",
        "d blue",
        "b red",
        "b blue",
        "d green",
        "c red",
    ]


def test_weights_count():
    counts = Counter(draw(parse("{3::a|b}"), seed, {}) for seed in range(4000))
    assert 2.5 < counts["a"] / counts["b"] < 3.6
    counts = Counter(draw(parse("__colour__"), seed, LISTS) for seed in range(4000))
    assert 1.7 < counts["green"] / counts["red"] < 2.4


@settings(deadline=None)
@given(st.text(alphabet="ab{}|\\_$:[] 12", max_size=40))
def test_whatever_is_masked_means_itself_again(text):
    if "\\" in text:  # of what A1111 knows, a backslash before a brace alone can't be said
        return
    assert parse(escaped(text)) == ((text,) if text else ())


@settings(deadline=None)
@given(st.text(alphabet="ab{}|\\_$:[] 12-", max_size=60))
def test_any_text_is_drawn_or_refused_by_name(text):
    parts = ()
    with contextlib.suppress(RequestRefusedError):
        parts = parse(text)
    draw(parts, 1, dict.fromkeys(lists_in(parts), ("x",)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{red|blue", "open-brace"),
        ("{" + "|".join(["a"] * 501) + "}", "too-many-alternatives"),
        ("{" + "|" * 9999 + "}", "too-many-alternatives"),
        ("{a|" * 21 + "b" + "}" * 21, "nested-too-deep"),
    ],
)
def test_what_is_too_much_is_refused(text, code):
    with pytest.raises(RequestRefusedError) as refused:
        parse(text)
    assert refused.value.code == code


def test_what_grows_beyond_a_prompt_is_refused_before_it_takes_time():
    lists = {f"l{n}": ("__l{0}__ __l{0}__".format(n + 1),) for n in range(30)} | {"l30": ("{x|y}",)}
    with pytest.raises(RequestRefusedError) as refused:
        draw(parse("__l0__"), 1, lists)
    assert refused.value.code == "drawn-too-long"


def test_a_loop_is_found_also_where_it_would_not_be_drawn():
    lists = {"a": ("x", "{y|__b__}"), "b": ("__c__",), "c": ("__a__",)}
    with pytest.raises(RequestRefusedError) as refused:
        check_loops(lists, ["a"])
    assert refused.value.values["way"] == "a → b → c → a"
    check_loops({"a": ("__b__ __b__",), "b": ("x",)}, ["a"])
