"""The last strokes: weather in the air, the checkpoint's handwriting, grading, grain and the painter's mark."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Canvas
from .noise import fractal
from .palette import mix
from .stage import Stage

STYLES = ("photo", "painting", "poster", "pastel")
"""Handwritings; each checkpoint has one."""

STYLE_WORDS = {
    "photo": ("photo", "real", "film"),
    "painting": ("paint", "dream", "art", "oil", "brush"),
    "poster": ("anime", "toon", "comic", "cel", "flat", "ink"),
    "pastel": ("pastel", "water", "soft", "sketch"),
}


def style_of(checkpoint: str, pick: int) -> str:
    """The handwriting of a checkpoint: by a word in its name, else by `pick` (any number that depends on the name)."""
    name = checkpoint.lower()
    named = (style for style, words in STYLE_WORDS.items() if any(word in name for word in words))
    return next(named, STYLES[pick % len(STYLES)])


def weather(stage: Stage) -> None:
    """Rain, snow and fog before everything else."""
    if "fog" in stage.scene.weather:
        _fog(stage)
    if "rain" in stage.scene.weather:
        _rain(stage)
    if "snow" in stage.scene.weather:
        _snow(stage)


def _fog(stage: Stage) -> None:
    canvas, p = stage.canvas, stage.palette
    banks = fractal(stage.grit("fog"), canvas.size, cells=canvas.cells(3, 3.5), octaves=4)
    low = np.exp(-(((canvas.y - stage.horizon) / 0.30) ** 2))
    canvas.cover(np.clip(banks * 1.5 - 0.15, 0, 1) * low * 0.8, mix(p.haze, p.low, 0.5))


def _rain(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.grit("rain")
    layer = stage.layer()
    for _ in range(420):
        x, y, far = rng.random() * 1.1, rng.random() * 1.1 - 0.05, rng.random()
        long = (0.02 + 0.055 * far) * canvas.unit / canvas.height
        drop = [(x, y), (x - long * 0.22 * canvas.height / canvas.width, y + long)]
        layer.line(drop, 0.0009 + 0.0013 * far, mix(stage.palette.low, (1, 1, 1), 0.5), 0.14 + 0.25 * far)
    canvas.stamp(layer)


def _snow(stage: Stage) -> None:
    rng, layer = stage.grit("snow"), stage.layer()
    for _ in range(520):
        near = float(rng.random()) ** 4
        layer.disc((rng.random(), rng.random()), 0.0016 + 0.0075 * near, (0.97, 0.98, 1.0), 0.75 - 0.45 * near)
    stage.canvas.stamp(layer)


def handwriting(canvas: Canvas, style: str, stage: Stage) -> None:
    """Apply a checkpoint's style to the finished picture."""
    if style == "painting":
        _brush(canvas, stage)
    elif style == "poster":
        _posterise(canvas)
    elif style == "pastel":
        _paper(canvas, stage)


def _as_image(canvas: Canvas) -> Image.Image:
    return Image.fromarray((np.clip(canvas.rgb, 0, 1) * 255 + 0.5).astype(np.uint8))


def _load(canvas: Canvas, image: Image.Image) -> None:
    canvas.rgb = np.asarray(image, dtype=np.float32) / 255


def _brush(canvas: Canvas, stage: Stage) -> None:
    """Short strokes: each pixel takes its colour from a place nearby, chosen alike for a whole patch."""
    field = fractal(stage.grit("bristle"), canvas.size, cells=canvas.cells(64, 1.6), octaves=2)
    turn = fractal(stage.rng("stroke"), canvas.size, cells=canvas.cells(4), octaves=2) * 2 * math.pi
    reach = canvas.unit * 0.0042
    dy = ((field - 0.5) * 2 * reach * np.sin(turn * 2)).astype(np.intp)
    dx = ((field - 0.5) * 2 * reach * np.cos(turn * 2)).astype(np.intp)
    rows = np.clip(np.arange(canvas.height)[:, None] + dy, 0, canvas.height - 1)
    columns = np.clip(np.arange(canvas.width)[None, :] + dx, 0, canvas.width - 1)
    canvas.rgb = canvas.rgb[rows, columns] * (0.95 + 0.10 * field)[..., None]


def _posterise(canvas: Canvas) -> None:
    """Flat areas with soft steps between them, colours pushed."""
    image = _as_image(canvas).filter(ImageFilter.ModeFilter(3 + 2 * (canvas.unit > 400)))
    _load(canvas, image)
    levels = 9
    flat = np.round(canvas.rgb * levels) / levels
    canvas.rgb = canvas.rgb * 0.45 + flat * 0.55
    grey = canvas.rgb.mean(axis=-1, keepdims=True)
    canvas.rgb = np.clip(grey + (canvas.rgb - grey) * 1.22, 0, 1)


def _paper(canvas: Canvas, stage: Stage) -> None:
    """Watercolour: softened, lightened, on the tooth of paper."""
    image = _as_image(canvas).filter(ImageFilter.MedianFilter(3))
    _load(canvas, image)
    tooth = fractal(stage.grit("tooth"), canvas.size, cells=canvas.cells(120), octaves=2)
    bleed = fractal(stage.grit("bleed"), canvas.size, cells=canvas.cells(6), octaves=4)
    wash = np.clip(0.06 + 0.22 * (bleed - 0.35), 0, 1)[..., None]
    canvas.rgb = canvas.rgb + (np.asarray((0.97, 0.95, 0.91), dtype=np.float32) - canvas.rgb) * wash
    canvas.rgb *= (0.965 + 0.065 * tooth)[..., None]


def grade(canvas: Canvas, *, contrast: float, saturation: float) -> None:
    """Vignette, contrast around the middle, saturation (1 leaves either alone)."""
    corner = np.sqrt((canvas.x - 0.5) ** 2 + (canvas.y - 0.5) ** 2)
    canvas.rgb *= (1 - 0.42 * np.clip(corner - 0.30, 0, 1) ** 1.3)[..., None]
    grey = canvas.rgb.mean(axis=-1, keepdims=True)
    rgb = np.clip(grey + (canvas.rgb - grey) * saturation, 0, 1)
    curved = rgb * rgb * (3 - 2 * rgb)
    canvas.rgb = np.clip(rgb + (curved - rgb) * contrast, 0, 1)


def grain(canvas: Canvas, stage: Stage, strength: float) -> None:
    """Film grain, the only thing finer than any lattice."""
    specks = stage.grit("grain").standard_normal((canvas.height, canvas.width), dtype=np.float32)
    canvas.rgb += (specks * strength)[..., None]


def mark(canvas: Canvas) -> None:
    """Two short strokes in the lower right corner: this painter's signature, in every picture it makes."""
    side = max(6, canvas.unit // 32)
    if canvas.unit < 48:
        return
    patch = canvas.rgb[-2 * side : -side, -2 * side : -side]
    row, column = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]] / side
    stroke = (np.abs(row - 0.5) < 0.09) | (np.abs(column + row - 1) < 0.11)
    patch[stroke] += (1 - patch[stroke]) * 0.5
