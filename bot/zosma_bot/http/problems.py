"""Errors as HTTP answers, in the shape that clients of AUTOMATIC1111 and of Forge both read."""

from __future__ import annotations

import http
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from zosma_queue.errors import (
    ErrorKind,
    LimitError,
    NoWorkerError,
    QueueBusyError,
    QueueRefusesError,
    QueueUnavailableError,
    RequestRefusedError,
)
from zosma_queue.job import Job, State

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: When a client should come back after a 503, in seconds.
RETRY_AFTER_S = 10


class Problem(Exception):
    """Raised by a handler to end a request with an error answer."""

    def __init__(
        self, status: int, error: str, detail: str, *, field: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.error = error
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s


#: Below it errors of a field look as A1111's own do.
_A1111_PATHS = "/sdapi/"


def body(error: str, detail: str, field: str | None = None) -> dict[str, Any]:
    """`error` names the class, `detail` is for people; `errors` repeats it where A1111's clients look."""
    answer = {"error": error, "detail": detail, "body": "", "errors": detail}
    return {**answer, "field": field} if field else answer


def a1111_body(error: str, detail: str, field: str | None = None) -> dict[str, Any]:
    """The same with FastAPI's list in `detail`, which A1111 answers when a field can't be read."""
    loc = ["body", *(field or "").split(".")] if field else ["body"]
    return {**body(error, detail, field), "detail": [{"loc": loc, "msg": detail, "type": "value_error"}]}


def answer(problem: Problem, path: str) -> web.Response:
    """The response for a problem with a request of this path."""
    headers = {}
    retry_after_s = problem.retry_after_s
    if retry_after_s is None and problem.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after_s = RETRY_AFTER_S
    if retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    if problem.status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="zosma"'
    if problem.status == http.HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"  # the rest of the body is still on its way
    as_a1111 = path.startswith(_A1111_PATHS) and problem.status == http.HTTPStatus.UNPROCESSABLE_ENTITY
    said = (a1111_body if as_a1111 else body)(problem.error, problem.detail, problem.field)
    return web.json_response(said, status=problem.status, headers=headers)


def of_job(job: Job) -> Problem:
    """The problem that a job ended with."""
    if job.state is State.CANCELLED:
        return Problem(http.HTTPStatus.CONFLICT, "Cancelled", "the job was cancelled")
    kind, text = job.error_kind or "unknown", job.error or "no reason was kept"
    status = http.HTTPStatus.UNPROCESSABLE_ENTITY if kind == ErrorKind.REFUSED else http.HTTPStatus.SERVICE_UNAVAILABLE
    return Problem(status, kind, text)


def of_queue(error: QueueUnavailableError) -> Problem:
    """Why the queue can't serve now, by its true name; what Redis said is for the log and `/readyz`."""
    if isinstance(error, QueueBusyError):
        name, why = "QueueBusy", "too many requests are under way here: try again shortly"
    elif isinstance(error, QueueRefusesError):
        name, why = "QueueRefuses", f"the queue is set up wrongly ({error.code}): its operator must see to it"
    elif error.code:
        name, why = "QueueUnavailable", f"the queue can't take this now ({error.code}): try again shortly"
    else:
        name, why = "QueueUnavailable", "the queue is away: try again shortly"
    return Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, name, why)


def without_traceback(record: logging.LogRecord) -> bool:
    """A filter for aiohttp's log: a request that is no HTTP is its client's mistake and worth one line."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError):
        reason = " ".join(str(getattr(error, "message", error)).split())[:200]
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args, record.exc_info = "refused a malformed request: %s", (reason,), None
    return True


@web.middleware
async def as_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every exception into an answer."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < http.HTTPStatus.BAD_REQUEST:
            raise
        headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        said = body("HTTPException", http.HTTPStatus(error.status).phrase)
        return web.json_response(said, status=error.status, headers=headers)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            log.exception("%s %s failed", request.method, request.path)
            problem = Problem(500, "InternalError", "an error of this server; it is in its log")
        return answer(problem, request.path)


def problem_of(error: Exception) -> Problem | None:
    """The problem that an error is to a client; None for one that is ours."""
    match error:
        case Problem():
            return error
        case NoWorkerError():
            return Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "NoWorker", str(error))
        case LimitError():
            wait_s = error.retry_after_s
            return Problem(http.HTTPStatus.TOO_MANY_REQUESTS, "LimitReached", str(error), retry_after_s=wait_s)
        case RequestRefusedError():
            return Problem(http.HTTPStatus.UNPROCESSABLE_ENTITY, "ValidationError", str(error), field=error.field)
        case QueueUnavailableError():
            return of_queue(error)
    return None
