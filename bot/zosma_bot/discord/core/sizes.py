"""Sizes as people write them: a shape by name, `768x512`, or a free aspect like `16:9`; and how many at once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.sizes import SIZES
from zosma_queue.request import LATENT_PX, SIDE_MAX_PX, SIDE_MIN_PX, Request

#: More make a message that nobody can look at; the HTTP API takes up to `COUNT_MAX`.
PICTURES_MAX = 4
_PIXELS = re.compile(r"\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*", re.IGNORECASE)
_ASPECT = re.compile(r"\s*(\d{1,4}(?:[.,]\d{1,3})?)\s*[:/]\s*(\d{1,4}(?:[.,]\d{1,3})?)\s*")
#: A picture has as many pixels as the usual size here, in another shape.
_USUAL = {name: int(Request.model_fields[name].default) for name in ("width", "height")}


def size_fields(text: str) -> dict[str, Any]:
    """`width` and `height` in pixels, or `aspect` (width by height) where the size is open.

    Raises:
      RequestRefusedError: when it is no size, or has a side that is not possible.
    """
    named = next((size for name, size in SIZES.items() if name.casefold() == text.strip().casefold()), None)
    if named:
        return {"width": named[0], "height": named[1]}
    if pixels := _PIXELS.fullmatch(text):
        wide, high = int(pixels[1]), int(pixels[2])
        if not all(SIDE_MIN_PX <= side <= SIDE_MAX_PX for side in (wide, high)):
            raise refused("size-bounds", field="size", given=text[:40], low=SIDE_MIN_PX, high=SIDE_MAX_PX)
        return {"width": wide, "height": high}
    aspect = _ASPECT.fullmatch(text)
    parts = [float(part.replace(",", ".")) for part in aspect.groups()] if aspect else [0.0]
    if not all(parts):
        raise refused("no-size", field="size", given=text[:40])
    shape(parts[0] / parts[1], {})  # one that is possible
    return {"aspect": parts[0] / parts[1]}


def shape(aspect: float, usual: Mapping[str, Any]) -> dict[str, int]:
    """Width and height of an aspect, with about as many pixels as the usual ones.

    Raises:
      RequestRefusedError: when a side would be too short or too long.
    """
    pixels = usual.get("width", _USUAL["width"]) * usual.get("height", _USUAL["height"])
    wide, high = (round(math.sqrt(side) / LATENT_PX) * LATENT_PX for side in (pixels * aspect, pixels / aspect))
    if not all(SIDE_MIN_PX <= side <= SIDE_MAX_PX for side in (wide, high)):
        raise refused("aspect-bounds", field="size", low=SIDE_MIN_PX, high=SIDE_MAX_PX)
    return {"width": wide, "height": high}
