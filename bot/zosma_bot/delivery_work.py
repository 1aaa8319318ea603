"""What a sandbox's process does with pictures on their way to Discord. Imports little, for each begins with it."""

from __future__ import annotations

import io
import math
from typing import Any

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from zosma_bot.picture_forms import exif_with
from zosma_queue.picture_headers import check_parts
from zosma_queue.sandbox import Answer

#: WebP can't be longer on a side.
SIDE_MAX = 16_383
#: zlib-like effort for lossless WebP; more costs seconds and wins little.
_LOSSLESS_EFFORT = 40
#: libwebp's method. Its default of 4 takes twice the time, and makes photographs 1 to 3 % smaller.
_LOSSY_EFFORT = 2


def webp_within(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """The best WebP of a picture that has no more than so many bytes.

    `args`: `bytes`, `parameters` to keep in it, and `steps` to choose from, the best first: [quality (null: lossless),
    side factor]. Answers `quality` and `factor` of what it made; neither of them when none is small enough.
    """
    picture = _opened(blobs.pop(), keep_alpha=True)  # its file is needed no more, and has megabytes
    steps, most = args["steps"], args["bytes"]
    foreseen = _Foreseen(picture)
    for number, (quality, factor) in enumerate(steps):
        is_last = number == len(steps) - 1
        if not is_last and foreseen.bytes(quality, factor) > most * _HOPE:
            continue
        data = _webp(picture, quality, factor, args["parameters"])
        if len(data) <= most:
            return {"quality": quality, "factor": factor}, [data]
        foreseen.learn(quality, factor, len(data))
    return {}, []


#: A step is tried when it is foreseen to be too large by no more than this.
_HOPE = 1.1
#: What a picture's size is foreseen from: so many pieces a side, of so many pixels a side, taken from all over it.
_PIECES, _PIECE_PX = 4, 128
#: Pictures of no more pixels are tried out: that is as quick.
_TRIED_OUT_MAX_PX = 1024 * 1024


class _Foreseen:
    """How large a picture will be as a WebP, by what pieces of it are: to 3 % for one that is alike all over."""

    def __init__(self, picture: Image.Image) -> None:
        self._pixels = picture.width * picture.height
        self._sample: Image.Image | None = None
        self._off = 1.0
        if self._pixels > _TRIED_OUT_MAX_PX and min(picture.size) >= _PIECES * _PIECE_PX:
            self._sample = _pieces(picture)

    def bytes(self, quality: int | None, factor: float) -> float:
        """How many; 0 for a picture that is to be tried out."""
        if self._sample is None:
            return 0.0
        size = len(_webp(self._sample, quality, factor, ""))
        return size * self._off * self._pixels / (self._sample.width * self._sample.height)

    def learn(self, quality: int | None, factor: float, size: int) -> None:
        """How large it really was."""
        foreseen = self.bytes(quality, factor)
        self._off *= size / foreseen if foreseen else 1.0


def _pieces(picture: Image.Image) -> Image.Image:
    """Small parts of a picture, side by side."""
    sample = Image.new(picture.mode, (_PIECES * _PIECE_PX, _PIECES * _PIECE_PX))
    for row in range(_PIECES):
        for column in range(_PIECES):
            left = (picture.width - _PIECE_PX) * (2 * column + 1) // (2 * _PIECES)
            top = (picture.height - _PIECE_PX) * (2 * row + 1) // (2 * _PIECES)
            piece = picture.crop((left, top, left + _PIECE_PX, top + _PIECE_PX))
            sample.paste(piece, (column * _PIECE_PX, row * _PIECE_PX))
    return sample


def _webp(picture: Image.Image, quality: int | None, factor: float, parameters: str) -> bytes:
    """Quality None: lossless."""
    shown = _scaled(picture, min(factor, SIDE_MAX / max(picture.size)))
    exif, out = exif_with(parameters), io.BytesIO()
    if quality is None:
        shown.save(out, "WEBP", lossless=True, quality=_LOSSLESS_EFFORT, exif=exif)
    else:
        shown.save(out, "WEBP", quality=quality, method=_LOSSY_EFFORT, exif=exif)
    return out.getvalue()


#: Of a picture's width, what a label above it takes: to be read where four are shown on a phone.
_LABEL_SHARE = 0.12
_LABEL_PAPER, _LABEL_INK = (24, 25, 28), (240, 240, 240)
#: Where a picture is still being made, and the lines between.
_EMPTY, _LINES, _LINE_PX = (66, 69, 76), (43, 45, 49), 4


def sheet(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """Pictures as one PNG, row by row, at full size unless it would become too large.

    `args`: its `parameters`, `pixels_max` that it may have, and `labels`, one above each picture (none: no labels).
    """
    pictures = [_opened(data) for data in blobs]
    if args["labels"]:
        pictures = [_labelled(one, label) for one, label in zip(pictures, args["labels"], strict=True)]
    wide, high = max(one.width for one in pictures), max(one.height for one in pictures)
    columns, rows = shape(len(pictures), wide, high)
    pixels = columns * wide * rows * high
    factor = min(1.0, SIDE_MAX / (columns * wide), SIDE_MAX / (rows * high), (args["pixels_max"] / pixels) ** 0.5)
    cell = max(1, int(wide * factor)), max(1, int(high * factor))
    whole = Image.new("RGB", (columns * cell[0], rows * cell[1]), _LABEL_PAPER if args["labels"] else 0)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        whole.paste(_scaled(picture, factor), (column * cell[0], row * cell[1]))
    words, out = PngImagePlugin.PngInfo(), io.BytesIO()
    words.add_itxt("parameters", args["parameters"])
    whole.save(out, "PNG", pnginfo=words, compress_level=1)
    return {}, [out.getvalue()]


def filling(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A set that is being made, as a small JPEG: what is there already, each in its place, and empty cells.

    `args`: `places` of the pictures, the `count` of all, and the longest `side` that the whole may have, in pixels.
    """
    pictures = [_opened(data) for data in blobs]
    wide, high = pictures[0].size
    columns, rows = shape(args["count"], wide, high)
    factor = min(1.0, args["side"] / max(columns * wide, rows * high))
    cell = max(1, int(wide * factor)), max(1, int(high * factor))
    whole = Image.new("RGB", (columns * (cell[0] + _LINE_PX), rows * (cell[1] + _LINE_PX)), _LINES)
    there = dict(zip(args["places"], pictures, strict=True))
    for place in range(args["count"]):
        row, column = divmod(place, columns)
        shown = there[place].resize(cell) if place in there else Image.new("RGB", cell, _EMPTY)
        whole.paste(shown, (column * (cell[0] + _LINE_PX), row * (cell[1] + _LINE_PX)))
    out = io.BytesIO()
    whole.save(out, "JPEG", quality=85)
    return {}, [out.getvalue()]


def _labelled(picture: Image.Image, label: str) -> Image.Image:
    """The picture under a bar with its label, cut to what fits."""
    bar = max(20, int(picture.width * _LABEL_SHARE))
    whole = Image.new("RGB", (picture.width, picture.height + bar), _LABEL_PAPER)
    whole.paste(picture, (0, bar))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(size=bar * 0.6)
    shown = label
    while len(shown) > 1 and draw.textlength(shown, font=font) > picture.width - bar // 2:
        shown = f"{shown.removesuffix('…')[:-1]}…"
    draw.text((picture.width / 2, bar / 2), shown, _LABEL_INK, font=font, anchor="mm")
    return whole


def shape(count: int, wide: int, high: int) -> tuple[int, int]:
    """(columns, rows): nearly as many of both, and two wide pictures one above the other."""
    if count == 2 and wide > high:
        return 1, 2
    columns = math.ceil(count**0.5)
    return columns, math.ceil(count / columns)


def _opened(data: bytes, *, keep_alpha: bool = False) -> Image.Image:
    check_parts(data)
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image if keep_alpha and image.mode in ("RGB", "RGBA") else image.convert("RGB")


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    if factor == 1.0:
        return picture
    return picture.resize((max(1, int(picture.width * factor)), max(1, int(picture.height * factor))))
