"""Pictures to start from, laid out for servers that only squash them: done in a sandbox's process."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from zosma_queue.sandbox import Answer


def start(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """`laid_out` for a picture. `args`: its other arguments, by name."""
    return {}, [_laid_out(blobs[0], args)]


def mask(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """`prepared_mask` and then `laid_out`. `args`: the other arguments of both, by name."""
    return {}, [_laid_out(prepared_mask(blobs[0], invert=args["invert"], blur=args["blur"]), args)]


def _laid_out(data: bytes, args: dict[str, Any]) -> bytes:
    wide, high = args["size"]
    whole_wide, whole_high = args["whole"]
    return laid_out(data, (wide, high), (whole_wide, whole_high), args["mode"])


def prepared_mask(data: bytes, *, invert: bool, blur: int) -> bytes:
    """A mask of which white is painted anew, with a soft edge, as a PNG."""
    with Image.open(io.BytesIO(data)) as opened:
        # As A1111: what is drawn on nothing is the mask.
        mask = opened.getchannel("A") if opened.mode in ("RGBA", "LA") and _is_see_through(opened) else opened
        mask = mask.convert("L")
    if invert:
        mask = ImageOps.invert(mask)
    if blur:
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
    out = io.BytesIO()
    mask.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _is_see_through(image: Image.Image) -> bool:
    return image.getchannel("A").getextrema() != (255, 255)


def laid_out(data: bytes, size: tuple[int, int], whole: tuple[int, int], mode: int) -> bytes:
    """The picture at `size`, in the middle of one of `whole` whose rim repeats its edge, as a PNG."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("L" if opened.mode == "L" else "RGB")
    if mode == 1:
        image = ImageOps.fit(image, size)
    elif mode == 2:
        image = ImageOps.pad(image, size)
    else:
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
    canvas = image.transform(whole, Image.Transform.AFFINE, (1, 0, -left, 0, 1, -top)) if whole != size else image
    if whole != size:
        _repeat_edges(canvas, image, left, top)
    out = io.BytesIO()
    canvas.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _repeat_edges(canvas: Image.Image, image: Image.Image, left: int, top: int) -> None:
    """Fills the rim of the canvas with the outermost rows and columns of the image."""
    wide, high = image.size
    right, bottom = canvas.width - left - wide, canvas.height - top - high
    for box, width, x in (((0, 0, 1, high), left, 0), ((wide - 1, 0, wide, high), right, left + wide)):
        if width:
            canvas.paste(image.crop(box).resize((width, high)), (x, top))
    for y, height, at in ((top, top, 0), (top + high - 1, bottom, top + high)):
        if height:
            canvas.paste(canvas.crop((0, y, canvas.width, y + 1)).resize((canvas.width, height)), (0, at))
