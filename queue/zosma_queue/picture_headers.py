"""What a picture file is made of, counted without decoding anything.

A decoder's time is not bounded by a picture's size: each scan of a progressive JPEG goes over all its pixels (99 kB of
empty ones take a minute), and Pillow looks at each chunk of a PNG in Python. So the parts are counted first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Encoders write 10 to 16 scans; each may cost as much as the whole picture.
SCANS_MAX = 32
#: Marked segments of a JPEG beside its scans: tables, comments, EXIF and colour profiles in blocks of 64 kB.
SEGMENTS_MAX = 2_000
#: A PNG's picture comes in chunks of 8 kB or more: 12 MB are 1,500.
CHUNKS_MAX = 10_000
#: Chunks of a PNG that are no part of the picture, like words and times.
OTHER_CHUNKS_MAX = 300
#: Frames of a moving picture. Only the first one is ever shown, but decoders look at the others' heads.
FRAMES_MAX = 500
#: Bytes of one block that is not picture: EXIF, XMP, a colour profile. Larger ones are no such thing.
BLOCK_MAX_BYTES = 4 * 1024 * 1024

_PNG = b"\x89PNG\r\n\x1a\n"
#: What pictures are stored, served and posted as: nothing that a browser could run, as SVG.
FORMATS = ("png", "jpeg", "webp")
_PICTURE_CHUNKS = (b"IDAT", b"fdAT")
#: The next marker in a JPEG's entropy-coded data, where FF 00 is a byte FF, and FF D0 to FF D7 only mark a place.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_SCAN, _END = 0xDA, 0xD9
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))


def format_of(data: bytes) -> str | None:
    """Which of `FORMATS` the bytes begin as; None for anything else, whatever it is called."""
    if data.startswith(_PNG):
        return "png"
    if data.startswith(b"\xff\xd8"):
        return "jpeg"
    return "webp" if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else None


class TooManyParts(ValueError):
    """Raised for a picture of more parts than any encoder writes. Its text says which, and how many there may be."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"has more than {most:,} {what}")


def check_parts(data: bytes) -> None:
    """Returns when a decoder may be let loose on it, as far as the number of its parts goes.

    A file that it doesn't know passes. Takes time in proportion to the number of parts that are allowed, and for a JPEG
    to its bytes: call it in a thread.

    Raises:
      TooManyParts: for the first kind of which there are too many.
    """
    if data.startswith(_PNG):
        _check_png(data)
    elif data.startswith(b"\xff\xd8"):
        _check_jpeg(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        _check_webp(data)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        _check_gif(data)


class _Count:
    """Counts parts of one kind, up to a limit."""

    def __init__(self, what: str, most: int) -> None:
        self._what, self._most = what, most
        self._found = 0

    def another(self) -> None:
        self._found += 1
        if self._found > self._most:
            raise TooManyParts(self._what, self._most)


def _check_png(data: bytes) -> None:
    chunks, others = _Count("chunks", CHUNKS_MAX), _Count("chunks beside its picture", OTHER_CHUNKS_MAX)
    frames = _Count("frames", FRAMES_MAX)
    for kind, length in _png_chunks(data):
        chunks.another()
        if kind == b"fcTL":
            frames.another()
        elif kind not in _PICTURE_CHUNKS:
            others.another()
            if length > BLOCK_MAX_BYTES:
                raise TooManyParts("bytes in a chunk beside its picture", BLOCK_MAX_BYTES)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    at = len(_PNG)
    while at + 8 <= len(data):
        kind, length = data[at + 4 : at + 8], int.from_bytes(data[at : at + 4])
        yield kind, length
        if kind == b"IEND":
            return
        at += 12 + length


def _check_jpeg(data: bytes) -> None:
    scans, segments = _Count("scans", SCANS_MAX), _Count("segments", SEGMENTS_MAX)
    at = 2
    # Walked to its end even where decoders would stop earlier: they differ in what they forgive.
    while found := _MARKER.search(data, at):
        marker, at = data[found.start() + 1], found.end()
        if marker == _END:
            return
        if marker in _BARE:
            segments.another()
            continue
        (scans if marker == _SCAN else segments).another()
        at += int.from_bytes(data[at : at + 2])


def _check_webp(data: bytes) -> None:
    chunks, frames = _Count("chunks", CHUNKS_MAX), _Count("frames", FRAMES_MAX)
    at = 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.another()
        if kind == b"ANMF":
            frames.another()
        elif kind in (b"EXIF", b"XMP ", b"ICCP") and length > BLOCK_MAX_BYTES:
            raise TooManyParts("bytes in a chunk beside its picture", BLOCK_MAX_BYTES)
        at += 8 + length + length % 2


def _check_gif(data: bytes) -> None:
    blocks, frames = _Count("blocks", CHUNKS_MAX), _Count("frames", FRAMES_MAX)
    at = 13 + _colours(data[10:11])
    while at < len(data):
        kind = data[at]
        if kind == 0x2C:
            frames.another()
            at += 10 + _colours(data[at + 9 : at + 10]) + 1
        elif kind == 0x21:
            at += 2
        else:
            return
        while at < len(data) and data[at]:
            blocks.another()
            at += 1 + data[at]
        at += 1


def _colours(flags: bytes) -> int:
    """Bytes of a colour table, as its flags say."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
