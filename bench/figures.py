"""What a benchmark found, in numbers for `report.py`, which compares them with its goals."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

#: The file that `report.py` reads afterwards; who runs a benchmark by hand has none.
VARIABLE = "BENCH_FIGURES"


def note(name: str, value: float) -> None:
    """Adds a figure to the file, if there is one; of two with the same name the last counts."""
    if path := os.environ.get(VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, value]) + "\n")


def noted(path: Path) -> dict[str, Any]:
    """What benchmarks have added to the file: name → value."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return dict(json.loads(line) for line in lines)
