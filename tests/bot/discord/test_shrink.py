"""Pictures made to fit."""

from __future__ import annotations

import io
import time

import pytest
from PIL import ExifTags, Image, ImageFilter

from loopback import hostile
from zosma_bot.delivery_work import SIDE_MAX, USER_COMMENT
from zosma_bot.discord.delivery import shrink
from zosma_bot.discord.ui.card import Attached

ANY = 1_000_000_000
PARAMETERS = "a cät\nSteps: 20, Seed: 5"


def noise(side: int, *, blur: float = 0) -> shrink.Original:
    buffer = io.BytesIO()
    Image.effect_noise((side, side), 90).filter(ImageFilter.GaussianBlur(blur)).save(buffer, "PNG")
    return shrink.Original(Attached("zosma-j-1.png", buffer.getvalue(), "a cat"), PARAMETERS)


def parameters_of(attached):
    with Image.open(io.BytesIO(attached.data)) as image:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[USER_COMMENT]
    return comment.removeprefix(b"UNICODE\0").decode("utf-16-be")


def test_what_fits_is_not_touched():
    original = noise(64)
    assert shrink.fit([original], 10_000_000, total=ANY) == (original.attached,)


def test_what_does_not_fit_becomes_webp_with_its_parameters():
    original = noise(256, blur=1)
    (fitting,) = shrink.fit([original], len(original.attached.data) // 2, total=ANY)

    assert (fitting.name, fitting.description) == ("zosma-j-1.webp", "a cat")
    with Image.open(io.BytesIO(fitting.data)) as image:
        assert (image.format, image.size) == ("WEBP", (256, 256))
    assert parameters_of(fitting) == PARAMETERS


@pytest.mark.parametrize("step", shrink.STEPS, ids=str)
def test_every_step_keeps_the_parameters(step, monkeypatch):
    original = noise(128)
    monkeypatch.setattr(shrink, "STEPS", (step,))
    first = next(form for form in shrink._forms(original, 0) if form is not original.attached)
    assert first.name == "zosma-j-1.webp"
    assert parameters_of(first) == PARAMETERS


def test_discord_counts_each_file_alone():
    large, small = noise(256), noise(32)
    size = len(large.attached.data)
    fitting = shrink.fit([large, small], size - 1, total=ANY)
    assert [one.name for one in fitting] == ["zosma-j-1.webp", "zosma-j-1.png"]
    assert shrink.fit([large] * 4, size, total=ANY) == (large.attached,) * 4


def test_where_the_whole_request_counts_all_pictures_are_made_smaller():
    originals = [noise(128)] * 4
    size = len(originals[0].attached.data)
    total = shrink.OVERHEAD_BYTES + 3 * size
    fitting = shrink.fit(originals, total, total=total)
    assert {one.name for one in fitting} == {"zosma-j-1.webp"}
    assert sum(len(one.data) for one in fitting) <= 3 * size


def test_nothing_is_made_worse_than_asked():
    original = noise(256)
    assert shrink.fit([original], 4_000, total=ANY)
    assert shrink.fit([original], 4_000, total=ANY, quality=80) is None


def test_a_picture_is_halved_before_it_is_given_up():
    (fitting,) = shrink.fit([noise(256)], 8_000, total=ANY)
    with Image.open(io.BytesIO(fitting.data)) as image:
        assert image.size < (256, 256)


def test_a_picture_longer_than_webp_can_be_is_scaled_to_what_it_can():
    buffer = io.BytesIO()
    Image.effect_noise((17_000, 8), 90).save(buffer, "PNG")
    original = shrink.Original(Attached("zosma-j-1.png", buffer.getvalue()), PARAMETERS)
    (fitting,) = shrink.fit([original], len(buffer.getvalue()) - 1, total=ANY)
    with Image.open(io.BytesIO(fitting.data)) as image:
        assert image.width == SIDE_MAX


def test_nothing_fits_into_nothing():
    assert shrink.fit([noise(64)], 10, total=ANY) is None
    assert shrink.fit([noise(64)], ANY, total=shrink.OVERHEAD_BYTES) is None


def test_what_is_no_picture_is_left_as_it_is():
    odd = shrink.Original(Attached("a.png", b"x" * 100_000), "")
    assert shrink.fit([odd], 99_999, total=ANY) is None
    assert shrink.fit([odd], 100_000, total=ANY) == (odd.attached,)


def test_a_picture_that_takes_a_decoder_too_long_is_left_as_it_is_and_holds_nobody_up():
    hostile_one = hostile.empty_scans()
    began = time.monotonic()
    original = shrink.Original(Attached("zosma-j-1.jpg", hostile_one), "a cat")
    assert shrink.fit([original], 10_000, total=1_000_000) is None
    assert time.monotonic() - began < 15
