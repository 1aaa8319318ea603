"""From a job to what its message shows."""

from __future__ import annotations

from zosma_bot.discord import texts
from zosma_bot.discord.card import Attached, Card, Colour
from zosma_queue.forecast import Place
from zosma_queue.job import Job, State

_SUFFIXES = {"jpeg": "jpg"}


def going_on(job: Job, *, place: Place | None, capable: bool, preview: bytes | None) -> Card:
    """The card of a job that has not ended."""
    asked = texts.prompt(job.request)
    if job.state is State.RUNNING:
        if job.cancelling:
            line = texts.cancelling()
        elif job.progress:
            line = texts.running(job.progress, job.eta_s)
        else:
            line = texts.starting()
        attached = Attached(f"zosma-preview.{_suffix_of(preview)}", preview) if preview else None
        return Card(asked + line, Colour.RUNNING, preview=attached)
    if job.state is State.DELAYED and job.failures:
        line = texts.trying_again()
    elif not capable:
        line = texts.nobody_online()
    else:
        line = texts.waiting(place)
    return Card(asked + line, Colour.WAITING)


def ended(job: Job, pictures: list[bytes | None]) -> Card:
    """The last card of a job; `pictures` in the order of its result."""
    asked = texts.prompt(job.request)
    if job.state is State.CANCELLED:
        return Card(asked + texts.cancelled(), Colour.WAITING, footer=texts.job_mark(job))
    if job.state is State.FAILED or job.result is None or not job.result.pictures:
        return Card(asked + texts.failed(job.error_kind, job.error), Colour.FAILED, footer=texts.job_mark(job))
    attached = tuple(
        Attached(f"{file_prefix(job.id)}{number}.{_SUFFIXES.get(made.format, made.format)}", data, alt)
        for alt in [texts.alt_text(job.request)]
        for number, (made, data) in enumerate(zip(job.result.pictures, pictures, strict=True), start=1)
        if data
    )
    missing = len(job.result.pictures) - len(attached)
    if missing:
        asked += texts.pictures_gone(missing, len(job.result.pictures))
    footer = texts.parameters(job.request, job.result)
    if not attached:
        return Card(asked, Colour.FAILED, footer=f"{footer} · {texts.job_mark(job)}")
    return Card(asked, Colour.DONE, footer=footer, pictures=attached)


def without_pictures(card: Card, job: Job) -> Card:
    """What is shown when Discord takes no version of the pictures."""
    footer = f"{card.footer} · {texts.job_mark(job)}"
    return Card(texts.prompt(job.request) + texts.too_large(), Colour.FAILED, footer=footer)


def file_prefix(job_id: str) -> str:
    """How the names of a job's files begin."""
    return f"zosma-{job_id}-"


def _suffix_of(data: bytes) -> str:
    if data.startswith(b"\x89PNG"):
        return "png"
    return "webp" if data[8:12] == b"WEBP" else "jpg"
