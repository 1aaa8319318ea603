"""Everything the queue raises, in one tree. Callers branch on types and fields, never on messages."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class ZosmaError(Exception):
    """Base of all errors that Zosma raises on purpose."""


class SettingsError(ZosmaError):
    """Raised when a setting is missing or wrong. The text names the variable, the value and the fix."""


class QueueUnavailableError(ZosmaError):
    """Raised when Redis can't serve now: away, late, full, loading, read-only…

    `code` is Redis's own word for it, like OOM or MISCONF; '' when nothing was heard from it.
    """

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class QueueRefusesError(QueueUnavailableError):
    """Raised when Redis refuses, and waiting alone doesn't mend it.

    `code` is NOPERM, WRONGPASS, NOAUTH or WRONGTYPE.
    """


class QueueBusyError(QueueUnavailableError):
    """Raised when Redis is well, but this process has no connection to it free in time."""


class StoreUnavailableError(QueueUnavailableError):
    """Raised when finished pictures can't be stored or read now. `code` is the store's own word; '' for silence."""


class StoreRefusesError(StoreUnavailableError):
    """Raised when the pictures' store refuses, and waiting alone doesn't mend it: a wrong key, no such bucket."""


class ElsewhereError(StoreUnavailableError):
    """Raised when pictures lie in a store that this process doesn't know. The text says in which, and what mends it."""


Value = str | int | float

#: Every refusal's code, and the names of the values that go with it besides the English text: what it takes to say
#: the same in another language. A test holds each raise to this table. `field` is the request's field as we call it.
CODES: Mapping[str, tuple[str, ...]] = {
    # the request itself
    "missing": ("field",),
    "empty-prompt": ("field",),
    "empty-name": ("field",),
    "unknown-field": ("field",),
    "too-long": ("field", "given", "most"),  # characters
    "too-many-items": ("field", "given", "most"),
    "out-of-bounds": ("field", "given", "low", "high"),
    "malformed": ("field", "given", "problem"),  # the problem is in English
    "too-many-pixels": ("field", "width", "height", "most_megapixels"),
    "too-many-pictures": ("field",),
    "hires-with-picture": ("field",),
    "upscale-alone": ("field",),
    "options-without-workflow": ("field",),
    "no-such-option": ("field", "given"),
    "workflow-not-for-checkpoint": ("field", "given", "nearest"),
    "interrogate-alone": ("field",),
    "uneven-starts": ("field", "given", "starts"),
    "compare-alone": ("field",),
    "compare-same": ("field",),
    "compare-count": ("field", "given", "values"),
    # pictures sent along
    "not-base64": ("field",),
    "address": ("field",),
    "too-many-bytes": ("given", "most"),
    "picture-too-heavy": ("field", "most_mb"),
    "picture-too-large": ("field", "given", "most_megapixels"),
    "not-a-picture": ("field",),
    "picture-too-slow": ("field",),
    "input-gone": (),
    # the fleet
    "no-worker": (),
    "no-worker-yet": (),
    "unknown-name": ("field", "given", "nearest"),
    "unknown-tag": ("field", "given"),
    "upscale-not-possible": ("field",),
    "interrogate-not-possible": ("field",),
    "restore-not-possible": ("field", "given"),
    "infeasible": (),
    "infeasible-size": ("checkpoint", "side"),
    "infeasible-lacking": ("kind", "name", "checkpoint", "instead"),
    # limits
    "limit-waiting": ("retry_after_s",),
    "limit-cooldown": ("retry_after_s",),
    "limit-spent": ("retry_after_s",),
    "limit-full": ("retry_after_s",),
    "limit-stored": ("retry_after_s",),
    # a server's rules
    "blocked-word": ("field", "word"),
    "checkpoint-not-allowed": ("field", "given", "allowed"),
    "no-allowed-checkpoint": ("field", "allowed"),
    "over-rule": ("field", "given", "most"),
    "age-restricted": (),
    # admins
    "bad-rule": ("field", "given", "problem"),
    "unknown-state": ("field", "given", "known"),
    "unknown-scope": ("field", "given"),
    "scope-not-there": ("field", "given", "known"),
    "ambiguous-scope": ("field", "given", "known"),
    "unknown-policy-name": ("field", "given"),
    "id-taken": (),
    "record-too-large": ("given", "most"),
    # anything else: only the English text says what
    "refused": (),
}


