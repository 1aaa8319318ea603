"""Pictures that a request starts from, as Discord hands them over: judged by what it says of them, fetched later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from zosma_bot.inputs import Picture
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import INPUT_MAX_BYTES, INPUT_PIXELS_MAX, LATENT_PX, SIDE_MAX_PX, SIDE_MIN_PX

#: What Discord calls the formats that we read, and what it calls a file that it doesn't know: its bytes tell.
#: Discord's addresses of attachments are good for a day.
ADDRESS_TTL_S = 24 * 3600
_TYPES = ("image/png", "image/jpeg", "image/webp", "application/octet-stream")


@dataclass(frozen=True)
class Source:
    """A picture that can be fetched."""

    fetch: Callable[[], Awaitable[bytes]]
    width: int = 512
    height: int = 512
    shapes: bool = False
    """The size of what is made goes by this picture's shape, which Discord tells as the file is, not as it was held."""

    @property
    def unseen(self) -> Picture:
        """It, as far as it is known before it has been fetched."""
        return Picture(b"", self.width, self.height)


def of_attachment(attachment: discord.Attachment, field: str) -> Source:
    """The source of a member's attachment, judged by what Discord says of it.

    Raises:
      RequestRefusedError: when it is too large or no picture; names `field`.
    """
    if attachment.size > INPUT_MAX_BYTES:
        shown = f"{attachment.size / 1024**2:.1f} MB"
        raise RequestRefusedError(
            detail=f"has {shown}, at most {INPUT_MAX_BYTES // 1024**2} MB are possible: send a smaller picture",
            field=field,
            code="picture-too-heavy",
            values={"most_mb": INPUT_MAX_BYTES // 1024**2},
        )
    kind = (attachment.content_type or "").partition(";")[0].strip().lower()
    if kind and kind not in _TYPES:
        raise RequestRefusedError(
            detail=f"is no PNG, JPEG or WebP picture but {kind}", field=field, code="not-a-picture"
        )
    if (attachment.width or 0) * (attachment.height or 0) > INPUT_PIXELS_MAX:
        shown = f"{attachment.width}×{attachment.height}"
        raise RequestRefusedError(
            detail=f"has {shown} pixels, at most {INPUT_PIXELS_MAX // 10**6} megapixels are possible",
            field=field,
            code="picture-too-large",
            values={"given": shown, "most_megapixels": INPUT_PIXELS_MAX // 10**6},
        )
    return Source(lambda: attachment.read(use_cached=False), attachment.width or 512, attachment.height or 512)


def of_bytes(data: bytes, width: int, height: int) -> Source:
    """The source of a picture whose bytes are here already."""

    async def fetch() -> bytes:
        return data

    return Source(fetch, width, height)


def fitting_size(width: int, height: int) -> tuple[int, int]:
    """The size nearest to a picture's shape that is no larger than a checkpoint can do well: about a megapixel."""
    scale = min(1.0, (1024 * 1024 / (width * height)) ** 0.5, SIDE_MAX_PX / max(width, height))
    sides = (
        max(SIDE_MIN_PX, min(SIDE_MAX_PX, round(side * scale / LATENT_PX) * LATENT_PX)) for side in (width, height)
    )
    wide, high = sides
    return wide, high
