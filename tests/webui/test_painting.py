"""The pictures themselves: reproducible, different from each other, alike at any size, and never blank."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from zosma_webui.painting import Motif, emerge, paint
from zosma_webui.painting.finish import style_of
from zosma_webui.painting.noise import random
from zosma_webui.painting.scene import GROUNDS, SUBJECTS, TIMES, WEATHERS, Scene, read, words_of

EVERYTHING = sorted({name for table in (TIMES, GROUNDS, SUBJECTS, WEATHERS) for name in table} | {"mountain", "xyzzy"})


def motif(prompt: str, *, seed: int = 1, width: int = 64, height: int = 64, model: str = "dreamscape") -> Motif:
    return Motif(prompt, "", seed, width, height, model)


def scene(prompt: str, negative: str = "") -> Scene:
    return read(prompt, negative, random("test"))


@pytest.mark.parametrize("word", EVERYTHING)
def test_every_word_we_know_gives_a_picture_with_light_and_shadow(word: str) -> None:
    pixels = np.asarray(paint(motif(word)), dtype=float)
    assert pixels.shape == (64, 64, 3)
    assert pixels.std() > 12
    assert 12 < pixels.mean() < 243


@pytest.mark.parametrize(("width", "height"), [(8, 8), (8, 512), (512, 8), (136, 72)])
def test_any_size_is_drawn(width: int, height: int) -> None:
    for prompt in ("a cat in the forest", "city at night in rain", "rocket", "queen", "rose", "desert", "word"):
        assert paint(motif(prompt, width=width, height=height)).size == (width, height)


def test_the_same_motif_gives_the_same_pixels_and_another_seed_others() -> None:
    once, again = paint(motif("a castle")), paint(motif("a castle"))
    assert once.tobytes() == again.tobytes()
    assert once.tobytes() != paint(motif("a castle", seed=2)).tobytes()


def test_a_thumbnail_shows_the_same_picture() -> None:
    for prompt in ("a lighthouse at dusk", "mountain lake sunrise", "desert", "serendipity", "rocket in space"):
        whole = motif(prompt, width=512, height=384)
        small = paint(whole, thumbnail=True)
        assert small.size == (160, 120)
        reduced = np.asarray(paint(whole).resize(small.size, Image.Resampling.BOX), dtype=float)
        assert np.abs(reduced - np.asarray(small, dtype=float)).mean() < 14, prompt


def test_a_checkpoint_has_a_handwriting_of_its_own() -> None:
    plain = np.asarray(paint(motif("a boat", model="photo")), dtype=float)
    painted = np.asarray(paint(motif("a boat", model="oil-paint")), dtype=float)
    assert np.abs(plain - painted).mean() > 3
    assert style_of("AnimeMix", 0) == "poster"
    assert style_of("xyz", 1) != style_of("xyz", 2)


def test_a_picture_emerges_step_by_step_from_noise() -> None:
    whole = paint(motif("a lighthouse at dusk"))
    target = np.asarray(whole, dtype=float)
    away = [np.abs(np.asarray(emerge(whole, done, 1), dtype=float) - target).mean() for done in (0, 0.3, 0.6, 0.9, 1)]
    assert away == sorted(away, reverse=True)
    assert away[-1] == 0
    assert away[0] > 20


def test_words_decide_the_scene() -> None:
    found = scene("a lighthouse at dusk, stormy")
    assert (found.kind, found.time, found.ground, found.subjects) == ("landscape", "dusk", "sea", ("lighthouse",))
    assert found.weather == {"rain"}
    assert scene("rocket in space").kind == "space"
    assert scene("portrait of a queen").crown
    assert scene("portrait of a cat").kind == "landscape"
    assert scene("serendipity").kind == "abstract"


def test_the_negative_prompt_takes_things_out() -> None:
    assert scene("cat, tree", "tree").subjects == ("cat",)
    assert not scene("the sea", "clouds").clouds


def test_lora_tags_are_no_words() -> None:
    assert words_of("Two <lora:night_city:0.8> Cats") == ["two", "cats", "cat"]
