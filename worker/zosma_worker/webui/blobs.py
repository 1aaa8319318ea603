"""JSON with pictures in it: each is taken out before the rest is read, and decoded from base64 once.

A picture of 2048² is 13 MB of text in an answer of some hundred bytes besides. Read as JSON, it would be looked through
for values, copied into a string, looked through again and copied into bytes.
"""

from __future__ import annotations

import secrets
from typing import Any

import pybase64

from zosma_worker.bounds import bounded_json

#: Shorter texts stay where they are: there are words of this length.
BLOB_MIN_CHARS = 32 * 1024
#: Quotes that are looked at; an answer of more is read as it is.
QUOTES_MAX = 100_000
#: Where `base64,` must stand that ends the head of a `data:` address.
_HEAD_CHARS = 64
_HEAD_END = b"base64,"


def json_with_blobs(raw: bytes, marks_max: int) -> Any:
    """What an answer says, with `bytes` in the place of each long text that is base64. Takes CPU time.

    Raises:
      ValueError: as `bounded_json`, to whose bounds all that is no such text is held.
    """
    name = secrets.token_hex(16)  # nobody who answers can guess it, so it stands for nothing else
    rest, blobs = _taken_out(raw, name)
    found = bounded_json(rest, marks_max)
    return _put_back(found, blobs) if blobs else found


def _taken_out(raw: bytes, name: str) -> tuple[bytes, dict[str, bytes]]:
    """The answer with a word of the same letters instead of each blob, and the blobs by these words.

    What stands between two quotes and has neither quote nor backslash in it is one piece to every reader of JSON,
    wherever it stands: a word instead of it makes no good JSON bad, and no bad JSON good.
    """
    kept: list[bytes] = []
    blobs: dict[str, bytes] = {}
    taken_to = 0
    start = raw.find(b'"')
    for _ in range(QUOTES_MAX):
        end = raw.find(b'"', start + 1)
        if start == -1 or end == -1:
            return (b"".join((*kept, raw[taken_to:])), blobs) if blobs else (raw, {})
        if end - start > BLOB_MIN_CHARS and raw[start - 1 : start] != b"\\":
            blob = _decoded(memoryview(raw)[start + 1 : end])
            if blob is not None:
                word = f"{name}{len(blobs)}"
                blobs[word] = blob
                kept += (raw[taken_to : start + 1], word.encode())
                taken_to = end
        start = end
    return raw, {}


def _decoded(text: memoryview) -> bytes | None:
    """The bytes of base64, with or without `data:` before it; None for any other text."""
    before, head, _ = bytes(text[:_HEAD_CHARS]).partition(_HEAD_END)
    try:
        return pybase64.b64decode(text[len(before) + len(head) :] if head else text, validate=True)
    except ValueError:
        return None


def _put_back(found: Any, blobs: dict[str, bytes]) -> Any:
    """Not deeper than what `bounded_json` lets pass."""
    if isinstance(found, str):
        return blobs.get(found, found)
    if isinstance(found, dict):
        return {name: _put_back(value, blobs) for name, value in found.items()}
    return [_put_back(entry, blobs) for entry in found] if isinstance(found, list) else found
