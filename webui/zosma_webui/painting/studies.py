"""Pictures without a landscape: the portrait, the flower and the abstract that unknown words become."""

from __future__ import annotations

import math

import numpy as np

from .canvas import Frame, Layer, curve
from .noise import fractal
from .palette import Colour, bright, from_hue, mix, ramp
from .stage import Stage


def abstract(stage: Stage) -> None:
    """Sheets of silk laid over each other, each with its folds and shadow, and a few spheres resting on them."""
    canvas, rng = stage.canvas, stage.rng("abstract")
    hue = stage.scene.hues[0] if stage.scene.hues else float(rng.random())
    span = float(rng.choice([0.08, 0.14, -0.12, 0.5]))
    deep, pale = from_hue(hue + 0.02, 0.80, 0.16), from_hue(hue + span * 1.3, 0.22, 0.99)
    wash = fractal(rng, canvas.size, cells=canvas.cells(1.5), octaves=3)
    canvas.rgb[:] = ramp([deep, from_hue(hue, 0.72, 0.45), from_hue(hue + span, 0.5, 0.8)], wash)
    tilt = rng.uniform(-0.5, 0.5)
    for sheet in range(6):
        _sheet(stage, sheet, tilt, [deep, from_hue(hue + span * sheet / 5, 0.72, 0.62), pale])
    for _ in range(int(rng.integers(2, 5))):
        _bubble(stage, rng, from_hue(hue + float(rng.choice([0.5, span, 0.45])), 0.55, 0.98))


def _sheet(stage: Stage, number: int, tilt: float, stops: list[Colour]) -> None:
    canvas, rng = stage.canvas, stage.rng(f"sheet{number}")
    bend = fractal(rng, canvas.size, cells=canvas.cells(1.8), octaves=2)
    level = canvas.y + (canvas.x - 0.5) * tilt - 0.10 - 0.15 * number - (bend - 0.5) * 0.55
    folds = np.sin(level * rng.uniform(14, 24) + bend * rng.uniform(6, 12))
    threads = fractal(stage.grit(f"threads{number}"), canvas.size, cells=canvas.cells(50, 3), octaves=2) - 0.5
    sheen = np.clip(0.42 + 0.36 * folds + threads * 0.14 - level * 0.55, 0, 1)
    shadow = np.exp(-np.clip(-level, 0, 9) / 0.035) * (level < 0)
    canvas.cover(shadow * 0.55, stops[0])
    edge = np.exp(-np.clip(level, 0, 9) / 0.006) * (level >= 0)
    mask = np.clip(level * canvas.height + 0.5, 0, 1)
    canvas.cover(mask, ramp([mix(stops[0], stops[1], 0.35), stops[1], stops[2]], sheen))
    canvas.glow(edge * 0.55, stops[2])


def _bubble(stage: Stage, rng: np.random.Generator, tint: Colour) -> None:
    canvas = stage.canvas
    x, y, radius = rng.uniform(0.15, 0.85), rng.uniform(0.15, 0.85), rng.uniform(0.05, 0.19)
    distance = canvas.distance(x, y)
    shadow = np.exp(-((canvas.distance(x + 0.025, y + 0.035) / (radius * 1.15)) ** 4)) * 0.42
    canvas.cover(shadow, stage.palette.shade)
    light = np.clip(1.12 - canvas.distance(x - radius * 0.35, y - radius * 0.4) / (radius * 1.9), 0.12, 1)
    edge = np.clip((radius - distance) * canvas.unit + 0.5, 0, 1)
    canvas.cover(edge, np.asarray(tint, dtype=np.float32) * light[..., None])
    canvas.glow(np.exp(-canvas.distance(x - radius * 0.35, y - radius * 0.4) / (radius * 0.16)) * 0.7, (1, 1, 1))


