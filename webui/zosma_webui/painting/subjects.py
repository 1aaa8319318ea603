"""What a picture is about: lighthouse, cat, rocket, castle and the other things with a shape of their own."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .canvas import Frame, Layer, Point, curve
from .noise import Field, fractal
from .palette import Colour, bright, from_hue, mix
from .stage import Stage

Subject = Callable[[Stage, float], None]
"""Paints itself with its foot at a height (share from the top)."""


def lighthouse(stage: Stage, foot: float) -> None:
    """A striped tower on rocks, its lamp lit after sunset."""
    canvas, p = stage.canvas, stage.palette
    tall = min(0.58, foot * canvas.height / canvas.unit * 0.74)
    frame = stage.frame(stage.focus, foot - 0.045 * canvas.unit / canvas.height, tall)
    white, red = mix((0.93, 0.91, 0.87), p.haze, 0.22), mix(p.accent, p.haze, 0.12)
    rocks(stage, foot, 0.42)
    lamp = frame.at(0, 0.885)
    if stage.dark:
        _beam(stage, lamp)
    layer = stage.layer()
    for stripe in range(5):
        low, high = stripe * 0.155, (stripe + 1) * 0.155
        a, b = 0.105 - 0.055 * low, 0.105 - 0.055 * high
        layer.polygon(frame.all((-a, low), (a, low), (b, high), (-b, high)), red if stripe % 2 else white)
    for row in (0.12, 0.36, 0.60):
        layer.polygon(frame.all((-0.014, row), (0.014, row), (0.014, row + 0.05), (-0.014, row + 0.05)), p.shade)
    layer.polygon(frame.all((-0.095, 0.775), (0.095, 0.775), (0.085, 0.81), (-0.085, 0.81)), mix(p.shade, p.haze, 0.2))
    for post in range(-4, 5):
        layer.line(frame.all((post * 0.021, 0.81), (post * 0.021, 0.85)), 0.003, p.shade)
    layer.line(frame.all((-0.088, 0.85), (0.088, 0.85)), 0.004, p.shade)
    glass = mix(p.light, (1, 0.95, 0.7), 0.6) if stage.dark else mix(p.middle, p.haze, 0.4)
    layer.polygon(frame.all((-0.045, 0.81), (0.045, 0.81), (0.045, 0.94), (-0.045, 0.94)), glass)
    for bar in (-0.045, -0.015, 0.015, 0.045):
        layer.line(frame.all((bar, 0.81), (bar, 0.94)), 0.003, p.shade)
    layer.polygon(curve(frame.all((-0.06, 0.935), (-0.035, 0.98), (0, 1.0), (0.035, 0.98), (0.06, 0.935)), 8), red)
    layer.line(frame.all((0, 0.99), (0, 1.05)), 0.004, p.shade)
    canvas.stamp(layer, shade=_round(stage, 0.105 * tall), rim=p.light, side=stage.sun_side)
    if stage.dark:
        near = canvas.distance(*lamp)
        canvas.glow(np.exp(-near / 0.035), (1.0, 0.92, 0.66))
        canvas.glow(np.exp(-near / 0.16) * 0.35, (1.0, 0.80, 0.50))


def _beam(stage: Stage, lamp: Point) -> None:
    canvas = stage.canvas
    dx = (canvas.x - lamp[0]) * canvas.width / canvas.unit
    dy = (canvas.y - lamp[1]) * canvas.height / canvas.unit
    tilt = -0.10 - 0.05 * float(stage.rng("beam").random())
    dust = 0.65 + 0.7 * (fractal(stage.grit("dust"), canvas.size, cells=canvas.cells(6, 2), octaves=4) - 0.3)
    for side in (-1, 1):
        along = side * dx
        off = dy - along * tilt
        wide = 0.012 + 0.11 * np.clip(along, 0, 9)
        ray = np.exp(-((off / wide) ** 2)) * (along > 0) * np.exp(-along / 0.75)
        canvas.glow(ray * dust * 0.62, (1.0, 0.90, 0.64))


def _round(stage: Stage, half: float) -> Field:
    """Light and shadow of an upright cylinder of `half` units radius at the focus."""
    canvas = stage.canvas
    across = np.clip((canvas.x - stage.focus) * canvas.width / canvas.unit / half, -1, 1) * stage.sun_side
    light = 0.50 + 0.42 * across + 0.16 * np.sqrt(1 - across * across)
    dim = {"night": 0.45, "dusk": 0.82}.get(stage.scene.time, 1.05)
    return np.broadcast_to(np.clip(light, 0.2, 1.1) * dim, (canvas.height, canvas.width)).astype(np.float32)


def rocks(stage: Stage, foot: float, reach: float) -> None:
    """A rugged outcrop around the focus, `reach` units to each side, lit from the sun's side."""
    canvas, p, rng = stage.canvas, stage.palette, stage.rng("rocks")
    away = np.abs(canvas.x - stage.focus) * canvas.width / canvas.unit / reach
    line = fractal(rng, (canvas.width, 2), cells=(9 * canvas.aspect, 0), octaves=6, gain=0.6)[0][None, :]
    tall = np.clip(1 - away**1.4, 0, 1) * (0.55 + 0.8 * line) * 0.115 * canvas.unit / canvas.height
    crest = foot - tall + 0.004
    mask = np.clip((canvas.y - crest) * canvas.height + 0.5, 0, 1) * (away < 1) * (canvas.y < foot + 0.012)
    stone = fractal(stage.grit("stone"), canvas.size, cells=canvas.cells(16), octaves=5, gain=0.65)
    slope = (
        np.gradient(stone, axis=1) * canvas.unit / 22 * -stage.sun_side - np.gradient(stone, axis=0) * canvas.unit / 30
    )
    lit = np.clip(0.30 + slope, 0, 1)[..., None]
    dark = np.asarray(mix(p.shade, p.haze, 0.10), dtype=np.float32)
    canvas.cover(mask, dark + (np.asarray(mix(p.shade, p.light, 0.55), dtype=np.float32) - dark) * lit)


