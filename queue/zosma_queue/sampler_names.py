"""A1111's names for a sampler together with its schedule, from before 1.9, when the two were one thing to choose.

Both spellings are one thing to ask for: a request has the two apart, the queue matches them under the old name, and a
worker writes what its WebUI knows.
"""

from __future__ import annotations

from collections.abc import Mapping

_WITH_KARRAS = (
    "DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 3M SDE", "DPM++ 2S a", "DPM2", "DPM2 a", "LMS",
)  # fmt: skip
_WITH_EXPONENTIAL = ("DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 3M SDE")

#: Old name → (sampler, label of its scheduler).
PAIRS: Mapping[str, tuple[str, str]] = {
    **{f"{name} Karras": (name, "Karras") for name in _WITH_KARRAS},
    **{f"{name} Exponential": (name, "Exponential") for name in _WITH_EXPONENTIAL},
}
_BY_SPELLING = {name.casefold(): pair for name, pair in PAIRS.items()}


def parted(name: str) -> tuple[str, str] | None:
    """(sampler, scheduler) of an old name in any case; None when it is none."""
    return _BY_SPELLING.get(name.strip().casefold())


def together(sampler: str | None, scheduler: str | None) -> str | None:
    """The old name for the two; None when A1111 never had one."""
    name = f"{sampler} {scheduler}"
    return name if name in PAIRS else None
