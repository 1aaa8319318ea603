"""One function a verb: what the Lua file beside it takes and gives, in Python's words.

`now_ms` is 0, the Redis server's own clock, everywhere but in tests.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.fleet import About, WorkerState
from zosma_queue.job import Result, State
from zosma_queue.needs import Lane, Needs
from zosma_queue.scripts import Call

#: A killed worker's job is free again when its lease has run out; renewed four times as often.
LEASE_MS = 6_000
#: A job that lost this many workers is set aside: it may be what kills them.
MAX_LOST = 3
#: How far behind the head a job without a load may stand and still be taken first, in GPU-seconds.
AFFINITY_WINDOW_S = 60.0
#: A head passed over this often, or for this long, goes next whatever it costs.
MAX_SKIPS = 16
MAX_SKIP_MS = 120_000
#: Most jobs that one sweep handles in one go; it comes again in a second.
SWEEP_LIMIT = 100
#: How long an accepted job waits for a capable worker to come back.
PATIENCE_MS = 10 * 60_000


class Accepted(enum.StrEnum):
    """The queue's answer to a new job."""

    QUEUED = "queued"
    DELAYED = "delayed"
    EXISTS = "exists"  # the same id before: the same job
    NOBODY = "nobody"  # refused: no worker is ready
    INFEASIBLE = "infeasible"  # refused: no ready worker can do it


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What the queue is given."""

    id: str
    message: bytes
    owner: str
    group: str
    needs: Needs
    cost: float
    lane: Lane = Lane.FAST
    run_at_ms: int = 0
    patience_ms: int = PATIENCE_MS
    reply: str = ""
    """JSON that says where the answer goes; '' when its sender waits for it."""


def enqueue(job: NewJob, *, now_ms: int = 0) -> Call[Accepted]:
    """Takes a job in, or says why not."""
    return Call(
        "enqueue",
        (
            now_ms, job.id, job.message, job.owner, job.group, job.needs.class_in(job.lane), job.needs.to_json(),
            job.cost, job.run_at_ms, job.patience_ms, job.reply,
        ),
        lambda reply: Accepted(reply.decode()),
        more_keys=(keys.reply(job.id),),
    )  # fmt: skip


@dataclass(frozen=True)
class Leased:
    """A job handed to a worker: `attempt` is the fence that every later call carries."""

    id: str
    attempt: int
    body: bytes


def fetch(worker: str, *, now_ms: int = 0, lease_ms: int = LEASE_MS) -> Call[Leased | None]:
    """The next job for a free worker; None notes that it is idle."""

    def parse(reply: Any) -> Leased | None:
        return Leased(reply[0].decode(), reply[1], reply[2]) if reply else None

    return Call("fetch", (now_ms, worker, lease_ms, AFFINITY_WINDOW_S, MAX_SKIPS, MAX_SKIP_MS), parse)


class Lease(enum.StrEnum):
    """What has become of a running job."""

    OK = "ok"
    CANCEL = "cancel"
    LOST = "lost"


def renew(
    job_id: str,
    attempt: int,
    *,
    progress: float | None = None,
    eta_s: float | None = None,
    preview: bytes = b"",
    now_ms: int = 0,
    lease_ms: int = LEASE_MS,
) -> Call[Lease]:
    """Keeps the lease and publishes progress."""
    return Call(
        "renew",
        (
            now_ms, job_id, attempt, lease_ms, "" if progress is None else f"{progress:.4f}",
            "" if eta_s is None else f"{eta_s:.1f}", preview,
        ),
        lambda reply: Lease(reply.decode()),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a delivery ended. Made by one of the functions below."""

    verb: str
    text: str = ""
    kind: str = ""
    gpu_seconds: float = 0.0
    backoff_ms: int = 0
    max_failures: int = 1


def done(result: Result) -> Outcome:
    """The pictures are stored."""
    return Outcome(verb="done", text=result.model_dump_json(), gpu_seconds=result.gpu_seconds)


def fail(kind: str, text: str) -> Outcome:
    """Never again: another try would end the same."""
    return Outcome(verb="fail", kind=kind, text=text)


def retry(kind: str, text: str, *, backoff_ms: int, max_failures: int) -> Outcome:
    """Again after the back-off, `max_failures` times in all."""
    return Outcome(verb="retry", kind=kind, text=text, backoff_ms=backoff_ms, max_failures=max_failures)


def release(kind: str = "", text: str = "") -> Outcome:
    """Back to its place, no blame. `kind` and `text` say why, for whoever looks while it waits."""
    return Outcome(verb="release", kind=kind, text=text)


RELEASE = release()
"""Back to its place, for no reason of its own."""
CANCELLED = Outcome(verb="cancelled")
"""The worker stopped it because it was told to."""


def settle(job_id: str, attempt: int, outcome: Outcome, *, now_ms: int = 0) -> Call[State | None]:
    """Ends a delivery; None when it had lost its lease and nothing was changed."""

    def parse(reply: bytes) -> State | None:
        return None if reply == b"stale" else State(reply.decode())

    return Call(
        "settle",
        (
            now_ms, job_id, attempt, outcome.verb, outcome.text, outcome.kind, outcome.gpu_seconds,
            outcome.backoff_ms, outcome.max_failures,
        ),
        parse,
    )  # fmt: skip


class Cancelled(enum.StrEnum):
    """The queue's answer to a cancel."""

    CANCELLED = "cancelled"  # now, or before
    CANCELLING = "cancelling"  # its worker is told
    DONE = "done"  # too late
    FAILED = "failed"  # too late
    UNKNOWN = "unknown"


def cancel(job_id: str, *, now_ms: int = 0) -> Call[Cancelled]:
    """Cancels a job in whatever state it is."""
    return Call("cancel", (now_ms, job_id), lambda reply: Cancelled(reply.decode()))


@dataclass(frozen=True)
class Swept:
    """What a sweep did, in jobs."""

    promoted: int
    returned: int
    set_aside: int
    given_up: int


def sweep(*, now_ms: int = 0) -> Call[Swept]:
    """Does what time alone changes."""
    return Call("sweep", (now_ms, MAX_LOST, SWEEP_LIMIT), lambda reply: Swept(*reply))


def beat(
    worker: str,
    state: WorkerState,
    *,
    loaded: str | None,
    pixels: int,
    reason: str = "",
    about: About | None = None,
    now_ms: int = 0,
) -> Call[bool]:
    """A worker's sign of life; False asks for `about`."""
    described: tuple[str, ...] = (about.model_dump_json(), *about.tokens()) if about else ("",)
    return Call("beat", (now_ms, worker, state, loaded or "", pixels, reason, *described), bool)


def leave(worker: str, *, now_ms: int = 0) -> Call[bool]:
    """A worker goes; True when it was known."""
    return Call("leave", (now_ms, worker), bool)


def delivered(job_id: str, images: Iterable[str], *, keep_ms: int, now_ms: int = 0) -> Call[bool]:
    """A job's end has been shown; its image keys go after `keep_ms`. True when it was owed."""
    return Call("delivered", (now_ms, job_id, keep_ms, *images), bool)