def cat(stage: Stage, foot: float) -> None:
    """A cat sitting upright, looking at you, its tail around its feet."""
    canvas, p, rng = stage.canvas, stage.palette, stage.rng("cat")
    frame = stage.frame(stage.focus, foot, 0.46)
    hue, light = [(0.07, 0.55), (0.08, 0.20), (0.60, 0.13), (0.09, 0.78)][int(rng.integers(4))]
    fur = mix(from_hue(hue, 0.55 if light > 0.4 else 0.25, light), p.shade, 0.30 if stage.dark else 0.06)
    belly = mix(fur, (1.0, 0.97, 0.92), 0.55 if light > 0.3 else 0.14)
    shadow = np.exp(-((canvas.distance(stage.focus, foot) / 0.15) ** 2)) * (np.abs(canvas.y - foot) < 0.05)
    canvas.cover(shadow * 0.5, p.shade)
    layer = stage.layer()
    _tail(layer, frame, fur)
    body = (
        (-0.20, 0.02),
        (-0.22, 0.20),
        (-0.15, 0.42),
        (-0.08, 0.56),
        (0.08, 0.56),
        (0.15, 0.42),
        (0.22, 0.20),
        (0.20, 0.02),
    )
    layer.polygon(curve(frame.all(*body)), fur)
    layer.polygon(
        curve(frame.all((-0.07, 0.16), (-0.08, 0.42), (0, 0.52), (0.08, 0.42), (0.07, 0.16), (0, 0.06))), belly
    )
    for side in (-1, 1):
        leg = ((0.02, 0.0), (0.03, 0.26), (0.09, 0.26), (0.10, 0.0))
        layer.polygon(curve(frame.all(*((side * x, y) for x, y in leg))), mix(fur, belly, 0.25))
        layer.disc(frame.at(side * 0.07, 0.015), 0.055 * 0.46, belly, squash=0.6)
        layer.disc(frame.at(side * 0.17, 0.02), 0.065 * 0.46, mix(fur, p.shade, 0.15), squash=0.55)
    _cat_head(layer, frame, fur, belly, stage)
    strands = fractal(stage.grit("fur"), canvas.size, cells=canvas.cells(70, 0.6), octaves=3, gain=0.7)
    down = np.clip((canvas.y - (foot - 0.42)) / 0.45, 0, 1)
    stripes = np.sin((canvas.y * canvas.height / canvas.unit) * 95 + strands * 5) * (0.10 if light > 0.4 else 0.03)
    shade = (1.12 - 0.38 * down) * (0.80 + 0.42 * strands) + stripes
    canvas.stamp(layer, shade=shade.astype(np.float32), rim=mix(fur, p.light, 0.8), side=stage.sun_side)
    _cat_eyes(stage, frame, rng)


