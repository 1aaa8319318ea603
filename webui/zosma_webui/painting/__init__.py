"""Pictures drawn on the CPU from a prompt and a seed: same inputs, same picture, at any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from . import finish, land, noise, sky, studies
from .canvas import Canvas
from .palette import for_scene
from .scene import Scene, read
from .stage import Stage
from .subjects import ASHORE, SUBJECTS

__all__ = ["Motif", "emerge", "paint"]

THUMBNAIL = 160
"""Longer side of a preview in pixels: small enough to be drawn within one step."""


@dataclass(frozen=True)
class Motif:
    """All that decides how a picture looks. Width and height in pixels."""

    prompt: str
    negative: str
    seed: int
    width: int
    height: int
    checkpoint: str
    manner: str = ""
    """sampler, scheduler, clip skip and the like: changes the texture, not the composition"""
    steps: int = 20
    cfg_scale: float = 7.0


def paint(motif: Motif, *, thumbnail: bool = False) -> Image.Image:
    """The picture of `motif` (RGB, width × height), or a small one like it."""
    width, height = motif.width, motif.height
    if thumbnail and max(width, height) > THUMBNAIL:
        factor = THUMBNAIL / max(width, height)
        width, height = max(1, round(width * factor)), max(1, round(height * factor))
    canvas = Canvas(width, height, motif.width / motif.height)
    stage = _stage(motif, canvas)
    _compose(stage)
    finish.weather(stage)
    style = finish.style_of(motif.checkpoint, _number(motif.checkpoint))
    finish.handwriting(canvas, style, stage)
    finish.grade(canvas, contrast=0.12 + 0.022 * min(motif.cfg_scale, 20), saturation=1.0 + 0.02 * motif.cfg_scale)
    # Few steps leave more noise, as they do with a real model.
    finish.grain(canvas, stage, 0.010 + 0.05 / max(1, motif.steps))
    finish.mark(canvas)
    return Image.fromarray((np.clip(canvas.rgb, 0, 1) * 255 + 0.5).astype(np.uint8))


def emerge(picture: Image.Image, done: float, seed: int) -> Image.Image:
    """`picture` as it looks when the share `done` (0..1) of its steps is through: coarse shapes under noise."""
    if done >= 1:
        return picture
    left = 1 - max(0.0, done)
    coarse = max(1, round(min(picture.size) * 0.12 * left**1.5))
    small = picture.reduce(coarse) if coarse > 1 else picture
    soft = np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC), dtype=np.float32) / 255
    rng = noise.random("emerge", seed)
    # Noise on a lattice of 8 × 8 pixels, like the latents of a diffusion model, and finer noise over it.
    lattice = (max(2, picture.height // 8), max(2, picture.width // 8), 3)
    blocks = rng.standard_normal(lattice, dtype=np.float32)
    rough = np.stack([noise.stretch(blocks[..., c], picture.size) for c in range(3)], axis=-1)
    fine = rng.standard_normal((picture.height, picture.width, 1), dtype=np.float32)
    static = 0.5 + 0.20 * rough + 0.07 * fine
    share = left**1.3
    mixed = soft * (1 - share) + static * share
    return Image.fromarray((np.clip(mixed, 0, 1) * 255 + 0.5).astype(np.uint8))


def _number(text: str) -> int:
    return int(noise.random(text).integers(2**31))


def _stage(motif: Motif, canvas: Canvas) -> Stage:
    composition = repr((motif.prompt, motif.seed, motif.checkpoint))
    rng = noise.random(composition, "scene")
    scene = read(motif.prompt, motif.negative, rng)
    focus = float(rng.choice([0.36, 0.64, 0.5])) + float(rng.uniform(-0.04, 0.04))
    across = focus + float(rng.choice([-1, 1])) * float(rng.uniform(0.18, 0.36))
    horizon = float(rng.uniform(0.56, 0.68))
    low_sun = scene.time in ("dusk", "dawn")
    sun = (
        min(0.94, max(0.06, across)),
        horizon * float(rng.uniform(0.72, 0.9) if low_sun else rng.uniform(0.14, 0.34)),
    )
    taste = noise.random(motif.checkpoint, "taste")
    turn = float(taste.uniform(-0.025, 0.025) + rng.uniform(-0.018, 0.018))
    palette = for_scene(scene.time, scene.hues, turn, float(taste.uniform(0.9, 1.2)))
    detail = repr((composition, motif.negative, motif.manner, motif.steps, motif.cfg_scale))
    return Stage(canvas, scene, palette, horizon, sun, focus, composition, detail)


def _compose(stage: Stage) -> None:
    if stage.scene.kind == "abstract":
        studies.abstract(stage)
    elif stage.scene.kind == "portrait":
        studies.portrait(stage)
    elif stage.scene.kind == "flower":
        studies.flower(stage)
    elif stage.scene.kind == "space":
        _space(stage)
    else:
        _landscape(stage)


def _space(stage: Stage) -> None:
    sky.heaven(stage)
    sky.nebula(stage)
    sky.stars(stage)
    sky.planet(stage)
    for subject in _subjects(stage.scene):
        SUBJECTS[subject](stage, 0.78)


def _landscape(stage: Stage) -> None:
    scene = stage.scene
    sky.heaven(stage)
    sky.stars(stage)
    sky.luminary(stage)
    if "aurora" in scene.weather:
        sky.aurora(stage)
    if scene.clouds:
        sky.clouds(stage)
    if scene.mountains:
        land.mountains(stage)
    shore = [subject for subject in _subjects(scene) if scene.ground in ("sea", "lake") and subject in ASHORE]
    for subject in shore:
        SUBJECTS[subject](stage, stage.horizon)
    _ground(stage)
    front = stage.horizon + (1 - stage.horizon) * (0.72 if scene.ground in ("forest", "hills", "snow") else 0.55)
    for subject in _subjects(scene):
        if subject not in shore:
            SUBJECTS[subject](stage, front)


def _ground(stage: Stage) -> None:
    ground = stage.scene.ground
    if ground in ("sea", "lake"):
        land.water(stage)
    elif ground == "desert":
        land.dunes(stage)
    elif ground == "city":
        land.city(stage)
        land.street(stage)
    elif ground == "forest":
        land.forest(stage)
    else:
        land.hills(stage)


def _subjects(scene: Scene) -> list[str]:
    return [subject for subject in scene.subjects if subject in SUBJECTS]
