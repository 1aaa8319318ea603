"""Records that can't be read: skipped, named once in the log, and counted. One bad key stops nobody's work."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from zosma_queue.redis_says import code_of, said
from zosma_queue.validation import problems_of

M = TypeVar("M", bound=BaseModel)

log = logging.getLogger(__name__)

#: More keys than this are counted together: whoever writes junk can write it under any number of names.
KEYS_MAX = 1000
#: Under this name.
OTHERS = "(others)"
#: Milliseconds since 1970 are far below, and so are all sums of GPU-seconds.
NUMBER_MAX = 1e18
_SHOWN = 200
#: What the reading of anything that isn't ours may raise; redis-py's errors are not among them.
READING = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError)

_counts: Counter[str] = Counter()


def note(key: str, error: BaseException | str) -> None:
    """Counts an unreadable record; the first time it is named in the log."""
    name = key if key in _counts or len(_counts) < KEYS_MAX else OTHERS
    _counts[name] += 1
    if _counts[name] == 1:
        why = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        log.warning("can't read %.200r, so it is skipped: %s", key, " ".join(why.split())[:_SHOWN])


@contextmanager
def skipping(key: str) -> Iterator[None]:
    """Skips the rest of the block when the record under `key` can't be read."""
    try:
        yield
    except READING as error:
        note(key, error)


def row_or(key: str, row: Any, instead: Any) -> Any:
    """A pipeline's row, or `instead` when something of another type lies under the key; raises Redis's other errors."""
    if not isinstance(row, Exception):
        return row
    if code_of(row) != "WRONGTYPE":
        raise row
    note(key, said(row))
    return instead


def texts(key: str, values: Iterable[bytes]) -> list[str]:
    """The values under `key` as text, without those that aren't UTF-8."""
    found: list[str] = []
    for value in values:
        with skipping(key):
            found.append(value.decode())
    return found


def finite(value: bytes | str) -> float:
    """A number that can be reckoned with.

    Raises:
      ValueError: when it is none, not finite, or absurdly large.
    """
    number = float(value)
    if not abs(number) < NUMBER_MAX:
        raise ValueError(f"{number} is out of bounds")
    return number


def numbers(key: str, pairs: Mapping[bytes, bytes]) -> dict[str, float]:
    """A hash of numbers, without the fields that are none."""
    found: dict[str, float] = {}
    for name, value in pairs.items():
        with skipping(f"{key} {name.decode(errors='replace')}"):
            found[name.decode()] = finite(value)
    return found


def object_in(data: bytes) -> dict[str, Any]:
    """The JSON object in a record.

    Raises:
      One of `READING`: when it is none.
    """
    found = json.loads(data)
    if not isinstance(found, dict):
        raise TypeError("it is no object")
    return found


def model_of(key: str, model: type[M], fields: Mapping[str, Any]) -> M:
    """The model made of what can be read in the fields of a record; the rest is as if it weren't there.

    A rule of a later version must not take those along that this one knows.
    """
    left = deepcopy(dict(fields))
    while True:
        try:
            return model.model_validate(left)
        except ValidationError as error:
            problems = problems_of(error)
            # From the end, so that the places of a list's other entries stay.
            gone = [_taken_out(left, one.path) for one in reversed(problems)]
            note(key, f"{problems[0].field}: {problems[0].text}")
            if not any(gone):
                return model()


def models_of(key: str, model: type[M], found: Mapping[bytes, bytes]) -> dict[str, M]:
    """A Redis hash of JSON records, by field. What can't be read of one is skipped, and touches no other."""
    known: dict[str, M] = {}
    for name, value in found.items():
        its = f"{key} {name.decode(errors='replace')}"
        with skipping(its):
            known[name.decode()] = model_of(its, model, object_in(value))
    return known


def _taken_out(value: Any, path: Sequence[str]) -> bool:
    """Takes out what is wrong, as far down as the path can be followed; False when that is the whole."""
    holder, name = None, ""
    for part in path:
        if not (isinstance(value, dict) and part in value) and not (
            isinstance(value, list) and part.isdecimal() and int(part) < len(value)
        ):
            break
        holder, name = value, part
        value = value[part] if isinstance(value, dict) else value[int(part)]
    if isinstance(holder, dict):
        del holder[name]
    elif isinstance(holder, list):
        del holder[int(name)]
    return holder is not None


def counts() -> dict[str, int]:
    """How often each unreadable record was met by this process, by its key."""
    return dict(_counts)


def forget() -> None:
    """Begins to count anew."""
    _counts.clear()
