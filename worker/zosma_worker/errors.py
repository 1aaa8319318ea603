"""What a WebUI does wrong, whatever its kind.

The texts of the `WebUIError` tree and of `Stalled` are for the operator: what happened and the fix. `BadAnswer` is for
members.
"""

from __future__ import annotations

from zosma_queue.errors import ErrorKind, ZosmaError


class WebUIError(ZosmaError):
    """Base of everything that goes wrong between a worker and its WebUI."""


class WebUIUnreachable(WebUIError):
    """Raised when nothing answers: refused, no route, no answer in time."""


class WebUIBusy(WebUIError):
    """Raised on 503: it is starting, or its own queue is full."""


class WebUIBroken(WebUIError):
    """Raised when it answers with an error of its own, an HTML page, or something that is no answer."""


class WebUIRubbish(WebUIBroken):
    """Raised when a successful answer is not JSON."""


class WebUICut(WebUIBroken):
    """Raised when the connection ended before the answer: it died, or dropped us."""


class ProxyGaveUp(WebUICut):
    """Raised when a proxy before it waited no longer: it may be at work on the request for a long time yet."""


class WebUIRefused(WebUIError):
    """Raised on 4xx: it won't do this request. `detail` is its own word on it."""

    def __init__(self, text: str, *, detail: str = "", status: int = 400) -> None:
        super().__init__(text)
        self.detail = detail
        self.status = status


class WebUINotSetUp(WebUIRefused):
    """Raised when no request could succeed: wrong login, API off, or no WebUI at all."""


class WebUILacks(WebUIRefused):
    """Raised when it turns out that it can't do this kind of request at all, and says no longer that it can."""


class PromptUnreadable(WebUIError):
    """Raised when the WebUI would leave out a part of the prompt without a word. The text is for members."""


class OutOfMemory(WebUIError):
    """Raised when the GPU's memory was too small for the request."""


class NotANumber(WebUIError):
    """Raised when the model produced NaNs."""


class CheckpointUnusable(WebUIError):
    """Raised when a checkpoint's file can't be loaded, or is no longer there."""


class NodesMissing(WebUIError):
    """Raised when a workflow needs a node that the back end has no longer."""


class Stalled(ZosmaError):
    """Raised when a WebUI has not moved for so long that it will not."""


class BadAnswer(ZosmaError):
    """Raised when an answer is not what was asked for. The text is for members; by default the kind's own sentence."""

    def __init__(self, kind: ErrorKind, text: str = "") -> None:
        super().__init__(text or kind.sentence)
        self.kind = kind
