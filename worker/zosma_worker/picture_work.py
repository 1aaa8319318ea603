"""What is done in a sandbox's process with pictures that a WebUI sends. Imports little, for each begins with it."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageOps

from zosma_queue.picture_headers import check_parts
from zosma_queue.sandbox import Answer
from zosma_worker.layout import laid_out, prepared_mask

#: Longest side of a preview.
SIDE_MAX_PX = 512
#: (longest side in pixels, JPEG quality) of a preview, best first.
_TRIES = ((SIDE_MAX_PX, 75), (SIDE_MAX_PX, 50), (384, 45), (256, 40), (128, 30))


def look(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """Decodes a picture wholly. `args`: `formats`. Answers whether it is `black`."""
    (data,) = blobs
    check_parts(data)
    with Image.open(io.BytesIO(data), formats=args["formats"]) as image:
        image.load()
        return {"black": image.convert("RGB").getbbox() is None}, []


def fitted(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A picture as a PNG of `size` in RGB; what stands over is cut off. `args`: `formats`, `size`."""
    (data,) = blobs
    with Image.open(io.BytesIO(data), formats=args["formats"]) as image:
        return {}, [_png(ImageOps.fit(image.convert("RGB"), tuple(args["size"]), Image.Resampling.LANCZOS))]


def cropped(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A part of a picture as a PNG. `args`: `formats`, `box` (left, top, right, bottom in pixels)."""
    (data,) = blobs
    with Image.open(io.BytesIO(data), formats=args["formats"]) as image:
        return {}, [_png(image.crop(tuple(args["box"])))]


def unmasked(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A picture with what its mask doesn't cover as in the one that it started from, as a PNG.

    `blobs`: picture, start, mask. `args`: `size`, and of the mask `invert`, `blur` and `mode` (A1111's `resize_mode`).
    """
    data, start, mask = blobs
    size = tuple(args["size"])
    drawn = prepared_mask(mask, invert=args["invert"], blur=args["blur"])
    before, painted = (Image.open(io.BytesIO(laid_out(one, size, size, args["mode"]))) for one in (start, drawn))
    with Image.open(io.BytesIO(data), formats=args["formats"]) as image:
        return {}, [_png(Image.composite(image.convert("RGB"), before.convert("RGB"), painted.convert("L")))]


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def shrink(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A preview as a small JPEG, nothing where that can't be.

    `args`: how many pixels are decoded at most, `pixels_max`, and `bytes_max` of the JPEG.
    """
    (data,) = blobs
    check_parts(data)
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
        if image.width * image.height > args["pixels_max"]:
            return {}, []
        picture = image.convert("RGB")
    for side, quality in _TRIES:
        picture.thumbnail((side, side))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= args["bytes_max"]:
            return {}, [out.getvalue()]
    return {}, []
