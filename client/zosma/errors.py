"""What the client raises, in one tree. Branch on classes and `code`, never on texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zosma.models import JobView


class ZosmaError(Exception):
    """Base of everything that the client raises on purpose."""


class UnreachableError(ZosmaError):
    """Raised when no answer came: nobody listens there, the line broke, or it took too long."""

    def __init__(self, text: str, *, sent: bool = True) -> None:
        super().__init__(text)
        self.sent = sent
        """False when the call never got as far as the server; else it may have been heard."""


class UnreadableAnswerError(ZosmaError):
    """Raised when what answers is no Zosma server, or one whose answers this client doesn't understand."""


class ProblemError(ZosmaError):
    """Raised when the server refuses a call. Its text is the server's, fit to be shown to people."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        field: str | None = None,
        hint: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        """HTTP's."""
        self.code = code
        """What programs branch on, like `limit-waiting`; it never changes."""
        self.field = field
        """The field at fault, with dots for what is inside another: `hires.scale`."""
        self.hint = hint
        """What helps, where `detail` doesn't say."""
        self.retry_after_s = retry_after_s
        """When the same call may succeed; None where the server doesn't say."""


class UnauthorizedError(ProblemError):
    """Raised when the server wants a key, and none or a wrong one was sent (401)."""


class ForbiddenError(ProblemError):
    """Raised when the key isn't for that: it lacks a scope (403)."""


class NotFoundError(ProblemError):
    """Raised for a job that is none of the caller's, and a picture that is no longer stored (404)."""


class ConflictError(ProblemError):
    """Raised when a job's state doesn't allow it, like cancelling one that is done (409)."""


class RefusedError(ProblemError):
    """Raised for a request that can't be taken as it is; `field` names what is wrong (400, 413, 422)."""


class LimitError(ProblemError):
    """Raised when the caller has asked for as much as they may; `retry_after_s` says when there is room again (429)."""


class UnavailableError(ProblemError):
    """Raised when the server can't take the call now (502, 503, 504)."""


class NoWorkerError(UnavailableError):
    """Raised when no GPU is ready at all; the same request may be taken in a minute."""


class JobError(ZosmaError):
    """Raised by `pictures` for a job that has none."""

    def __init__(self, text: str, job: JobView) -> None:
        super().__init__(text)
        self.job = job


class JobFailedError(JobError):
    """Raised for a job that failed. Its text is the reason, fit to be shown to people."""

    @property
    def kind(self) -> str | None:
        """What went wrong, to branch on, like `oom`; None where nothing was kept."""
        return self.job.error.kind if self.job.error else None


class JobCancelledError(JobError):
    """Raised for a job that was cancelled."""


def check_done(job: JobView) -> None:
    """Returns for a job that has pictures.

    Raises:
      JobFailedError: when it failed.
      JobCancelledError: when it was cancelled.
    """
    if job.state == "cancelled":
        raise JobCancelledError("the job was cancelled", job)
    if job.state == "failed":
        raise JobFailedError((job.error and job.error.text) or "the job failed, and no reason was kept", job)


_BY_STATUS: Mapping[int, type[ProblemError]] = {
    400: RefusedError, 401: UnauthorizedError, 403: ForbiddenError, 404: NotFoundError, 409: ConflictError,
    413: RefusedError, 422: RefusedError, 429: LimitError, 502: UnavailableError, 503: UnavailableError,
    504: UnavailableError,
}  # fmt: skip
_BY_CODE: Mapping[str, type[ProblemError]] = {"no-worker": NoWorkerError, "no-worker-yet": NoWorkerError}


def problem_of(status: int, headers: Mapping[str, str], body: bytes) -> ProblemError:
    """The error that an answer of 400 or more is. Of a proxy's, the code is its phrase, like `bad-gateway`."""
    said = _object(body)
    phrase = _phrase(status)
    detail, code = said.get("detail"), said.get("code")
    code = code if isinstance(code, str) else phrase.casefold().replace(" ", "-")
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, ProblemError)
    return kind(
        detail if isinstance(detail, str) else f"the server answered {status} {phrase}",
        status=status, code=code, field=_text(said, "field"), hint=_text(said, "hint"),
        retry_after_s=_seconds(headers.get("retry-after")),
    )  # fmt: skip


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _seconds(given: str | None) -> float | None:
    """Retry-After in seconds; proxies may send a date, which their clock and ours would have to agree on."""
    return float(given) if given and given.isascii() and given.isdecimal() else None
