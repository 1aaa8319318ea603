"""A running picture, made small enough to be sent about every second."""

from __future__ import annotations

import base64
import io

from PIL import Image

SIDE_MAX_PX = 512
BYTES_MAX = 40_000
#: Larger previews than this are not decoded at all.
PIXELS_MAX = 4096 * 4096
#: (longest side in pixels, JPEG quality), best first.
_TRIES = ((SIDE_MAX_PX, 75), (SIDE_MAX_PX, 50), (384, 45), (256, 40), (128, 30))


def shrink(encoded: str) -> bytes:
    """A JPEG of at most 512 px and 40 kB; b"" when the preview can't be used. Takes CPU time: call it in a thread."""
    try:
        data = base64.b64decode(encoded.partition("base64,")[2] or encoded)
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
            if image.width * image.height > PIXELS_MAX:
                return b""
            picture = image.convert("RGB")
        return _smallest(picture)
    except Exception:  # Pillow raises whatever it stumbles over, and a preview is never worth a job
        return b""


def _smallest(picture: Image.Image) -> bytes:
    for side, quality in _TRIES:
        picture.thumbnail((side, side))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= BYTES_MAX:
            return out.getvalue()
    return b""
