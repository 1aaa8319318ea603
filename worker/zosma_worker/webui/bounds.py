"""How much A1111's addresses may answer."""

from __future__ import annotations

from zosma_queue.request import Request
from zosma_worker.bounds import BYTES_A_PIXEL, MB, READ_MARKS_MAX, READ_MAX_BYTES

#: The list of LoRAs carries what each was trained with, up to some 100 kB for each.
_LORAS, _LORAS_MAX_BYTES, _LORAS_MARKS_MAX = "/sdapi/v1/loras", 128 * MB, 6_000_000
#: Pictures come in base64, which is a third more.
_BYTES_A_PIXEL = BYTES_A_PIXEL * 4 // 3 + 1
#: Beside the pictures come a grid and what extensions add.
_EXTRAS = 2
#: Words, and what a picture costs besides its pixels.
_BESIDES_BYTES = 8 * MB
#: Enlargers of whole factors make up to four times as much of a side as there was.
_WHOLE_FACTOR = 4


def bytes_for(request: Request, *, whole_factors: bool) -> int:
    """The most bytes that the answer to a request can need."""
    pixels = request.output_pixels * request.count
    if request.upscale and whole_factors:
        pixels = max(pixels, request.upscale.source_width * request.upscale.source_height * _WHOLE_FACTOR**2)
    return pixels * _BYTES_A_PIXEL * _EXTRAS + _BESIDES_BYTES


def bounds_of_read(path: str) -> tuple[int, int]:
    """The most bytes and the most marks of what is read from an address."""
    return (_LORAS_MAX_BYTES, _LORAS_MARKS_MAX) if path == _LORAS else (READ_MAX_BYTES, READ_MARKS_MAX)
