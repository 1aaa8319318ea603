"""From a job's pictures to what its message carries: judged, hidden by rule, made to fit, as a set or as one grid."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zosma_bot.classifier import Classifier, Verdict
from zosma_bot.discord.delivery import grid, render, shrink
from zosma_bot.discord.delivery.shrink import Original
from zosma_bot.discord.state.reply_record import Outlet
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.card import EMBED_TEXT_MAX_CHARS, Attached, Card, Colour
from zosma_bot.discord.ui.language import Translations
from zosma_bot.links import Links
from zosma_queue.job import Job
from zosma_queue.sandbox import SandboxError

log = logging.getLogger(__name__)

#: Discord shows no more files in a message.
ATTACHMENTS_MAX = 10
#: Discord names no limit for a whole message; more than this isn't held in memory for one.
MESSAGE_MAX_BYTES = 48 * 1024 * 1024
#: Before single pictures look worse than this, the set is shown as one.
SINGLES_QUALITY = 80


@dataclass(frozen=True)
class Packed:
    """A card whose files fit into one message."""

    card: Card
    keep: bool = False
    """True when it says how to get the originals: they must stay stored."""


class Packer:
    """Packs the pictures of one job; keeps the verdicts over, so that a second try asks nobody again."""

    def __init__(self, links: Links, classifier: Classifier | None, *, as_grid: bool) -> None:
        self._links = links
        self._classifier = classifier
        self._as_grid = as_grid
        self._verdicts: list[Verdict] | None = None

    async def judged(self, outlet: Outlet, job: Job, card: Card) -> Card:
        """The card without what must not be shown, and with hidden what must be hidden."""
        pictures = card.pictures
        if not pictures:
            return card
        verdicts = await self._ask(pictures)
        w = outlet.reply.words
        blocked = [one.reason for one in verdicts if one.kind == "block"]
        shown = tuple(
            replace(one, spoiler=outlet.reply.spoiler or verdict.kind == "spoiler")
            for one, verdict in zip(pictures, verdicts, strict=True)
            if verdict.kind != "block"
        )
        if not blocked:
            return card.with_pictures(shown)
        gone = [_index(one) for one, verdict in zip(pictures, verdicts, strict=True) if verdict.kind == "block"]
        if outlet.reply.blocked != tuple(gone):
            await outlet.change(blocked=tuple(gone))
        text = card.text + texts.hidden_by_classifier(w, len(blocked), len(pictures), blocked)
        if shown:
            return replace(card, text=text, pictures=shown)
        return replace(render.without_pictures(w, card, job), text=text, colour=Colour.FAILED)

    async def _ask(self, pictures: Sequence[Attached]) -> list[Verdict]:
        if self._classifier is None:
            return [Verdict("ok")] * len(pictures)
        if self._verdicts is None or len(self._verdicts) != len(pictures):
            self._verdicts = await self._classifier.judge([one.data for one in pictures])
        return self._verdicts

    async def fit(self, outlet: Outlet, job: Job, card: Card, limit: int, *, total: int) -> Packed | None:
        """The card with pictures that fit, and links to the originals when they are not what is shown.

        None when there is no way.

        Raises:
          QueueUnavailableError: when no links can be made.
        """
        if job.result is None or not card.pictures:
            return Packed(card)
        originals = [Original(one, job.result.pictures[_index(one)].parameters) for one in card.pictures]
        labels = _labels(job, card)
        as_grid = self._as_grid or outlet.reply.grid or bool(labels)
        if _fit_as_they_are(card.pictures, limit, total) and not labels and (len(originals) == 1 or not as_grid):
            return Packed(card)  # as most do: no thread is needed to find that out
        began = time.monotonic()
        fitting = await asyncio.to_thread(_fit, originals, limit, total, as_grid, labels)
        if fitting is None:
            return None
        if fitting == card.pictures:  # no sheet could be made
            return Packed(card)
        log.info(
            "job %s: %d pictures of %.1f MB made to fit in %.1f s: %s",
            job.id, len(originals), _mb(card.pictures), time.monotonic() - began, _how(fitting),
        )  # fmt: skip
        return await self._linked(outlet.reply.words, job, card, card.with_pictures(fitting))

    async def without(self, outlet: Outlet, job: Job, card: Card) -> Packed:
        """What is shown when Discord takes no version of the pictures: links to them, where that is possible.

        Raises:
          QueueUnavailableError: when no links can be made.
        """
        return await self._linked(outlet.reply.words, job, card, render.without_pictures(outlet.reply.words, card, job))

    async def _linked(self, w: Translations, job: Job, originals: Card, shown: Card) -> Packed:
        urls = [await self._links.url(job.id, _index(one)) for one in originals.pictures]
        links = [url for url in urls if url]
        if not links:
            return self._unlinked(w, job, shown)
        words = "\n".join(filter(None, (_shrunk(w, shown.pictures), texts.originals(w, links))))
        if len(shown.text) + len(words) + 1 > EMBED_TEXT_MAX_CHARS:
            return Packed(shown)
        return Packed(replace(shown, text=f"{shown.text.rstrip()}\n{words}"), keep=True)

    @staticmethod
    def _unlinked(w: Translations, job: Job, shown: Card) -> Packed:
        """Without a public address: how to get what the message doesn't show."""
        if any("-grid." in one.name for one in shown.pictures):
            words, keep = texts.singles(w), False
        elif any(one.lessened for one in shown.pictures) or not shown.pictures:
            words = "\n".join(filter(None, (_shrunk(w, shown.pictures), texts.kept_originals(w, job))))
            keep = True
        else:
            return Packed(shown)
        return Packed(replace(shown, text=f"{shown.text.rstrip()}\n{words}"), keep=keep)


