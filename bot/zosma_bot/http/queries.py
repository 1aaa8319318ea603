"""What stands behind the `?` of an address."""

from __future__ import annotations

from aiohttp import web

from zosma_queue.errors import RequestRefusedError

_DIGITS = 9


def limit_of(request: web.Request, *, default: int, most: int) -> int:
    """How many entries are asked for by `limit`.

    Raises:
      RequestRefusedError: when it is none between 1 and `most`.
    """
    given = request.query.get("limit", str(default))
    # `int` refuses thousands of digits by an error of its own.
    if not (given.isascii() and given.isdecimal() and len(given) <= _DIGITS and 1 <= int(given) <= most):
        raise RequestRefusedError(
            f"limit is {given[:60]!r}: it must be between 1 and {most}", code="malformed", field="limit"
        )
    return int(given)
