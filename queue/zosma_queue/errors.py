"""Everything the queue raises, in one tree. Callers branch on types and fields, never on messages."""

from __future__ import annotations


class ZosmaError(Exception):
    """Base of all errors that Zosma raises on purpose."""


class SettingsError(ZosmaError):
    """Raised when a setting is missing or wrong. The text names the variable, the value and the fix."""


class QueueUnavailableError(ZosmaError):
    """Raised when Redis can't be reached, is loading, or doesn't answer in time."""


class RequestRefusedError(ZosmaError):
    """Raised when a request can't become a job.

    `field` is the request's field that is at fault (None when it's none of them); the text says what is wrong and
    how to put it right, in words that a member of the community understands.
    """

    def __init__(self, text: str, *, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


class NoWorkerError(RequestRefusedError):
    """Raised when no worker is ready at all; the same request may be taken in a minute."""


class InfeasibleError(RequestRefusedError):
    """Raised when workers are ready, but none of them can do this request."""


class OtherRequestError(RequestRefusedError):
    """Raised when a job id that the sender chose is taken by a request that asked for something else."""


class LimitError(RequestRefusedError):
    """Raised when a request would break a limit. `retry_after_s` says when it may be taken."""

    def __init__(self, text: str, *, retry_after_s: float) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class PoisonMessageError(ZosmaError):
    """Raised when a message's body can't be decoded. The job is set aside with this text as its reason."""


class LeaseLostError(ZosmaError):
    """Raised in a worker whose delivery has been given to another worker. It must write nothing more."""


class JobCancelledError(ZosmaError):
    """Raised in a worker when its job has been cancelled."""