def _tail(layer: Layer, frame: Frame, fur: Colour) -> None:
    for step in range(40):
        t = step / 39
        x, y = 0.16 + 0.24 * math.sin(t * 2.6), 0.05 + 0.30 * t**2 + 0.03 * math.sin(t * 6)
        layer.disc(frame.at(x, y), (0.042 - 0.016 * t) * frame.size, mix(fur, (0, 0, 0), 0.18 + 0.15 * (step % 8 < 3)))


def _cat_head(layer: Layer, frame: Frame, fur: Colour, belly: Colour, stage: Stage) -> None:
    inner = mix(fur, (0.95, 0.62, 0.60), 0.5)
    for side in (-1, 1):
        ear = ((0.03, 0.76), (0.135, 0.90), (0.165, 0.68))
        layer.polygon(frame.all(*((side * x, y) for x, y in ear)), fur)
        pink = ((0.065, 0.76), (0.125, 0.85), (0.140, 0.72))
        layer.polygon(frame.all(*((side * x, y) for x, y in pink)), inner)
    head = ((-0.17, 0.64), (-0.12, 0.76), (0, 0.79), (0.12, 0.76), (0.17, 0.64), (0.10, 0.54), (0, 0.51), (-0.10, 0.54))
    layer.polygon(curve(frame.all(*head)), fur)
    layer.disc(frame.at(-0.032, 0.575), 0.042 * frame.size, belly, squash=0.8)
    layer.disc(frame.at(0.032, 0.575), 0.042 * frame.size, belly, squash=0.8)
    layer.polygon(frame.all((-0.018, 0.612), (0.018, 0.612), (0, 0.592)), mix(inner, stage.palette.shade, 0.25))
    for side in (-1, 1):
        for lift in (-0.012, 0.0, 0.012):
            whisker = frame.all((side * 0.05, 0.580 + lift), (side * 0.19, 0.585 + lift * 3.2))
            layer.line(whisker, 0.0022, (0.95, 0.95, 0.95), 0.55)


def _cat_eyes(stage: Stage, frame: Frame, rng: np.random.Generator) -> None:
    layer = stage.layer()
    iris = from_hue(float(rng.choice([0.13, 0.28, 0.55])), 0.75, 0.95)
    for side in (-1, 1):
        x = side * 0.068
        layer.disc(frame.at(x, 0.655), 0.041 * frame.size, stage.palette.shade, squash=0.85)
        layer.disc(frame.at(x, 0.655), 0.034 * frame.size, iris, squash=0.9)
        layer.disc(frame.at(x, 0.655), 0.013 * frame.size, (0.02, 0.02, 0.02), squash=2.2)
        layer.disc(frame.at(x + 0.012, 0.670), 0.009 * frame.size, (1, 1, 1))
    stage.canvas.stamp(layer)


