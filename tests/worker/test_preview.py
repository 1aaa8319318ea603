"""Previews, made small."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from loopback import hostile
from loopback.webui import encoded, picture
from zosma_worker.picture_work import SIDE_MAX_PX
from zosma_worker.preview import BYTES_MAX, shrink


def test_a_preview_of_pure_noise_still_fits():
    noise = Image.frombytes("RGB", (1024, 1024), random.Random(1).randbytes(1024 * 1024 * 3))
    out = io.BytesIO()
    noise.save(out, "PNG")

    small = shrink(encoded(out.getvalue()))

    assert 0 < len(small) <= BYTES_MAX
    with Image.open(io.BytesIO(small)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= SIDE_MAX_PX


def test_a_small_preview_keeps_its_size():
    with Image.open(io.BytesIO(shrink(encoded(picture(80, 48, 1))))) as image:
        assert image.size == (80, 48)


HOSTILE = [encoded(hostile.empty_scans(side=64)), encoded(hostile.moving_gif(600))]


@pytest.mark.parametrize("given", ["", "%%%", "bm90IGFuIGltYWdl", encoded(picture(64, 64, 1)[:60]), *HOSTILE])
def test_what_is_no_preview_is_nothing(given):
    assert shrink(given) == b""
