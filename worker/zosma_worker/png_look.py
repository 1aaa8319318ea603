"""Whether a PNG is whole and shows something, told from its bytes: no picture is built, and no process asked.

Only what is certain is told. A PNG of a rare kind, a broken or a black one takes a decoder, which works in a sandbox.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from typing import Any

_zip: Any
try:
    # Three times as fast; there is no wheel of it for some rare processors.
    from isal import isal_zlib as _zip
except ImportError:
    _zip = zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Kind of a chunk, its place in the file and its end, without length and checksum.
_Chunk = tuple[bytes, int, int]
#: How many bytes of a pixel go with a colour type, where the rows hold nothing but what is seen.
_CHANNELS = {0: 1, 2: 3}
_HEADER_BYTES, _DEPTH = 13, 8
_FILTER_MAX = 4
#: Unfolded at once: the whole would take three bytes for each pixel.
_PIECE_BYTES = 256 * 1024
#: Read at once: after each such piece it is looked at how long it took.
_PACKED_BYTES = 64 * 1024
#: An honest picture takes 2 ns for each byte of its rows, or 5 by zlib. One of millions of empty blocks takes 100 or
#: more, and is left to a decoder that may be killed.
_NS_A_BYTE, _NS_BESIDES = 20, 10_000_000
#: How the rows begin: deflate with a window of 32 kB. Smaller windows, which nothing of this size has, are not held to.
_WINDOW = b"\x78"


def is_sound(data: bytes) -> bool:
    """True for a PNG in 8 bits of grey or RGB whose rows are all there and not all black.

    False says nothing. Every checksum is looked at, and no more is unfolded than the size in its header needs. Takes
    CPU time: 2 ms for 512², 7 ms for 1024² (by zlib 4 and 15); other threads run meanwhile.
    """
    chunks = list(_chunks(data))
    if not chunks or chunks[-1][0] != b"IEND" or chunks[0][0] != b"IHDR":
        return False
    kinds = [kind for kind, _, _ in chunks]
    rows = [chunk for chunk in chunks if chunk[0] == b"IDAT"]
    before = chunks[1 : -1 - len(rows)]
    if not rows or kinds[1 + len(before) : -1] != [b"IDAT"] * len(rows):
        return False  # something stands between or behind them
    if not all(_is_harmless(kind) for kind, _, _ in before):
        return False
    shape = _shape(data[chunks[0][1] : chunks[0][2]])
    return shape is not None and _shows_something(data, rows, *shape)


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """All chunks, up to the first that is not whole, or behind which more stands than the end."""
    view, at = memoryview(data), len(_SIGNATURE)
    if not data.startswith(_SIGNATURE):
        return
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(view[at : at + 4])
        if end + 4 > len(data) or _zip.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            return
        kind = bytes(view[at + 4 : at + 8])
        if kind == b"IEND" and end + 4 != len(data):
            return
        yield kind, at + 8, end
        at = end + 4


def _is_harmless(kind: bytes) -> bool:
    """Words, times and colour profiles: nothing that a reader must understand, and no transparency or animation."""
    return kind[:1].islower() and kind not in (b"tRNS", b"acTL")


def _shape(header: bytes) -> tuple[int, int] | None:
    """(bytes of a row, rows), None for a kind of PNG that is left to a decoder."""
    if len(header) != _HEADER_BYTES:
        return None
    wide, high = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    depth, colour, compression, filters, interlace = header[8:]
    if depth != _DEPTH or colour not in _CHANNELS or compression or filters or interlace or not wide or not high:
        return None
    return 1 + wide * _CHANNELS[colour], high


def _shows_something(data: bytes, parts: list[_Chunk], row: int, high: int) -> bool:
    """Whether the rows are as many as they should be, each with a filter that there is, and not all black.

    A row of zeros is black by whichever filter, and a black row is zeros.
    """
    done, lit, most, began = 0, False, row * high, time.thread_time_ns()
    try:
        for piece in _unfolded(data, parts):
            filters = piece[-done % row :: row]
            if filters and max(filters) > _FILTER_MAX:
                return False
            lit = lit or _set(piece) > _set(filters)
            done += len(piece)
            if done > most or time.thread_time_ns() - began > most * _NS_A_BYTE + _NS_BESIDES:
                return False
    except (zlib.error, _zip.error):
        return False
    return lit and done == most


def _unfolded(data: bytes, parts: list[_Chunk]) -> Iterator[bytes]:
    """What the chunks hold, piece by piece.

    Raises:
      zlib.error, _zip.error: when they are no zlib stream, or another than one that ends where they end.
    """
    head = b"".join(data[start : min(end, start + 2)] for _, start, end in parts[:2])
    if head[:1] != _WINDOW:
        raise zlib.error("another window")
    unfolding = _zip.decompressobj()
    for rest in (*_packed(data, parts), memoryview(b"")):  # the last for what is still inside
        while not unfolding.eof:
            piece = unfolding.decompress(rest, _PIECE_BYTES)
            yield piece
            before, rest = len(rest), unfolding.unconsumed_tail
            if len(piece) < _PIECE_BYTES and len(rest) in (0, before):
                break
        else:
            if rest:
                raise zlib.error("more behind its end")
    if not unfolding.eof or unfolding.unused_data:
        raise zlib.error("it doesn't end with its chunks")


def _packed(data: bytes, parts: list[_Chunk]) -> Iterator[memoryview]:
    """The bytes of the chunks, in small pieces."""
    view = memoryview(data)
    for _, start, end in parts:
        for at in range(start, end, _PACKED_BYTES):
            yield view[at : min(at + _PACKED_BYTES, end)]


def _set(data: bytes) -> int:
    """How many bytes are not zero."""
    return len(data) - data.count(0)
