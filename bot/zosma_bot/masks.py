"""Masks for inpainting, and larger canvases for outpainting; whatever strangers have sent is decoded in a sandbox."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from zosma_bot.inputs import STRANGERS
from zosma_queue.request import INPUT_PIXELS_MAX
from zosma_queue.sandbox import Answer, SandboxError

#: Longest side of a mask that is kept until its painter comes back: one of pure noise has 33 kB then.
KEPT_SIDE_PX = 512
#: Of the picture that a mask is painted on.
PAGE_MAX_BYTES = 44_000
#: Pixels of the old picture that are painted anew along an edge that is extended.
SEAM_PX = 16


class MaskError(Exception):
    """Raised for a mask or picture that can't be used.

    `why`: "mask-shape" (with `given`, its size), "mask-empty", "mask-full", "too-slow", or as `picture_work.look` says.
    """

    def __init__(self, why: str, given: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.given = given


@dataclass(frozen=True)
class Extension:
    """A picture on a larger canvas; all in pixels."""

    whole: tuple[int, int]
    """Width and height of the canvas."""
    inner: tuple[int, int]
    """Of the picture on it."""
    at: tuple[int, int]
    """Where the picture's left upper corner is."""


async def mask_of(data: bytes, size: tuple[int, int], who: str, *, kept: bool = False) -> bytes:
    """A mask that `who` sent for a picture of this size, as a PNG of that size; `kept`: a small one, to be stored.

    Raises:
      MaskError: when it can't be used.
    """
    args = {"size": size, "side_max": KEPT_SIDE_PX if kept else None}
    _, made = await _done("mask", args, data, who)
    return made[0]


async def page_of(data: bytes, who: str) -> bytes:
    """A small JPEG of a picture to paint a mask on.

    Raises:
      MaskError: when the picture can't be decoded.
    """
    _, made = await _done("page", {"bytes_max": PAGE_MAX_BYTES}, data, who)
    return made[0]


async def extended(data: bytes, extension: Extension, who: str) -> tuple[bytes, bytes]:
    """(the picture on its canvas, the mask of what is to be painted), both as PNG.

    Raises:
      MaskError: when the picture can't be decoded.
    """
    args = {"whole": extension.whole, "inner": extension.inner, "at": extension.at, "seam": SEAM_PX}
    _, made = await _done("extended", args, data, who)
    return made[0], made[1]


def region_mask(size: tuple[int, int], box: tuple[float, float, float, float]) -> bytes:
    """A mask of `size` that is white in `box`: left, top, right and bottom as shares of the sides."""
    wide, high = size
    mask = Image.new("L", size)
    left, top, right, bottom = box
    shape = (round(left * wide), round(top * high), round(right * wide) - 1, round(bottom * high) - 1)
    ImageDraw.Draw(mask).rectangle(shape, fill=255)
    out = io.BytesIO()
    mask.save(out, "PNG", compress_level=1)
    return out.getvalue()


async def _done(work: str, args: dict[str, Any], data: bytes, who: str) -> Answer:
    try:
        args = args | {"pixels_max": INPUT_PIXELS_MAX}
        seen, made = await STRANGERS.run(f"zosma_bot.inpaint_work:{work}", args, [data], who=who)
    except SandboxError as error:
        raise MaskError("too-slow") from error
    if refused := seen.get("refused"):
        raise MaskError(refused, str(seen.get("given", "")))
    return seen, made
