"""Pictures made to fit."""

from __future__ import annotations

import io

from PIL import ExifTags, Image, ImageFilter

from zosma_bot.discord import upload
from zosma_bot.discord.card import Attached

PARAMETERS = "a cät\nSteps: 20, Seed: 5"


def noise(side: int, *, blur: float = 0) -> upload.Original:
    buffer = io.BytesIO()
    Image.effect_noise((side, side), 90).filter(ImageFilter.GaussianBlur(blur)).save(buffer, "PNG")
    return upload.Original(Attached("zosma-j-1.png", buffer.getvalue(), "a cat"), PARAMETERS)


def test_what_fits_is_not_touched():
    original = noise(64)
    assert upload.fit([original], 10_000_000) == (original.attached,)


def test_what_does_not_fit_becomes_webp_with_its_parameters():
    original = noise(256, blur=1)
    (fitting,) = upload.fit([original], upload.OVERHEAD_BYTES + len(original.attached.data) // 2)

    assert (fitting.name, fitting.description) == ("zosma-j-1.webp", "a cat")
    with Image.open(io.BytesIO(fitting.data)) as image:
        assert (image.format, image.size) == ("WEBP", (256, 256))
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[upload.USER_COMMENT]
    assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be") == PARAMETERS


def test_all_pictures_of_a_message_count_together():
    originals = [noise(128)] * 4
    size = len(originals[0].attached.data)
    fitting = upload.fit(originals, upload.OVERHEAD_BYTES + 3 * size)
    assert {one.name for one in fitting} == {"zosma-j-1.webp"}


def test_a_picture_is_halved_before_it_is_given_up():
    original = noise(256)
    (fitting,) = upload.fit([original], upload.OVERHEAD_BYTES + 8_000)
    with Image.open(io.BytesIO(fitting.data)) as image:
        assert image.size < (256, 256)


def test_nothing_fits_into_nothing():
    assert upload.fit([noise(64)], upload.OVERHEAD_BYTES) is None


def test_what_is_no_picture_is_left_as_it_is():
    odd = upload.Original(Attached("a.png", b"x" * 100_000), "")
    assert upload.fit([odd], upload.OVERHEAD_BYTES) is None
    assert upload.fit([odd], upload.OVERHEAD_BYTES + 100_000) == (odd.attached,)