def rocket(stage: Stage, foot: float) -> None:
    """A finned rocket under way, its exhaust lighting its tail."""
    canvas, p = stage.canvas, stage.palette
    size = 0.52
    frame = stage.frame(stage.focus, foot, size)
    _exhaust(stage, frame)
    hull, trim = mix((0.90, 0.91, 0.94), p.haze, 0.1), p.accent
    layer = stage.layer()
    for side in (-1, 1):
        fin = ((0.09, 0.34), (0.24, 0.10), (0.22, -0.03), (0.10, 0.10))
        layer.polygon(frame.all(*((side * x, y) for x, y in fin)), bright(trim, 0.85))
    body = (
        (-0.085, 0.06),
        (-0.125, 0.34),
        (-0.115, 0.62),
        (-0.06, 0.86),
        (0, 1.0),
        (0.06, 0.86),
        (0.115, 0.62),
        (0.125, 0.34),
        (0.085, 0.06),
    )
    layer.polygon(curve(frame.all(*body)), hull)
    layer.polygon(
        curve(frame.all((-0.083, 0.78), (-0.045, 0.90), (0, 1.0), (0.045, 0.90), (0.083, 0.78), (0, 0.765))), trim
    )
    layer.polygon(frame.all((-0.118, 0.27), (0.118, 0.27), (0.122, 0.31), (-0.122, 0.31)), trim)
    layer.polygon(frame.all((-0.07, 0.075), (0.07, 0.075), (0.09, 0.01), (-0.09, 0.01)), (0.22, 0.23, 0.27))
    for y, r in ((0.60, 0.058), (0.44, 0.040)):
        layer.disc(frame.at(0, y), r * size, (0.35, 0.37, 0.42))
        layer.disc(frame.at(0, y), r * size * 0.76, (0.10, 0.28, 0.42))
        layer.disc(frame.at(0.012, y + 0.014), r * size * 0.30, (0.72, 0.90, 1.0), 0.8)
    layer.polygon(frame.all((-0.016, 0.30), (0.016, 0.30), (0.012, -0.03), (-0.012, -0.03)), bright(trim, 0.7))
    canvas.stamp(layer, shade=_round(stage, 0.13 * size) * 1.15, rim=p.light, side=stage.sun_side)


def _exhaust(stage: Stage, frame: Frame) -> None:
    canvas = stage.canvas
    x, y = frame.at(0, 0.02)
    dx = (canvas.x - x) * canvas.width / canvas.unit / frame.size
    down = (canvas.y - y) * canvas.height / canvas.unit / frame.size
    churn = fractal(stage.grit("exhaust"), canvas.size, cells=canvas.cells(12), octaves=4, gain=0.6) - 0.5
    smoke_wide = 0.06 + 0.34 * np.clip(down, 0, 9) ** 0.8
    smoke = np.exp(-(((dx + churn * 0.25 * np.clip(down, 0, 1)) / smoke_wide) ** 4)) * (down > 0)
    smoke = smoke * np.clip(down * 1.6 - 0.1, 0, 1) * np.clip(0.75 + churn * 1.6, 0, 1)
    lit = np.clip(1.25 - down * 1.1 + churn, 0, 1)[..., None]
    colours = (
        np.asarray((0.42, 0.38, 0.46), dtype=np.float32) * (1 - lit)
        + np.asarray((1.0, 0.72, 0.44), dtype=np.float32) * lit
    )
    canvas.cover(smoke * 0.85, colours)
    for wide, length, tint in (
        (0.13, 0.62, (1.0, 0.42, 0.10)),
        (0.085, 0.44, (1.0, 0.78, 0.30)),
        (0.045, 0.30, (1.0, 1.0, 0.92)),
    ):
        taper = np.clip(1 - down / length, 0, 1) * (0.6 + 0.4 * np.clip(down / 0.08, 0, 1))
        flame = np.exp(-((dx / np.maximum(wide * taper, 1e-3)) ** 4)) * (down > -0.01) * (down < length)
        canvas.glow(flame * np.clip(0.95 + churn * 0.6, 0, 1), tint)
    canvas.glow(np.exp(-canvas.distance(x, y) / 0.10) * 0.75, (1.0, 0.62, 0.30))


def castle(stage: Stage, foot: float) -> None:
    """A keep with four towers on a crag."""
    canvas, p = stage.canvas, stage.palette
    frame = stage.frame(stage.focus, foot - 0.06 * canvas.unit / canvas.height, 0.50)
    rocks(stage, foot, 0.52)
    stone = mix(mix((0.55, 0.52, 0.50), p.haze, 0.35), p.shade, 0.45 if stage.dark else 0.1)
    roof = mix(p.accent, p.shade, 0.45)
    layer, lights = stage.layer(), stage.layer()
    _wall(layer, frame, (-0.40, 0.40, 0.26), stone)
    for x, wide, tall in (
        (-0.40, 0.075, 0.46),
        (0.40, 0.075, 0.50),
        (-0.17, 0.085, 0.66),
        (0.19, 0.075, 0.60),
        (0.02, 0.10, 0.82),
    ):
        tone = bright(stone, 0.9 + 0.25 * (tall > 0.6))
        _wall(layer, frame, (x - wide, x + wide, tall), tone)
        layer.polygon(frame.all((x - wide * 1.2, tall), (x, tall + wide * 3.1), (x + wide * 1.2, tall)), roof)
        layer.line(frame.all((x, tall + wide * 3.0), (x, tall + wide * 3.6)), 0.003, p.shade)
        for row in (0.35, 0.62, 0.84):
            lights.polygon(curve(_window(frame, x, tall * row), 6), (1.0, 0.80, 0.42) if stage.dark else p.shade)
    layer.polygon(curve(frame.all((-0.06, 0), (-0.06, 0.12), (0, 0.17), (0.06, 0.12), (0.06, 0)), 8), p.shade)
    bricks = fractal(stage.grit("bricks"), canvas.size, cells=canvas.cells(48, 1.5), octaves=2) - 0.5
    slant = (canvas.x - stage.focus) * stage.sun_side * 0.7
    canvas.stamp(
        layer,
        shade=(0.95 + bricks * 0.35 + slant).astype(np.float32),
        rim=mix(stone, p.light, 0.85),
        side=stage.sun_side,
    )
    canvas.stamp(lights)


