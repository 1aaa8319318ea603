"""A1111's infotext: composed when a WebUI sends none, and written into a PNG without touching its pixels."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from zosma_queue.request import Request

KEYWORD = "parameters"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")


def compose(request: Request, *, seed: int, checkpoint: str, checkpoint_hash: str | None, sampler: str) -> str:
    """The infotext of one picture: prompt, negative prompt, and the line of parameters."""
    fields: dict[str, Any] = {
        "Steps": request.steps,
        "Sampler": sampler or None,
        "Schedule type": request.scheduler,
        "CFG scale": f"{request.cfg_scale:g}",
        "Seed": seed,
        "Size": f"{request.width}x{request.height}",
        "Model hash": checkpoint_hash,
        "Model": checkpoint,
        "Clip skip": request.clip_skip if (request.clip_skip or 1) > 1 else None,
    }
    if request.hires:
        fields |= {
            "Denoising strength": f"{request.hires.denoise:g}",
            "Hires upscale": f"{request.hires.scale:g}",
            "Hires steps": request.hires.steps or None,
            "Hires upscaler": request.hires.upscaler,
        }
    line = ", ".join(f"{key}: {_quoted(value)}" for key, value in fields.items() if value is not None)
    negative = f"\nNegative prompt: {request.negative_prompt}" if request.negative_prompt else ""
    return f"{request.prompt}{negative}\n{line}"


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


def _chunks(png: bytes) -> Iterator[bytes]:
    """Each chunk with its length, type and checksum."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    at = len(_SIGNATURE)
    while at < len(png):
        if at + 12 > len(png):
            raise ValueError("the PNG ends in the middle of a chunk")
        (length,) = struct.unpack_from(">I", png, at)
        end = at + 12 + length
        yield png[at:end]
        if png[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise ValueError("the PNG has no end")


def _is_infotext(chunk: bytes) -> bool:
    return chunk[4:8] in _TEXT_CHUNKS and chunk[8:].startswith(KEYWORD.encode() + b"\0")


def _text_chunk(text: str) -> bytes:
    """tEXt for Latin-1 and iTXt for the rest, as A1111's writer does."""
    try:
        kind, data = b"tEXt", KEYWORD.encode() + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        # No compression, no language, no translated keyword.
        kind, data = b"iTXt", KEYWORD.encode() + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
