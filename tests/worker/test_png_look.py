"""What the bytes of a PNG tell for certain, against what Pillow makes of the same bytes."""

from __future__ import annotations

import functools
import io
import os
import random
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from isal import isal_zlib
from PIL import Image, PngImagePlugin

from loopback import hostile
from zosma_worker import png_look
from zosma_worker.png_look import is_sound


@pytest.fixture(autouse=True, params=[isal_zlib, zlib], ids=["isal", "zlib"])
def library(request, monkeypatch):
    """What inflates: the fast one, and the one for processors for which there is no wheel of that."""
    monkeypatch.setattr(png_look, "_zip", request.param)
    return request.param


def png(image: Image.Image, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def noise(mode: str = "RGB", size: tuple[int, int] = (61, 47)) -> Image.Image:
    return Image.frombytes(mode, size, random.Random(5).randbytes(size[0] * size[1] * len(mode)))


def words() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a cat\nSteps: 20, Seed: 5")
    return info


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def by_hand(rows: bytes, wide: int, high: int, *, more: bytes = b"", split: int = 1 << 20) -> bytes:
    return of_packed(zlib.compress(rows), wide, high, more=more, split=split)


def of_packed(packed: bytes, wide: int, high: int, *, more: bytes = b"", split: int = 1 << 20) -> bytes:
    parts = b"".join(chunk(b"IDAT", packed[at : at + split]) for at in range(0, len(packed), split))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + parts + chunk(b"IEND", b"")


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_encoders_write_is_sound(mode, level):
    assert is_sound(png(noise(mode), compress_level=level, pnginfo=words()))
    assert is_sound(png(noise(mode, (700, 300)), compress_level=level))


@pytest.mark.parametrize("kind", range(5))
def test_every_filter_is_known_and_others_are_left_to_a_decoder(kind):
    rows = b"".join(bytes([kind]) + os.urandom(30) for _ in range(7))
    assert is_sound(by_hand(rows, 10, 7))
    assert not is_sound(by_hand(rows[: 31 * 4] + b"\x05" + rows[31 * 4 + 1 :], 10, 7))


@pytest.mark.parametrize("split", [1, 7, 100])
def test_it_does_not_matter_how_the_rows_are_cut_into_chunks(split):
    rows = b"".join(b"\1" + os.urandom(30) for _ in range(7))
    assert is_sound(by_hand(rows, 10, 7, split=split))


@pytest.mark.parametrize("kind", range(5))
def test_a_black_picture_is_never_sound_by_whichever_filter(kind):
    rows = (bytes([kind]) + bytes(30)) * 7
    black = by_hand(rows, 10, 7)

    assert Image.open(io.BytesIO(black)).convert("RGB").getbbox() is None
    assert not is_sound(black)


def test_one_pixel_that_isnt_black_is_enough():
    picture = np.zeros((300, 400, 3), dtype=np.uint8)
    picture[299, 399, 2] = 1
    assert is_sound(png(Image.fromarray(picture)))


@pytest.mark.parametrize(
    "image",
    [
        noise("RGBA"), noise().quantize(16), noise("L").convert("1"), Image.new("I;16", (9, 9), 7),
        noise().convert("LA"),
    ],
    ids=["RGBA", "palette", "1 bit", "16 bits", "grey with alpha"],
)  # fmt: skip
def test_rare_kinds_are_left_to_a_decoder(image):
    assert not is_sound(png(image))


def test_a_picture_that_may_be_seen_through_is_left_to_a_decoder():
    assert not is_sound(png(noise(), transparency=(1, 2, 3)))


def test_each_byte_that_is_changed_or_missing_is_noticed():
    whole = png(noise(size=(9, 7)), pnginfo=words())
    assert is_sound(whole)
    for at in range(len(whole)):
        assert not is_sound(whole[:at])
        for flip in (1, 0x80):
            assert not is_sound(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]), at
    assert not is_sound(whole + b"\0")


@pytest.mark.parametrize("rows", [6, 8])
def test_rows_must_be_as_many_as_the_header_says(rows):
    assert not is_sound(by_hand((b"\0" + os.urandom(30)) * rows, 10, 7))


def test_a_bomb_is_unfolded_no_further_than_its_size_needs():
    bomb = by_hand(b"\1" * (1 << 26), 10, 7)
    tracemalloc.start()
    try:
        assert not is_sound(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_an_even_picture_of_which_little_is_packed_is_sound():
    assert is_sound(png(Image.new("RGB", (3000, 2000), (0, 0, 7))))


def test_rows_that_are_packed_without_an_end_or_twice_are_left_to_a_decoder():
    packed = zlib.compress((b"\1" + bytes(range(30))) * 7)
    assert is_sound(of_packed(packed, 10, 7))
    for wrong in (packed[:-1], packed + b"\0", packed * 2, b"\x88\x1c" + packed[2:], b"\x18\x19" + packed[2:], b""):
        assert not is_sound(of_packed(wrong, 10, 7)), wrong
        assert not is_sound(of_packed(wrong, 10, 7, split=1)), wrong


def test_a_million_blocks_of_nothing_are_left_to_a_decoder_after_as_long_as_an_honest_picture_may_take(library):
    # Each is ten bits: fixed codes, and their end.
    nothing = b"\x02\x08\x20\x80\x00" * 1_200_000
    whole = of_packed(b"\x78\x9c" + nothing, 512, 512)
    began = time.thread_time()
    assert not is_sound(whole)
    assert time.thread_time() - began < 0.2  # isal, if nobody stopped it, would take 0.8 s


@pytest.mark.parametrize("more", [b"abCd", b"acTL", b"PLTE", b"ABCD"])
def test_chunks_that_change_what_is_seen_are_left_to_a_decoder(more):
    rows = b"".join(b"\1" + os.urandom(30) for _ in range(7))
    assert is_sound(by_hand(rows, 10, 7, more=chunk(more, bytes(8)))) is (more == b"abCd")


once = functools.cache(lambda make: make())


@pytest.mark.parametrize("make", [hostile.text_bomb, lambda: hostile.moving_png(501), hostile.empty_chunks])
def test_what_is_made_to_harm_is_left_to_a_decoder(make):
    assert not is_sound(once(make))


@pytest.mark.parametrize("junk", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", os.urandom(1000)])
def test_junk_is_no_sound_png(junk):
    assert not is_sound(junk)


def test_nothing_that_is_sound_is_broken_or_black_to_pillow():
    dice, sound = random.Random(15), 0
    whole = png(noise(size=(20, 15)), pnginfo=words())
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(8, len(data))
            kind = dice.randrange(3)
            if kind == 0:
                data[at] = dice.randrange(256)
            elif kind == 1:
                del data[at : at + dice.randrange(1, 30)]
            else:
                data[at:at] = dice.randbytes(dice.randrange(1, 30))
        if is_sound(bytes(data)):
            sound += 1
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                assert image.convert("RGB").getbbox()
    assert sound < 300  # a byte that was drawn as it had been
