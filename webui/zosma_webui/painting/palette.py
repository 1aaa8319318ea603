"""Colours: one palette per time of day, bent by colour words, by the checkpoint and a little by the seed."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, fields, replace

import numpy as np

from .noise import Field

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Palette:
    """Colours of one scene, each red, green, blue in 0..1."""

    top: Colour
    """sky overhead"""
    middle: Colour
    low: Colour
    """sky at the horizon"""
    light: Colour
    """sun or moon, and whatever they touch"""
    haze: Colour
    """what distance turns into"""
    shade: Colour
    """the darkest foreground"""
    leaf: Colour
    water: Colour
    accent: Colour


PALETTES: dict[str, Palette] = {
    "day": Palette(
        top=(0.13, 0.36, 0.70), middle=(0.42, 0.67, 0.90), low=(0.90, 0.94, 0.93), light=(1.0, 0.96, 0.84),
        haze=(0.72, 0.82, 0.89), shade=(0.07, 0.14, 0.16), leaf=(0.24, 0.42, 0.16), water=(0.10, 0.36, 0.48),
        accent=(0.86, 0.24, 0.18),
    ),
    "dawn": Palette(
        top=(0.22, 0.33, 0.58), middle=(0.86, 0.60, 0.62), low=(1.0, 0.85, 0.60), light=(1.0, 0.83, 0.58),
        haze=(0.90, 0.70, 0.66), shade=(0.09, 0.11, 0.20), leaf=(0.26, 0.33, 0.20), water=(0.28, 0.34, 0.52),
        accent=(0.91, 0.36, 0.32),
    ),
    "dusk": Palette(
        top=(0.09, 0.10, 0.29), middle=(0.50, 0.24, 0.46), low=(1.0, 0.55, 0.27), light=(1.0, 0.66, 0.34),
        haze=(0.66, 0.32, 0.40), shade=(0.05, 0.05, 0.12), leaf=(0.15, 0.15, 0.14), water=(0.14, 0.12, 0.28),
        accent=(0.85, 0.20, 0.22),
    ),
    "night": Palette(
        top=(0.015, 0.025, 0.08), middle=(0.04, 0.09, 0.20), low=(0.14, 0.24, 0.38), light=(0.88, 0.93, 1.0),
        haze=(0.11, 0.18, 0.30), shade=(0.01, 0.02, 0.045), leaf=(0.04, 0.09, 0.10), water=(0.03, 0.08, 0.16),
        accent=(1.0, 0.62, 0.24),
    ),
    "space": Palette(
        top=(0.02, 0.01, 0.06), middle=(0.05, 0.03, 0.14), low=(0.11, 0.05, 0.22), light=(1.0, 0.94, 0.86),
        haze=(0.36, 0.16, 0.46), shade=(0.01, 0.01, 0.03), leaf=(0.10, 0.30, 0.34), water=(0.06, 0.20, 0.34),
        accent=(1.0, 0.48, 0.18),
    ),
}  # fmt: skip

HUES: dict[str, float] = {
    "red": 0.0, "orange": 0.07, "gold": 0.12, "yellow": 0.15, "green": 0.36, "teal": 0.49, "blue": 0.60,
    "purple": 0.76, "pink": 0.91,
}  # fmt: skip
"""Hue (0..1 round the colour wheel) of each colour word that `scene` knows."""


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with `share` (0..1) of `b` in it."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def bright(colour: Colour, factor: float) -> Colour:
    """`colour` made lighter (factor above 1) or darker."""
    return (min(1.0, colour[0] * factor), min(1.0, colour[1] * factor), min(1.0, colour[2] * factor))


def from_hue(hue: float, saturation: float, value: float) -> Colour:
    """The colour of a hue, saturation and value, each 0..1."""
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def turned(colour: Colour, hue: float, saturation: float = 1.0) -> Colour:
    """`colour` with its hue turned by `hue` and its saturation multiplied."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    return colorsys.hsv_to_rgb((h + hue) % 1.0, min(1.0, s * saturation), v)


def toned(colour: Colour, hue: float, share: float) -> Colour:
    """`colour` drawn by `share` towards the same brightness in `hue`."""
    _, s, v = colorsys.rgb_to_hsv(*colour)
    return mix(colour, colorsys.hsv_to_rgb(hue, max(s, 0.45), v), share)


def for_scene(time: str, hues: tuple[float, ...], turn: float, saturation: float) -> Palette:
    """The palette of `time`, drawn towards `hues` (colour words of the prompt), turned and saturated."""
    palette = PALETTES[time]
    for field in fields(palette):
        colour = turned(getattr(palette, field.name), turn, saturation)
        if hues:
            hue = hues[len(field.name) % len(hues)]
            colour = toned(colour, hue, 0.25 if field.name == "light" else 0.6)
        palette = replace(palette, **{field.name: colour})
    return palette


def ramp(stops: list[Colour], values: Field) -> Field:
    """Colours along `stops` at `values` (0..1, any shape): shape of `values` with a last axis of 3."""
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(values, places, [stop[c] for stop in stops]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)