class ErrorKind(enum.StrEnum):
    """What went wrong with a job, so that callers can branch and every language has words (`failed-<kind>`).

    `sentence` says it in English where nothing better is known: what the HTTP API and the command line show.
    """

    sentence: str

    def __new__(cls, value: str, sentence: str) -> ErrorKind:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.sentence = sentence
        return kind

    REFUSED = "refused", "the WebUI refused the request"
    OUT_OF_MEMORY = "oom", "the GPU ran out of memory: try a smaller size, or no hires pass"
    NAN = "nan", "the checkpoint produced no valid picture (NaN): try another checkpoint, sampler or size"
    BLACK = "black", "the picture came out all black: another sampler, checkpoint or size may help"
    WRONG_CHECKPOINT = "wrong-checkpoint", "the picture was made with another checkpoint than the one asked for"
    CHECKPOINT_UNUSABLE = "checkpoint-unusable", "the checkpoint's file can't be loaded: try another checkpoint"
    NODES_MISSING = "nodes-missing", "the GPU's ComfyUI lacks a node that the workflow needs: an admin can install it"
    WRONG_SAMPLER = "wrong-sampler", "the picture was made with another sampler than the one asked for"
    WRONG_VAE = "wrong-vae", "the picture was made with another VAE than the one asked for"
    WRONG_SIZE = "wrong-size", "the picture came out in another size than asked for"
    WRONG_COUNT = "wrong-count", "the WebUI sent another number of pictures than it was asked for"
    EMPTY = "empty", "the WebUI sent no picture"
    NO_WORDS = "no-words", "the WebUI found no words for the picture"
    UNDECODABLE = "undecodable", "the WebUI sent something that is not a picture"
    INTERRUPTED = "interrupted", "somebody stopped the WebUI in the middle of the picture"
    WEBUI_BROKEN = "webui-broken", "the WebUI broke off with an error"
    WEBUI_HUNG = "webui-hung", "the WebUI stopped in the middle of the picture"
    WEBUI_DIED = "webui-died", "the WebUI went down while it worked on this, each time it was tried"
    WEBUI_AWAY = "webui-away", "its WebUI went away: it waits for another, or for its return"
    WEBUI_SICK = "webui-sick", "its WebUI fell sick: it waits for another, or for its recovery"
    WORKER_LOST = "worker-lost", "its workers died, one after the other"
    NO_WORKER = "no-worker", "no worker that can do it came back in time"
    NO_GPU = "no-gpu", "no GPU came within the time for which jobs wait for one"
    NO_ROOM = "no-room", "the queue has no room for the pictures: ask for fewer or smaller ones"
    INTERNAL = "internal", "something went wrong inside the worker; its log has the details"


class RequestRefusedError(ZosmaError):
    """Raised when a request can't become a job.

    The text says what is wrong and how to put it right, in words that a member of the community understands. `field`
    is the request's field that is at fault (None when it's none of them). Where the text begins with it, `detail` is
    given instead of the text: what follows the field's name, so that each surface can call the field as its users do.
    `code` is one of CODES, or of the Discord side's own table, and never changes; `values` are what the text names.
    `hint` says what helps where only the HTTP API can say it, like a name of A1111's in our own words.
    """

    default_code = "refused"

    def __init__(
        self,
        text: str = "",
        *,
        detail: str = "",
        code: str = "",
        field: str | None = None,
        values: Mapping[str, Value] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(text or _sentence(field or "", detail))
        self.detail = detail
        self.field = field
        self.code = code or self.default_code
        self.hint = hint
        self.values: dict[str, Value] = {**(values or {}), **({} if field is None else {"field": field})}

    def under(self, name: str) -> str:
        """The text with the field under another name, where it begins with the field; else the text."""
        return _sentence(name, self.detail) if self.detail else str(self)


def _sentence(field: str, detail: str) -> str:
    """`prompt` and `is empty` → `prompt is empty`; `hires` and `: belongs to …` → `hires: belongs to …`."""
    return f"{field}{'' if detail.startswith(':') else ' '}{detail}"


class NoWorkerError(RequestRefusedError):
    """Raised when no worker is ready at all; the same request may be taken in a minute."""

    default_code = "no-worker"


class InfeasibleError(RequestRefusedError):
    """Raised when workers are ready, but none of them can do this request."""

    default_code = "infeasible"


class OtherRequestError(RequestRefusedError):
    """Raised when a job id that the sender chose is taken by a request that asked for something else."""


class LimitError(RequestRefusedError):
    """Raised when a request would break a limit. `retry_after_s` says when it may be taken."""

    def __init__(self, text: str, *, retry_after_s: float, code: str = "") -> None:
        super().__init__(text, code=code, values={"retry_after_s": retry_after_s})
        self.retry_after_s = retry_after_s


class BlockedError(RequestRefusedError):
    """Raised when a request has a word that is not allowed where it comes from. `values["word"]` is the rule's."""

    default_code = "blocked-word"


class KeyRefusedError(ZosmaError):
    """Raised when an API key can't be made, rotated or revoked. The text says why, and what to do instead.

    `code` says it to programs, `field` names what was wrong with the call. Only admins of the API meet it, who read
    English there, so that it is none of CODES.
    """

    def __init__(self, text: str, *, code: str, field: str) -> None:
        super().__init__(text)
        self.code = code
        self.field = field


class PoisonMessageError(ZosmaError):
    """Raised when a message's body can't be decoded. The job is set aside with this text as its reason."""