def flower(stage: Stage) -> None:
    """One large bloom from above, petals in rings, over a soft garden."""
    canvas, rng = stage.canvas, stage.rng("flower")
    _bokeh(stage)
    hue = stage.scene.hues[0] if stage.scene.hues else float(rng.choice([0.93, 0.0, 0.1, 0.78]))
    x, y = 0.5 + rng.uniform(-0.05, 0.05), 0.48
    dx = (canvas.x - x) * canvas.width / canvas.unit
    dy = (canvas.y - y) * canvas.height / canvas.unit
    radius, angle = np.sqrt(dx * dx + dy * dy), np.arctan2(dy, dx)
    petals = int(rng.integers(7, 12))
    for ring in range(5):
        reach = 0.40 - 0.07 * ring
        turn = angle * petals + ring * math.pi + rng.uniform(-0.4, 0.4)
        edge = reach * (0.80 + 0.20 * np.sqrt(np.abs(np.cos(turn / 2))))
        mask = np.clip((edge - radius) * canvas.unit + 0.5, 0, 1)
        vein = 0.5 + 0.5 * np.cos(turn / 2) ** 2
        inner = np.clip(radius / reach, 0, 1)
        shadow = np.exp(-np.clip((radius - edge) / 0.02, 0, 9)) * (radius > edge)
        canvas.cover(shadow * 0.4, from_hue(hue, 0.8, 0.12))
        tone = np.clip(inner * 0.75 * (0.45 + 0.55 * vein) + 0.06 * ring, 0, 1)
        canvas.cover(
            mask,
            ramp(
                [from_hue(hue + 0.04, 0.9, 0.30), from_hue(hue, 0.72, 0.80), from_hue(hue - 0.03, 0.30, 1.0)],
                tone.astype(np.float32),
            ),
        )
    pollen = fractal(stage.grit("pollen"), canvas.size, cells=canvas.cells(60), octaves=2)
    heart = np.clip((0.075 - radius) * canvas.unit + 0.5, 0, 1)
    canvas.cover(heart, ramp([(0.35, 0.2, 0.03), (0.95, 0.72, 0.18), (1.0, 0.92, 0.55)], pollen))


def _bokeh(stage: Stage) -> None:
    canvas, p, rng = stage.canvas, stage.palette, stage.rng("bokeh")
    ground = fractal(rng, canvas.size, cells=canvas.cells(2), octaves=3)
    canvas.rgb[:] = ramp([mix(p.shade, p.leaf, 0.3), mix(p.leaf, p.top, 0.35), mix(p.leaf, p.low, 0.45)], ground)
    for _ in range(26):
        x, y, radius = rng.random(), rng.random(), rng.uniform(0.02, 0.075)
        disc = np.clip((radius - canvas.distance(x, y)) * canvas.unit / 3 + 0.5, 0, 1)
        canvas.glow(disc * rng.uniform(0.05, 0.22), p.light)


def portrait(stage: Stage) -> None:
    """A poster-like bust: half the face in light, half in shadow, before a halo of rays."""
    canvas, p, rng = stage.canvas, stage.palette, stage.rng("portrait")
    _halo(stage)
    frame = stage.frame(0.5, 1.02, min(1.22, canvas.height / canvas.unit * 0.98))
    hue = stage.scene.hues[0] if stage.scene.hues else float(rng.choice([0.62, 0.95, 0.46, 0.78]))
    skin = [(0.95, 0.78, 0.66), (0.80, 0.58, 0.44), (0.55, 0.36, 0.27), (0.90, 0.68, 0.54)][int(rng.integers(4))]
    hair = [(0.13, 0.09, 0.09), (0.34, 0.18, 0.10), (0.60, 0.40, 0.18), (0.45, 0.13, 0.09)][int(rng.integers(4))]
    back, bust, face = stage.layer(), stage.layer(), stage.layer()
    long_hair = (
        (-0.235, 0.18),
        (-0.27, 0.45),
        (-0.22, 0.76),
        (0, 0.86),
        (0.22, 0.76),
        (0.27, 0.45),
        (0.235, 0.18),
        (0, 0.12),
    )
    back.polygon(curve(frame.all(*long_hair)), hair)
    _bust(bust, frame, from_hue(hue, 0.7, 0.42), skin)
    _face(face, frame, skin, stage)
    _hair(face, frame, hair)
    strands = fractal(stage.grit("strands"), canvas.size, cells=(70 * canvas.aspect, 5), octaves=3, gain=0.6)
    light = p.light if stage.scene.time != "night" else mix(p.light, p.low, 0.3)
    canvas.stamp(back, shade=(0.55 + 0.9 * strands).astype(np.float32), rim=light, side=stage.sun_side)
    cloth = fractal(stage.grit("cloth"), canvas.size, cells=canvas.cells(9, 0.5), octaves=4)
    canvas.stamp(bust, shade=(0.55 + 0.85 * cloth).astype(np.float32), rim=light, side=stage.sun_side)
    side = (canvas.x - 0.5) * canvas.width / canvas.unit * stage.sun_side
    soft = 0.86 + 0.20 * np.tanh(side * 9) + (strands - 0.5) * 0.06
    canvas.stamp(face, shade=(soft * np.ones_like(canvas.y)).astype(np.float32), rim=light, side=stage.sun_side)
    if stage.scene.crown:
        _crown(stage, frame, from_hue(hue + 0.45, 0.8, 0.85))


