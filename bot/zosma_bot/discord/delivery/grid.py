"""A set of pictures as one: a contact sheet that carries the set's parameters."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, PngImagePlugin

from zosma_bot.discord.delivery.shrink import SIDE_MAX, Original
from zosma_bot.discord.ui.card import Attached

#: More on one sheet can't be told apart.
PICTURES_MAX = 16
#: A sheet of more pixels is scaled down: as a bitmap it takes three bytes for each.
PIXELS_MAX = 32_000_000


def compose(originals: Sequence[Original]) -> Attached:
    """One picture of 2 to 16, row by row, at full size unless the sheet would become too large. Slow: use a thread.

    Raises:
      OSError: when one of them can't be read.
    """
    pictures = []
    for original in originals[:PICTURES_MAX]:
        with Image.open(io.BytesIO(original.attached.data)) as image:
            pictures.append(image.convert("RGB"))
    wide, high = max(one.width for one in pictures), max(one.height for one in pictures)
    columns, rows = shape(len(pictures), wide, high)
    factor = min(
        1.0, SIDE_MAX / (columns * wide), SIDE_MAX / (rows * high), (PIXELS_MAX / (columns * wide * rows * high)) ** 0.5
    )
    cell = max(1, int(wide * factor)), max(1, int(high * factor))
    sheet = Image.new("RGB", (columns * cell[0], rows * cell[1]))
    for number, picture in enumerate(pictures):
        if factor < 1.0:
            picture = picture.resize((max(1, int(picture.width * factor)), max(1, int(picture.height * factor))))
        row, column = divmod(number, columns)
        sheet.paste(picture, (column * cell[0], row * cell[1]))
    return _as_png(sheet, originals)


def as_original(originals: Sequence[Original]) -> Original:
    """The sheet of small pictures as one picture, ready to be made to fit."""
    return Original(compose(originals), parameters(originals))


def single(originals: Sequence[Original], number: int) -> Attached:
    """Picture `number` of a set, counted from 1, as it was made.

    Raises:
      IndexError: when there are fewer.
    """
    if not 1 <= number <= len(originals):
        raise IndexError(number)
    return originals[number - 1].attached


def shape(count: int, wide: int, high: int) -> tuple[int, int]:
    """(columns, rows): nearly as many of both, and two wide pictures one above the other."""
    if count == 2 and wide > high:
        return 1, 2
    columns = math.ceil(count**0.5)
    return columns, math.ceil(count / columns)


def parameters(originals: Sequence[Original]) -> str:
    """The set's parameters: those of its first picture, and how many there are."""
    first = originals[0].parameters
    last_line = first.rsplit("\n", 1)[-1]
    return f"{first}, Grid: {len(originals)}" if "Steps: " in last_line else first


def _as_png(sheet: Image.Image, originals: Sequence[Original]) -> Attached:
    words = PngImagePlugin.PngInfo()
    words.add_itxt("parameters", parameters(originals))
    out = io.BytesIO()
    sheet.save(out, "PNG", pnginfo=words, compress_level=1)
    first = originals[0].attached
    name = first.name.rsplit("-", 1)[0] + "-grid.png"
    return replace(first, name=name, data=out.getvalue(), spoiler=any(one.attached.spoiler for one in originals))
