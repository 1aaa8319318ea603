"""Files that members hand to commands."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import ExifTags, Image, PngImagePlugin

from loopback import hostile
from loopback.discord.state import Upload

#: As A1111 writes it.
INFOTEXT = (
    "a lighthouse at night, misty\nNegative prompt: people\n"
    "Steps: 12, Sampler: Euler a, Schedule type: Karras, CFG scale: 5.5, Seed: 42, Size: 64x96, Model: anime"
)


def with_parameters(text: str = INFOTEXT, kind: str = "PNG", size: tuple[int, int] = (64, 96)) -> Upload:
    """A picture that says how it was made, as a WebUI writes it into this kind of file."""
    picture, out = Image.new("RGB", size, (7, 8, 9)), io.BytesIO()
    if kind == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("parameters", text)
        picture.save(out, "PNG", pnginfo=told)
    else:
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + text.encode("utf-16-be")
        picture.save(out, kind, exif=exif)
    return Upload(f"made.{kind.lower()}", out.getvalue(), f"image/{kind.lower()}")


def silent(size: tuple[int, int] = (64, 96)) -> Upload:
    """A picture that says nothing of itself."""
    out = io.BytesIO()
    Image.new("RGB", size, (7, 8, 9)).save(out, "PNG")
    return Upload("silent.png", out.getvalue())


def turned(size: tuple[int, int] = (96, 64)) -> Upload:
    """A photograph of a camera that was held upright: the file lies on its side, and says so."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", size, (7, 8, 9)).save(out, "JPEG", exif=exif)
    return Upload("photo.jpg", out.getvalue(), "image/jpeg")


def bomb(side: int = 60_000) -> Upload:
    """A file of a few hundred bytes that unfolds to gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    return Upload("bomb.png", data + chunk(b"IEND", b""))


#: What each command must refuse in one plain answer: name → (file, words of the answer).
UNUSABLE = {
    "12 MB": (Upload("huge.png", b"\x89PNG\r\n\x1a\n" + b"\0" * (12 * 1024**2)), "larger than 12 MB"),
    "no picture": (Upload("notes.txt", b"hello", "text/plain"), "isn't a complete PNG, JPEG or WebP picture"),
    "a picture by name alone": (Upload("fake.png", b"hello"), "isn't a complete PNG, JPEG or WebP picture"),
    "a decompression bomb": (bomb(), "16 megapixels"),
    "a JPEG of empty scans": (Upload("scans.jpg", hostile.empty_scans(), "image/jpeg"), "takes far longer to decode"),
    "a PNG of empty chunks": (Upload("chunks.png", hostile.empty_chunks()), "takes far longer to decode"),
    "a PNG whose words unfold": (
        Upload("words.png", hostile.text_bomb()),
        "isn't a complete PNG, JPEG or WebP picture",
    ),
    "a WebP that moves": (Upload("moves.webp", hostile.moving_webp(), "image/webp"), "takes far longer to decode"),
}
