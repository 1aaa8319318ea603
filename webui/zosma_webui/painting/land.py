"""Everything below the sky: mountains, water, dunes, woods, streets and snow."""

from __future__ import annotations

import math

import numpy as np

from .canvas import Layer, Point
from .noise import Field, blur, fractal, skyline
from .palette import Colour, bright, from_hue, mix, ramp
from .stage import Stage


def mountains(stage: Stage) -> None:
    """Three ranges, the nearer the darker, their sunny flanks lit and the highest with snow."""
    for depth in range(3):
        _range(stage, depth)


def _range(stage: Stage, depth: int) -> None:
    canvas, p, rng = stage.canvas, stage.palette, stage.rng(f"range{depth}")
    tall = (0.40, 0.27, 0.14)[depth] * stage.horizon / 0.6
    line = skyline(rng, canvas.width, cells=(1.9 + depth * 1.1) * canvas.aspect, octaves=7, gain=0.44)
    peaks = np.abs(line - 0.5) * 2  # folding at the middle turns round hills into sharp crests
    crest = stage.horizon - tall * (1 - 0.85 * peaks)[None, :]
    mask = np.clip((canvas.y - crest) * canvas.height + 0.5, 0, 1)
    rock = fractal(
        stage.grit(f"rock{depth}"), canvas.size, cells=canvas.cells(7 + 3 * depth, 0.8), octaves=5, gain=0.52
    )
    slope = np.gradient(rock, axis=1) * canvas.unit / 16 * -math.copysign(1, stage.sun[0] - 0.5)
    slope = slope + np.gradient(crest[0])[None, :] * canvas.width * 0.35 * math.copysign(1, 0.5 - stage.sun[0])
    lit = np.clip(0.42 + slope * 0.45, 0, 1)
    far = (0.62, 0.38, 0.12)[depth]
    dark = mix(mix(p.shade, p.middle, 0.18), p.haze, far)
    sunny = mix(mix(mix(p.shade, p.light, 0.5), p.leaf, 0.2), p.haze, far)
    colours = ramp([dark, mix(dark, sunny, 0.4), sunny], lit.astype(np.float32))
    drop = np.clip((canvas.y - crest) / tall, 0, 1)
    if depth < 2:
        snow = np.clip((0.30 - 0.12 * depth - drop + (rock - 0.5) * 0.9) / 0.06, 0, 1) * np.clip(
            (0.72 - peaks) / 0.2, 0, 1
        )
        white = mix(mix(p.light, (0.96, 0.97, 1.0), 0.55), p.haze, far * 0.5)
        blue = mix(mix(p.middle, p.haze, 0.5), (0.6, 0.65, 0.8), 0.3 if stage.scene.time == "day" else 0.0)
        colours = colours + (ramp([blue, white], lit.astype(np.float32)) - colours) * snow[..., None]
    mist = (np.clip((drop - 0.35) / 0.65, 0, 1) ** 1.5 * 0.6)[..., None]
    canvas.cover(mask, colours + (np.asarray(p.haze, dtype=np.float32) - colours) * mist)


def water(stage: Stage) -> None:
    """Mirror of all above the horizon, broken by ripples that grow towards the viewer, with the sun's glitter."""
    canvas, p = stage.canvas, stage.palette
    top = min(canvas.height - 1, round(stage.horizon * canvas.height))
    rows = canvas.height - top
    calm = 0.35 if stage.scene.ground == "lake" else 1.0
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    size = (canvas.width, rows)
    near = fractal(stage.grit("waves"), size, cells=(7 * canvas.aspect, 26), octaves=4, gain=0.6)
    far = fractal(stage.grit("ripples"), size, cells=(26 * canvas.aspect, 90), octaves=2)
    ripple = (far - 0.5) * (1 - depth) + (near - 0.5) * depth
    reach = canvas.height * 0.10 * (0.12 + depth) * calm
    source = np.clip(top - 1 - np.arange(rows)[:, None] * 0.92 + ripple * reach * 2, 0, top - 1).astype(np.intp)
    sway = np.clip(np.arange(canvas.width)[None, :] + ripple * reach * 0.35, 0, canvas.width - 1).astype(np.intp)
    mirror = canvas.rgb[source, sway]
    depths = np.asarray(mix(p.water, p.shade, 0.25), dtype=np.float32)
    share = np.clip(0.24 + 0.40 * depth + ripple * 1.1 * calm * depth, 0, 1)
    canvas.rgb[top:] = mirror + (depths - mirror) * share[..., None]
    _glitter(stage, top, ripple, depth)
    shore = np.exp(-np.abs(canvas.y - stage.horizon) * canvas.unit / 1.6) * 0.45
    canvas.cover(shore * np.ones_like(canvas.x), mix(p.haze, p.light, 0.4))


