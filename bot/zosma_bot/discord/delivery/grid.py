"""A set of pictures as one: a contact sheet that carries the set's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zosma_bot.discord.delivery.shrink import DELIVERIES, Original
from zosma_bot.discord.ui.card import Attached

#: More on one sheet can't be told apart.
PICTURES_MAX = 16
#: A sheet of more pixels is scaled down: as a bitmap it takes three bytes for each.
PIXELS_MAX = 32_000_000
#: The longer side of what is shown of a set that is being made.
FILLING_SIDE = 768


def compose(originals: Sequence[Original], labels: Sequence[str] = ()) -> Attached:
    """One picture of 2 to 16, row by row, at full size unless the sheet would become too large. Slow: use a thread.

    `labels`: what stands above each; none: nothing does.

    Raises:
      SandboxError: when one of them can't be read.
    """
    shown, first = originals[:PICTURES_MAX], originals[0].attached
    args = {"parameters": parameters(originals), "pixels_max": PIXELS_MAX, "labels": list(labels[:PICTURES_MAX])}
    blobs = [one.attached.data for one in shown]
    _, (data,) = DELIVERIES.call("zosma_bot.delivery_work:sheet", args, blobs)
    name = first.name.rsplit("-", 1)[0] + "-grid.png"
    return replace(first, name=name, data=data, spoiler=any(one.attached.spoiler for one in originals))


def as_original(originals: Sequence[Original], labels: Sequence[str] = ()) -> Original:
    """The sheet of small pictures as one picture, ready to be made to fit."""
    return Original(compose(originals, labels), parameters(originals))


def filling(pictures: Sequence[bytes], places: Sequence[int], count: int) -> bytes:
    """A set of `count` that is being made, as a small JPEG with each picture in its place. Slow: use a thread.

    Raises:
      SandboxError: when one of them can't be read.
    """
    args = {"places": list(places), "count": count, "side": FILLING_SIDE}
    _, (data,) = DELIVERIES.call("zosma_bot.delivery_work:filling", args, list(pictures))
    return data


def single(originals: Sequence[Original], number: int) -> Attached:
    """Picture `number` of a set, counted from 1, as it was made.

    Raises:
      IndexError: when there are fewer.
    """
    if not 1 <= number <= len(originals):
        raise IndexError(number)
    return originals[number - 1].attached


def parameters(originals: Sequence[Original]) -> str:
    """The set's parameters: those of its first picture, and how many there are."""
    first = originals[0].parameters
    last_line = first.rsplit("\n", 1)[-1]
    return f"{first}, Grid: {len(originals)}" if "Steps: " in last_line else first
