"""A job's states, what it looks like from outside, and what comes out of it."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from zosma_queue import keys, tracing
from zosma_queue.errors import PoisonMessageError
from zosma_queue.messages import decode_message, request_of
from zosma_queue.needs import Lane
from zosma_queue.request import Request
from zosma_queue.unreadable import finite, row_or, skipping

#: Lists in A1111's `info` that have an entry for each picture.
PER_PICTURE = ("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds", "infotexts")


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
    """One picture of a result."""

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
    store: str = ""
    """Where its bytes are kept, as its worker says: `s3://bucket/prefix`; '' for Redis."""
    stored: str = ""
    """Their place there (picture_store.py), for a picture of a set that was split."""

    @property
    def place(self) -> int:
        """Which of the pictures that were asked for it is, from 0 on: those that could not be made leave gaps."""
        if not self.stored:
            return self.index
        part, _, index = self.stored.split(":")
        return int(part.rpartition("~")[2]) + int(index)


class Result(BaseModel):
    """What a worker made of a job."""

    model_config = ConfigDict(frozen=True)

    pictures: tuple[Picture, ...]
    caption: str = ""
    """What a picture shows, in words, for a request that wanted those."""
    pose: dict[str, Any] | None = None
    """The bodies, hands and faces that a preprocessor has found, as ControlNet tells them."""
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


@dataclass(frozen=True)
class Missing:
    """Pictures of a set that could not be made: `count` of them from `first` on, which is 0 for the first asked for."""

    first: int
    count: int
    kind: str
    text: str


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
    load_s: float | None = None
    """What loading its checkpoint took, of a finished one: the GPU time beyond the prediction for its pictures.
    None where it was loaded already, or is not known, as for a set that several workers made."""
    error_kind: str | None = None
    error: str | None = None
    result: Result | None = None
    """While a set is made by several workers, what there is so far."""
    parts: tuple[tuple[int, int], ...] = ()
    """(first picture, how many) of the parts of a set that was split."""
    missing: tuple[Missing, ...] = ()
    """Of a set, what could not be made."""
    wait_ms: int = 0
    """How long it waits while no worker at all is ready; 0: as long as it waits for a capable one."""
    other_kind: bool = False
    """Another kind of WebUI made it than the one that began it: of the same seed it makes another picture."""
    traceparent: str = ""
    """The trace that it is a part of (tracing.py); '' for none."""

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

        request, traceparent = None, ""
        with suppress(PoisonMessageError):
            message = decode_message(fields[b"message"])
            traceparent = tracing.of_options(message.options)
            request = request_of(message)
        parts = _parts_in(text("parts") or "")
        result = _result_of(job_id, text("result"), parts, {first: text(f"made:{first}") for first, _ in parts})
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
            load_s=_load_s(text("cold"), number("gpu_seconds"), number("charged")),
            error_kind=text("error_kind"),
            error=text("error"),
            result=result,
            parts=parts,
            missing=tuple(_missing(first, lack) for first, _ in parts if (lack := text(f"lack:{first}"))),
            wait_ms=whole("wait") or 0,
            other_kind=text("other_kind") == "1",
            traceparent=traceparent,
        )


def _load_s(cold: str | None, real: float | None, predicted: float | None) -> float | None:
    """As _settle.lua learns it."""
    return max(real - predicted, 0.0) if cold == "1" and real is not None and predicted is not None else None


def _parts_in(text: str) -> tuple[tuple[int, int], ...]:
    pairs = (part.partition(":") for part in text.split(",") if part)
    return tuple((int(first), int(count)) for first, _, count in pairs)


def _missing(first: int, text: str) -> Missing:
    lack = json.loads(text)
    return Missing(first, int(lack["count"]), str(lack["kind"]), str(lack["text"]))


def _result_of(
    job_id: str, whole: str | None, parts: Iterable[tuple[int, int]], made: Mapping[int, str | None]
) -> Result | None:
    """A job's result: as its worker told it, or put together from those of a set's parts.

    Only the bot notes where a picture's bytes lie: what a worker says of that is not believed.
    """
    if whole:
        result = Result.model_validate_json(whole)
        if parts:
            return result
        plain = tuple(picture.model_copy(update={"stored": ""}) for picture in result.pictures)
        return result.model_copy(update={"pictures": plain})
    results = [(first, Result.model_validate_json(text)) for first, _ in parts if (text := made[first])]
    return _together(job_id, results) if results else None


def _together(job_id: str, results: Sequence[tuple[int, Result]]) -> Result:
    """The results of a set's parts as one, in the order of the pictures."""
    _, leading = results[0]
    pictures = [
        picture.model_copy(update={"stored": f"{keys.part(job_id, first)}:{result.attempt}:{picture.index}"})
        for first, result in results
        for picture in result.pictures
    ]
    info = dict(leading.info)
    for name in PER_PICTURE:
        if isinstance(info.get(name), list):
            info[name] = [item for _, one in results for item in one.info.get(name) or ()]
    return leading.model_copy(
        update={
            "pictures": tuple(one.model_copy(update={"index": index}) for index, one in enumerate(pictures)),
            "attempt": max(result.attempt for _, result in results),
            "gpu_seconds": round(sum(result.gpu_seconds for _, result in results), 3),
            "info": info,
        }
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
