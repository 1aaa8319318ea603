"""A running picture, made small enough to be sent about every second."""

from __future__ import annotations

import base64

from zosma_queue.sandbox import SandboxError
from zosma_worker.decoding import DECODING

BYTES_MAX = 40_000
#: Larger previews than this are not decoded at all.
PIXELS_MAX = 4096 * 4096
#: Nor are longer ones, in base64.
CHARS_MAX = 32 * 1024 * 1024


def shrink(encoded: str) -> bytes:
    """A preview in base64 as a JPEG of at most 512 px and 40 kB; b"" when it can't be used. Call it in a thread."""
    if len(encoded) > CHARS_MAX:
        return b""
    try:
        return shrink_bytes(base64.b64decode(encoded.partition("base64,")[2] or encoded))
    except ValueError:  # a preview is never worth a job
        return b""


def shrink_bytes(data: bytes) -> bytes:
    """As `shrink`, for an encoded picture."""
    try:
        args = {"pixels_max": PIXELS_MAX, "bytes_max": BYTES_MAX}
        _, made = DECODING.call("zosma_worker.picture_work:shrink", args, [data])
    except (SandboxError, ValueError):
        return b""
    return made[0] if made else b""
