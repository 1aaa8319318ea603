"""The queue's refusals in words."""

from __future__ import annotations

from collections.abc import Callable

from zosma_queue.calls import Accepted, Admission
from zosma_queue.errors import InfeasibleError, LimitError, OtherRequestError, RequestRefusedError
from zosma_queue.feasibility import nobody


def check_admitted(admission: Admission, why_not: Callable[[], RequestRefusedError] | None = None) -> None:
    """Returns when the job was taken. `why_not` makes the refusal that says what comes nearest to a job nobody can do.

    Raises:
      OtherRequestError: when its id is that of a job which asked for something else.
      NoWorkerError: when no worker is ready.
      InfeasibleError: when none of them can do it.
      RequestRefusedError: when a picture that it starts from is no longer stored.
      LimitError: when it would break a limit; says when to try again.
    """
    answer = admission.answer
    if answer is Accepted.OTHER:
        raise OtherRequestError(
            "this id belongs to a job that asked for something else: use a new one", code="id-taken"
        )
    if answer is Accepted.NOBODY:
        raise nobody()
    if answer is Accepted.INPUT_GONE:
        raise RequestRefusedError("the picture to start from is no longer stored: send it again", code="input-gone")
    if answer is Accepted.INFEASIBLE:
        raise why_not() if why_not else InfeasibleError("no GPU here can do this combination")
    if admission.limit and admission.limit.refusal:
        when = readable(admission.retry_after_s)
        code, text = admission.limit.refusal
        raise LimitError(f"{text}: try again in {when}", code=code, retry_after_s=admission.retry_after_s)


def readable(seconds: float) -> str:
    """A time span in words, never shorter than it is: "5 s", "3 min", "2 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{-(-seconds // size):.0f} {unit}"
    return f"{max(1, -(-seconds // 1)):.0f} s"