def _glitter(stage: Stage, top: int, ripple: Field, depth: Field) -> None:
    canvas = stage.canvas
    spread = 0.03 + 0.16 * depth
    column = np.exp(-(((canvas.x - stage.sun[0]) / spread) ** 2))
    sparks = np.clip(ripple * 3.2 + 0.12, 0, 1) * column
    mask = np.zeros((canvas.height, canvas.width), dtype=np.float32)
    mask[top:] = sparks * (0.35 if stage.scene.time == "day" else 0.85)
    canvas.glow(mask, stage.palette.light)


def hills(stage: Stage) -> None:
    """Rolling layers of grass, or of snow, with a tuft of texture in front."""
    canvas, p = stage.canvas, stage.palette
    snowy = stage.scene.ground == "snow" or "snow" in stage.scene.weather
    grass = mix((0.82, 0.87, 0.95), p.haze, 0.35) if snowy else p.leaf
    for depth in range(4):
        near = depth / 3
        line = skyline(stage.rng(f"hill{depth}"), canvas.width, cells=(1.6 + 0.5 * depth) * canvas.aspect, octaves=3)
        crest = stage.horizon + (1 - stage.horizon) * (near * 0.62) - (line[None, :] - 0.35) * 0.13
        mask = np.clip((canvas.y - crest) * canvas.height + 0.5, 0, 1)
        turf = fractal(
            stage.grit(f"turf{depth}"), canvas.size, cells=canvas.cells(9 + 12 * near, 1.6), octaves=5, gain=0.62
        )
        drop = np.clip((canvas.y - crest) / 0.22, 0, 1)
        lit = np.clip(0.85 - drop * 0.85 + (turf - 0.5) * 0.9 + _sunward(stage) * 0.25, 0, 1)
        dark = mix(mix(p.shade, grass, 0.25 if not snowy else 0.55), p.haze, 0.55 * (1 - near))
        sunny = mix(mix(grass, p.light, 0.30), p.haze, 0.55 * (1 - near))
        canvas.cover(mask, ramp([dark, mix(dark, sunny, 0.45), sunny], lit.astype(np.float32)))


def _sunward(stage: Stage) -> Field:
    return (1 - np.clip(np.abs(stage.canvas.x - stage.sun[0]) / 0.6, 0, 1)) - 0.5


def dunes(stage: Stage) -> None:
    """Dunes, each with a lit and a shadowed flank that meet along a winding spine, rippled by the wind."""
    for depth in range(5):
        _dune(stage, depth / 4, depth)


def _dune(stage: Stage, near: float, depth: int) -> None:
    canvas, p, rng = stage.canvas, stage.palette, stage.rng(f"dune{depth}")
    side = math.copysign(1, stage.sun[0] - 0.5)
    top = rng.uniform(0.15, 0.85)
    away = canvas.x - top
    swell = skyline(rng, canvas.width, cells=2.2 * canvas.aspect, octaves=2, gain=0.25)[None, :]
    peak = np.exp(-np.sqrt(away * away + 0.0006) / (0.20 + 0.12 * near))
    crest = stage.horizon + (1 - stage.horizon) * near * 0.72 + 0.03 - (peak * 0.9 + swell * 0.5) * (0.07 + 0.10 * near)
    drop = np.clip((canvas.y - crest) / (0.14 + 0.34 * near), 0, 2)
    wind = fractal(rng, canvas.size, cells=canvas.cells(2.2, 1.5), octaves=2) - 0.5
    # The spine starts at the peak and wanders sideways as it comes down towards the viewer.
    spine = away - side * (0.10 * np.sin(drop * 2.4) + 0.16 * drop) - wind * 0.22 * drop
    sunny_side = 0.5 + 0.5 * np.tanh(spine * side * (22 - 9 * near) / (0.25 + drop))
    ripples = (
        np.sin((canvas.y - crest) * (330 - 170 * near) + wind * 30 + canvas.x * 11) * 0.055 * np.clip(drop * 2, 0, 1)
    )
    grain = fractal(stage.grit(f"sand{depth}"), canvas.size, cells=canvas.cells(60), octaves=2) - 0.5
    lit = np.clip(0.12 + 0.76 * sunny_side - drop * 0.10 + ripples + grain * 0.10, 0, 1)
    sand, haze = mix((0.88, 0.62, 0.36), p.light, 0.25), 0.6 * (1 - near)
    dark = mix(mix(p.shade, mix(sand, p.middle, 0.45), 0.42), p.haze, haze)
    sunny = mix(mix(sand, p.light, 0.3), p.haze, haze)
    mask = np.clip((canvas.y - crest) * canvas.height + 0.5, 0, 1)
    canvas.cover(mask, ramp([dark, mix(dark, sunny, 0.4), sunny], lit))


