"""HTTP as aiohttp speaks it, but that what is no proper request is told as every other error is."""

from __future__ import annotations

import http
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong
from aiohttp.web_request import BaseRequest

from zosma_bot.http.problems import Problem, answer, in_one_line

#: Of the first line, with the address; and of one header. Browsers on this machine send the cookies of every other
#: server on it along: aiohttp's own bound is soon reached by them.
LINE_MAX_BYTES = 8_190
HEADER_MAX_BYTES = 32 * 1024


class Protocol(web.RequestHandler):
    """One connection's requests."""

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, max_line_size=LINE_MAX_BYTES, max_field_size=HEADER_MAX_BYTES, **options)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what never became a request of ours, after which the connection is closed."""
        super().handle_error(request, status, exc, message)  # it logs
        told = answer(_problem(status, exc, message), request.path)
        told.force_close()
        return told


def _problem(status: int, exc: BaseException | None, message: str | None) -> Problem:
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return Problem(status, "InternalError", "an error of this server; it is in its log")
    match exc:
        case ContentEncodingError():
            why = "the body's Content-Encoding is not understood here: send it as it is, or as gzip or deflate"
        case LineTooLong() if exc.args[1] == LINE_MAX_BYTES:
            why = f"the address is longer than {LINE_MAX_BYTES:,} bytes: shorten it"
        case LineTooLong():
            why = f"a header is longer than {HEADER_MAX_BYTES:,} bytes: shorten it, or delete this site's cookies"
        case _:
            why = f"this is no request of HTTP/1.1: {in_one_line(message)}"
    return Problem(status, "HTTPException", why)
