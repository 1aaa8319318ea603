"""Templates into answers, with the headers that keep a page from being misused.

Prompts, names and errors come from strangers: every value is escaped by Jinja (`autoescape`), and should that ever
fail, the policy lets no script run but our own files.
"""

from __future__ import annotations

import functools
import math
import time
from typing import Any
from urllib.parse import urlencode

import jinja2
import markupsafe
from aiohttp import hdrs, web

from zosma_bot.console.assets import Assets

#: Nothing from anywhere else, nothing inline but our own styles by their digest, in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY.format(styles="'none'"),
    hdrs.CACHE_CONTROL: "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # `no-referrer` would have browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_GZIP_MIN_BYTES = 1_000


class Renderer:
    """Makes answers of templates."""

    def __init__(self, assets: Assets) -> None:
        self._templates = _compiled(assets)
        self._headers = HEADERS | {"Content-Security-Policy": POLICY.format(styles=assets.styles_hash)}

    def text(self, template: str, **values: Any) -> str:
        """A template filled in."""
        return self._templates.get_template(template).render(**values)

    def answer(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """A whole page, or a part of one."""
        return self.of_text(self.text(template, **values), status=status)

    def of_text(self, text: str, *, status: int = 200) -> web.Response:
        """The answer that a filled-in template is."""
        answer = web.Response(text=text, status=status, content_type="text/html", headers=self._headers)
        if (answer.content_length or 0) >= _GZIP_MIN_BYTES:
            answer.enable_compression()
        return answer


@functools.lru_cache(maxsize=1)
def _compiled(assets: Assets) -> jinja2.Environment:
    """The templates. Each is compiled for its first visitor, in some ms: all of them would be 0.15 s of each start."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("zosma_bot.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "duration": duration, "bound": bound, "ago": ago, "clock": clock, "number": number, "short": short,
        "stamp": stamp,
    }  # fmt: skip
    templates.globals |= {"asset": assets.url, "query": query, "styles": markupsafe.Markup(assets.styles)}  # noqa: S704
    return templates


def redirect(path: str) -> web.Response:
    """Go there and look: the answer to a form."""
    return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: path})


def query(path: str, **values: object) -> str:
    """A path with these behind `?`, those left out that are None or ''."""
    told = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(told)}" if told else path


def duration(seconds: float | None) -> str:
    """As people say it: `4 s`, `3 min`, `2 h 5 min`, `3 days`; `–` for None."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    seconds = max(seconds, 0)
    if seconds < 10:
        return f"{seconds:.0f} s" if seconds >= 1 or seconds == 0 else "under 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < _DAY:
        hours, minutes = divmod(round(seconds / _MINUTE), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds / _DAY:.0f} days"


def bound(seconds: float | None) -> str:
    """The same behind "within" and "about": under 1 s is 1 s there."""
    return duration(seconds and max(seconds, 1))


def ago(at_ms: float | None) -> str:
    """How long something is past."""
    if at_ms is None:
        return "–"
    gone = time.time() - at_ms / 1000
    return "just now" if gone < 2 else f"{duration(gone)} ago"


def clock(at_ms: float | None) -> str:
    """A moment as ISO 8601, for `<time datetime>`; scripts show it in the reader's own zone."""
    return stamp(at_ms / 1000) if at_ms else ""


def stamp(at_s: float) -> str:
    """A moment in seconds since 1970 as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))


def number(value: float | None) -> str:
    """With thin groups of thousands; `–` for None."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def short(text: str, most: int = 120) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
