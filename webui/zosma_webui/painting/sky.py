"""Everything overhead: gradient, sun and moon, stars, clouds, aurora, nebulae and planets."""

from __future__ import annotations

import numpy as np

from .noise import fractal, stretch
from .palette import from_hue, mix, ramp
from .stage import Stage


def heaven(stage: Stage) -> None:
    """The gradient from overhead to the horizon, warmer around the sun."""
    canvas, p = stage.canvas, stage.palette
    height = np.clip(canvas.y / stage.horizon, 0, 1)
    bend = fractal(stage.grit("haze"), canvas.size, cells=canvas.cells(1.5, 2.5), octaves=2) - 0.5
    canvas.rgb[:] = ramp([p.top, mix(p.top, p.middle, 0.55), p.middle, p.low], np.clip(height + bend * 0.12, 0, 1))
    if stage.scene.time not in ("night", "space"):
        near = np.exp(-((canvas.distance(*stage.sun) / 0.42) ** 1.3))
        canvas.glow(near * 0.55, p.light)


def stars(stage: Stage) -> None:
    """Points of light, denser overhead, a few of them bright with a halo."""
    canvas, rng = stage.canvas, stage.rng("stars")
    count = {"night": 420, "space": 900, "dusk": 90}.get(stage.scene.time, 0)
    layer = stage.layer()
    depth = 1.0 if stage.scene.kind == "space" else stage.horizon
    for _ in range(count):
        x, y = rng.random(), rng.random() ** 1.4 * depth
        power = rng.random() ** 3
        tint = from_hue(float(rng.choice([0.08, 0.6, 0.62])), 0.25 * rng.random(), 1.0)
        fade = 1 - (y / depth if depth < 1 else 0.0)
        if power > 0.85:
            layer.disc((x, y), 0.009, tint, 0.10)
            layer.disc((x, y), 0.0055, tint, 0.28)
        layer.disc((x, y), 0.0009 + 0.0022 * power, tint, min(1.0, 0.25 + power) * (0.3 + 0.7 * fade))
    canvas.stamp(layer)


def luminary(stage: Stage) -> None:
    """Sun or moon with its glow."""
    canvas, p = stage.canvas, stage.palette
    distance = canvas.distance(*stage.sun)
    moon = stage.scene.time == "night"
    radius = 0.05 if moon else 0.055 if stage.scene.time in ("dusk", "dawn") else 0.035
    canvas.glow(np.exp(-distance / 0.10) * (0.45 if moon else 0.75), p.light)
    canvas.glow(np.exp(-distance / 0.35) * (0.12 if moon else 0.25), p.light)
    edge = np.clip((radius - distance) / (2.0 / canvas.unit) + 0.5, 0, 1)
    if moon:
        seas = fractal(stage.rng("moon"), canvas.size, cells=canvas.cells(22), octaves=2)
        face = np.asarray(p.light, dtype=np.float32) * (0.72 + 0.28 * np.clip(seas * 1.6, 0, 1))[..., None]
        canvas.cover(edge, face)
    else:
        canvas.cover(edge, mix(p.light, (1.0, 1.0, 0.96), 0.72))


