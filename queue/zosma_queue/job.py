"""A job's states, what it looks like from outside, and what comes out of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from zosma_queue import keys
from zosma_queue.errors import PoisonMessageError
from zosma_queue.messages import decode_request
from zosma_queue.needs import Lane
from zosma_queue.request import Request
from zosma_queue.unreadable import finite, row_or, skipping


class State(enum.StrEnum):
    """Where a job is. docs/states.md draws the ways between them."""

    WAITING = "waiting"  # in the fair order, free to be taken
    DELAYED = "delayed"  # not before its time: scheduled, or backing off before a retry
    RUNNING = "running"  # leased to one worker
    DONE = "done"  # its pictures are stored
    FAILED = "failed"  # for good, with its reason; kept in the dead set
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """True when nothing will happen to the job any more."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class Picture(BaseModel):
    """One picture of a result. Its bytes lie under `keys.image(job, attempt, index)`."""

    model_config = ConfigDict(frozen=True)

    index: int
    format: str
    """png, jpeg or webp, as found in the bytes."""
    width: int
    height: int
    bytes: int
    seed: int
    parameters: str
    """A1111's infotext, true to what was made."""


class Result(BaseModel):
    """What a worker made of a job."""

    model_config = ConfigDict(frozen=True)

    pictures: tuple[Picture, ...]
    attempt: int
    checkpoint: str
    checkpoint_hash: str | None = None
    sampler: str
    scheduler: str | None = None
    worker: str
    gpu_seconds: float = Field(allow_inf_nan=False)
    """From the call of the WebUI to its answer."""
    info: dict[str, Any]
    """A1111's `info` object, completed."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the queue holds it. Times are milliseconds since 1970 of the Redis server's clock."""

    id: str
    state: State
    owner: str
    group: str
    cost: float
    """Predicted GPU-seconds."""
    created_ms: int
    lane: Lane
    request: Request | None
    """None when its message can't be decoded."""
    attempt: int = 0
    failures: int = 0
    lost: int = 0
    started_ms: int | None = None
    finished_ms: int | None = None
    run_at_ms: int | None = None
    worker: str | None = None
    runs_on: str | None = None
    """Name of the checkpoint that its worker has it on; None before it begins, and where that is unknown."""
    progress: float | None = None
    """0 to 1, while running."""
    eta_s: float | None = None
    estimated: bool = False
    """Progress and `eta_s` are by time: the WebUI doesn't say."""
    cancelling: bool = False
    cancelled_by: str | None = None
    """The admin who cancelled it, as in the audit; None for its owner, or a client that has gone."""
    cancelled_why: str | None = None
    """In that admin's words."""
    paid_s: float = 0.0
    """GPU-seconds that a cancelled job was charged: what it had used until then."""
    error_kind: str | None = None
    error: str | None = None
    result: Result | None = None
    other_kind: bool = False
    """Another kind of WebUI made it than the one that began it: of the same seed it makes another picture."""

    @classmethod
    def from_hash(cls, job_id: str, fields: Mapping[bytes, bytes]) -> Job:
        """The job in a `job:<id>` hash as Redis returns it."""

        def text(name: str) -> str | None:
            value = fields.get(name.encode())
            return None if value is None else value.decode()

        def number(name: str) -> float | None:
            value = text(name)
            return finite(value) if value else None

        def whole(name: str) -> int | None:
            value = number(name)
            return None if value is None else int(value)

        try:
            request = decode_request(fields[b"message"])
        except PoisonMessageError:
            request = None
        result = text("result")
        return cls(
            id=job_id,
            state=State(text("state") or ""),
            owner=text("owner") or "",
            group=text("group") or "",
            cost=number("cost") or 0.0,
            created_ms=whole("created") or 0,
            lane=Lane((text("class") or Lane.FAST).partition("|")[0]),
            request=request,
            attempt=whole("attempt") or 0,
            failures=whole("failures") or 0,
            lost=whole("lost") or 0,
            started_ms=whole("started"),
            finished_ms=whole("finished"),
            run_at_ms=whole("run_at"),
            worker=text("worker"),
            runs_on=text("runs_on") or None,
            progress=number("progress"),
            eta_s=number("eta"),
            estimated=text("estimated") == "1",
            cancelling=text("cancel") is not None,
            cancelled_by=text("cancelled_by"),
            cancelled_why=text("cancelled_why"),
            paid_s=number("paid") or 0.0,
            error_kind=text("error_kind"),
            error=text("error"),
            result=Result.model_validate_json(result) if result else None,
            other_kind=text("other_kind") == "1",
        )


def readable(ids: Iterable[str], rows: Iterable[Any]) -> list[Job]:
    """The jobs in their hashes, as a pipeline of HGETALL with `raise_on_error=False` gives them.

    Those that are forgotten or can't be read are passed over. Raises Redis's errors, unless one key alone is bad.
    """
    found: list[Job] = []
    for job_id, row in zip(ids, rows, strict=True):
        fields = row_or(keys.job(job_id), row, {})
        with skipping(keys.job(job_id)):
            if fields:
                found.append(Job.from_hash(job_id, fields))
    return found
