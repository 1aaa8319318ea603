"""The surface that elements are painted on, and the vector layers that are stamped onto it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .noise import Field, blur
from .palette import Colour

Point = tuple[float, float]

SUPERSAMPLE = 2
"""Vector layers are drawn this many times larger than the canvas; shrinking them smooths the edges."""


class Canvas:
    """A picture in the making: `rgb` of shape (height, width, 3), float32, 0..1.

    `x` (1, width) and `y` (height, 1) hold each pixel's place as a share of the width and height. `unit` is the
    shorter side in pixels, the measure of everything that must not be squashed. `aspect` is that of the picture
    asked for, which a rounded thumbnail has only nearly.
    """

    def __init__(self, width: int, height: int, aspect: float) -> None:
        self.width, self.height = width, height
        # Strips longer than this repeat no more of what is counted by the width, or they would never be done.
        self.aspect = min(max(aspect, 1 / 6), 6.0)
        self.unit = min(width, height)
        self.rgb: Field = np.zeros((height, width, 3), dtype=np.float32)
        self.x = ((np.arange(width, dtype=np.float32) + 0.5) / width)[None, :]
        self.y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    def cells(self, count: float, stretch: float = 1.0) -> tuple[float, float]:
        """Lattice cells (across, down) for `count` cells on the shorter side, `stretch` times wider than high."""
        return count * max(1.0, self.aspect) / stretch, count * max(1.0, 1 / self.aspect)

    def distance(self, x: float, y: float) -> Field:
        """Distance of each pixel from the point (`x`, `y` shares of width and height), in units."""
        dx = (self.x - x) * (self.width / self.unit)
        dy = (self.y - y) * (self.height / self.unit)
        return np.sqrt(dx * dx + dy * dy).astype(np.float32)

    def cover(self, mask: Field, colour: Colour | Field) -> None:
        """Paint `colour` (one, or one for each pixel) where `mask` is 1, and partly where it is between."""
        area = _touched(mask)
        paint = np.asarray(colour, dtype=np.float32)
        part = self.rgb[area]
        part += ((paint[area] if paint.ndim == 3 else paint) - part) * np.clip(mask[area], 0, 1)[..., None]

    def glow(self, mask: Field, colour: Colour) -> None:
        """Add light: `colour` times `mask` on the screen scale, so that light on light never clips hard."""
        area = _touched(mask)
        part = self.rgb[area]
        light = np.clip(mask[area], 0, 1)[..., None] * np.asarray(colour, dtype=np.float32)
        part += light * (1 - np.clip(part, 0, 1))

    def stamp(self, layer: Layer, *, shade: Field | None = None, rim: Colour | None = None, side: float = 1.0) -> Field:
        """Put a vector layer on the picture and return its alpha (height, width).

        `shade` multiplies the layer's colours. `rim` draws a lit edge on the right (`side` 1) or left (-1).
        """
        colours, alpha = layer.flat()
        if shade is not None:
            colours = colours * shade[..., None]
        if rim is not None:
            reach = max(1, round(self.unit * 0.008))
            shadow = np.roll(blur(alpha, reach), (reach, -reach if side > 0 else reach), axis=(0, 1))
            edge = np.clip(alpha - shadow, 0, 1) * 0.85
            colours = colours + (np.asarray(rim, dtype=np.float32) - colours) * edge[..., None]
        self.cover(alpha, colours)
        return alpha


class Layer:
    """Flat shapes on a transparent ground. Points are shares of width and height."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.scale = SUPERSAMPLE
        self.image = Image.new("RGBA", (canvas.width * self.scale, canvas.height * self.scale), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """A filled polygon."""
        self.draw.polygon([self._pixel(p) for p in points], fill=_rgba(colour, alpha))

    def disc(self, centre: Point, radius: float, colour: Colour, alpha: float = 1.0, squash: float = 1.0) -> None:
        """An ellipse of `radius` units, `squash` times as high as wide."""
        x, y = self._pixel(centre)
        r = radius * self.canvas.unit * self.scale
        self.draw.ellipse((x - r, y - r * squash, x + r, y + r * squash), fill=_rgba(colour, alpha))

    def line(self, points: Sequence[Point], width: float, colour: Colour, alpha: float = 1.0) -> None:
        """A stroke `width` units wide with round joints."""
        pixels = max(1, round(width * self.canvas.unit * self.scale))
        self.draw.line([self._pixel(p) for p in points], fill=_rgba(colour, alpha), width=pixels, joint="curve")

    def flat(self) -> tuple[Field, Field]:
        """The layer at canvas size: colours (height, width, 3) and alpha (height, width), both 0..1."""
        small = self.image.convert("RGBa").reduce(self.scale)
        data = np.asarray(small, dtype=np.float32) / 255
        alpha = data[..., 3]
        return data[..., :3] / np.maximum(alpha, 1e-3)[..., None], alpha

    def _pixel(self, point: Point) -> Point:
        return point[0] * self.image.width, point[1] * self.image.height


class Frame:
    """A subject's own measure: x to the right and y upwards from its foot, 1 being its size."""

    def __init__(self, canvas: Canvas, foot: Point, size: float) -> None:
        self.canvas, self.foot, self.size = canvas, foot, size

    def at(self, x: float, y: float) -> Point:
        """The place on the canvas (shares of width and height) of a point of the subject."""
        reach = self.size * self.canvas.unit
        return self.foot[0] + x * reach / self.canvas.width, self.foot[1] - y * reach / self.canvas.height

    def all(self, *points: Point) -> list[Point]:
        """`at` for several points."""
        return [self.at(x, y) for x, y in points]


def curve(points: Sequence[Point], steps: int = 12) -> list[Point]:
    """A smooth closed outline through `points` (Catmull-Rom spline)."""
    outline: list[Point] = []
    count = len(points)
    for i in range(count):
        p0, p1, p2, p3 = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            outline.append((_spline(t, p0[0], p1[0], p2[0], p3[0]), _spline(t, p0[1], p1[1], p2[1], p3[1])))
    return outline


def _spline(t: float, a: float, b: float, c: float, d: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _touched(mask: Field) -> tuple[slice, slice]:
    """The rectangle outside which `mask` leaves no trace; most masks are small, and painting costs by the pixel."""
    trace = mask > 1 / 512
    rows, columns = np.flatnonzero(trace.any(axis=1)), np.flatnonzero(trace.any(axis=0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _rgba(colour: Colour, alpha: float) -> tuple[int, int, int, int]:
    red, green, blue = (round(255 * min(1.0, max(0.0, c))) for c in colour)
    return red, green, blue, round(255 * alpha)
