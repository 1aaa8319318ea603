"""Failures as AUTOMATIC1111 words them.

Two kinds: an `HTTPError` carries its own status, any other exception becomes 500 with its class name. Both have
the body `{error, detail, body, errors}`. Wrong types are `pydantic.ValidationError`s and become FastAPI's 422.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

STAND_IN = "built-in WebUI, no diffusion model"
"""What this server says about itself wherever A1111 has room for it."""


class HTTPError(Exception):
    """Raised when a request is refused with a status of its own, as FastAPI's HTTPException."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


class OutOfMemoryError(Exception):
    """Raised when a picture is larger than this server draws; A1111 raises torch's class of that name."""

    def __init__(self, pixels: int) -> None:
        gibibytes = pixels * 2600 / 2**30
        super().__init__(
            f"CUDA out of memory. Tried to allocate {gibibytes:.2f} GiB (GPU 0; 8.00 GiB total capacity; "
            "6.21 GiB already allocated; 512.00 MiB free; 6.43 GiB reserved in total by PyTorch)"
        )


class NansException(Exception):
    """Raised when the model yields no numbers."""

    def __init__(self) -> None:
        super().__init__(
            "A tensor with all NaNs was produced in Unet. This could be either because there's not enough precision "
            "to represent the picture, or because your video card does not support half type."
        )


def failure(error: Exception) -> web.Response:
    """The answer to a request that ended in `error`."""
    if isinstance(error, HTTPError):
        body = {"error": "HTTPException", "detail": error.detail, "body": "", "errors": str(error)}
        return web.json_response(body, status=error.status, headers=error.headers)
    body = {"error": type(error).__name__, "detail": "", "body": "", "errors": str(error)}
    return web.json_response(body, status=500)


def invalid(problems: Sequence[Any]) -> web.Response:
    """FastAPI's 422: `problems` as from `ValidationError.errors()`, or of the same shape."""
    detail = [{"loc": ["body", *p["loc"]], "msg": p["msg"], "type": p["type"]} for p in problems]
    return web.json_response({"detail": detail}, status=422)