def _labels(job: Job, card: Card) -> list[str]:
    """What stands above each picture of a comparison; [] for any other set."""
    if job.request is None or job.request.compare is None or job.result is None:
        return []
    values = job.request.compare.values
    shown = [values[job.result.pictures[_index(one)].place] for one in card.pictures]
    return [one if isinstance(one, str) else f"{one:g}" for one in shown]


def _fit_as_they_are(pictures: Sequence[Attached], limit: int, total: int) -> bool:
    sizes = [len(one.data) for one in pictures]
    return len(sizes) <= ATTACHMENTS_MAX and max(sizes) <= limit and sum(sizes) <= total - shrink.OVERHEAD_BYTES


def _fit(
    originals: list[Original], limit: int, total: int, as_grid: bool, labels: Sequence[str] = ()
) -> tuple[Attached, ...] | None:
    """Singles at a good quality, else one grid, else singles however they look. Slow."""
    few = len(originals) <= ATTACHMENTS_MAX
    if few and ((len(originals) == 1 and not labels) or not as_grid):
        least = SINGLES_QUALITY if len(originals) > 1 else 0
        if fitting := shrink.fit(originals, limit, total=total, quality=least):
            return fitting
    if len(originals) > 1 or labels:
        try:
            sheet = grid.as_original(originals, labels)
        except SandboxError:
            pass
        else:
            if fitting := shrink.fit([sheet], limit, total=total):
                return fitting
    return shrink.fit(originals[:ATTACHMENTS_MAX], limit, total=total)


def _shrunk(w: Translations, pictures: Sequence[Attached]) -> str:
    """What the pictures have lost, in words; '' for nothing."""
    lost = [one.shrunk for one in pictures if one.shrunk and one.shrunk.quality is not None]
    if not lost:
        return ""
    return texts.shrunk(w, min(one.quality or 0 for one in lost), min(one.factor for one in lost))


def _mb(pictures: Sequence[Attached]) -> float:
    return sum(len(one.data) for one in pictures) / 1e6


def _how(pictures: Sequence[Attached]) -> str:
    """What has been done to them, for the log."""
    done = (
        "as it was" if one.shrunk is None
        else f"WebP {'lossless' if one.shrunk.quality is None else one.shrunk.quality} at {one.shrunk.factor:.0%}"
        for one in pictures
    )  # fmt: skip
    return f"{len(pictures)} files of {_mb(pictures):.1f} MB, {', '.join(dict.fromkeys(done))}"


def _index(picture: Attached) -> int:
    """Which picture of its job a file is, counted from 0."""
    return int(picture.name.rsplit(".", 1)[0].rsplit("-", 1)[1]) - 1