def _wall(layer: Layer, frame: Frame, box: tuple[float, float, float], colour: Colour) -> None:
    left, right, tall = box
    layer.polygon(frame.all((left, -0.06), (left, tall), (right, tall), (right, -0.06)), colour)
    teeth = max(3, round((right - left) / 0.045))
    wide = (right - left) / teeth
    for tooth in range(teeth):
        x = left + wide * (tooth + 0.2)
        layer.polygon(
            frame.all((x, tall), (x, tall + 0.028), (x + wide * 0.6, tall + 0.028), (x + wide * 0.6, tall)), colour
        )


def _window(frame: Frame, x: float, y: float) -> list[Point]:
    return frame.all(
        (x - 0.011, y - 0.02), (x - 0.011, y + 0.012), (x, y + 0.026), (x + 0.011, y + 0.012), (x + 0.011, y - 0.02)
    )


def tree(stage: Stage, foot: float) -> None:
    """A broad old tree: branches that fork five times, and a crown of leaves in clumps."""
    canvas, p, rng = stage.canvas, stage.palette, stage.rng("tree")
    frame = stage.frame(stage.focus, foot + 0.01, 0.62)
    wood, crown = stage.layer(), stage.layer()
    tips: list[Point] = []
    _branch(wood, frame, (0.0, 0.0, math.pi / 2, 0.26), 0, rng, tips, mix(p.shade, (0.32, 0.22, 0.16), 0.5))
    blossom = bool(stage.scene.hues)
    leaf = mix(p.leaf, p.accent, 0.0 if stage.scene.time == "day" and not blossom else 0.35)
    for x, y in tips:
        for _ in range(5):
            tone = bright(mix(leaf, p.light, float(rng.uniform(0.0, 0.4))), float(rng.uniform(0.6, 1.15)))
            crown.disc(
                frame.at(x + rng.normal(0, 0.04), y + rng.normal(0, 0.035)), rng.uniform(0.012, 0.03), tone, 0.85
            )
    canvas.stamp(wood, rim=mix(p.shade, p.light, 0.6), side=stage.sun_side)
    clumps = fractal(stage.grit("crown"), canvas.size, cells=canvas.cells(34), octaves=3, gain=0.6)
    canvas.stamp(crown, shade=(0.55 + 0.85 * clumps).astype(np.float32), rim=p.light, side=stage.sun_side)


def _branch(
    layer: Layer,
    frame: Frame,
    start: tuple[float, float, float, float],
    depth: int,
    rng: np.random.Generator,
    tips: list[Point],
    bark: Colour,
) -> None:
    x, y, angle, length = start
    end = (x + math.cos(angle) * length, y + math.sin(angle) * length)
    layer.line(frame.all((x, y), end), 0.040 * 0.62**depth, bark)
    if depth >= 2:
        tips.append(end)
    if depth == 5:
        return
    for turn in (-0.48, 0.45):
        bend = angle + turn + float(rng.uniform(-0.18, 0.18))
        _branch(layer, frame, (*end, bend, length * float(rng.uniform(0.66, 0.80))), depth + 1, rng, tips, bark)


