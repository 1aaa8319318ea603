"""Each call of the API as a value: what is sent, and how the answer is read. Both clients send them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from zosma.errors import UnreadableAnswerError, problem_of
from zosma.fields import body_of
from zosma.models import Cancelled, Catalogue, Estimate, ImageView, JobView, Page, Queue, State, Worker, decode
from zosma.pictures import Picture

T = TypeVar("T")

API = "/api/v1"
IDEMPOTENCY_KEY = "Idempotency-Key"
BAD_REQUEST = 400


@dataclass(frozen=True)
class Answer:
    """What the server has sent."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """One call."""

    method: str
    path: str
    read: Callable[[Answer], T]
    json: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    """Sent twice it does what it does once: it may be tried again when no answer came."""

    def result(self, answer: Answer) -> T:
        """What the answer says.

        Raises:
          ProblemError: when the server refused.
          UnreadableAnswerError: when it can't be read.
        """
        if answer.status >= BAD_REQUEST:
            raise problem_of(answer.status, answer.headers, answer.body)
        return self.read(answer)


def submit(prompt: str, fields: Mapping[str, Any], idempotency_key: str | None = None) -> Call[JobView]:
    """A new job. The key makes a second try the same job."""
    return Call(
        method="POST", path=f"{API}/jobs", read=_as(JobView), json=body_of(prompt, fields),
        headers=_once(idempotency_key),
    )  # fmt: skip


def job(job_id: str) -> Call[JobView]:
    """A job as it is now."""
    return Call(method="GET", path=_of(job_id), read=_as(JobView))


def jobs(states: State | Iterable[State] | None, limit: int, cursor: str | None) -> Call[Page]:
    """A page of the caller's jobs, newest first."""
    wanted = states if states is None or isinstance(states, str) else ",".join(states)
    given = {"limit": str(limit), "state": wanted, "cursor": cursor}
    params = {name: value for name, value in given.items() if value is not None}
    return Call(method="GET", path=f"{API}/jobs", read=_as(Page), params=params)


def cancel(job_id: str) -> Call[Cancelled]:
    """Cancels a job."""
    return Call(method="DELETE", path=_of(job_id), read=_as(Cancelled))


def retry(job_id: str, idempotency_key: str | None = None) -> Call[JobView]:
    """A failed or cancelled job anew."""
    return Call(method="POST", path=f"{_of(job_id)}/retry", read=_as(JobView), json={}, headers=_once(idempotency_key))


def picture(job_id: str, index: int, of: ImageView, *, size: int | None, format: str | None) -> Call[Picture]:  # noqa: A002
    """A finished picture."""

    def read(answer: Answer) -> Picture:
        return Picture(
            data=answer.body, format=_format(answer) or of.format, job_id=job_id, index=index, width=of.width,
            height=of.height, seed=of.seed, parameters=of.parameters,
        )  # fmt: skip

    return Call(
        method="GET", path=of.url, read=read, params={} if size is None else {"size": str(size)},
        headers={"Accept": f"image/{format}" if format else "*/*"},
    )  # fmt: skip


def preview(job_id: str) -> Call[bytes]:
    """The newest preview."""
    return Call(method="GET", path=f"{_of(job_id)}/preview", read=lambda answer: answer.body)


def estimate(prompt: str, fields: Mapping[str, Any]) -> Call[Estimate]:
    """What a request would cost."""
    return Call(method="POST", path=f"{API}/estimate", read=_as(Estimate), json=body_of(prompt, fields))


def catalogue() -> Call[Catalogue]:
    """What can be asked for."""
    return Call(method="GET", path=f"{API}/catalogue", read=_as(Catalogue))


def workers() -> Call[list[Worker]]:
    """The fleet."""

    def read(answer: Answer) -> list[Worker]:
        found = _json(answer)
        listed = found.get("workers") if isinstance(found, dict) else None
        return [decode(Worker, one) for one in (listed if isinstance(listed, list) else [None])]

    return Call(method="GET", path=f"{API}/workers", read=read)


def queue() -> Call[Queue]:
    """How full the queue is."""
    return Call(method="GET", path=f"{API}/queue", read=_as(Queue))


def anything(method: str, path: str, body: Any, params: Mapping[str, str] | None) -> Call[Any]:
    """A call that has no function here."""
    return Call(
        method=method, path=path, read=_json, json=body, params=params or {},
        repeatable=method.upper() in ("GET", "HEAD", "PUT", "DELETE"),
    )  # fmt: skip


def events_path(job_id: str | None) -> str:
    """Where a job's events are streamed; those of all the caller's jobs for None."""
    return f"{API}/events" if job_id is None else f"{_of(job_id)}/events"


def _of(job_id: str) -> str:
    return f"{API}/jobs/{quote(job_id, safe='')}"


def _once(idempotency_key: str | None) -> dict[str, str]:
    return {IDEMPOTENCY_KEY: uuid.uuid4().hex if idempotency_key is None else idempotency_key}


def _as(kind: type[T]) -> Callable[[Answer], T]:
    return lambda answer: decode(kind, _json(answer))


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise UnreadableAnswerError(
            "the server's answer is no JSON: is it a Zosma server, and the address its own, without a path?"
        ) from None


def _format(answer: Answer) -> str | None:
    kind, _, name = answer.headers.get("content-type", "").partition(";")[0].strip().partition("/")
    return name if kind == "image" else None
