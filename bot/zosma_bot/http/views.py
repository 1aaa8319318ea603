"""Jobs, workers and the queue as JSON, in the shapes of models.py."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from zosma_bot.http.models import (
    AdminJobView,
    CatalogueView,
    CheckpointView,
    JobView,
    PublicWorker,
    SchedulerView,
    WorkflowView,
)
from zosma_queue.admin import Pause
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Depth, Queue
from zosma_queue.fleet import Trust, WorkerInfo
from zosma_queue.forecast import Place
from zosma_queue.job import Job, State
from zosma_queue.last_fleet import Fleet
from zosma_queue.scopes import QUEUE, worker_scopes

JOBS = "/api/v1/jobs"


async def standing(queue: Queue, job: Job) -> tuple[Place | None, bool]:
    """A waiting job's place in line, and whether a pause holds it back; (None, False) for any other."""
    if job.state is not State.WAITING:
        return None, False
    place = await queue.place(job.id)
    return place, place is None and await queue.is_held(job.id)


def job_view(job: Job, place: Place | None = None, paused: bool = False) -> dict[str, Any]:
    """A job as its owner sees it. `starts_in_s` and `ends_in_s` are forecasts.

    `paused`: it waits for an admin to resume what they paused, which nobody can forecast.
    `missing`: pictures of a set that could not be made; `error` says why.
    `progress` and `eta_s` are the running WebUI's word; with `estimated`, a WebUI's that has none, by time.
    """
    return JobView.model_validate(_of_job(job, place, paused)).model_dump(mode="json", exclude_unset=True)


def _of_job(job: Job, place: Place | None, paused: bool) -> dict[str, Any]:
    lacks = sum(one.count for one in job.missing) if job.state.ended else 0
    view: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "position": place.position if place else None,
        "starts_in_s": place and round(place.starts_in_s, 1),
        "ends_in_s": place and round(place.ends_in_s, 1),
        "paused": paused,
        "progress": job.progress,
        "eta_s": job.eta_s,
        "estimated": job.estimated,
        "attempt": job.attempt,
        "worker": job.worker and public_name(job.worker),
        "request": job.request.model_dump(exclude_none=True) if job.request else None,
        "error": {"kind": job.error_kind, "text": job.error} if job.state is State.FAILED or lacks else None,
        "missing": lacks,
    }
    if job.result and job.state.ended:
        view["result"] = {
            "checkpoint": job.result.checkpoint,
            "sampler": job.result.sampler,
            "gpu_seconds": job.result.gpu_seconds,
            **({"other_kind": True} if job.other_kind else {}),
            **({"caption": job.result.caption} if job.result.caption else {}),
            **({"pose": job.result.pose} if job.result.pose else {}),
            "images": [
                {
                    "url": f"{JOBS}/{job.id}/images/{picture.index}",
                    **picture.model_dump(include={"format", "width", "height", "seed", "parameters"}),
                }
                for picture in job.result.pictures
            ],
        }
    return view


def admin_job_view(job: Job, place: Place | None = None, paused: bool = False) -> dict[str, Any]:
    """A job with what only admins need."""
    shown = {
        **_of_job(job, place, paused),
        "worker": job.worker,
        "owner": job.owner,
        "group": job.group,
        "lane": job.lane,
        "runs_on": job.runs_on,
        "cost_s": job.cost,
        "created_ms": job.created_ms,
        "started_ms": job.started_ms,
        "finished_ms": job.finished_ms,
        "run_at_ms": job.run_at_ms,
        "failures": job.failures,
        "lost": job.lost,
        "error": {"kind": job.error_kind, "text": job.error} if job.error_kind else None,
    }
    return AdminJobView.model_validate(shown).model_dump(mode="json", exclude_unset=True)


def worker_view(worker: WorkerInfo) -> dict[str, Any]:
    """A worker in one line."""
    about = worker.about
    return {
        "id": worker.id,
        "state": worker.state,
        "reason": worker.reason,
        "webui": about.webui if about else None,
        "flavour": about.flavour if about else None,
        "checkpoint": worker.loaded,
        "job": worker.job,
    }


def public_worker_view(worker: WorkerInfo, paused: Collection[str]) -> dict[str, Any]:
    """A worker as everybody may see it."""
    about = worker.about
    view = PublicWorker(
        name=public_name(worker.id),
        state=worker.state.value,
        flavour=about.flavour if about else None,
        checkpoint=worker.loaded,
        quarantined=worker.trust is Trust.QUARANTINED,
        paused=QUEUE in paused or not worker_scopes(worker.id).isdisjoint(paused),
        checkpoints=len(about.checkpoints) if about else 0,
        max_pixels=worker.pixels,
    )
    return view.model_dump(mode="json")


def catalogue_view(catalogue: Catalogue) -> dict[str, Any]:
    """What the fleet offers."""
    view = CatalogueView(
        ready=catalogue.ready,
        load_s=catalogue.load_s,
        checkpoints=[
            CheckpointView(
                name=one.name,
                title=one.title,
                hash=one.hash,
                workers=catalogue.holders.get(one.name, 0) if catalogue.ready else 0,
                loaded=bool(catalogue.ready) and one.name in catalogue.loaded,
            )
            for one in catalogue.checkpoints
        ],
        samplers=list(catalogue.samplers),
        schedulers=[SchedulerView(name=one.name, label=one.label) for one in catalogue.schedulers],
        upscalers=list(catalogue.upscalers),
        enlargers=list(catalogue.enlargers),
        loras=list(catalogue.loras),
        vaes=list(catalogue.vaes),
        styles=[style.name for style in catalogue.styles],
        scripts=list(catalogue.scripts),
        workflows=[WorkflowView.model_validate(one.model_dump(exclude={"facts"})) for one in catalogue.workflows],
    )
    return view.model_dump(mode="json")


def public_name(worker_id: str) -> str:
    """What everybody may know of a worker: a name that stays, without its machine's and its WebUI's address."""
    place = worker_id.rpartition("/")[0] or worker_id
    return f"gpu-{hashlib.sha256(place.encode()).hexdigest()[:6]}"


def queue_view(depth: Depth, fleet: Fleet, pauses: list[Pause]) -> dict[str, Any]:
    """Depth by state, oldest wait in seconds, what is paused, workers: as admins see it."""
    return {
        **asdict(depth),
        "last_gpu_ms": fleet.last_seen_ms,
        "paused": [{"scope": pause.scope, "since_ms": pause.at_ms, "why": pause.why or None} for pause in pauses],
        "workers": [worker_view(worker) for worker in fleet.workers],
    }


def public_queue_view(depth: Depth, fleet: Fleet, pauses: list[Pause], own_jobs: Collection[str]) -> dict[str, Any]:
    """The same for callers that are no admins: without inner addresses, and of jobs only their own ids."""
    view = queue_view(depth, fleet, pauses)
    for shown in view["workers"]:
        job = shown["job"] if shown["job"] in own_jobs else None
        shown |= {"id": public_name(shown["id"]), "webui": None, "reason": None, "busy": bool(shown["job"]), "job": job}
    names = {known: public_name(one.id) for one in fleet.workers for known in (one.id, one.place)}
    for pause in view["paused"]:
        kind, _, name = pause["scope"].partition(":")
        if kind == "worker":
            pause["scope"] = f"worker:{names.get(name) or public_name(name)}"
    return view