def boat(stage: Stage, foot: float) -> None:
    """A two-sailed boat."""
    canvas, p = stage.canvas, stage.palette
    frame = stage.frame(stage.focus, foot, 0.40)
    sail = mix((0.96, 0.93, 0.86), p.light, 0.35)
    layer = stage.layer()
    layer.line(frame.all((0, 0.05), (0, 0.92)), 0.006, p.shade)
    layer.polygon(curve(frame.all((0.015, 0.13), (0.015, 0.90), (0.15, 0.45), (0.33, 0.14)), 10), sail)
    layer.polygon(curve(frame.all((-0.02, 0.13), (-0.02, 0.80), (-0.13, 0.40), (-0.24, 0.14)), 10), bright(sail, 0.86))
    hull = frame.all((-0.34, 0.10), (0.38, 0.10), (0.27, -0.01), (-0.24, -0.01))
    layer.polygon(hull, mix(p.accent, p.shade, 0.55))
    layer.line(frame.all((-0.34, 0.10), (0.38, 0.10)), 0.006, mix(sail, p.shade, 0.3))
    folds = 0.92 + 0.14 * np.sin(canvas.x * 60 * canvas.aspect + canvas.y * 12) * np.ones_like(canvas.y)
    dim = {"night": 0.5, "dusk": 0.8}.get(stage.scene.time, 1.0)
    canvas.stamp(layer, shade=(folds * dim).astype(np.float32), rim=p.light, side=stage.sun_side)


def house(stage: Stage, foot: float) -> None:
    """A cottage with lit windows and smoke from its chimney."""
    canvas, p = stage.canvas, stage.palette
    frame = stage.frame(stage.focus, foot, 0.36)
    dim = 0.5 if stage.dark else 0.05
    wall, roof = mix((0.86, 0.80, 0.70), p.shade, dim), mix(p.accent, p.shade, 0.35 + dim * 0.4)
    layer = stage.layer()
    layer.polygon(frame.all((0.18, 0.50), (0.18, 0.82), (0.27, 0.82), (0.27, 0.50)), bright(roof, 0.7))
    layer.polygon(frame.all((-0.42, 0), (-0.42, 0.42), (0.42, 0.42), (0.42, 0)), wall)
    layer.polygon(frame.all((-0.50, 0.40), (-0.30, 0.76), (0.30, 0.76), (0.50, 0.40)), roof)
    layer.polygon(frame.all((-0.08, 0), (-0.08, 0.27), (0.08, 0.27), (0.08, 0)), mix(p.shade, (0.4, 0.25, 0.15), 0.6))
    pane = (1.0, 0.82, 0.46) if stage.dark else mix(p.middle, p.shade, 0.4)
    for x in (-0.26, 0.26):
        layer.polygon(frame.all((x - 0.075, 0.12), (x - 0.075, 0.30), (x + 0.075, 0.30), (x + 0.075, 0.12)), pane)
        layer.line(frame.all((x, 0.12), (x, 0.30)), 0.004, roof)
        layer.line(frame.all((x - 0.075, 0.21), (x + 0.075, 0.21)), 0.004, roof)
    tiles = fractal(stage.grit("tiles"), canvas.size, cells=canvas.cells(50, 2), octaves=2)
    canvas.stamp(layer, shade=(0.8 + 0.4 * tiles).astype(np.float32), rim=p.light, side=stage.sun_side)
    if stage.dark:
        for x in (-0.26, 0.26):
            canvas.glow(np.exp(-canvas.distance(*frame.at(x, 0.2)) / 0.06) * 0.6, (1.0, 0.75, 0.4))


def figure(stage: Stage, foot: float) -> None:
    """A lone cloaked wanderer seen from behind, staff in hand."""
    canvas, p = stage.canvas, stage.palette
    frame = stage.frame(stage.focus, foot, 0.34)
    cloak = mix(p.shade, p.accent, 0.30)
    layer = stage.layer()
    layer.line(frame.all((0.24, -0.01), (0.20, 0.98)), 0.006, mix(p.shade, (0.4, 0.28, 0.18), 0.5))
    for side in (-1, 1):
        layer.polygon(
            frame.all((side * 0.02, 0.0), (side * 0.02, 0.2), (side * 0.09, 0.2), (side * 0.10, 0.0)), p.shade
        )
    shape = (
        (-0.20, 0.07),
        (-0.17, 0.45),
        (-0.12, 0.72),
        (0, 0.80),
        (0.12, 0.72),
        (0.18, 0.45),
        (0.23, 0.06),
        (0.02, 0.10),
    )
    layer.polygon(curve(frame.all(*shape)), cloak)
    layer.polygon(
        curve(frame.all((-0.085, 0.76), (-0.075, 0.90), (0, 0.975), (0.075, 0.90), (0.085, 0.76))), bright(cloak, 0.85)
    )
    folds = 0.85 + 0.35 * np.sin((canvas.x - stage.focus) * 160 * canvas.width / canvas.unit) * np.ones_like(canvas.y)
    canvas.stamp(layer, shade=folds.astype(np.float32), rim=p.light, side=stage.sun_side)


