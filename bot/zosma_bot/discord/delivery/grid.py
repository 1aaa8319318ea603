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


def compose(originals: Sequence[Original]) -> Attached:
    """One picture of 2 to 16, row by row, at full size unless the sheet would become too large. Slow: use a thread.

    Raises:
      SandboxError: when one of them can't be read.
    """
    shown, first = originals[:PICTURES_MAX], originals[0].attached
    args, blobs = {"parameters": parameters(originals), "pixels_max": PIXELS_MAX}, [one.attached.data for one in shown]
    _, (data,) = DELIVERIES.call("zosma_bot.delivery_work:sheet", args, blobs)
    name = first.name.rsplit("-", 1)[0] + "-grid.png"
    return replace(first, name=name, data=data, spoiler=any(one.attached.spoiler for one in originals))


def as_original(originals: Sequence[Original]) -> Original:
    """The sheet of small pictures as one picture, ready to be made to fit."""
    return Original(compose(originals), parameters(originals))


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
