"""What autocomplete offers."""

from __future__ import annotations

from zosma_bot.discord.core.options import request_fields
from zosma_bot.discord.ui.choices import checkpoint_choices, name_choices, rank, size_choices
from zosma_bot.discord.ui.language import translations_for
from zosma_bot.discord.ui.sizes import SIZES
from zosma_queue.catalogue import Catalogue
from zosma_queue.fleet import Checkpoint
from zosma_queue.request import parse_request


def catalogue(*names: str, loaded: str = "") -> Catalogue:
    checkpoints = tuple(Checkpoint(name=name, title=name, hash=f"{number:010x}") for number, name in enumerate(names))
    return Catalogue(checkpoints=checkpoints, loaded=frozenset({loaded}), ready=1)


def test_a_beginning_beats_a_part_and_a_part_a_misspelling():
    assert rank("dreamshaper", "dream") == 0
    assert rank("big dream", "dream") == 1
    assert rank("dream of an xl", "xl dream") == 2
    assert rank("dreamshaper", "draem") == 3
    assert rank("anime", "qqqq") is None


def test_everything_is_offered_before_anything_is_typed_with_loaded_ones_first():
    offered = checkpoint_choices(translations_for(None), catalogue("a", "b", "c", loaded="c"), "")
    assert [(one.name, one.value) for one in offered] == [("c (loaded now)", "c"), ("a", "a"), ("b", "b")]


def test_a_size_is_offered_as_it_was_typed_unless_that_is_longer_than_a_choice_may_be():
    assert size_choices(translations_for(None), " 640x480")[0].value == "640x480"
    assert size_choices(translations_for(None), "1" * 150) == []


def test_never_more_than_discord_takes():
    offered = checkpoint_choices(
        translations_for(None), catalogue(*(f"model-{number}" for number in range(60))), "model"
    )
    assert len(offered) == 25


def test_a_name_too_long_for_a_choice_is_given_by_its_hash():
    (offered,) = checkpoint_choices(translations_for(None), catalogue("x" * 150, loaded="x" * 150), "x")
    assert len(offered.name) <= 100
    assert offered.name.endswith("… (loaded now)")
    assert offered.value == "0000000000"


def test_a_sampler_too_long_for_a_choice_is_left_out():
    assert [one.value for one in name_choices(["y" * 101, "yes"], "y")] == ["yes"]


def test_every_size_is_one_that_a_request_takes():
    for size in SIZES:
        parse_request(request_fields(size=size, prompt="a cat", count=4))


def test_width_and_height_win_over_a_size():
    fields = request_fields(size="square 512×512", prompt="a", width=640, height=None)
    assert (fields["width"], fields["height"]) == (640, 512)
