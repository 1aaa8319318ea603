"""What can be paused, and what the names that people type mean among the workers and checkpoints that there are.

The one place for it: the command line, the HTTP API and Discord hand over what was typed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import WorkerInfo
from zosma_queue.job import Job
from zosma_queue.needs import Lane

QUEUE = "queue"
#: As many names stand in a refusal.
NAMES_MAX = 12


def checked_scope(scope: str) -> str:
    """The scope, when it has the form of one.

    Raises:
      RequestRefusedError: when it hasn't; says which there are.
    """
    kind, _, name = scope.partition(":")
    if scope == QUEUE or (kind == "lane" and name in set(Lane)) or (kind in ("checkpoint", "worker") and name):
        return scope
    raise RequestRefusedError(
        f"scope {scope!r} is none: use queue, lane:fast, lane:relax, checkpoint:NAME or worker:ID",
        code="unknown-scope",
        field="scope",
        values={"given": scope},
    )


def resolve(scope: str, workers: Iterable[WorkerInfo]) -> str:
    """The scope with the worker's or checkpoint's own name.

    A worker may be named by its id, or by its place or its WebUI's address. The last two mean the place, which stays
    the same when the worker is started again; so does a pause of it.

    Raises:
      RequestRefusedError: when there is no such scope, worker or checkpoint, or several workers are called so.
    """
    kind, _, name = checked_scope(scope).partition(":")
    if kind == "worker":
        return f"worker:{_worker(name.strip(), list(workers))}"
    if kind == "checkpoint":
        return f"checkpoint:{_checkpoint(name, workers)}"
    return scope


def paused_scope(scope: str, paused: Collection[str]) -> str | None:
    """The pause that somebody means who resumes this scope, also when its worker is gone; None when there is none."""
    if scope in paused:
        return scope
    kind, _, name = scope.partition(":")
    wanted = name.strip().casefold()
    if kind == "checkpoint":
        return next((one for one in sorted(paused) if one.casefold() == f"checkpoint:{wanted}"), None)
    if kind != "worker":
        return None
    found = [one for one in sorted(paused) if one.startswith("worker:") and _concerns(one.partition(":")[2], wanted)]
    if len(found) > 1:
        raise _ambiguous("scope", scope, _listed(found))
    return found[0] if found else None


def is_of(scope: str, job: Job) -> bool:
    """True when a running job belongs to a scope as `resolve` returns it."""
    kind, _, name = scope.partition(":")
    if kind == "lane":
        return job.lane == name
    if kind == "worker":
        return job.worker is not None and name in (job.worker, job.worker.rpartition("/")[0])
    if kind == "checkpoint":
        return name in (job.runs_on, job.request and job.request.checkpoint)
    return True


def _worker(wanted: str, workers: list[WorkerInfo]) -> str:
    if any(wanted == worker.id for worker in workers):
        return wanted
    places = sorted({worker.place for worker in workers if wanted.casefold() in _names(worker)})
    if len(places) == 1:
        return places[0]
    if places:
        raise _ambiguous("worker", wanted, _listed(places))
    raise _not_there("worker", wanted, _listed(sorted(worker.id for worker in workers)))


def _names(worker: WorkerInfo) -> set[str]:
    """What a worker is called besides its id, in small letters."""
    names = {worker.place}
    if worker.place.count("/"):
        names.add(worker.place.rpartition("/")[2])
    if worker.about:
        names |= {worker.about.webui, worker.about.webui.rpartition("://")[2]}
    return {name.casefold() for name in names}


def _checkpoint(wanted: str, workers: Iterable[WorkerInfo]) -> str:
    known = {one.name: one for worker in workers if worker.about for one in worker.about.checkpoints}
    for checkpoint in known.values():
        if checkpoint.is_called(wanted):
            return checkpoint.name
    names = _listed(sorted(known))
    raise _not_there("checkpoint", wanted, names)


def _concerns(paused: str, wanted: str) -> bool:
    """Whether a paused worker or place is meant: by its name, as its WebUI's address, or by the id of one there."""
    paused = paused.casefold()
    return wanted == paused or wanted in paused.split("/")[1:2] or wanted.rpartition("/")[0] == paused


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


def _ambiguous(what: str, wanted: str, known: str) -> RequestRefusedError:
    return RequestRefusedError(
        f"{what} {wanted!r} may be any of {known}: name one of them in full",
        code="ambiguous-scope",
        field="scope",
        values={"given": wanted, "known": known},
    )


def _not_there(what: str, wanted: str, known: str) -> RequestRefusedError:
    return RequestRefusedError(
        f"{what} {wanted!r} is not there: " + (f"there are {known}" if known else "there is none at all"),
        code="scope-not-there",
        field="scope",
        values={"given": wanted, "known": known or "–"},
    )
