"""What is done with strangers' pictures in a sandbox's process. Imports little, for each process begins with it."""

from __future__ import annotations

import io
from typing import Any

from PIL import ExifTags, Image, ImageOps

from zosma_queue.picture_headers import TooManyParts, check_parts
from zosma_queue.sandbox import Answer

FORMATS = ("PNG", "JPEG", "WEBP")
#: What every WebUI reads. The small ones know no WebP.
_KEPT_AS_THEY_ARE = ("PNG", "JPEG")
_UPRIGHT = 1
#: Begins an EXIF comment in UTF-16, as A1111 writes it.
_UNICODE = b"UNICODE\0"


def look(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """Decodes a picture once to be sure of it, and turns it as its camera said.

    `args`: `pixels_max`, and `how`: "words" leaves it undecoded, "decoded" as it is, "upright" turns it. Answers
    `width`, `height` and `told` (how it was made, "" when it doesn't say), and the picture anew where it had to be
    changed; or `refused` with why.
    """
    (data,) = blobs
    try:
        check_parts(data)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            # By the header alone: a small file may unfold to gigabytes.
            if image.width * image.height > args["pixels_max"]:
                return {"refused": "too-large", "given": f"{image.width}x{image.height}"}, []
            told = _told(image)
            if args["how"] != "words":
                image.load()
            made = _upright(image) if args["how"] == "upright" else None
            return {"width": image.width, "height": image.height, "told": told}, [made] if made else []
    except TooManyParts as error:
        return {"refused": "too-many-parts", "given": str(error)}, []
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"refused": "too-large", "given": "far more pixels"}, []
    except MemoryError:
        raise
    except Exception:  # Pillow's decoders raise whatever they stumble over
        return {"refused": "no-picture"}, []


def _upright(image: Image.Image) -> bytes | None:
    """The picture as a PNG that every WebUI reads; None when it is one already."""
    turned = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) != _UPRIGHT
    if image.format in _KEPT_AS_THEY_ARE and not turned and not image.mode.startswith("I"):
        return None
    ImageOps.exif_transpose(image, in_place=True)
    plain = image
    if plain.mode.startswith("I"):  # 16 bits: to 8, which `convert` alone would cut off at white
        plain = plain.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    mode = "RGBA" if plain.has_transparency_data else "RGB"
    out = io.BytesIO()
    (plain if plain.mode == mode else plain.convert(mode)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _told(image: Image.Image) -> str:
    told = image.info.get("parameters")
    try:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    except Exception:  # as above; a picture with broken EXIF is still one
        comment = None
    if isinstance(comment, bytes) and comment.startswith(_UNICODE):
        told = told or comment.removeprefix(_UNICODE).decode("utf-16-be", "replace")
    return told if isinstance(told, str) else ""
