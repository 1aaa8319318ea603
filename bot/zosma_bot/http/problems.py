"""Errors as HTTP answers: of our own API as RFC 9457 has them, elsewhere as clients of A1111 and Forge read them."""

from __future__ import annotations

import http
import json
import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping
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
    StoreUnavailableError,
)
from zosma_queue.job import Job, State

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: When a client should come back after a 503, in seconds.
RETRY_AFTER_S = 10


class Problem(Exception):
    """Raised by a handler to end a request with an error answer."""

    def __init__(
        self,
        status: int,
        error: str,
        detail: str,
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.error = error
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s
        self.code = code or _CODES.get(error if error != "HTTPException" else status) or _dashed(error)
        """What programs branch on; it never changes."""
        self.hint = hint or HINTS.get(self.code)
        """What to do about it, where the detail doesn't say."""


#: By status, where the class of the error says nothing. Python's own phrases change from version to version.
_CODES: Mapping[int | str, str] = {
    400: "bad-request", 401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method-not-allowed",
    406: "not-acceptable", 408: "too-slow", 413: "too-large", 415: "unsupported-media-type",
}  # fmt: skip
_TITLES: Mapping[int, str] = {
    400: "The request is broken", 401: "No key, or a wrong one", 403: "Not allowed", 404: "Not found",
    405: "Not possible here", 406: "Not in this format", 408: "Too slow", 409: "Not in this state", 410: "Gone",
    413: "Too large", 422: "Something in the request is wrong", 429: "Too much, too often",
    500: "An error of this server", 503: "Not now",
}  # fmt: skip


#: Codes of problems that are none of a request for pictures.
OWN_CODES = (
    *_CODES.values(), "ended", "not-failed", "not-waiting", "unreadable", "queue-unavailable", "queue-busy",
    "queue-refuses", "pictures-unavailable",
    "too-many-bodies", "too-many-streams", "too-many-tries", "validation-error", "forgotten",
    "internal-error", "not-acceptable", "key-no-admin", "key-revoked", "key-bad-name", "key-name-taken", "key-too-many",
    "key-last-admin", "key-no-such-key", "key-environment", "conflict",
)  # fmt: skip


def _dashed(name: str) -> str:
    """`NotFound` → `not-found`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).casefold()


#: What helps with problems of these codes.
HINTS: Mapping[str, str] = {
    "unauthorized": "send the header Authorization: Bearer <key>, with a key that the operator has given you",
    "forbidden": "this key may not do that: ask the operator for one that may",
    "not-found": "GET /api/v1/jobs lists your jobs, /docs every path",
    "unknown-field": "/docs has the fields that this takes",
    "unknown-name": "GET /api/v1/catalogue has the names that the fleet knows",
    "no-worker": "GET /api/v1/workers shows who is there; try again after the seconds in Retry-After",
    "no-worker-yet": "the operator starts one with `zosma worker` on a machine with a WebUI",
    "infeasible": "GET /api/v1/catalogue has what the fleet can do; POST /api/v1/estimate tries a request out",
    "infeasible-size": "POST /api/v1/estimate tries a request out",
    "infeasible-lacking": "GET /api/v1/catalogue has what the fleet can do",
    "limit-waiting": "wait for one of your jobs to begin: GET /api/v1/events tells when",
    "limit-cooldown": "try again after the seconds in Retry-After",
    "limit-spent": "try again after the seconds in Retry-After, or ask the operator for more",
    "limit-full": "try again after the seconds in Retry-After",
    "input-gone": "send the picture to start from again",
    "queue-unavailable": "try again after the seconds in Retry-After, with the same Idempotency-Key",
    "pictures-unavailable": "try again after the seconds in Retry-After: the job is done, and is kept",
    "too-large": "send smaller pictures",
    "method-not-allowed": "the header Allow names what is possible",
}

#: Below it errors are problems of RFC 9457.
_OWN_PATHS = "/api/"
PROBLEM_JSON = "application/problem+json"


def problem_body(problem: Problem) -> dict[str, Any]:
    """A problem as RFC 9457 has it. `error` names its class as everywhere else here."""
    body: dict[str, Any] = {
        "type": f"/docs#problem-{problem.code}",
        "title": _TITLES.get(problem.status) or http.HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "error": problem.error,
    }
    return body | {name: said for name, said in (("field", problem.field), ("hint", problem.hint)) if said}


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
    if path.startswith(_OWN_PATHS):
        text = json.dumps(problem_body(problem))
        return web.Response(text=text, status=problem.status, headers=headers, content_type=PROBLEM_JSON)
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
    elif isinstance(error, StoreUnavailableError):
        name, why = "PicturesUnavailable", "the finished pictures can't be read now; they are kept: try again shortly"
    elif isinstance(error, QueueRefusesError):
        name, why = "QueueRefuses", f"the queue is set up wrongly ({error.code}): its operator must see to it"
    elif error.code:
        name, why = "QueueUnavailable", f"the queue can't take this now ({error.code}): try again shortly"
    else:
        name, why = "QueueUnavailable", "the queue is away: try again shortly"
    return Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, name, why)


def in_one_line(said: object) -> str:
    """What a library says of a request, cut to a length that an answer or a log may have."""
    return " ".join(str(said).split())[:200]


def without_traceback(record: logging.LogRecord) -> bool:
    """A filter for aiohttp's log: a request that is no HTTP is its client's mistake and worth one line."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError):
        reason = in_one_line(getattr(error, "message", error))
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
        told = answer(Problem(error.status, "HTTPException", http.HTTPStatus(error.status).phrase), request.path)
        if "Allow" in error.headers:
            told.headers["Allow"] = error.headers["Allow"]
        return told
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
            return Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "NoWorker", str(error), code=error.code)
        case LimitError():
            wait_s = error.retry_after_s
            return Problem(
                http.HTTPStatus.TOO_MANY_REQUESTS, "LimitReached", str(error), retry_after_s=wait_s, code=error.code
            )
        case RequestRefusedError():
            return Problem(
                http.HTTPStatus.UNPROCESSABLE_ENTITY, "ValidationError", str(error), field=error.field,
                code=error.code, hint=error.hint,
            )  # fmt: skip
        case QueueUnavailableError():
            return of_queue(error)
    return None