def pyramid(stage: Stage, foot: float) -> None:
    """A pyramid with one flank in the sun, and a smaller one behind."""
    canvas, p = stage.canvas, stage.palette
    layer = stage.layer()
    sand = mix((0.90, 0.68, 0.42), p.light, 0.3)
    for x, size, far in ((stage.focus - 0.24, 0.26, 0.45), (stage.focus, 0.46, 0.12)):
        frame = stage.frame(x, foot, size)
        lit, dark = mix(sand, p.haze, far), mix(mix(sand, p.shade, 0.62), p.haze, far)
        ridge = 0.20 * -stage.sun_side
        left, right = (lit, dark) if stage.sun_side < 0 else (dark, lit)
        layer.polygon(frame.all((-0.62, 0), (0, 0.78), (ridge, -0.02)), left)
        layer.polygon(frame.all((0.62, 0), (0, 0.78), (ridge, -0.02)), right)
    courses = 0.93 + 0.09 * np.sin(canvas.y * 240 * canvas.height / canvas.unit) * np.ones_like(canvas.x)
    canvas.stamp(layer, shade=courses.astype(np.float32))


def birds(stage: Stage, foot: float) -> None:
    """A small flock, high up."""
    del foot
    rng, layer = stage.rng("birds"), stage.layer()
    x0, y0 = rng.uniform(0.25, 0.6), stage.horizon * rng.uniform(0.3, 0.55)
    for _ in range(9):
        frame = stage.frame(x0 + rng.normal(0.06, 0.11), y0 + rng.normal(0, 0.05), rng.uniform(0.018, 0.042))
        lift = rng.uniform(0.15, 0.5)
        wing = frame.all((-1, lift), (-0.45, lift * 1.15), (0, 0), (0.45, lift * 1.15), (1, lift))
        layer.line(wing, 0.0042, stage.palette.shade, 0.9)
    stage.canvas.stamp(layer)


def balloon(stage: Stage, foot: float) -> None:
    """A striped hot-air balloon, high up."""
    del foot
    canvas, p = stage.canvas, stage.palette
    frame = stage.frame(stage.focus, stage.horizon * 0.80, 0.40)
    layer = stage.layer()
    colours = (p.accent, (0.96, 0.92, 0.82), mix(p.accent, p.light, 0.55))
    for band in range(6):
        wide = math.cos(band / 6 * math.pi / 2) * 0.33
        envelope = ((0, 0.18), (-wide, 0.50), (-wide, 0.74), (0, 1.0), (wide, 0.74), (wide, 0.50))
        layer.polygon(curve(frame.all(*envelope)), colours[band % 3])
    layer.polygon(frame.all((-0.055, 0), (-0.065, 0.09), (0.065, 0.09), (0.055, 0)), (0.36, 0.24, 0.14))
    for x in (-0.055, 0.055):
        layer.line(frame.all((x, 0.09), (x * 1.6, 0.26)), 0.0025, p.shade)
    canvas.stamp(layer, shade=_round(stage, 0.33 * 0.40), rim=p.light, side=stage.sun_side)


SUBJECTS: dict[str, Subject] = {
    "lighthouse": lighthouse, "cat": cat, "rocket": rocket, "castle": castle, "tree": tree, "boat": boat,
    "house": house, "figure": figure, "pyramid": pyramid, "birds": birds, "balloon": balloon,
}  # fmt: skip

ASHORE = frozenset({"lighthouse", "castle", "house", "boat", "tree"})
"""Subjects that stand at the waterline, where the water mirrors them."""
