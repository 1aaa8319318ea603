"""A1111's infotext: composed when a WebUI sends none, and written into a PNG without touching its pixels."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image

from zosma_queue.infotext import pairs
from zosma_queue.request import Hires, Request
from zosma_queue.tiles import SDUpscale, UltimateSDUpscale

KEYWORD = "parameters"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")


def compose(
    request: Request,
    *,
    seed: int,
    checkpoint: str,
    checkpoint_hash: str | None,
    sampler: str,
    subseed: int | None = None,
    made_size: tuple[int, int] | None = None,
    version: str = "",
    distilled: bool = False,
) -> str:
    """The infotext of one picture: prompt, negative prompt, and the line of parameters.

    `made_size`: what it was made in, when it has been cut to the request's size. `distilled`: the guidance is no CFG
    scale, see `Facts`.
    """
    wide, high = made_size or (request.width, request.height)
    fields: dict[str, Any] = {
        "Steps": request.steps,
        "Sampler": sampler or None,
        "Schedule type": request.scheduler,
        "CFG scale": "1" if distilled else f"{request.cfg_scale:g}",
        "Distilled CFG Scale": f"{request.cfg_scale:g}" if distilled else None,
        "Seed": seed,
        "Size": f"{wide}x{high}",
        "Model hash": checkpoint_hash,
        "Model": checkpoint,
        "VAE": request.vae,
        "Variation seed": subseed if request.subseed_strength else None,
        "Variation seed strength": f"{request.subseed_strength:g}" if request.subseed_strength else None,
        **_second_look(request),
        "Clip skip": request.clip_skip if (request.clip_skip or 1) > 1 else None,
        "Styles": ", ".join(request.styles) or None,
        "Workflow": request.workflow,
        "Cut to": "{}x{}".format(*request.output_size) if made_size else None,
        "Version": version or None,
    }
    line = ", ".join(f"{key}: {_quoted(value)}" for key, value in fields.items() if value is not None)
    negative = f"\nNegative prompt: {request.negative_prompt}" if request.negative_prompt else ""
    return f"{request.prompt}{negative}\n{line}"


def _second_look(request: Request) -> dict[str, Any]:
    """What a picture was made larger or made from."""
    if request.hires:
        return {
            "Denoising strength": f"{request.hires.denoise:g}",
            **_hires_size(request.hires),
            "Hires steps": request.hires.steps or None,
            "Hires upscaler": request.hires.upscaler,
        }
    if request.img2img:
        return {
            "Denoising strength": f"{request.img2img.denoising_strength:g}",
            "Mask blur": request.img2img.mask_blur if request.img2img.mask else None,
            **(_tiled(request.tiled, request) if request.tiled else {}),
        }
    return {}


def _tiled(asked: SDUpscale | UltimateSDUpscale, request: Request) -> dict[str, Any]:
    if isinstance(asked, SDUpscale):
        return {"SD upscale overlap": asked.overlap, "SD upscale upscaler": asked.upscaler}
    return {
        "Ultimate SD upscale upscaler": asked.upscaler or "None",
        "Ultimate SD upscale tile_width": request.width,
        "Ultimate SD upscale tile_height": request.height,
        "Ultimate SD upscale mask_blur": asked.mask_blur,
        "Ultimate SD upscale padding": asked.padding,
    }


def _hires_size(hires: Hires) -> dict[str, str]:
    if hires.width or hires.height:
        return {"Hires resize": f"{hires.width}x{hires.height}"}
    return {"Hires upscale": f"{hires.scale:g}"}


def is_whole(text: str, seed: int) -> bool:
    """True for the infotext of a picture with this seed that says how to make it again."""
    found = pairs(text)
    return (
        {"Steps", "Seed"} <= found.keys() and ("Model" in found or "Model hash" in found) and found["Seed"] == str(seed)
    )


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(sign in text for sign in ",:\n") else text


def with_infotext(png: bytes, text: str) -> bytes:
    """The PNG with `text` as its `parameters`, all other bytes as they were.

    Raises:
      ValueError: when it is no whole PNG.
    """
    kept = [chunk for chunk in _chunks(png) if not _is_infotext(chunk)]
    header, rest = kept[0], kept[1:]
    return b"".join((_SIGNATURE, header, _text_chunk(text), *rest))


def without_texts(png: bytes) -> bytes:
    """The PNG without any text in it, all other bytes as they were.

    Raises:
      ValueError: when it is no whole PNG.
    """
    kept = [chunk for chunk in _chunks(png) if chunk[4:8] not in (*_TEXT_CHUNKS, b"eXIf")]
    return b"".join((_SIGNATURE, *kept))


def _chunks(png: bytes) -> Iterator[memoryview]:
    """Each chunk with its length, type and checksum, uncopied: they are megabytes."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    at = len(_SIGNATURE)
    while at < len(png):
        if at + 12 > len(png):
            raise ValueError("the PNG ends in the middle of a chunk")
        (length,) = struct.unpack_from(">I", png, at)
        end = at + 12 + length
        yield memoryview(png)[at:end]
        if png[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise ValueError("the PNG has no end")


def _is_infotext(chunk: memoryview) -> bool:
    keyword = KEYWORD.encode() + b"\0"
    return chunk[4:8] in _TEXT_CHUNKS and chunk[8 : 8 + len(keyword)] == keyword


def _text_chunk(text: str) -> bytes:
    """tEXt for Latin-1 and iTXt for the rest, as A1111's writer does."""
    try:
        kind, data = b"tEXt", KEYWORD.encode() + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        # No compression, no language, no translated keyword.
        kind, data = b"iTXt", KEYWORD.encode() + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# -- JPEG -------------------------------------------------------------------------------------------------------

_JFIF_MARKER = b"\xff\xe0"
_EXIF_MARKER = b"\xff\xe1"
_SEGMENT_MAX_BYTES = 65_533


def with_exif_infotext(jpeg: bytes, text: str) -> bytes:
    """The JPEG with `text` as its EXIF user comment, where A1111 puts it; its picture is not encoded anew.

    Raises:
      ValueError: when it is no JPEG, or the text is too long for one.
    """
    if not jpeg.startswith(b"\xff\xd8\xff"):
        raise ValueError("not a JPEG")
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            exif = image.getexif()
    except Exception as error:  # Pillow's readers raise whatever they stumble over
        raise ValueError("the JPEG can't be read") from error
    if exif:
        raise ValueError("the JPEG has EXIF data of its own")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + text.encode("utf-16-be")
    block = exif.tobytes()
    if len(block) > _SEGMENT_MAX_BYTES:
        raise ValueError("the text is too long for a JPEG")
    # After the JFIF head, where there is one: it must come first.
    at = 4 + int.from_bytes(jpeg[4:6]) if jpeg[2:4] == _JFIF_MARKER else 2
    return jpeg[:at] + _EXIF_MARKER + struct.pack(">H", len(block) + 2) + block + jpeg[at:]
