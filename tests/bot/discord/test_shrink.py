"""Pictures made to fit."""

from __future__ import annotations

import io
import time

import pytest
from PIL import ExifTags, Image, ImageChops, ImageFilter

from loopback import hostile
from zosma_bot import delivery_work
from zosma_bot.delivery_work import SIDE_MAX
from zosma_bot.discord.delivery import shrink
from zosma_bot.discord.ui.card import Attached, Shrunk

ANY = 1_000_000_000
PARAMETERS = "a cät\nSteps: 20, Seed: 5"


def noise(side: int, *, blur: float = 0) -> shrink.Original:
    buffer = io.BytesIO()
    Image.effect_noise((side, side), 90).filter(ImageFilter.GaussianBlur(blur)).save(buffer, "PNG")
    return shrink.Original(Attached("zosma-j-1.png", buffer.getvalue(), "a cat"), PARAMETERS)


def parameters_of(attached):
    with Image.open(io.BytesIO(attached.data)) as image:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
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
def test_every_step_keeps_the_parameters_and_is_told(step, monkeypatch):
    original = noise(256, blur=2)
    monkeypatch.setattr(shrink, "STEPS", (step,))
    (made,) = shrink.fit([original], len(original.attached.data) - 1, total=ANY)
    assert (made.name, made.shrunk) == ("zosma-j-1.webp", Shrunk(*step))
    assert parameters_of(made) == PARAMETERS


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


def photograph(side: int, seed: int = 0) -> shrink.Original:
    """Alike all over, and about as hard to compress as a photograph."""
    picture = Image.effect_noise((side // 4, side // 4), 60 + seed).resize((side, side), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((side, side), 12)
    out = io.BytesIO()
    Image.merge("RGB", [ImageChops.add(picture, grain, 2), picture, grain]).save(out, "PNG", compress_level=1)
    return shrink.Original(Attached(f"zosma-j-{seed + 1}.png", out.getvalue()), PARAMETERS)


@pytest.fixture(name="tried")
def _tried(monkeypatch):
    """Each whole picture that is encoded, by its quality and factor."""
    tried = []
    encode = delivery_work._webp

    def noted(picture, quality, factor, parameters):
        if min(picture.size) > 1024:
            tried.append((quality, factor))
        return encode(picture, quality, factor, parameters)

    monkeypatch.setattr(delivery_work, "_webp", noted)
    return tried


@pytest.mark.parametrize("share", [0.6, 0.2, 0.08, 0.02])
def test_of_a_large_picture_only_what_is_likely_to_fit_is_tried(share, tried):
    data = photograph(1536).attached.data
    most = int(len(data) * share)
    steps = [list(step) for step in shrink.STEPS]

    made, found = delivery_work.webp_within({"bytes": most, "steps": steps, "parameters": ""}, [data])

    assert len(tried) <= 2
    assert found
    assert len(found[0]) <= most
    assert (made["quality"], made["factor"]) == tried[-1]


def test_the_first_step_that_fits_is_taken(tried):
    data = photograph(1536).attached.data
    steps = [list(step) for step in shrink.STEPS]
    sizes = {step: len(delivery_work._webp(Image.open(io.BytesIO(data)), *step, "")) for step in shrink.STEPS}
    for step in shrink.STEPS:
        made, _ = delivery_work.webp_within({"bytes": sizes[step] + 200, "steps": steps, "parameters": ""}, [data])
        assert (made["quality"], made["factor"]) == step


def test_small_pictures_leave_their_room_to_the_large_ones():
    assert shrink._shares([10, 10, 10, 100], 1000, 80) == [20, 23, 30, 50]
    assert shrink._shares([100, 100], 60, 1000) == [60, 60]
    assert shrink._shares([100, 10], 1000, 60) == [50, 30]