def forest(stage: Stage) -> None:
    """Rows of conifers fading into the mist, then a forest floor with spots of light."""
    canvas, p = stage.canvas, stage.palette
    for depth in range(4):
        near, rng = depth / 3, stage.rng(f"trees{depth}")
        foot = stage.horizon + (1 - stage.horizon) * (0.05 + 0.40 * near)
        layer = stage.layer()
        leaf = mix(mix(p.leaf, p.shade, 0.35 + 0.35 * near), mix(p.haze, p.low, 0.3), 0.72 * (1 - near) ** 0.8)
        for _ in range(round((30 - 7 * depth) * max(1.0, canvas.aspect))):
            x = float(rng.random())
            if depth == 3 and abs(x - stage.focus) < 0.17:
                continue  # the front row leaves the subject its clearing
            tall = rng.uniform(0.6, 1.0) * (0.28 + 0.42 * near)
            conifer(layer, stage, (x, foot + rng.uniform(0, 0.02)), tall, leaf, rng)
        layer.polygon([(0, foot - 0.004), (1, foot - 0.004), (1, 1), (0, 1)], mix(leaf, p.haze, 0.15 * (1 - near)))
        canvas.stamp(layer, rim=mix(leaf, p.light, 0.35 * near + 0.1), side=stage.sun_side)
        mist = np.exp(-(((canvas.y - foot) / 0.10) ** 2)) * 0.38 * (1 - near)
        canvas.cover(mist * np.ones_like(canvas.x), mix(p.haze, p.low, 0.4))
    _floor(stage)


def _floor(stage: Stage) -> None:
    canvas, p = stage.canvas, stage.palette
    top = stage.horizon + (1 - stage.horizon) * 0.42
    moss = fractal(stage.grit("moss"), canvas.size, cells=canvas.cells(11, 2.4), octaves=5, gain=0.6)
    spots = fractal(stage.rng("spots"), canvas.size, cells=canvas.cells(6, 3), octaves=2)
    pool = np.exp(-(((canvas.x - stage.focus) / 0.30) ** 2))
    lit = np.clip((moss - 0.28) * 1.0 + np.clip(spots - 0.52, 0, 1) * 1.4 * pool + 0.16 * pool, 0, 1)
    dark, sunny = mix(p.shade, p.leaf, 0.25), mix(p.leaf, p.light, 0.45)
    mask = np.clip((canvas.y - top - (moss - 0.5) * 0.05) / 0.03, 0, 1)
    canvas.cover(mask, ramp([dark, mix(dark, sunny, 0.45), sunny], lit.astype(np.float32)))
    shafts = np.clip(np.sin((canvas.x + canvas.y * 0.45) * 21 + 3 * stage.sun[0]) - 0.35, 0, 1)
    fade = np.clip(1 - canvas.y / 0.9, 0, 1) * pool
    canvas.glow(shafts * fade * (0.06 if stage.dark else 0.20), p.light)


def conifer(layer: Layer, stage: Stage, foot: Point, tall: float, colour: Colour, rng: np.random.Generator) -> None:
    """One fir of `tall` units: a jagged outline, drooping boughs left and right."""
    frame = stage.frame(foot[0], foot[1], tall)
    tiers = 9
    left: list[Point] = []
    right: list[Point] = []
    for tier in range(tiers):
        up = 1 - tier / tiers
        wide = 0.045 + 0.20 * (tier / tiers) * rng.uniform(0.8, 1.15)
        left += frame.all((-wide * 0.45, up), (-wide, up - 0.105))
        right += frame.all((wide * 0.45, up), (wide, up - 0.105 * rng.uniform(0.8, 1.2)))
    layer.polygon([frame.at(0, 1.06), *right, frame.at(0.03, 0), frame.at(-0.03, 0), *reversed(left)], colour)


def city(stage: Stage) -> None:
    """Three rows of towers; after sunset their windows are lit and signs glow between them."""
    canvas, p = stage.canvas, stage.palette
    for depth in range(3):
        near, rng = depth / 2, stage.rng(f"towers{depth}")
        body = mix(mix(p.shade, p.middle, 0.35), mix(p.haze, p.low, 0.4), 0.25 + 0.55 * (1 - near))
        towers, lights = stage.layer(), stage.layer()
        x = -0.02
        while x < 1.02:
            wide = rng.uniform(0.05, 0.11) * (0.75 + 0.5 * near) / max(1.0, canvas.aspect)
            lift = 1 - 0.35 * abs(x - stage.focus)
            tall = rng.uniform(0.25, 1.0) * (0.52, 0.44, 0.30)[depth] * stage.horizon / 0.66 * lift
            _tower(stage, towers, lights, (x, x + wide, tall), body, near, rng)
            x += wide * rng.uniform(0.88, 1.12)
        shade = 0.86 + 0.28 * np.clip((stage.horizon - canvas.y) / 0.5, 0, 1) * np.ones_like(canvas.x)
        canvas.stamp(towers, shade=shade, rim=mix(body, p.light, 0.4), side=stage.sun_side)
        _shine(stage, lights, 0.9 if stage.dark else 0.35)
        mist = np.clip((canvas.y - stage.horizon + 0.24) / 0.24, 0, 1) * (0.42 - 0.18 * near)
        canvas.cover(mist * (canvas.y < stage.horizon), mix(p.haze, p.low, 0.5))


