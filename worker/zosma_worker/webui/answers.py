"""What an answer that isn't 200 means. Error bodies come in four shapes, or not at all."""

from __future__ import annotations

from typing import Any

from zosma_worker.bounds import ANSWER_MARKS_MAX, bounded_json
from zosma_worker.errors import (
    NotANumber,
    OutOfMemory,
    WebUIBroken,
    WebUIBusy,
    WebUIError,
    WebUINotSetUp,
    WebUIRefused,
)

#: Said by torch on CUDA, ROCm, MPS and the CPU; the class name differs, the words don't.
_OOM = ("out of memory", "outofmemory", "not enough memory", "can't allocate memory")
_NAN = ("nansexception", "all nans")
_DETAIL_CHARS = 300
#: Said by proxies that wait no longer for the server behind them; the second one by Cloudflare, after 100 s.
_GATEWAY_TIMEOUTS = (504, 524)
#: FastAPI's word for an address that it doesn't know, in answers of 404.
NO_ROUTE = "Not Found"


def error_of(url: str, status: int, body: bytes) -> WebUIError:
    """The error that an answer stands for. `url` is the WebUI's base URL."""
    data = _json(body)
    text = detail_of(data)
    words = f"{data.get('error', '')} {text}".casefold() if isinstance(data, dict) else ""
    if status >= 500:
        return _failure(url, status, text, words)
    if status in (401, 403):
        return WebUINotSetUp(
            f"{url} refuses the login: set SD_API_AUTH=user:password as given to the WebUI's --api-auth", status=status
        )
    if status == 404 and text == NO_ROUTE:
        return WebUINotSetUp(
            f"{url} answers, but its API is off: start the WebUI with --api", detail=NO_ROUTE, status=status
        )
    if not isinstance(data, dict) or status < 400:
        return WebUINotSetUp(
            f"{url} is not a Stable Diffusion WebUI (it answers {status}): check SD_API_HOST", status=status
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
        return WebUIBroken(
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
    return " ".join(str(found).split())[:_DETAIL_CHARS]
