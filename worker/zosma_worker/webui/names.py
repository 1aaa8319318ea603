"""Names in the lists that WebUIs and their extensions have."""

from __future__ import annotations

from typing import Any

#: Nobody looks through more.
NAMES_MAX = 5_000


def names_in(entries: Any, key: str = "name") -> tuple[str, ...]:
    """The names in a list of objects, or of names, each once."""
    listed = entries if isinstance(entries, list) else []
    found = [entry.get(key) if isinstance(entry, dict) else entry for entry in listed]
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and name))
