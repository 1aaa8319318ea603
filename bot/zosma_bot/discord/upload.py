"""Makes pictures small enough for Discord, with their parameters kept."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import ExifTags, Image

from zosma_bot.discord.card import Attached

#: EXIF tag in which A1111 and its readers look for the parameters of a JPEG or WebP.
USER_COMMENT = 0x9286
#: Discord counts the whole request: words, boundaries and file names take their share.
OVERHEAD_BYTES = 64 * 1024
#: (WebP quality, side factor), best first; quality None is lossless.
STEPS: tuple[tuple[int | None, float], ...] = (
    (None, 1.0), (95, 1.0), (90, 1.0), (80, 1.0), (65, 1.0), (50, 1.0), (60, 0.5), (50, 0.25),
)  # fmt: skip
#: zlib-like effort for lossless WebP; more costs seconds and wins little.
_LOSSLESS_EFFORT = 40


@dataclass(frozen=True)
class Original:
    """A picture as it was made, with the words to keep in it."""

    attached: Attached
    parameters: str


def fit(originals: Sequence[Original], limit: int) -> tuple[Attached, ...] | None:
    """The pictures in the best form that fits into `limit` bytes; None when nothing does. Slow: run it in a thread."""
    for candidate in _candidates(originals):
        if sum(len(one.data) for one in candidate) + OVERHEAD_BYTES <= limit:
            return candidate
    return None


def _candidates(originals: Sequence[Original]) -> Iterator[tuple[Attached, ...]]:
    yield tuple(one.attached for one in originals)
    for quality, factor in STEPS:
        yield tuple(_as_webp(one, quality, factor) for one in originals)


def _as_webp(original: Original, quality: int | None, factor: float) -> Attached:
    try:
        with Image.open(io.BytesIO(original.attached.data)) as image:
            image.load()
            picture = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    except OSError:
        # Not for us to judge: the worker has looked at it, and Discord takes any bytes that are small enough.
        return original.attached
    if factor != 1.0:
        picture = picture.resize((max(1, int(picture.width * factor)), max(1, int(picture.height * factor))))
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[USER_COMMENT] = b"UNICODE\0" + original.parameters.encode("utf-16-be")
    out = io.BytesIO()
    lossless = quality is None
    picture.save(out, "WEBP", lossless=lossless, quality=_LOSSLESS_EFFORT if quality is None else quality, exif=exif)
    stem = original.attached.name.rsplit(".", 1)[0]
    return replace(original.attached, name=f"{stem}.webp", data=out.getvalue())