def _halo(stage: Stage) -> None:
    canvas, p = stage.canvas, stage.palette
    middle = 1.02 - 0.62 * min(1.22, canvas.height / canvas.unit * 0.98) * canvas.unit / canvas.height
    distance = canvas.distance(0.5, middle)
    wash = fractal(stage.grit("wash"), canvas.size, cells=canvas.cells(3), octaves=4) - 0.5
    canvas.rgb[:] = ramp(
        [p.low, p.middle, p.top, mix(p.top, p.shade, 0.5)], np.clip(distance * 1.35 + wash * 0.35, 0, 1)
    )
    angle = np.arctan2((canvas.y - middle) * canvas.height, (canvas.x - 0.5) * canvas.width)
    rays = np.clip(np.sin(angle * 24) * 6, 0, 1) * np.clip((distance - 0.36) / 0.02, 0, 1) * np.exp(-distance * 2.2)
    canvas.glow(rays * 0.85, p.light)
    for radius in (0.335, 0.352):
        canvas.glow(np.exp(-(((distance - radius) * 210) ** 2)) * 0.85, p.light)


def _bust(layer: Layer, frame: Frame, gown: Colour, skin: Colour) -> None:
    dark = mix(skin, (0.30, 0.12, 0.12), 0.35)
    layer.polygon(frame.all((-0.075, 0.20), (-0.068, 0.42), (0.068, 0.42), (0.075, 0.20)), dark)
    shoulders = (
        (-0.46, -0.05),
        (-0.42, 0.12),
        (-0.26, 0.20),
        (-0.09, 0.26),
        (0, 0.17),
        (0.09, 0.26),
        (0.26, 0.20),
        (0.42, 0.12),
        (0.46, -0.05),
    )
    layer.polygon(frame.all((-0.12, 0.23), (-0.05, 0.30), (0.05, 0.30), (0.12, 0.23), (0, 0.10)), dark)
    layer.polygon(curve(frame.all(*shoulders)), gown)
    layer.line(
        frame.all((-0.25, 0.20), (-0.09, 0.255), (0, 0.165), (0.09, 0.255), (0.25, 0.20)), 0.012, (0.86, 0.70, 0.34)
    )
    for k in range(-4, 5):
        layer.disc(frame.at(k * 0.028, 0.225 - 0.035 * (1 - (k / 4.5) ** 2)), 0.011, (0.96, 0.93, 0.86))


