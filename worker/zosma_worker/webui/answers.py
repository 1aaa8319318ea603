"""What an answer that isn't 200 means. Error bodies come in four shapes, or not at all."""

from __future__ import annotations

from typing import Any

from zosma_worker.bounds import ANSWER_MARKS_MAX, bounded_json
from zosma_worker.errors import (
    NotANumber,
    OutOfMemory,
    ProxyGaveUp,
    WebUIBroken,
    WebUIBusy,
    WebUIError,
    WebUINotSetUp,
    WebUIRefused,
)
from zosma_worker.pages import WORDS_CHARS, words_of

#: Said by torch on CUDA, ROCm, MPS and the CPU; the class name differs, the words don't.
_OOM = ("out of memory", "outofmemory", "not enough memory", "can't allocate memory")
_NAN = ("nansexception", "all nans")
#: Said by proxies that wait no longer for the server behind them; the second one by Cloudflare, after 100 s.
_GATEWAY_TIMEOUTS = (504, 524)
#: FastAPI's word for an address that it doesn't know, in answers of 404.
NO_ROUTE = "Not Found"


def error_of(url: str, status: int, body: bytes) -> WebUIError:
    """The error that an answer stands for. `url` is the WebUI's base URL."""
    data = _json(body)
    text = detail_of(data) if isinstance(data, dict) else words_of(data.encode() if isinstance(data, str) else body)
    words = f"{data.get('error', '') if isinstance(data, dict) else ''} {text}".casefold()
    if status >= 500 and status != 501:  # which says that there is no such thing here
        return _failure(url, status, text, words)
    if status in (401, 403):
        return WebUINotSetUp(
            f"{url} refuses the login: set SD_API_AUTH=user:password as given to the WebUI's --api-auth", status=status
        )
    if status == 404 and text == NO_ROUTE:
        return WebUINotSetUp(
            f"{url} answers, but its API is off: start the WebUI with --api", detail=NO_ROUTE, status=status
        )
    if status == 413:
        return WebUIRefused(
            f"{url} takes no request this large (413): raise the limit of the proxy before it (nginx's is"
            " client_max_body_size, 1 MB unless set)",
            detail="the picture to start from is too large for the way to this GPU: send a smaller one",
            status=status,
        )
    if status == 429:
        return WebUIBusy(
            f"{url} lets nothing more in for now (429): raise its limit (SD.Next's is server_rate_limit), or that of"
            " the proxy before it"
        )
    if not isinstance(data, dict) or status < 400:
        return WebUINotSetUp(
            f"{url} is not a Stable Diffusion WebUI (it answers {status}{f': {text}' if text else ''}):"
            " check SD_API_HOST",
            status=status,
        )
    return WebUIRefused(
        f"{url} refused the request ({status}): {text or 'no reason given'}", detail=text, status=status
    )


def _failure(url: str, status: int, text: str, words: str) -> WebUIError:
    if any(sign in words for sign in _OOM):
        return OutOfMemory(f"{url} ran out of memory: {text}")
    if any(sign in words for sign in _NAN):
        return NotANumber(f"{url}: the model produced NaNs: {text}")
    if status == 503:
        return WebUIBusy(f"{url} is starting or busy (503)")
    if status in _GATEWAY_TIMEOUTS:
        return ProxyGaveUp(
            f"a proxy before {url} waited no longer for its answer ({status}): let it wait longer, or go round it"
        )
    return WebUIBroken(f"{url} failed ({status}): {text or 'no reason given'}")


def _json(body: bytes) -> Any:
    try:
        return bounded_json(body, ANSWER_MARKS_MAX)
    except ValueError:
        return None


def detail_of(data: Any) -> str:
    """What an error body says, on one line; '' when it says nothing.

    Shapes: `{detail: text}`, `{detail: [{loc, msg}]}`, `{detail: {msg}}` and `{error, detail, body, errors|message}`.
    """
    if not isinstance(data, dict):
        return ""
    detail = data.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        places = detail[0].get("loc")
        place = ".".join(str(part) for part in places if part != "body") if isinstance(places, list) else ""
        detail = f"{place}: {detail[0].get('msg', '')}"
    elif isinstance(detail, dict):
        detail = detail.get("msg")
    found = detail or data.get("errors") or data.get("message") or data.get("body") or data.get("error") or ""
    return " ".join(str(found).split())[:WORDS_CHARS]
