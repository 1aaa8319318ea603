"""`/console/fleet`: each GPU, what it is doing, how fast it is and how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from zosma_bot.console import wording
from zosma_bot.console.board import Now
from zosma_bot.console.cards import Card, card
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.console.wording import Status, worker_status
from zosma_queue.cost import predict_gpu_seconds
from zosma_queue.fleet import Trust, WorkerInfo, WorkerState
from zosma_queue.request import Request

#: What speeds are told for.
REFERENCE = Request(prompt="a cat", width=512, height=512, steps=20)
_GOOD = {"good": 0, "busy": 0, "warn": 1, "bad": 2}


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One worker, for a template."""

    id: str
    """'' for those who may do nothing with it."""
    name: str
    status: Status
    webui: str
    address: str
    checkpoint: str
    reason: str
    done: int
    faults: int
    picture_s: float | None
    """What the reference picture takes here."""
    job: Card | None
    may_try: bool
    is_paused: bool


class Fleet:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Every worker."""
        now = await self._parts.board.now()
        # By what the jobs say: a worker that takes a lost one up again says nothing of it itself.
        drawn = {job.worker: job for job in now.running.values() if job.worker}
        sights = await self._parts.sights.of(visitor, drawn.values())
        jobs = {worker: card(visitor, sights[job.id]) for worker, job in drawn.items()}
        gpus = [_gpu(visitor, now, one, jobs) for one in now.workers]
        gpus.sort(key=lambda gpu: (-_GOOD[gpu.status.tone], gpu.name))
        return await self._parts.page(
            request, visitor, "fleet.html", part="part-fleet.html", gpus=gpus, board=now, reference=REFERENCE
        )

    async def try_now(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Has a worker that is away look at its WebUI at once."""
        await self._parts.queue.admin.try_now(visitor.owner, form.get("worker", ""))
        return self._parts.done(request, "It is tried within seconds.", "/console/fleet")


def _gpu(visitor: Visitor, now: Now, worker: WorkerInfo, jobs: Mapping[str, Card]) -> Gpu:
    about, ratio = worker.about, now.speeds.get(worker.place)
    paused = {pause.scope for pause in now.pauses} & {f"worker:{worker.id}", f"worker:{worker.place}"}
    return Gpu(
        id=worker.id if visitor.is_admin else "",
        name=wording.worker_name(worker.id, is_admin=visitor.is_admin),
        status=worker_status(worker, draws=worker.id in jobs or bool(worker.job)),
        webui=f"{about.flavour} {about.version or ''}".strip() if about else "unknown",
        address=about.webui if about and visitor.is_admin else "",
        checkpoint=worker.loaded or "",
        # In the WebUI's own words, which may name its address.
        reason=worker.reason or "" if visitor.is_admin else "",
        done=worker.done,
        faults=worker.faults,
        picture_s=ratio * predict_gpu_seconds(REFERENCE) if ratio else None,
        job=jobs.get(worker.id),
        may_try=visitor.is_admin and (worker.state is WorkerState.AWAY or worker.trust is Trust.QUARANTINED),
        is_paused=bool(paused),
    )


def routes(parts: Parts) -> list[web.RouteDef]:
    """The fleet."""
    view = Fleet(parts)
    return [
        web.get("/console/fleet", parts.gate.sees(view.page)),
        web.post("/console/fleet/try", parts.gate.changes(view.try_now, admin=True)),
    ]
