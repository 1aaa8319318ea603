"""What autocomplete offers while a member types."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from discord.app_commands import Choice

from zosma_queue.catalogue import Catalogue

CHOICES_MAX = 25
CHOICE_MAX_CHARS = 100
#: How alike a misspelt word must be to be understood.
ALIKE = 0.55


def rank(name: str, typed: str) -> int | None:
    """How well a name fits what has been typed, 0 best; None when it doesn't."""
    name, typed = name.casefold(), typed.strip().casefold()
    if name.startswith(typed):
        return 0
    if typed in name:
        return 1
    if all(word in name for word in typed.split()):
        return 2
    # A misspelling is compared with as much of the name as has been typed.
    if difflib.SequenceMatcher(None, name[: len(typed)], typed).ratio() >= ALIKE:
        return 3
    return None


def name_choices(names: Iterable[str], typed: str) -> list[Choice[str]]:
    """The names that fit, best first."""
    return _choices([(name, name) for name in names], typed)


def checkpoint_choices(catalogue: Catalogue, typed: str) -> list[Choice[str]]:
    """The checkpoints that fit, best first, those in a GPU's memory before others."""
    offers = []
    for checkpoint in sorted(catalogue.checkpoints, key=lambda one: one.name not in catalogue.loaded):
        # A name too long for a choice is given by its hash, which the catalogue takes as well.
        value = checkpoint.name if len(checkpoint.name) <= CHOICE_MAX_CHARS else checkpoint.hash
        if value:
            hint = " (loaded)" if checkpoint.name in catalogue.loaded else ""
            offers.append((_shortened(checkpoint.name, CHOICE_MAX_CHARS - len(hint)) + hint, value))
    return _choices(offers, typed)


def _choices(offers: list[tuple[str, str]], typed: str) -> list[Choice[str]]:
    ranked = [(fit, label, value) for label, value in offers if (fit := rank(label, typed)) is not None]
    ranked.sort(key=lambda one: one[0])
    return [
        Choice(name=_shortened(label, CHOICE_MAX_CHARS), value=value)
        for _, label, value in ranked
        if len(value) <= CHOICE_MAX_CHARS
    ][:CHOICES_MAX]


def _shortened(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
