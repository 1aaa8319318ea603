"""How much a back end may answer: bytes, values, depth. It is another machine's program, and may be anybody's."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from zosma_queue.sandbox import Answer

MB = 1024 * 1024
#: An error's words are short.
ERROR_MAX_BYTES = MB
#: A read's bytes, and its commas and opening brackets, which are more than its values: a value takes up to 100 bytes.
READ_MAX_BYTES, READ_MARKS_MAX = 32 * MB, 1_000_000
#: Those of a generation, where prompts have commas, too.
ANSWER_MARKS_MAX = 300_000
#: Objects and lists inside one another.
DEPTH_MAX = 30
#: Entries of one list that are looked at. Nobody finds anything in a menu of more.
ENTRIES_MAX = 5_000
#: Characters of a name in it.
NAME_MAX_CHARS = 300
#: Longer answers are not decoded on the loop.
INLINE_MAX_BYTES = 256 * 1024
#: A picture of noise takes three bytes a pixel as a PNG, and four with transparency.
BYTES_A_PIXEL = 4

_HALF = re.compile("[\ud800-\udfff]")
#: Where half a character may be: in an escape, as most pairs are too; in bytes that are no UTF-8; in UTF-16.
_SIGNS_OF_HALVES = (b"\\ud", b"\\uD", b"\xed", b"\0")


class TooMuch(ValueError):
    """Raised for an answer of more than anything asked for needs."""


def bounded_json(raw: bytes, marks_max: int) -> Any:
    """What an answer says. Takes CPU time in proportion to its size: megabytes belong into a thread.

    Halves of characters in it (lone surrogates), which nobody could store or send, are replaced by U+FFFD.

    Raises:
      ValueError: when it is no JSON; TooMuch: when it has more values than `marks_max`, or is too deep.
    """
    if not raw:
        return None
    if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > marks_max:
        raise TooMuch(f"more than {marks_max:,} values")
    try:
        found = json.loads(raw)
    except RecursionError:
        raise TooMuch(f"more than {DEPTH_MAX} objects and lists inside one another") from None
    check_depth(found)
    return _with_whole_texts(found) if any(sign in raw for sign in _SIGNS_OF_HALVES) else found


def _with_whole_texts(found: Any) -> Any:
    """Not deeper than what `check_depth` lets pass."""
    if isinstance(found, str):
        return found if found.isascii() else _HALF.sub("\ufffd", found)
    if isinstance(found, dict):
        return {_with_whole_texts(name): _with_whole_texts(value) for name, value in found.items()}
    return [_with_whole_texts(entry) for entry in found] if isinstance(found, list) else found


def number(value: Any) -> float | None:
    """A finite number of decoded JSON, None for anything else: Python reads NaN, and whole numbers of any length."""
    if type(value) not in (int, float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def check_depth(found: Any) -> None:
    """Level by level, so that no depth can break it. Raises TooMuch."""
    level = [found]
    for _ in range(DEPTH_MAX):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        if not inner:
            return
        level = inner
    raise TooMuch(f"more than {DEPTH_MAX} objects and lists inside one another")


def shortened(found: Any) -> Any:
    """A list without its entries after the first `ENTRIES_MAX`, and without those of endless names; else as it is."""
    if not isinstance(found, list):
        return found
    return [entry for entry in found[:ENTRIES_MAX] if all(len(name) <= NAME_MAX_CHARS for name in _names(entry))]


def reduced(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """A sandbox's work on a long list: cut to what is looked at, without the long objects in its entries.

    Python's reader of JSON lets nothing else run meanwhile, and a list of LoRAs may have 100 MB.
    """
    (raw,) = blobs
    found = shortened(bounded_json(raw, args["marks_max"]))
    if isinstance(found, list):
        found = [_flat(entry) for entry in found]
    return {}, [json.dumps(found).encode()]


def _flat(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {key: value for key, value in entry.items() if not isinstance(value, dict) or len(value) <= _INNER_MAX}


#: Fields of an object inside an entry, like a sampler's options. What a LoRA was trained with has more.
_INNER_MAX = 20


def _names(entry: Any) -> list[str]:
    """What an entry is called."""
    if isinstance(entry, str):
        return [entry]
    if not isinstance(entry, dict):
        return []
    return [entry[key] for key in ("name", "title", "model_name", "alias", "label") if isinstance(entry.get(key), str)]
