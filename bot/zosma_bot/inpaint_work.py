"""What a sandbox's process does for inpainting and outpainting. Imports little, for each process begins with it."""

from __future__ import annotations

import io
import math
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from zosma_bot.picture_work import FORMATS, look
from zosma_queue.sandbox import Answer

#: Masks of another shape than the picture's by more than this would be bent: they belong to another picture.
SHAPES_DIFFER = 0.02
#: Grey from here on is painted anew.
WHITE = 128
#: Spread of the noise in what is to be painted, of 255: something to make details of.
NOISE = 24
#: (longest side in pixels, JPEG quality) of a picture to paint a mask on, best first.
_TRIES = ((768, 75), (640, 70), (512, 60), (384, 50), (256, 40))


def mask(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A mask that somebody sent, at `size` and in black and white; white is painted anew.

    `args`: `pixels_max` of what is decoded, `size` of the picture, and `side_max` of what comes out, null for the size
    itself. Answers a PNG, or `refused` with why: what `look` refuses, or "mask-shape" (`given`), "mask-empty",
    "mask-full".
    """
    refused, sent = _upright(args, blobs)
    if sent is None:
        return refused, []
    wide, high = args["size"]
    if abs(sent.width * high - sent.height * wide) > SHAPES_DIFFER * wide * sent.height:
        return {"refused": "mask-shape", "given": f"{sent.width}x{sent.height}"}, []
    drawn = _drawn(sent)
    scale = min(1.0, args["side_max"] / max(wide, high)) if args["side_max"] else 1.0
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    plain = drawn.resize(size, Image.Resampling.BILINEAR).point(lambda value: 255 * (value >= WHITE))
    low, most = plain.getextrema()
    if low == most:
        return {"refused": "mask-full" if most else "mask-empty"}, []
    return {}, [_png(plain.convert("1") if args["side_max"] else plain)]


def _upright(args: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], Image.Image | None]:
    """({}, the picture as its camera was held); or (`refused` as by `look`, None)."""
    seen, _ = look({"pixels_max": args["pixels_max"], "how": "words"}, blobs)
    if "refused" in seen:
        return seen, None
    try:
        with Image.open(io.BytesIO(blobs[0]), formats=FORMATS) as image:
            ImageOps.exif_transpose(image, in_place=True)
            image.load()
            return {}, image
    except MemoryError:
        raise
    except Exception:  # Pillow's decoders raise whatever they stumble over
        return {"refused": "no-picture"}, None


def _drawn(opened: Image.Image) -> Image.Image:
    """The mask in greys. As A1111: what is drawn on nothing is the mask."""
    if opened.has_transparency_data:
        alpha = (opened if opened.mode.endswith("A") else opened.convert("RGBA")).getchannel("A")
        if alpha.getextrema() != (255, 255):
            return alpha
    return opened.convert("L")


def page(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A small JPEG to paint a mask on, or `refused` as by `look`.

    `args`: `pixels_max` of what is decoded, `bytes_max` of the JPEG.
    """
    refused, sent = _upright(args, blobs)
    if sent is None:
        return refused, []
    picture = sent.convert("RGB")
    for side, quality in _TRIES:
        picture.thumbnail((side, side))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= args["bytes_max"]:
            break
    return {}, [out.getvalue()]


def extended(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A picture on a larger canvas, and the mask of what is to be painted there, as PNG; or `refused` as by `look`.

    `args`: `pixels_max` of what is decoded, `whole` (size of the canvas), `inner` (size of the picture on it), `at`
    (where, from the left and the top), and `seam` (pixels of the picture that are painted anew along its inner edges,
    so that both grow together).
    """
    refused, sent = _upright(args, blobs)
    if sent is None:
        return refused, []
    picture = sent.convert("RGB")
    inner, whole, at = tuple(args["inner"]), tuple(args["whole"]), tuple(args["at"])
    if picture.size != inner:
        picture = picture.resize(inner, Image.Resampling.LANCZOS)
    canvas = _mirrored(picture, whole, at)
    rim = max(at[0], at[1], whole[0] - inner[0] - at[0], whole[1] - inner[1] - at[1])
    canvas = canvas.filter(ImageFilter.GaussianBlur(max(4, rim / 8)))
    noise = Image.merge("RGB", [Image.effect_noise(whole, NOISE) for _ in range(3)])
    canvas = ImageChops.add(canvas, noise, offset=-128)
    canvas.paste(picture, at)
    return {}, [_png(canvas), _png(_around(whole, inner, at, args["seam"]))]


def _mirrored(picture: Image.Image, whole: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """The canvas filled with the picture and its mirror images, as if there were a mirror along each edge."""
    wide, high = picture.size
    canvas = Image.new("RGB", whole)
    for column in range(-math.ceil(at[0] / wide), math.ceil((whole[0] - at[0]) / wide)):
        tile = ImageOps.mirror(picture) if column % 2 else picture
        for row in range(-math.ceil(at[1] / high), math.ceil((whole[1] - at[1]) / high)):
            canvas.paste(ImageOps.flip(tile) if row % 2 else tile, (at[0] + column * wide, at[1] + row * high))
    return canvas


def _around(whole: tuple[int, int], inner: tuple[int, int], at: tuple[int, int], seam: int) -> Image.Image:
    """White outside of the picture, and a seam's width into it where something follows."""
    left, top = at
    right, bottom = left + inner[0], top + inner[1]
    kept = (
        left + (seam if left else 0),
        top + (seam if top else 0),
        right - (seam if right < whole[0] else 0) - 1,
        bottom - (seam if bottom < whole[1] else 0) - 1,
    )
    painted = Image.new("L", whole, 255)
    ImageDraw.Draw(painted).rectangle(kept, fill=0)
    return painted


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
