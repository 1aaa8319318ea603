"""What a check has found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.StrEnum):
    """How it stands with something."""

    OK = "ok"
    OFF = "off"  # not set up, which may well be meant
    WARNING = "warning"  # works, and may not tomorrow
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    part: str
    verdict: Verdict
    text: str
    mend: str = ""
    """What to do, a command where there is one."""


def ok(part: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(part, Verdict.OK, text)


def off(part: str, text: str, mend: str = "") -> Finding:
    """It isn't set up."""
    return Finding(part, Verdict.OFF, text, mend)


def warning(part: str, text: str, mend: str = "") -> Finding:
    """It works, but."""
    return Finding(part, Verdict.WARNING, text, mend)


def wrong(part: str, text: str, mend: str = "") -> Finding:
    """It can't work so."""
    return Finding(part, Verdict.WRONG, text, mend)


def what_and_mend(text: str) -> tuple[str, str]:
    """An error's text as (what is wrong, what mends it): ours have the fix behind the last `: `."""
    what, _, mend = text.rpartition(": ")
    return (what, mend) if what and " " in mend else (text, "")
