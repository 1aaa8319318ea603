"""The queue's refusals in words."""

from __future__ import annotations

from collections.abc import Callable

from zosma_queue.calls import Accepted, Admission
from zosma_queue.errors import InfeasibleError, LimitError, NoWorkerError, OtherRequestError

_LIMITS = {
    Accepted.OWNER_FULL: "you have as many jobs waiting as you may",
    Accepted.COOLDOWN: "that is too soon after your last job",
    Accepted.SPENT: "your GPU time for today is used up",
    Accepted.FULL: "the queue is full",
}


def check_admitted(admission: Admission, offer: Callable[[], str] | None = None) -> None:
    """Returns when the job was taken. `offer` says what comes nearest to a job that nobody can do.

    Raises:
      OtherRequestError: when its id is that of a job which asked for something else.
      NoWorkerError: when no worker is ready.
      InfeasibleError: when none of them can do it.
      LimitError: when it would break a limit; says when to try again.
    """
    answer = admission.answer
    if answer is Accepted.OTHER:
        raise OtherRequestError("this id belongs to a job that asked for something else: use a new one")
    if answer is Accepted.NOBODY:
        raise NoWorkerError("no GPU is online right now: try again in a few minutes")
    if answer is Accepted.INFEASIBLE:
        raise InfeasibleError(offer() if offer else "no GPU that is online can do this combination")
    if answer in _LIMITS:
        when = readable(admission.retry_after_s)
        raise LimitError(f"{_LIMITS[answer]}: try again in {when}", retry_after_s=admission.retry_after_s)


def readable(seconds: float) -> str:
    """A time span in words, never shorter than it is: "5 s", "3 min", "2 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{-(-seconds // size):.0f} {unit}"
    return f"{max(1, -(-seconds // 1)):.0f} s"