def _face(layer: Layer, frame: Frame, skin: Colour, stage: Stage) -> None:
    oval = (
        (-0.135, 0.56),
        (-0.125, 0.66),
        (-0.07, 0.74),
        (0.07, 0.74),
        (0.125, 0.66),
        (0.135, 0.56),
        (0.10, 0.43),
        (0.04, 0.365),
        (-0.04, 0.365),
        (-0.10, 0.43),
    )
    layer.polygon(curve(frame.all(*oval)), skin)
    dusk, ink = mix(skin, (0.35, 0.14, 0.16), 0.40), mix(stage.palette.shade, (0.1, 0.05, 0.05), 0.6)
    lip = mix(skin, (0.70, 0.12, 0.18), 0.65)
    for side in (-1, 1):
        mirror = [(side * x, y) for x, y in ((0.030, 0.565), (0.060, 0.582), (0.092, 0.566), (0.060, 0.556))]
        layer.polygon(curve(frame.all(*mirror)), mix(skin, (1, 1, 1), 0.6))
        layer.disc(frame.at(side * 0.060, 0.568), 0.0125 * frame.size, ink)
        layer.disc(frame.at(side * 0.060 + 0.004, 0.573), 0.0035 * frame.size, (1, 1, 1))
        lid = [(side * x, y) for x, y in ((0.026, 0.565), (0.045, 0.583), (0.070, 0.586), (0.100, 0.572))]
        layer.line(frame.all(*lid), 0.0065, ink)
        brow = [(side * x, y) for x, y in ((0.024, 0.606), (0.060, 0.625), (0.106, 0.608))]
        layer.line(frame.all(*brow), 0.008, mix(ink, skin, 0.25))
        layer.disc(frame.at(side * 0.088, 0.495), 0.030 * frame.size, mix(skin, (0.90, 0.35, 0.35), 0.13), squash=0.7)
    layer.line(frame.all((0.012, 0.570), (0.020, 0.500), (0.006, 0.488)), 0.006, dusk)
    layer.polygon(
        curve(frame.all((-0.046, 0.440), (-0.012, 0.453), (0, 0.448), (0.012, 0.453), (0.046, 0.440), (0, 0.420)), 6),
        lip,
    )
    layer.line(frame.all((-0.046, 0.440), (0, 0.437), (0.046, 0.440)), 0.004, mix(lip, ink, 0.5))


def _hair(layer: Layer, frame: Frame, hair: Colour) -> None:
    for side in (-1, 1):
        lock = (
            (0.0, 0.77),
            (0.10, 0.765),
            (0.165, 0.68),
            (0.175, 0.52),
            (0.150, 0.38),
            (0.140, 0.52),
            (0.105, 0.655),
            (0.02, 0.725),
        )
        layer.polygon(curve(frame.all(*((side * x, y) for x, y in lock))), bright(hair, 1.25))


def _crown(stage: Stage, frame: Frame, gem: Colour) -> None:
    canvas = stage.canvas
    gold = (0.90, 0.70, 0.28)
    layer = stage.layer()
    points = [
        (-0.15, 0.735),
        (-0.165, 0.86),
        (-0.10, 0.80),
        (-0.065, 0.90),
        (-0.032, 0.81),
        (0, 0.94),
        (0.032, 0.81),
        (0.065, 0.90),
        (0.10, 0.80),
        (0.165, 0.86),
        (0.15, 0.735),
    ]
    layer.polygon([*frame.all(*points), *frame.all((0.075, 0.765), (0, 0.772), (-0.075, 0.765))], gold)
    layer.line(
        frame.all((-0.15, 0.745), (-0.075, 0.775), (0, 0.782), (0.075, 0.775), (0.15, 0.745)), 0.010, bright(gold, 0.7)
    )
    for x, y in points[1:-1:2]:
        layer.disc(frame.at(x, y), 0.016 * frame.size, (0.98, 0.95, 0.88))
    for x, y, r in ((0, 0.825, 0.019), (-0.085, 0.795, 0.012), (0.085, 0.795, 0.012)):
        layer.disc(frame.at(x, y), r * frame.size, bright(gem, 0.6))
        layer.disc(frame.at(x, y), r * frame.size * 0.75, gem)
        layer.disc(frame.at(x - 0.004, y + 0.006), r * frame.size * 0.25, (1, 1, 1), 0.9)
    polish = 0.85 + 0.35 * np.sin((canvas.x - 0.5) * 42 * canvas.width / canvas.unit + 1.0) * np.ones_like(canvas.y)
    canvas.stamp(layer, shade=polish.astype(np.float32), rim=(1.0, 0.95, 0.75), side=stage.sun_side)
