"""From a job to what its message shows."""

from __future__ import annotations

from dataclasses import replace

from zosma_bot.discord.state.reply_record import Origin
from zosma_bot.discord.ui import buttons, texts
from zosma_bot.discord.ui.card import Attached, Card, Colour
from zosma_bot.discord.ui.custom_id import OfJob
from zosma_bot.discord.ui.language import Translations
from zosma_queue import infotext
from zosma_queue.forecast import Place
from zosma_queue.job import Job, State
from zosma_queue.picture_headers import format_of

_SUFFIXES = {"jpeg": "jpg"}


def going_on(
    w: Translations,
    job: Job,
    of: OfJob,
    *,
    place: Place | None,
    starts_at: int | None,
    capable: bool,
    paused: str | None = None,
    at_limit: bool = False,
    last_seen_ms: int | None = None,
    preview: bytes | None,
    origin: Origin | None = None,
) -> Card:
    """The card of a job that has not ended. `starts_at`: when its turn comes, seconds since 1970; None: in a moment.

    `capable`: some GPU could make it; else `last_seen_ms` is when the last one was here, where none at all is.
    `paused`: why an admin holds it back, '' without a reason. `at_limit`: its member has as many running as they may.
    """
    asked = _asked(w, job, of, origin)
    rows = buttons.going_on(w, of)
    if job.state is State.RUNNING:
        if job.cancelling:
            line = texts.cancelling(w)
        elif job.progress:
            line = texts.running(w, job)
        else:
            line = texts.starting(w)
        return Card(asked + line, Colour.RUNNING, preview=_preview(preview), buttons=() if job.cancelling else rows)
    if job.state is State.DELAYED and job.failures:
        line = texts.trying_again(w)
    elif job.state is State.DELAYED and job.run_at_ms:
        line = texts.scheduled(w, job.run_at_ms)
    elif paused is not None:
        line = texts.paused(w, paused)
    elif not capable:
        line = texts.nobody_online(w, last_seen_ms)
    elif at_limit:
        line = texts.at_limit(w)
    else:
        line = texts.waiting(w, place, starts_at)
    return Card(asked + line, Colour.WAITING, preview=_preview(preview), buttons=rows)


def _preview(data: bytes | None) -> Attached | None:
    kind = format_of(data) if data else None
    return Attached(f"zosma-preview.{suffix_of(kind)}", data) if data and kind else None


def ended(w: Translations, job: Job, of: OfJob, pictures: list[bytes | None], *, origin: Origin | None = None) -> Card:
    """The last card of a job; `pictures` in the order of its result."""
    asked = _asked(w, job, of, origin)
    mark = texts.job_mark(w, job)
    from_words = job.request is not None and job.request.generates
    rows = buttons.unfinished(w, of, made_from_words=from_words)
    if job.state is State.CANCELLED:
        return Card(asked + texts.cancelled(w, job), Colour.WAITING, footer=mark, buttons=rows)
    if job.state is State.DONE and job.result and job.result.caption:
        text = asked + texts.caption(w, job.result.caption)
        return Card(text, Colour.DONE, footer=mark, buttons=buttons.described(w, of))
    if job.state is State.FAILED or job.result is None or not job.result.pictures:
        return Card(asked + texts.failed(w, job.error_kind, job.error), Colour.FAILED, footer=mark, buttons=rows)
    attached = tuple(
        Attached(
            f"{file_prefix(job.id)}{number}.{suffix_of(made.format)}",
            data,
            texts.alt_text(w, job.request, number - 1, origin.fields if origin else None),
        )
        for number, (made, data) in enumerate(zip(job.result.pictures, pictures, strict=True), start=1)
        if data
    )
    missing = len(job.result.pictures) - len(attached)
    if missing:
        asked += texts.pictures_gone(w, missing, len(job.result.pictures))
    if job.missing:
        asked += texts.incomplete(w, job)
    footer = texts.parameters(w, job.request, job.result)
    if job.other_kind:
        asked += w("other-kind.some" if job.parts else "other-kind")
    if not attached:
        return Card(asked, Colour.FAILED, footer=f"{footer} · {mark}", buttons=rows)
    rows = buttons.finished(w, of, len(job.result.pictures), has_recipe=_has_recipe(job, origin))
    rows = (*buttons.missing(w, of, [(one.first + 1, one.count) for one in job.missing]), *rows)
    return Card(asked, Colour.DONE, footer=footer, pictures=attached, buttons=rows)


def _asked(w: Translations, job: Job, of: OfJob, origin: Origin | None) -> str:
    if origin is None:
        return texts.prompt(w, job.request)
    return texts.prompt(w, job.request, origin.fields) + texts.credit(w, origin.deed, of.owner, origin.user_id)


def _has_recipe(job: Job, origin: Origin | None) -> bool:
    """Whether it is known how the pictures were made, as that of one made larger may not be."""
    if job.request is None or job.request.upscale is None or (origin and origin.fields):
        return job.request is not None
    return bool(job.result and infotext.request_fields(job.result.pictures[0].parameters))


def removed(w: Translations, job: Job, channel_id: int) -> Card:
    """What the member alone reads when somebody has deleted the job's message before its end was shown."""
    key = "removed-cancelled" if job.state is State.CANCELLED else "removed-ended"
    line = w(key, channel=f"<#{channel_id}>")
    return Card(texts.prompt(w, job.request) + line, Colour.WAITING, footer=texts.job_mark(w, job))


def lost(w: Translations, job_id: str) -> Card:
    """The end of a job of which the queue knows nothing any more."""
    return Card(w("lost"), Colour.FAILED, footer=w("job-mark", id=job_id))


def without_pictures(w: Translations, card: Card, job: Job) -> Card:
    """What is shown when Discord takes no version of the pictures."""
    footer = f"{card.footer} · {texts.job_mark(w, job)}"
    return Card(texts.prompt(w, job.request) + texts.too_large(w), Colour.FAILED, footer=footer, buttons=card.buttons)


def without_files(w: Translations, card: Card) -> Card:
    """What a card says where the bot may attach nothing: of an end, where its pictures are instead."""
    if not card.pictures:
        return replace(card, preview=None)
    text = f"{card.text.rstrip()}\n{texts.files_refused(w)}"
    return replace(card, text=text, preview=None, pictures=(), buttons=())


def file_prefix(job_id: str) -> str:
    """How the names of a job's files begin."""
    return f"zosma-{job_id}-"


def suffix_of(kind: str) -> str:
    """How the name of a file with a picture of this format ends."""
    return _SUFFIXES.get(kind, kind)
