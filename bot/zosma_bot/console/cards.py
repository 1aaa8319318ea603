"""A job as a card or a row of a page shows it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zosma_bot.console import wording
from zosma_bot.console.board import Now
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.console.sight import Sight
from zosma_queue.client import InLine
from zosma_queue.job import Job, State
from zosma_queue.request import Request

PATH = "/console/jobs"


@dataclass(frozen=True)
class Shown:
    """One picture of a job."""

    url: str
    thumb: str
    width: int
    height: int
    seed: int
    parameters: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """A job, for a template; of what the visitor may not see, nothing is in it."""

    id: str
    state: State
    word: str
    whose: str
    is_own: bool
    shows: bool
    prompt: str = ""
    width: int = 1
    height: int = 1
    checkpoint: str = ""
    lane: str = ""
    count: int = 1
    created_ms: int = 0
    finished_ms: int | None = None
    why: str = ""
    position: int | None = None
    starts_in_s: float | None = None
    ends_in_s: float | None = None
    progress: float | None = None
    eta_s: float | None = None
    estimated: bool = False
    cancelling: bool = False
    worker: str = ""
    error: str = ""
    pictures: tuple[Shown, ...] = ()

    @property
    def path(self) -> str:
        """The job's own page."""
        return f"{PATH}/{self.id}"

    @property
    def is_open(self) -> bool:
        """True while something may still happen to it."""
        return not self.state.ended


def card(visitor: Visitor, sight: Sight, *, line: InLine | None = None, why: str = "") -> Card:
    """A job as this visitor sees it."""
    job, request = sight.job, sight.job.request
    place = line.place if line else None
    values: dict[str, Any] = {}
    if sight.shows:
        values = {
            "prompt": job.request.prompt if job.request else "",
            "error": _error(visitor, job) if job.state is State.FAILED else "",
            "pictures": _pictures(job),
        }
    width, height = (round(side) for side in request.exact_size) if request else (1, 1)
    return Card(
        id=job.id if sight.is_own or visitor.is_admin else "",
        state=job.state,
        word=wording.STATES[job.state],
        whose=sight.whose,
        is_own=sight.is_own,
        shows=sight.shows,
        width=max(width, 1),
        height=max(height, 1),
        checkpoint=(job.runs_on or (request.checkpoint if request else None) or ""),
        lane=job.lane,
        count=request.count if request else 1,
        created_ms=job.created_ms,
        finished_ms=job.finished_ms,
        why=why,
        position=place.position if place else None,
        starts_in_s=place.starts_in_s if place else None,
        ends_in_s=place.ends_in_s if place else None,
        progress=job.progress,
        eta_s=job.eta_s,
        estimated=job.estimated,
        cancelling=job.cancelling,
        worker=wording.worker_name(job.worker, is_admin=visitor.is_admin) if job.worker else "",
        **values,
    )


async def cards(parts: Parts, visitor: Visitor, jobs: Sequence[Job]) -> list[Card]:
    """Jobs of any state, as this visitor sees them, in their order.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    now = await parts.board.now()
    sights = await parts.sights.of(visitor, jobs)
    reasons = wording.Reasons(now)
    lines = await _lines_of(parts, jobs)
    return [_card(visitor, sights[job.id], lines.get(job.id), reasons) for job in jobs]


def in_line(visitor: Visitor, now: Now, rows: Sequence[tuple[InLine, Sight]]) -> list[Card]:
    """Waiting jobs whose places are known."""
    reasons = wording.Reasons(now)
    return [_card(visitor, sight, line, reasons) for line, sight in rows]


def _card(visitor: Visitor, sight: Sight, line: InLine | None, reasons: wording.Reasons) -> Card:
    return card(visitor, sight, line=line, why=_why(visitor, sight, line, reasons))


def _why(visitor: Visitor, sight: Sight, line: InLine | None, reasons: wording.Reasons) -> str:
    if sight.job.state is State.DELAYED:
        return wording.why_delayed(sight.job, time.time() * 1000)
    if sight.job.state is not State.WAITING or line is None:
        return ""
    return reasons.why(sight.job, line, shows=sight.shows, is_admin=visitor.is_admin)


async def _lines_of(parts: Parts, jobs: Sequence[Job]) -> dict[str, InLine]:
    waiting = [job.id for job in jobs if job.state is State.WAITING]
    standings = await parts.queue.standings(waiting) if waiting else {}
    return {
        job_id: InLine(id=job_id, place=place, held=held, at_limit=await parts.queue.is_at_limit(job_id))
        for job_id, (place, held) in standings.items()
    }


def _pictures(job: Job) -> tuple[Shown, ...]:
    if job.result is None or job.state is not State.DONE:
        return ()
    return tuple(
        Shown(
            url=f"{PATH}/{job.id}/images/{one.index}",
            thumb=f"{PATH}/{job.id}/images/{one.index}?size=s",
            width=one.width,
            height=one.height,
            seed=one.seed,
            parameters=one.parameters,
        )
        for one in job.result.pictures
    )


def _error(visitor: Visitor, job: Job) -> str:
    """What a job failed by: to admins in the WebUI's own words, which may name its address."""
    return job.error or wording.fault(job.error_kind) if visitor.is_admin else wording.fault(job.error_kind)


def summary(request: Request) -> list[tuple[str, str]]:
    """What was asked for beside the words, as name and value."""
    width, height = request.output_size
    told = [
        ("Size", f"{width} × {height}"),
        ("Steps", str(request.steps)),
        ("CFG scale", f"{request.cfg_scale:g}"),
        ("Sampler", " ".join(filter(None, (request.sampler, request.scheduler))) or "the fleet's"),
        ("Checkpoint", request.checkpoint or "whatever is loaded"),
        ("Seed", str(request.seed) if request.seed >= 0 else "drawn"),
    ]
    if request.hires:
        told.append(("Second pass", f"×{request.hires.scale:g}, {request.hires.denoise:g} denoising"))
    if request.img2img:
        told.append(("From a picture", f"{request.img2img.denoising_strength:g} denoising"))
    if request.upscale:
        told.append(("Made larger", request.upscale.upscaler_1 or "by the fleet's upscaler"))
    if request.tiled:
        how = request.tiled.upscaler or "no upscaler"
        told.append(("Painted anew in tiles", f"{request.width} × {request.height}, {how}"))
    if request.detect:
        told.append(("ControlNet's preprocessor", request.detect.module))
    if request.styles:
        told.append(("Styles", ", ".join(request.styles)))
    if request.vae:
        told.append(("VAE", request.vae))
    return told