def _tower(
    stage: Stage,
    towers: Layer,
    lights: Layer,
    box: tuple[float, float, float],
    body: Colour,
    near: float,
    rng: np.random.Generator,
) -> None:
    left, right, tall = box
    foot, roof = stage.horizon, stage.horizon - tall
    towers.polygon([(left, foot), (left, roof), (right, roof), (right, foot)], bright(body, rng.uniform(0.85, 1.2)))
    if rng.random() < 0.3:
        middle = (left + right) / 2
        towers.polygon([(middle - 0.003, roof), (middle, roof - tall * 0.22), (middle + 0.003, roof)], body)
    columns = max(2, round((right - left) / 0.014 * stage.canvas.aspect))
    rows = max(3, round(tall / 0.026))
    share = (0.62 if stage.dark else 0.30) * rng.uniform(0.4, 1.2)
    tint = from_hue(float(rng.choice([0.09, 0.11, 0.13, 0.55])), rng.uniform(0.25, 0.6), 1.0)
    width, height = (right - left) / columns, tall / rows
    lit = rng.random((rows, columns)) < share
    for row, column in zip(*np.nonzero(lit), strict=True):
        x, y = left + width * (column + 0.25), roof + height * (row + 0.3)
        pane = [(x, y), (x + width * 0.5, y), (x + width * 0.5, y + height * 0.45), (x, y + height * 0.45)]
        lights.polygon(pane, tint, (0.5 + 0.5 * near) * float(rng.uniform(0.5, 1.0)))
    if stage.dark and near > 0.4 and rng.random() < 0.45:
        x, y = left + (right - left) * 0.5, roof + tall * rng.uniform(0.2, 0.6)
        sign = [(x, y), (x + 0.012, y), (x + 0.012, y + 0.07), (x, y + 0.07)]
        lights.polygon(sign, from_hue(float(rng.choice([0.93, 0.52, 0.80, 0.02])), 0.85, 1.0))


def _shine(stage: Stage, lights: Layer, strength: float) -> None:
    """Stamp lights and let them bleed into the air around."""
    canvas = stage.canvas
    colours, alpha = lights.flat()
    canvas.cover(alpha * strength, colours)
    for reach, power in ((0.012, 1.1), (0.05, 1.3)):
        for channel in range(3):
            halo = blur(colours[..., channel] * alpha, canvas.unit * reach) * power * strength
            canvas.rgb[..., channel] += np.clip(halo, 0, 1) * (1 - np.clip(canvas.rgb[..., channel], 0, 1))


def street(stage: Stage) -> None:
    """Asphalt that mirrors the city in long smears, the more so in rain."""
    canvas, p = stage.canvas, stage.palette
    wet = 1.0 if "rain" in stage.scene.weather else 0.55
    top = min(canvas.height - 1, round(stage.horizon * canvas.height))
    rows = canvas.height - top
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    puddles = fractal(stage.grit("puddles"), (canvas.width, rows), cells=(5 * canvas.aspect, 9), octaves=4)
    source = np.clip(top - 1 - np.arange(rows) * 1.15, 0, top - 1).astype(np.intp)
    mirror = canvas.rgb[source]
    smear = np.stack([blur(mirror[..., c].repeat(1, axis=0), canvas.unit * 0.02) for c in range(3)], axis=-1)
    jitter = (np.arange(canvas.width)[None, :] + (puddles - 0.5) * canvas.unit * 0.07 * depth).astype(np.intp)
    smear = smear[np.arange(rows)[:, None], np.clip(jitter, 0, canvas.width - 1)] * 0.5 + mirror * 0.5
    asphalt = np.asarray(mix(p.shade, p.haze, 0.16), dtype=np.float32) * (0.7 + 0.6 * puddles)[..., None]
    gloss = np.clip(wet * (0.62 + 0.9 * (puddles - 0.35)) * (1.0 - 0.35 * depth), 0, 0.92)
    canvas.rgb[top:] = asphalt + (smear * 1.35 - asphalt) * gloss[..., None]
