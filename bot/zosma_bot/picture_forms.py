"""Makes a picture into another format or size, in a sandbox's process. Imports little, for each begins with it."""

from __future__ import annotations

import io
from typing import Any

from PIL import ExifTags, Image

from zosma_queue.picture_headers import check_parts
from zosma_queue.sandbox import Answer

#: Good to look at, and a tenth of a PNG.
_QUALITY = {"jpeg": 90, "webp": 90}
#: Small ones are looked at in passing.
_SMALL_QUALITY = 80


def form(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """The picture anew. `args`: `format`, and `size` that its longer side may have (null: as it is).

    Or `exact`, the [width, height] that it is brought to. `told`: how it was made, where A1111 writes that.
    """
    (data,) = blobs
    check_parts(data)
    format_, size = args["format"], args["size"]
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
        if size and format_ != "png":
            image.draft("RGB", (size, size))  # a JPEG is decoded no larger than it has to be
        image.load()
        made = image if image.mode == "RGB" or (image.mode == "RGBA" and format_ != "jpeg") else image.convert("RGB")
        if size:
            made.thumbnail((size, size))
        if exact := args.get("exact"):
            made = made.resize(tuple(exact))
        out = io.BytesIO()
        quality = {"quality": _SMALL_QUALITY if size else _QUALITY[format_]} if format_ in _QUALITY else {}
        told = args.get("told") if format_ != "png" else ""
        made.save(out, format_.upper(), **quality, **({"exif": exif_with(told)} if told else {}))
    return {}, [out.getvalue()]


def exif_with(told: str) -> Image.Exif:
    """The EXIF in which A1111 and its readers look for the parameters of a JPEG or WebP."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + told.encode("utf-16-be")
    return exif
