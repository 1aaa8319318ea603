"""Makes pictures small enough for Discord, with their parameters kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zosma_bot.discord.ui.card import Attached
from zosma_queue.sandbox import Limits, Sandbox, SandboxError

#: Where pictures are made to fit: apart from strangers', so that no number of those holds up what is ready to be shown.
#: A lossless WebP of 16 megapixels takes half a minute, and sixteen pictures on one sheet half a gigabyte.
DELIVERIES = Sandbox("deliveries", Limits(cpu_s=90, wall_s=180.0, memory_bytes=1024**3))
#: Where the whole request counts, words, boundaries and file names take their share.
OVERHEAD_BYTES = 64 * 1024
#: (WebP quality, side factor), best first; quality None is lossless.
STEPS: tuple[tuple[int | None, float], ...] = (
    (None, 1.0), (95, 1.0), (90, 1.0), (80, 1.0), (65, 1.0), (50, 1.0), (60, 0.5), (50, 0.25),
)  # fmt: skip


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
    args = {"quality": quality, "factor": factor, "parameters": original.parameters}
    try:
        _, (data,) = DELIVERIES.call("zosma_bot.delivery_work:as_webp", args, [original.attached.data])
    except SandboxError:
        # Not for us to judge: the worker has looked at it, and Discord takes any bytes that are small enough.
        return original.attached
    stem = original.attached.name.rsplit(".", 1)[0]
    lessened = quality is not None or factor < 1.0
    return replace(original.attached, name=f"{stem}.webp", data=data, lessened=lessened)
