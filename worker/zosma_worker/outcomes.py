"""What becomes of a job after its WebUI went wrong. Texts here are for members of a community."""

from __future__ import annotations

from zosma_queue.worker_queue import Outcome, fail, release, retry
from zosma_worker.errors import BadAnswer, NotANumber, OutOfMemory, Stalled, WebUIBroken, WebUIRefused

#: A job is tried this often before a WebUI's fault becomes the job's.
MAX_FAILURES = 3
#: A picture that two GPUs have no memory for is too large for this fleet.
MAX_OUT_OF_MEMORY = 2
#: Before the second try; twice that before the third. Time for another worker to take it.
BACKOFF_MS = 400
#: A WebUI that died in mid-job is no blame for the job, until it has happened in a delivery as late as this one.
LAST_DELIVERY = 4

#: The WebUI can't be used just now: the job goes elsewhere, or waits.
AWAY = release("webui-away", "its WebUI went away: it waits for another, or for its return")

#: It went down in the middle of the job.
DIED = release("webui-died", "its WebUI went down: it waits for another, or for its return")

#: It went wrong because its WebUI is sick.
SICK = release("webui-sick", "its WebUI fell sick: it waits for another, or for its recovery")
#: A job that goes wrong on WebUIs that fall sick by it is none to blame, up to this delivery.
LAST_BLAMELESS = 2

_REFUSED = "the WebUI refused the request"


#: Faults that no WebUI is to blame for: the GPU is too small for the picture, or the bug is ours.
_NOT_THE_WEBUIS = ("oom", "internal")
#: Faults that a job has brought on itself when two different WebUIs had them.
_PROVEN_ELSEWHERE = ("oom", "nan", "black")


def after(error: Exception, failures: int, *, elsewhere: str = "") -> Outcome:
    """The outcome after an error that is the WebUI's or the job's.

    `failures` were counted before; `elsewhere` is the kind of the last one, when another WebUI had it.
    """
    if isinstance(error, WebUIRefused):
        return fail("refused", f"{_REFUSED}: {error.detail}" if fit_for_members(error.detail) else _REFUSED)
    kind, text = _blame(error)
    proven = kind in _PROVEN_ELSEWHERE and elsewhere in _PROVEN_ELSEWHERE
    most = MAX_OUT_OF_MEMORY if kind == "oom" or proven else MAX_FAILURES
    return retry(kind, text, backoff_ms=BACKOFF_MS * 2 ** min(failures, MAX_FAILURES), max_failures=most)


def is_webuis(error: Exception) -> bool:
    """True for what speaks against the WebUI, once it happens with different jobs."""
    return not isinstance(error, WebUIRefused) and _blame(error)[0] not in _NOT_THE_WEBUIS


def after_death(attempt: int) -> Outcome:
    """The outcome of a job whose WebUI died while it made it."""
    if attempt >= LAST_DELIVERY:
        return fail("webui-died", "the WebUI went down while it worked on this, each time it was tried")
    return DIED


def _blame(error: Exception) -> tuple[str, str]:
    """(kind, text) of a fault."""
    if isinstance(error, BadAnswer):
        return error.kind, str(error)
    if isinstance(error, OutOfMemory):
        return "oom", "the GPU ran out of memory: try a smaller size, or no hires pass"
    if isinstance(error, NotANumber):
        return "nan", "the checkpoint produced no valid picture (NaN): try another checkpoint, sampler or size"
    if isinstance(error, Stalled):
        return "webui-hung", "the WebUI stopped in the middle of the picture"
    if isinstance(error, WebUIBroken):
        return "webui-broken", "the WebUI broke off with an error"
    return "internal", "something went wrong inside the worker; its log has the details"


def fit_for_members(detail: str) -> bool:
    """False for what may hold paths, addresses or a traceback."""
    return bool(detail) and not any(sign in detail for sign in ("/", "\\", "Traceback", "0x"))
