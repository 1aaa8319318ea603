"""Short texts about jobs and workers: how a job stands and why it waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zosma_bot.console.board import Now
from zosma_bot.console.render import duration
from zosma_bot.http.views import public_name
from zosma_queue.admin import Pause
from zosma_queue.client import InLine
from zosma_queue.errors import ErrorKind
from zosma_queue.feasibility import why_infeasible
from zosma_queue.fleet import Trust, WorkerInfo, WorkerState
from zosma_queue.job import Job, State
from zosma_queue.needs import needs_of
from zosma_queue.request import Request

STATES = {
    State.WAITING: "Waiting",
    State.DELAYED: "Put off",
    State.RUNNING: "Running",
    State.DONE: "Done",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
}

_SENTENCES = {str(kind): kind.sentence for kind in ErrorKind}


@dataclass(frozen=True)
class Status:
    """How a worker stands, in a word, and how good that is."""

    word: str
    tone: str
    """`good`, `busy`, `warn` or `bad`; colours say it again, never alone."""


def worker_status(worker: WorkerInfo, *, draws: bool) -> Status:
    """How a worker stands."""
    if worker.trust is Trust.QUARANTINED:
        return Status("Quarantined", "bad")
    if worker.reason and worker.reason.startswith("paused"):
        return Status("Paused", "warn")
    if worker.state is WorkerState.AWAY:
        return Status("Away", "bad")
    if draws:
        return Status("On trial" if worker.trust is Trust.ON_TRIAL else "Drawing", "busy")
    return Status("On trial", "warn") if worker.trust is Trust.ON_TRIAL else Status("Free", "good")


class Reasons:
    """Says why jobs wait. For the rows of one page: what the workers can do is looked through once."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._ready = [one for one in now.workers if one.state is not WorkerState.AWAY and one.about]
        self._tokens = [(one.pixels, frozenset(one.about.tokens())) for one in self._ready if one.about]
        self._able: dict[tuple[str, ...], bool] = {}

    def why(self, job: Job, line: InLine, *, shows: bool, is_admin: bool) -> str:
        """Why a waiting job has not begun. `shows`: what it asked for may be told."""
        if line.held:
            return _held(self._now.pauses, is_admin)
        if line.at_limit:
            return "As many jobs of its owner run as may at once"
        if line.place:
            ahead = line.place.position - 1
            return f"{ahead} job{'s' if ahead > 1 else ''} ahead" if ahead else "Next in line"
        if not self._ready:
            return "Waits for a GPU" if job.wait_ms else "No GPU is online"
        if job.request is None or self._can(job.request):
            return "Far back in line"
        why = str(why_infeasible(job.request, self._ready)) if shows else "no GPU here can do it"
        return why[:1].upper() + why[1:]

    def _can(self, request: Request) -> bool:
        needs = needs_of(request)
        key = (*needs.tokens, str(needs.pixels))
        if key not in self._able:
            wanted = set(needs.tokens)
            self._able[key] = any(needs.pixels <= pixels and wanted <= tokens for pixels, tokens in self._tokens)
        return self._able[key]


def why_delayed(job: Job, now_ms: float) -> str:
    """Why a job that is put off has not begun."""
    left = f"in {duration((job.run_at_ms - now_ms) / 1000)}" if job.run_at_ms else "later"
    if job.failures and job.error_kind:
        return f"Tried again {left}: {fault(job.error_kind)}"
    return f"Scheduled, begins {left}"


def fault(kind: str | None) -> str:
    """A kind of error in words."""
    return _SENTENCES.get(kind or "", kind or "for a reason that was not kept")


def worker_name(worker_id: str, *, is_admin: bool) -> str:
    """What a worker is called to admins, and to everybody."""
    return (worker_id.rpartition("/")[0] or worker_id) if is_admin else public_name(worker_id)


def _held(pauses: Sequence[Pause], knows_names: bool) -> str:
    whole = next((pause for pause in pauses if pause.scope == "queue"), None)
    shown = [whole] if whole else pauses
    kinds = [pause.scope if knows_names or pause.scope.partition(":")[0] != "worker" else "a GPU" for pause in shown]
    what = ", ".join("everything" if kind == "queue" else kind.replace(":", " ", 1) for kind in kinds)
    why = next((pause.why for pause in shown if pause.why), "")
    return f"Paused by an admin ({what})" + (f": {why}" if why else "")
