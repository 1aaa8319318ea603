"""What an answer says that is no JSON: the pages and plain words of proxies and frameworks."""

from __future__ import annotations

import html
import re

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_LOOKED_AT_BYTES = 4096
WORDS_CHARS = 300


def words_of(body: bytes) -> str:
    """The title of a page, else its text, on one line; '' when there is none."""
    text = body[:_LOOKED_AT_BYTES].decode("utf-8", "replace")
    title = _TITLE.search(text)
    found = html.unescape(title[1] if title else _TAG.sub(" ", text))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in found).split())[:WORDS_CHARS]
