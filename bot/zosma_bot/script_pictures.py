"""Pictures inside the arguments of `alwayson_scripts`, such as ControlNet's: taken out, and put back as ids.

A script may open what is no picture but a path, or fetch an address: neither goes through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import INPUT_MARK, SCRIPTS, with_inputs

#: The field of a request in whose arguments they stand.
#: Pictures that the scripts of one request may have.
PICTURES_MAX = 8
#: What stands in fields of these names is a picture, or nothing.
_PICTURES = frozenset({"image", "mask", "mask_image", "input_image", "effective_region_mask"})
#: How PNG, JPEG, WebP and data URLs begin, where a script takes its arguments by their order (ReActor).
_BEGINNINGS = ("iVBORw0KGgo", "/9j/", "UklGR", "data:image/")
#: Fields whose names begin so are folders and files of the WebUI's machine.
_OF_ITS_DISK = "batch_"
#: No system has longer ones, and looking through megabytes would hold everybody up.
_PATH_MAX_CHARS = 4096
_PLACE = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://|file:|~?/|[a-z]:[\\/]|\\\\|\.\.?[\\/])|[\\/]\.\.(?:[\\/]|$)", re.IGNORECASE
)


@dataclass(frozen=True)
class _Text:
    """A text in the arguments: where it stands, and in what."""

    path: str
    name: str
    """The nearest field's; '' in a plain list."""
    inside: Any
    key: Any

    @property
    def value(self) -> str:
        return str(self.inside[self.key])


def taken_out(scripts: Any) -> dict[str, Any]:
    """Where a picture stands → the picture, as it was sent. Marks are left in their places, which `put_back` reads.

    Raises:
      RequestRefusedError: for what would have the WebUI open a file or an address; names where it stands.
    """
    found: dict[str, Any] = {}
    if not isinstance(scripts, dict):
        return found
    for text in list(_texts(scripts, SCRIPTS, "")):
        if text.value.startswith(INPUT_MARK):
            raise _refused(text.path, f"begins with {INPUT_MARK!r}, which stands for pictures here")
        if text.name in _PICTURES or text.value.startswith(_BEGINNINGS):
            if text.value:
                found[text.path.removeprefix(f"{SCRIPTS}.")] = text.value
                text.inside[text.key] = f"{INPUT_MARK}{len(found) - 1}"
        elif text.value and (text.name.startswith(_OF_ITS_DISK) or _PLACE.search(text.value.strip()[:_PATH_MAX_CHARS])):
            raise _refused(
                text.path,
                "names a file or an address, which the WebUI's machine would open: leave it out",
            )
    if len(found) > PICTURES_MAX:
        raise _refused(SCRIPTS, f"has {len(found)} pictures, at most {PICTURES_MAX} are possible")
    return found


def put_back(a1111: Mapping[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    """`Request.a1111` with the pictures' ids where `taken_out` has left its marks."""
    return {**a1111, SCRIPTS: with_inputs(a1111[SCRIPTS], lambda number: f"{INPUT_MARK}{ids[int(number)]}")}


def _texts(inside: Any, path: str, name: str) -> Iterator[_Text]:
    """Every text in there. Bodies are 20 levels deep at most."""
    entries = inside.items() if isinstance(inside, dict) else enumerate(inside)
    for key, value in entries:
        here = f"{path}.{str(key)[:100]}"
        nearest = key if isinstance(key, str) else name
        if isinstance(value, str):
            yield _Text(here, nearest, inside, key)
        elif isinstance(value, dict | list):
            yield from _texts(value, here, nearest)


def _refused(path: str, why: str) -> RequestRefusedError:
    return RequestRefusedError(f"{path} {why}", field=path)
