"""What every element needs to paint itself: surface, scene, colours, light and its own random numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import noise
from .canvas import Canvas, Frame, Layer, Point
from .palette import Palette
from .scene import Scene


@dataclass(frozen=True)
class Stage:
    """One picture's setting. Places are shares of width and height."""

    canvas: Canvas
    scene: Scene
    palette: Palette
    horizon: float
    """height of the horizon, from the top"""
    sun: Point
    """place of the sun or moon"""
    focus: float
    """where the subject stands, from the left"""
    composition: str
    """key of the random numbers that place things"""
    detail: str
    """key of the random numbers that fill them in"""

    def rng(self, element: str) -> np.random.Generator:
        """Random numbers for where an element is and how large."""
        return noise.random(self.composition, element)

    def grit(self, element: str) -> np.random.Generator:
        """Random numbers for texture, which also change with steps, sampler and the like."""
        return noise.random(self.detail, element)

    def layer(self) -> Layer:
        """A fresh vector layer."""
        return Layer(self.canvas)

    def frame(self, x: float, y: float, size: float) -> Frame:
        """A subject's frame with its foot at (x, y)."""
        return Frame(self.canvas, (x, y), size)

    @property
    def dark(self) -> bool:
        """Whether windows, lamps and beams show."""
        return self.scene.time in ("dusk", "night", "space")

    @property
    def sun_side(self) -> float:
        """1 when the light comes from the right of the subject, -1 from the left."""
        return 1.0 if self.sun[0] >= self.focus else -1.0
