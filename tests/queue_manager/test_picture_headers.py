"""Pictures of more parts than any encoder writes are told by walking their headers, before anybody decodes them."""

from __future__ import annotations

import contextlib
import io
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from loopback import hostile
from zosma_queue.picture_headers import SCANS_MAX, TooManyParts, check_parts

HOSTILE = {
    "empty scans": (hostile.empty_scans, "scans"),
    "empty chunks": (hostile.empty_chunks, "chunks"),
    "empty chunks of the picture": (hostile.empty_picture_chunks, "chunks"),
    "a PNG that moves": (hostile.moving_png, "frames"),
    "a WebP that moves": (hostile.moving_webp, "frames"),
    "a GIF that moves": (hostile.moving_gif, "frames"),
    "comments": (lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 100_000 + b"\xff\xd9", "segments"),
    "one huge chunk of words": (lambda: hostile.png(hostile.chunk(b"tEXt", bytes(5 << 20))), "bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_too_many_parts_are_refused_at_once(name):
    make, what = HOSTILE[name]
    data = make()
    began = time.thread_time()
    with pytest.raises(TooManyParts, match=what):
        check_parts(data)
    assert time.thread_time() - began < 0.25


def saved(fmt, **how):
    out = io.BytesIO()
    Image.frombytes("RGB", (300, 200), os.urandom(180_000)).save(out, fmt, **how)
    return out.getvalue()


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("how", [{}, {"progressive": True, "subsampling": 0, "restart_marker_rows": 1}])
def test_what_encoders_write_passes(fmt, how):
    check_parts(saved(fmt, **how))


def test_what_follows_the_end_of_a_jpeg_is_none_of_its_scans():
    check_parts(saved("JPEG") + b"\xff\xda\0\2" * 1_000)


def test_an_end_inside_a_segment_is_none():
    comment = b"\xff\xfe\0\4\xff\xd9"
    with pytest.raises(TooManyParts, match="scans"):
        check_parts(b"\xff\xd8" + comment + b"\xff\xda\0\2" * (SCANS_MAX + 1))


def test_the_densest_data_of_the_largest_file_is_walked_in_no_time():
    began = time.thread_time()
    check_parts(b"\xff\xd8\xff\xda\0\2" + b"\xff\0" * 6_000_000)
    assert time.thread_time() - began < 1.0


_SMALL = [saved(fmt)[:2_000] for fmt in ("PNG", "JPEG", "WEBP", "GIF")]


@given(st.sampled_from(_SMALL), st.lists(st.tuples(st.integers(0, 1_999), st.integers(0, 255)), max_size=20))
def test_broken_headers_raise_nothing_else(data, changes):
    broken = bytearray(data)
    for at, value in changes:
        broken[at % len(broken)] = value
    with contextlib.suppress(TooManyParts):
        check_parts(bytes(broken))
