"""What becomes of a job after its WebUI went wrong. Texts here are for members of a community."""

from __future__ import annotations

from zosma_queue.errors import ErrorKind
from zosma_queue.worker_queue import Outcome, fail, release, retry
from zosma_worker.errors import (
    BadAnswer,
    CheckpointUnusable,
    NodesMissing,
    NotANumber,
    OutOfMemory,
    PromptUnreadable,
    Stalled,
    WebUIBroken,
    WebUIRefused,
)

#: A job is tried this often before a WebUI's fault becomes the job's.
MAX_FAILURES = 3
#: A picture that two GPUs have no memory for is too large for this fleet.
MAX_OUT_OF_MEMORY = 2
#: A checkpoint that can't be loaded, a workflow without its nodes, or a prompt that one kind of WebUI can't read may be
#: well elsewhere; more tries tell nothing.
MAX_NOT_THERE = 2
#: Before the second try; twice that before the third. Time for another worker to take it.
BACKOFF_MS = 400
#: A WebUI that died in mid-job is no blame for the job, until it has happened in a delivery as late as this one.
LAST_DELIVERY = 4

#: The WebUI can't be used just now: the job goes elsewhere, or waits.
AWAY = release(ErrorKind.WEBUI_AWAY)

#: A worker gives one job back this often because its WebUI is away; after that it counts as a failure of the job.
MAX_AWAY = 3

#: It went down in the middle of the job.
DIED = release(ErrorKind.WEBUI_DIED, "its WebUI went down: it waits for another, or for its return")

#: It went wrong because its WebUI is sick.
SICK = release(ErrorKind.WEBUI_SICK)
#: A job that goes wrong on WebUIs that fall sick by it is none to blame, up to this delivery.
LAST_BLAMELESS = 2

#: Faults that say nothing of the pictures that a WebUI makes: the GPU is too small for one, a file is broken, what
#: finds words for a picture is not there yet, or the bug is ours.
_NOT_THE_WEBUIS = (
    ErrorKind.OUT_OF_MEMORY,
    ErrorKind.INTERNAL,
    ErrorKind.CHECKPOINT_UNUSABLE,
    ErrorKind.NODES_MISSING,
    ErrorKind.NO_WORDS,
)
#: What lies on a machine's disk, or doesn't.
_NOT_THERE = (ErrorKind.CHECKPOINT_UNUSABLE, ErrorKind.NODES_MISSING)
#: Faults that a job has brought on itself when two different WebUIs had them.
_PROVEN_ELSEWHERE = (ErrorKind.OUT_OF_MEMORY, ErrorKind.NAN, ErrorKind.BLACK)
#: What proves it besides, when the second of them does what others ask for.
_PROVEN_AMONG_OTHERS = (*_PROVEN_ELSEWHERE, ErrorKind.WEBUI_BROKEN, ErrorKind.EMPTY)
#: What each error of the WebUI is to the job; any other is a bug of ours.
_KINDS = {
    OutOfMemory: ErrorKind.OUT_OF_MEMORY,
    NotANumber: ErrorKind.NAN,
    CheckpointUnusable: ErrorKind.CHECKPOINT_UNUSABLE,
    NodesMissing: ErrorKind.NODES_MISSING,
    Stalled: ErrorKind.WEBUI_HUNG,
    WebUIBroken: ErrorKind.WEBUI_BROKEN,
}


def after(error: Exception, failures: int, *, elsewhere: str = "", others_fine: bool = False) -> Outcome:
    """The outcome after an error that is the WebUI's or the job's.

    `failures` were counted before; `elsewhere` is the kind of the last one, when another WebUI had it. `others_fine`:
    this WebUI does what other members ask for.
    """
    if isinstance(error, WebUIRefused):
        refused = ErrorKind.REFUSED
        return fail(refused, f"{refused.sentence}: {error.detail}" if fit_for_members(error.detail) else "")
    if isinstance(error, PromptUnreadable):  # another kind of WebUI may read it
        text = f"{ErrorKind.REFUSED.sentence}: {error}"
        return retry(ErrorKind.REFUSED, text, backoff_ms=BACKOFF_MS, max_failures=MAX_NOT_THERE)
    kind, text = _blame(error)
    telling = _PROVEN_AMONG_OTHERS if others_fine else _PROVEN_ELSEWHERE
    proven = kind in telling and elsewhere in telling
    most = MAX_OUT_OF_MEMORY if kind == ErrorKind.OUT_OF_MEMORY or proven else MAX_FAILURES
    most = MAX_NOT_THERE if kind in _NOT_THERE else most
    return retry(kind, text, backoff_ms=BACKOFF_MS * 2 ** min(failures, MAX_FAILURES), max_failures=most)


def is_webuis(error: Exception) -> bool:
    """True for what speaks against the WebUI, once it happens with different jobs."""
    return not isinstance(error, WebUIRefused | PromptUnreadable) and _blame(error)[0] not in _NOT_THE_WEBUIS


def away_again(aways: int) -> Outcome:
    """The outcome of a job for which the WebUI was away so many times in one worker, and there for others between."""
    if aways <= MAX_AWAY:
        return AWAY
    text = "its WebUI went away each time it was tried"
    return retry(ErrorKind.WEBUI_AWAY, text, backoff_ms=BACKOFF_MS, max_failures=MAX_FAILURES)


def after_death(attempt: int) -> Outcome:
    """The outcome of a job whose WebUI died while it made it."""
    if attempt >= LAST_DELIVERY:
        return fail(ErrorKind.WEBUI_DIED)
    return DIED


def _blame(error: Exception) -> tuple[ErrorKind, str]:
    """What kind of a fault it is, and the text for it."""
    if isinstance(error, BadAnswer):
        return error.kind, str(error)
    kind = next((kind for one, kind in _KINDS.items() if isinstance(error, one)), ErrorKind.INTERNAL)
    return kind, kind.sentence


def fit_for_members(detail: str) -> bool:
    """False for what may hold paths, addresses or a traceback."""
    return bool(detail) and not any(sign in detail for sign in ("/", "\\", "Traceback", "0x"))
