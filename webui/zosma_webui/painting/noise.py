"""Smooth random fields, the raw material of clouds, ridges and textures.

Every field is made of small random lattices stretched to the wanted size. A lattice knows nothing of pixels, so
a picture and its thumbnail made from the same seed show the same clouds.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
"""One number for each pixel, shape (height, width); some are colours, with a last axis of 3."""


def random(*key: object) -> np.random.Generator:
    """A generator that depends on nothing but `key`: same key, same numbers, in any process."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def stretch(field: Field, size: tuple[int, int]) -> Field:
    """`field` resampled to `size` (width, height)."""
    resized = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(resized, dtype=np.float32)


def fractal(
    rng: np.random.Generator,
    size: tuple[int, int],
    *,
    cells: tuple[float, float],
    octaves: int = 4,
    gain: float = 0.5,
) -> Field:
    """Sum of `octaves` lattices, the first with `cells` (across, down), each next twice as fine and `gain` as strong.

    Shape (height, width), values about 0..1 with mean 0.5.
    """
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    weight, weights = 1.0, 0.0
    across, down = cells
    for _ in range(octaves):
        lattice = rng.random((max(2, round(down) + 1), max(2, round(across) + 1)), dtype=np.float32)
        total += weight * stretch(lattice, size)
        weights += weight
        weight, across, down = weight * gain, across * 2, down * 2
    # The sum of several lattices crowds around its mean; the factor spreads it over 0..1 again.
    field: Field = np.clip((total / weights - 0.5) * 1.5 + 0.5, 0, 1).astype(np.float32)
    return field


def skyline(rng: np.random.Generator, width: int, *, cells: float, octaves: int = 6, gain: float = 0.5) -> Field:
    """One-dimensional `fractal`: shape (width,), values about 0..1."""
    row: Field = fractal(rng, (width, 2), cells=(cells, 0), octaves=octaves, gain=gain)[0]
    return row


def blur(field: Field, radius: float) -> Field:
    """A cheap wide blur: the field is reduced by `radius` pixels and stretched back. Same shape as `field`."""
    height, width = field.shape
    small = (max(1, round(width / max(radius, 1))), max(1, round(height / max(radius, 1))))
    reduced = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32)).resize(small, Image.Resampling.BOX)
    return np.asarray(reduced.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