def clouds(stage: Stage) -> None:
    """Two banks: broken cumulus above, long streaks near the horizon, both lit from the sun's side."""
    canvas, p, scene = stage.canvas, stage.palette, stage.scene
    rng = stage.rng("clouds")
    cover = rng.uniform(0.30, 0.62) + (0.30 if "rain" in scene.weather else 0.0)
    perspective = 1.3 - 0.8 * np.clip(canvas.y / stage.horizon, 0, 1)
    bank = fractal(stage.grit("bank"), canvas.size, cells=canvas.cells(3.2, 2.1), octaves=6, gain=0.52)
    streaks = fractal(stage.grit("streaks"), canvas.size, cells=canvas.cells(7, 6.0), octaves=4)
    low = np.exp(-(((canvas.y / stage.horizon) - 0.78) ** 2) / 0.03)
    field = bank * perspective + streaks * low * 0.55
    mask = np.clip((field - (1.02 - cover)) / 0.34, 0, 1) ** 1.2
    below = np.roll(bank, -max(1, canvas.height // 40), axis=0)
    toward = np.exp(-canvas.distance(*stage.sun) / 0.5)
    lit = np.clip(0.45 + (below - bank) * -2.6 + toward * 0.55, 0, 1)
    bright = mix(p.low, p.light, 0.6) if scene.time != "night" else mix(p.low, p.light, 0.25)
    dim = mix(p.middle, p.shade, 0.35 if scene.time != "day" else 0.05)
    if "rain" in scene.weather:
        bright, dim = mix(bright, p.shade, 0.45), mix(dim, p.shade, 0.5)
    strength = 0.55 if scene.time == "night" else 0.9
    canvas.cover(mask * strength, ramp([dim, mix(dim, bright, 0.55), bright], lit.astype(np.float32)))


def aurora(stage: Stage) -> None:
    """Green and violet curtains."""
    canvas, rng = stage.canvas, stage.rng("aurora")
    for k in range(3):
        wave = fractal(rng, (canvas.width, 2), cells=(3 * canvas.aspect, 0), octaves=3)[0][None, :]
        base = stage.horizon * (0.42 + 0.16 * k) + (wave - 0.5) * 0.34
        rays = fractal(stage.grit(f"rays{k}"), (canvas.width, 2), cells=(34 * canvas.aspect, 0), octaves=2)[0][None, :]
        above = (base - canvas.y) / 0.32
        curtain = np.where(above > 0, np.exp(-above * 2.2), np.exp(above * 18)) * (0.35 + 0.75 * rays)
        canvas.glow(curtain * 0.62, from_hue(0.40 + 0.02 * k, 0.75, 0.95))
        canvas.glow(np.clip(curtain * np.clip(above, 0, 1), 0, 1) * 0.8, from_hue(0.78, 0.6, 0.9))


def nebula(stage: Stage) -> None:
    """Coloured gas, darker lanes in it."""
    canvas, p, rng = stage.canvas, stage.palette, stage.rng("nebula")
    warp = fractal(rng, canvas.size, cells=canvas.cells(2), octaves=3) - 0.5
    band = np.exp(-((((canvas.y - 0.5) + (canvas.x - 0.5) * rng.uniform(-0.9, 0.9) + warp * 0.8) / 0.24) ** 2))
    lanes = fractal(stage.grit("lanes"), canvas.size, cells=canvas.cells(5), octaves=5)
    hue = float(rng.random())
    for share, tint in ((1.0, from_hue(hue, 0.7, 0.75)), (0.8, from_hue(hue + 0.17, 0.75, 0.9)), (0.6, p.haze)):
        gas = fractal(stage.grit(f"gas{share}"), canvas.size, cells=canvas.cells(4), octaves=5, gain=0.55)
        canvas.glow(np.clip(gas * 1.9 - 0.6, 0, 1) * band * 0.62 * share, tint)
    canvas.cover(np.clip(lanes * 2.4 - 1.3, 0, 1) * band * 0.55, p.top)


def planet(stage: Stage) -> None:
    """A banded planet with a lit limb and a thin atmosphere; sometimes with a ring."""
    canvas, rng = stage.canvas, stage.rng("planet")
    x, y = (0.14 if stage.focus > 0.5 else 0.86) + rng.uniform(-0.06, 0.06), rng.uniform(0.66, 0.92)
    radius = rng.uniform(0.30, 0.44)
    hue = float(rng.random())
    px = (canvas.x - x) * canvas.width / canvas.unit / radius
    py = (canvas.y - y) * canvas.height / canvas.unit / radius
    inside = px * px + py * py
    swirl = fractal(stage.grit("swirl"), canvas.size, cells=canvas.cells(3, 3), octaves=5)
    bands = 0.5 + 0.5 * np.sin((py * 1.0 + px * 0.3) * 9 + swirl * 7)
    dome = np.sqrt(np.clip(1 - inside, 0, 1))
    side = 1.0 if x < 0.5 else -1.0
    lit = np.clip(px * 0.62 * side - py * 0.55 + dome * 0.42, 0.02, 1)
    colours = ramp([from_hue(hue, 0.6, 0.5), from_hue(hue + 0.05, 0.35, 0.95), from_hue(hue + 0.1, 0.6, 0.7)], bands)
    edge = np.clip((1 - np.sqrt(inside)) * radius * canvas.unit + 0.5, 0, 1)
    air = np.exp(-np.abs(np.sqrt(inside) - 1) / 0.05) * np.clip(px * side - py + 0.3, 0, 1)
    canvas.cover(edge, colours * lit[..., None] ** 0.9)
    canvas.glow(air * 0.7, from_hue(hue + 0.5, 0.35, 1.0))
    if rng.random() < 0.55:
        flat = np.sqrt((px * 0.96 + py * 0.28) ** 2 + ((py * 0.96 - px * 0.28) / 0.26) ** 2)
        grooves = stretch(rng.random((1, 40), dtype=np.float32), (512, 1))[0]
        ring = np.interp(flat, np.linspace(1.35, 2.1, 512), grooves, left=0, right=0).astype(np.float32)
        front = (py * 0.96 - px * 0.28 > 0) | (inside > 1)
        canvas.cover(ring * front * 0.75, from_hue(hue + 0.06, 0.25, 0.95))
