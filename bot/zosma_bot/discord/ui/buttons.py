"""Which buttons a job's message has. What they do is in `features/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from zosma_bot.discord.ui.custom_id import Act, OfJob
from zosma_bot.discord.ui.language import Translations

#: Discord takes five rows of five.
ROW_MAX = 5
LABEL_MAX_CHARS = 80


_GREY, _BLUE, _RED = discord.ButtonStyle.secondary, discord.ButtonStyle.primary, discord.ButtonStyle.danger


@dataclass(frozen=True)
class Button:
    """A button as data: compared to see whether a message changed."""

    custom_id: str
    label: str = ""
    emoji: str | None = None
    style: discord.ButtonStyle = _GREY
    disabled: bool = False


Rows = tuple[tuple[Button, ...], ...]


def view_of(rows: Sequence[Sequence[Button]]) -> discord.ui.View | None:
    """The rows for discord.py, None when there are none.

    The view is stopped at once: discord.py would keep a running one in memory for as long as the bot lives, and we hear
    presses by their custom_id.
    """
    if not rows:
        return None
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for one in row:
            view.add_item(
                discord.ui.Button(
                    custom_id=one.custom_id,
                    label=one.label[:LABEL_MAX_CHARS] or None,
                    emoji=one.emoji,
                    style=one.style,
                    disabled=one.disabled,
                    row=number,
                )
            )
    view.stop()
    return view


def going_on(w: Translations, job: OfJob) -> Rows:
    """The buttons under a job that waits or runs."""
    return ((Button(job.custom_id(Act.CANCEL), w("button-cancel"), "✋"),),)


def unfinished(w: Translations, job: OfJob, *, made_from_words: bool) -> Rows:
    """Of a job that failed or was cancelled; one that makes a picture larger has no words to edit."""
    edit = (Button(job.custom_id(Act.EDIT), w("button-edit"), "✏️"),) if made_from_words else ()
    return (
        (
            Button(job.custom_id(Act.AGAIN), w("button-try-again"), "🔄", _BLUE),
            *edit,
            Button(job.custom_id(Act.DELETE), w("button-delete"), "🗑️"),
        ),
    )


def described(w: Translations, job: OfJob) -> Rows:
    """Of a picture that was put into words."""
    return (
        (
            Button(job.custom_id(Act.IMAGINE_WORDS), w("button-imagine-words"), "🖼️", _BLUE),
            Button(job.custom_id(Act.DELETE), w("button-delete"), "🗑️"),
        ),
    )


def missing(w: Translations, job: OfJob, gaps: Sequence[tuple[int, int]]) -> Rows:
    """For a set that is not whole: a button for each gap, by (number of its first picture, how many)."""
    row = tuple(
        Button(
            OfJob(job.job_id, job.owner, first).custom_id(Act.MISSING),
            w("button-missing", first=first, last=first + count - 1, count=count),
            "🔄",
            _BLUE,
        )
        for first, count in gaps[:ROW_MAX]
    )
    return (row,) if row else ()


def finished(w: Translations, job: OfJob, count: int, *, has_recipe: bool) -> Rows:
    """Of a finished job with `count` pictures. One of which nobody knows how it was made has nothing to vary or edit.

    What is not needed every day is behind "More…", whose menu is seen by whoever pressed alone.
    """
    more = Button(OfJob(job.job_id, job.owner, 1).custom_id(Act.MORE), w("button-more"))
    whole: tuple[Button, ...] = (
        Button(job.custom_id(Act.AGAIN), w("button-again"), "🔄", _BLUE),
        Button(job.custom_id(Act.EDIT), w("button-edit"), "✏️"),
    )
    numbered = [(Act.UPSCALE, "button-upscale", "🔍"), (Act.VARY_SUBTLE, "button-vary-subtle", "🪄")]
    if not has_recipe:
        numbered, whole = numbered[:1], ()
    if count == 1:
        one = OfJob(job.job_id, job.owner, 1)
        return ((*(Button(one.custom_id(act), w(key), emoji) for act, key, emoji in numbered), *whole, more),)
    each: Rows = tuple(
        tuple(
            Button(OfJob(job.job_id, job.owner, n).custom_id(act), w(f"{key}-short", number=n), emoji)
            for n in range(1, min(count, ROW_MAX) + 1)
        )
        for act, key, emoji in numbered
    )
    return (*each, (*whole, more))
