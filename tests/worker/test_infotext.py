"""Infotexts: composed, and put into a PNG."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from loopback.webui import picture
from zosma_queue.request import parse_request
from zosma_worker.infotext import compose, is_whole, with_exif_infotext, with_infotext


def composed(**fields):
    request = parse_request({"prompt": "a cat", "steps": 20, **fields})
    return compose(request, seed=5, checkpoint="dream", checkpoint_hash="0123456789", sampler="Euler a")


def test_prompt_negative_prompt_and_the_line_of_parameters():
    assert composed(negative_prompt="blur", scheduler="Karras", clip_skip=2).splitlines() == [
        "a cat",
        "Negative prompt: blur",
        "Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 5, Size: 512x512, "
        "Model hash: 0123456789, Model: dream, Clip skip: 2",
    ]


def test_a_hires_pass_is_told():
    line = composed(hires={"scale": 1.5, "denoise": 0.4, "upscaler": "R, ESRGAN"}).splitlines()[-1]

    assert 'Denoising strength: 0.4, Hires upscale: 1.5, Hires upscaler: "R, ESRGAN"' in line


@pytest.mark.parametrize("text", ["a cat\nSteps: 20", "eine Katze für Łódź 猫"])
def test_the_text_goes_into_a_png_and_its_pixels_stay_as_they_were(text):
    plain = picture(64, 32, 9)

    labelled = with_infotext(plain, text)

    with Image.open(io.BytesIO(labelled)) as image, Image.open(io.BytesIO(plain)) as original:
        assert image.info["parameters"] == text
        assert image.tobytes() == original.tobytes()
    assert len(labelled) < len(plain) + len(text.encode()) + 40


def test_an_empty_text_is_replaced_and_not_doubled():
    labelled = with_infotext(picture(64, 64, 1, text=""), "a cat")

    assert labelled.count(b"parameters") == 1


@pytest.mark.parametrize("broken", [b"", b"JFIF", picture(64, 64, 1)[:-20], picture(64, 64, 1)[:12]])
def test_what_is_no_whole_png_is_refused(broken):
    with pytest.raises(ValueError, match="PNG"):
        with_infotext(broken, "a cat")


def test_lines_after_the_parameters_leave_a_text_whole():
    assert is_whole(f"{composed()}\nTemplate: a {{cat|dog}}", 5)


def _with_size(jpeg: bytes, wide: int, high: int) -> bytes:
    """The same with another size in its frame's header."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", high, wide) + jpeg[at + 4 :]


@pytest.mark.parametrize("broken", ["half a header", "a size that is none", "no JPEG"])
def test_a_jpeg_that_cannot_be_read_is_refused_by_one_error(broken):
    whole = picture(64, 64, 1, fmt="JPEG")
    data = {
        "half a header": whole[:30],
        "a size that is none": _with_size(whole, 65_000, 65_000),
        "no JPEG": b"\xff\xd8\xff",
    }[broken]

    with pytest.raises(ValueError, match="can't be read"):
        with_exif_infotext(data, "a cat")
