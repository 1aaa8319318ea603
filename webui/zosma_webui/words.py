"""A picture in words, as far as a stand-in without a network for it can tell: its shape, its light, its colours."""

from __future__ import annotations

from collections import Counter

from PIL import Image

#: Colours by name, in red, green and blue.
_COLOURS = {
    "black": (15, 15, 15), "grey": (128, 128, 128), "white": (240, 240, 240), "red": (190, 40, 40),
    "orange": (230, 130, 40), "yellow": (230, 210, 70), "green": (60, 140, 60), "turquoise": (60, 170, 170),
    "blue": (50, 90, 180), "violet": (120, 70, 160), "pink": (225, 140, 170), "brown": (110, 75, 45),
}  # fmt: skip
#: A colour is named when it covers more than this share of a picture.
_SHARE_MIN = 0.15
_SIDE = 24
_DARK, _BRIGHT = 80, 175


def describe(image: Image.Image) -> str:
    """A picture in words, in the manner of a caption with its tags."""
    wide, high = image.size
    shape = "wide" if wide > high * 1.1 else "tall" if high > wide * 1.1 else "square"
    small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    pixels = [_pixel(small, x, y) for x in range(_SIDE) for y in range(_SIDE)]
    counted = Counter(_nearest(pixel) for pixel in pixels).most_common(3)
    named = [name for name, count in counted if count / len(pixels) >= _SHARE_MIN] or [counted[0][0]]
    mean = sum(map(sum, pixels)) / len(pixels) / 3
    light = "dark" if mean < _DARK else "bright" if mean > _BRIGHT else "soft light"
    return f"a {shape} picture in {' and '.join(named)}, {light}"


def _pixel(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    found = image.getpixel((x, y))
    if not isinstance(found, tuple):
        raise TypeError("the picture has no colours")
    red, green, blue = found[:3]
    return int(red), int(green), int(blue)


def _nearest(pixel: tuple[int, int, int]) -> str:
    return min(_COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(pixel, _COLOURS[name], strict=True)))
