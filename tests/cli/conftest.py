"""The command line as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopback.commands import Zosma


@pytest.fixture(name="zosma")
def _zosma(tmp_path: Path) -> Zosma:
    """`zosma`, in an empty folder and with no settings."""
    return Zosma(tmp_path)
