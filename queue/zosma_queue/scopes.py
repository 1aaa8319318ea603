"""What can be paused, and what the names that people type mean among the workers and checkpoints that there are.

The one reading of scopes: the command line, the HTTP API and Discord hand over what was typed. Beyond this module a
scope goes by its text, like `worker:gpu/10.0.0.1:7860`, as Redis and the HTTP API have it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import WorkerInfo
from zosma_queue.job import Job
from zosma_queue.needs import Lane

#: As many names stand in a refusal.
NAMES_MAX = 12


class ScopeKind(enum.StrEnum):
    """What a scope is a part of."""

    QUEUE = "queue"
    LANE = "lane"
    CHECKPOINT = "checkpoint"
    WORKER = "worker"


QUEUE, LANE, CHECKPOINT, WORKER = ScopeKind


@dataclass(frozen=True)
class Scope:
    """A part of the queue or fleet: all of it, a lane, a checkpoint, a worker or its place."""

    kind: ScopeKind
    name: str = ""
    """The lane, the checkpoint's name, or the worker's id or place; "" for the queue."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)

    @classmethod
    def parse(cls, text: str) -> Scope:
        """The scope that a text is the form of; whether there is such a worker or checkpoint, `resolve` says.

        Raises:
          RequestRefusedError: when it is none; says which there are.
        """
        kind, _, name = text.partition(":")
        if text == QUEUE or (kind == LANE and name in set(Lane)) or (kind in (CHECKPOINT, WORKER) and name):
            return cls(ScopeKind(kind), name)
        raise RequestRefusedError(
            f"scope {text!r} is none: use queue, lane:fast, lane:relax, checkpoint:NAME or worker:ID",
            code="unknown-scope",
            field="scope",
            values={"given": text},
        )

    def contains(self, job: Job) -> bool:
        """True when a running job belongs to the scope, also to a checkpoint's because that was loaded."""
        match self.kind:
            case ScopeKind.LANE:
                return job.lane == self.name
            case ScopeKind.WORKER:
                return job.worker is not None and str(self) in worker_scopes(job.worker)
            case ScopeKind.CHECKPOINT:
                return self.name in (job.runs_on, job.request and job.request.checkpoint)
            case ScopeKind.QUEUE:
                return True


def worker_scopes(worker_id: str) -> frozenset[str]:
    """The scopes by which a single worker is paused: its own, and that of its place, which outlives its process."""
    place = worker_id.rpartition("/")[0] or worker_id
    return frozenset({str(Scope(WORKER, worker_id)), str(Scope(WORKER, place))})


def scopes_there(workers: Iterable[WorkerInfo], kinds: Iterable[ScopeKind] = ScopeKind) -> list[str]:
    """What there is to pause, in the order of `kinds`. A worker goes by its place, which outlives its process."""
    workers = list(workers)
    checkpoints = {one.name for worker in workers if worker.about for one in worker.about.checkpoints}
    names: dict[ScopeKind, Iterable[str]] = {
        QUEUE: [""],
        LANE: Lane,
        CHECKPOINT: sorted(checkpoints),
        WORKER: sorted({worker.place for worker in workers}),
    }
    return [str(Scope(kind, name)) for kind in kinds for name in names[kind]]


def resolve(scope: str, workers: Iterable[WorkerInfo]) -> str:
    """The scope with the worker's or checkpoint's own name.

    A worker may be named by its id, or by its place or its WebUI's address. The last two mean the place, which stays
    the same when the worker is started again; so does a pause of it.

    Raises:
      RequestRefusedError: when there is no such scope, worker or checkpoint, or several workers are called so.
    """
    found = Scope.parse(scope)
    if found.kind is WORKER:
        found = Scope(WORKER, _worker(found.name.strip(), list(workers)))
    elif found.kind is CHECKPOINT:
        found = Scope(CHECKPOINT, _checkpoint(found.name, workers))
    return str(found)


def paused_scope(scope: str, paused: Collection[str]) -> str | None:
    """The pause that somebody means who resumes this scope, also when its worker is gone; None when there is none."""
    if scope in paused:
        return scope
    kind, _, name = scope.partition(":")
    wanted = name.strip().casefold()
    if kind == CHECKPOINT:
        return next((one for one in sorted(paused) if one.casefold() == f"{CHECKPOINT}:{wanted}"), None)
    if kind != WORKER:
        return None
    found = [one for one in sorted(paused) if one.startswith(f"{WORKER}:") and _concerns(one.partition(":")[2], wanted)]
    if len(found) > 1:
        raise _ambiguous("scope", scope, _listed(found))
    return found[0] if found else None


def among(typed: str, known: Collection[str], workers: Iterable[WorkerInfo]) -> str | None:
    """The one of some known scopes that somebody means, also by its name without its kind; None for none of them.

    `known`: scopes that there are, or that are paused; one of a worker or checkpoint that is gone is found as well.

    Raises:
      RequestRefusedError: when several workers are called so.
    """
    workers = list(workers)
    for reading in _readings(typed.strip(), known):
        if found := paused_scope(reading, known):
            return found
        try:
            found = resolve(reading, workers)
        except RequestRefusedError as refusal:
            if refusal.code == "ambiguous-scope":
                raise
        if found in known:
            return found
    return None


def _readings(typed: str, known: Iterable[str]) -> Iterator[str]:
    """What a text may be short for: itself, then it as a name of each kind that is known."""
    kind, colon, name = typed.partition(":")
    yield f"{kind.casefold()}{colon}{name.casefold() if kind.casefold() == LANE else name}"
    for one in dict.fromkeys(scope.partition(":")[0] for scope in known):
        yield f"{one}:{typed.casefold() if one == LANE else typed}"


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
