"""Makes pictures small enough for Discord, with their parameters kept."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import ExifTags, Image

from zosma_bot.discord.ui.card import Attached

#: EXIF tag in which A1111 and its readers look for the parameters of a JPEG or WebP.
USER_COMMENT = 0x9286
#: Where the whole request counts, words, boundaries and file names take their share.
OVERHEAD_BYTES = 64 * 1024
#: (WebP quality, side factor), best first; quality None is lossless.
STEPS: tuple[tuple[int | None, float], ...] = (
    (None, 1.0), (95, 1.0), (90, 1.0), (80, 1.0), (65, 1.0), (50, 1.0), (60, 0.5), (50, 0.25),
)  # fmt: skip
#: WebP can't be longer on a side.
SIDE_MAX = 16_383
#: zlib-like effort for lossless WebP; more costs seconds and wins little.
_LOSSLESS_EFFORT = 40


@dataclass(frozen=True)
class Original:
    """A picture as it was made, with the words to keep in it."""

    attached: Attached
    parameters: str


def fit(originals: Sequence[Original], limit: int, *, total: int, quality: int = 0) -> tuple[Attached, ...] | None:
    """The pictures in the best form in which none has more than `limit` bytes, and all together no more than `total`.

    Discord counts each file alone; servers that are only compatible may count the whole request. Nothing is made worse
    than `quality`, nor smaller when there is one. None when there is no way. Slow: run it in a thread.
    """
    each = [next((form for form in _forms(one, quality) if len(form.data) <= limit), None) for one in originals]
    best = tuple(form for form in each if form)
    if len(best) < len(originals):
        return None
    if _together(best) <= total:
        return best
    for candidate in zip(*(_forms(one, quality) for one in originals), strict=True):
        if max(len(form.data) for form in candidate) <= limit and _together(candidate) <= total:
            return candidate
    return None


def _together(pictures: Sequence[Attached]) -> int:
    return sum(len(one.data) for one in pictures) + OVERHEAD_BYTES


def _forms(original: Original, least: int) -> Iterator[Attached]:
    """The forms in which a picture may be sent, the best first."""
    yield original.attached
    for quality, factor in STEPS:
        if not least or (factor == 1.0 and (quality is None or quality >= least)):
            yield _as_webp(original, quality, factor)


def _as_webp(original: Original, quality: int | None, factor: float) -> Attached:
    try:
        with Image.open(io.BytesIO(original.attached.data)) as image:
            image.load()
            picture = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    except OSError:
        # Not for us to judge: the worker has looked at it, and Discord takes any bytes that are small enough.
        return original.attached
    factor = min(factor, SIDE_MAX / max(picture.size))
    if factor != 1.0:
        picture = picture.resize((max(1, int(picture.width * factor)), max(1, int(picture.height * factor))))
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[USER_COMMENT] = b"UNICODE\0" + original.parameters.encode("utf-16-be")
    out = io.BytesIO()
    lossless = quality is None
    picture.save(out, "WEBP", lossless=lossless, quality=_LOSSLESS_EFFORT if quality is None else quality, exif=exif)
    stem = original.attached.name.rsplit(".", 1)[0]
    return replace(original.attached, name=f"{stem}.webp", data=out.getvalue())
