"""Makes pictures small enough for Discord, with their parameters kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zosma_bot.discord.ui.card import Attached, Shrunk
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
    sizes = [len(one.attached.data) for one in originals]
    shares = _shares(sizes, limit, total - OVERHEAD_BYTES)
    large = [index for index, (size, share) in enumerate(zip(sizes, shares, strict=True)) if size > share]
    if any(shares[index] <= 0 for index in large):
        return None
    steps = [step for step in STEPS if _is_allowed(step, quality)]
    asked = [
        ({"bytes": shares[index], "steps": steps, "parameters": originals[index].parameters}, [_data(originals[index])])
        for index in large
    ]
    fitting = [one.attached for one in originals]
    for index, answer in zip(large, DELIVERIES.call_all("zosma_bot.delivery_work:webp_within", asked), strict=True):
        if isinstance(answer, SandboxError) or not answer[1]:
            return None
        made, (data,) = answer
        stem = fitting[index].name.rsplit(".", 1)[0]
        fitting[index] = replace(
            fitting[index], name=f"{stem}.webp", data=data, shrunk=Shrunk(made["quality"], made["factor"])
        )
    return tuple(fitting)


def _data(original: Original) -> bytes:
    return original.attached.data


def _shares(sizes: Sequence[int], limit: int, total: int) -> list[int]:
    """How many bytes each file may have: what the small ones leave goes to the large ones."""
    shares = [0] * len(sizes)
    left = total
    for number, index in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        shares[index] = min(limit, left // (len(sizes) - number))
        left -= min(sizes[index], shares[index])
    return shares


def _is_allowed(step: tuple[int | None, float], least: int) -> bool:
    quality, factor = step
    return not least or (factor == 1.0 and (quality is None or quality >= least))
