"""What autocomplete offers while a member types, and what menus offer."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import discord
from discord.app_commands import Choice

from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations
from zosma_bot.discord.ui.sizes import SIZES
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


def labelled_choices(offers: list[tuple[str, str]], typed: str) -> list[Choice[str]]:
    """Of (label, value) those whose label fits, best first."""
    return _choices(offers, typed)


def checkpoint_choices(w: Translations, catalogue: Catalogue, typed: str) -> list[Choice[str]]:
    """The checkpoints that fit, best first, those in a GPU's memory before others."""
    return _choices(_checkpoints(w, catalogue), typed)


def workflow_choices(catalogue: Catalogue, typed: str) -> list[Choice[str]]:
    """Workflows that fit, each by itself and with each value of its options that has a list of them."""
    offers = []
    for workflow in catalogue.workflows:
        about = f" – {workflow.description}" if workflow.description else ""
        offers.append((f"{workflow.title}{about}", workflow.name))
        for option in workflow.options:
            for value in (
                option.choices if option.type == "choice" else ("on", "off") if option.type == "switch" else ()
            ):
                quoted = f'"{value}"' if " " in value else value
                label = f"{workflow.title} · {option.name}: {value}"
                offers.append((label, f"{workflow.name} {option.name}={quoted}"))
    return _choices([(label, value) for label, value in offers if len(value) <= CHOICE_MAX_CHARS], typed)


def lora_choices(catalogue: Catalogue, typed: str) -> list[Choice[str]]:
    """LoRAs that fit the last of the names that are being typed; those before it stay."""
    *before, last = [part.strip() for part in typed.split(",")]
    for begin in range(typed.count(",")):
        tail = ",".join(typed.split(",")[begin:]).strip()
        if any(name.strip().casefold().startswith(tail.casefold()) for name in catalogue.loras):  # it has commas itself
            before, last = [part.strip() for part in typed.split(",")[:begin]], tail
            break
    kept = "".join(f"{part}, " for part in before if part)
    names = [name for name in catalogue.loras if name not in before]
    return [Choice(name=texts.cut(kept + one.name, CHOICE_MAX_CHARS), value=kept + one.value)
            for one in name_choices(names, last) if len(kept + one.value) <= CHOICE_MAX_CHARS]  # fmt: skip


def checkpoint_options(w: Translations, catalogue: Catalogue) -> list[discord.SelectOption]:
    """The checkpoints for a menu, those in a GPU's memory first."""
    return _options(_checkpoints(w, catalogue))


def style_options(styles: Iterable[str]) -> list[discord.SelectOption]:
    """Presets and styles for a menu."""
    return _options([(name, name) for name in styles])


def size_options(w: Translations) -> list[discord.SelectOption]:
    """The shapes for a menu."""
    return _options([(texts.size_name(w, name), name) for name in SIZES])


def size_choices(w: Translations, typed: str) -> list[Choice[str]]:
    """The shapes that fit, and what was typed where it is another size."""
    found = _choices([(texts.size_name(w, name), name) for name in SIZES], typed)
    own = typed.strip()
    if len(own) <= CHOICE_MAX_CHARS and any(sign.isdigit() for sign in own) and all(one.value != own for one in found):
        found.insert(0, Choice(name=own, value=own))
    return found[:CHOICES_MAX]


def _checkpoints(w: Translations, catalogue: Catalogue) -> list[tuple[str, str]]:
    """(label, value) of each checkpoint. A name too long for a choice is given by its hash, which is taken as well."""
    offers = []
    for checkpoint in sorted(catalogue.checkpoints, key=lambda one: one.name not in catalogue.loaded):
        value = checkpoint.name if len(checkpoint.name) <= CHOICE_MAX_CHARS else checkpoint.hash
        if value:
            hint = texts.checkpoint_hint(w, catalogue, checkpoint.name)
            offers.append((texts.cut(checkpoint.name, CHOICE_MAX_CHARS - len(hint)) + hint, value))
    return offers


def _options(offers: list[tuple[str, str]]) -> list[discord.SelectOption]:
    fitting = [(label, value) for label, value in offers if 0 < len(value) <= CHOICE_MAX_CHARS]
    return [discord.SelectOption(label=texts.cut(label, CHOICE_MAX_CHARS), value=value) for label, value in fitting][
        :CHOICES_MAX
    ]


def _choices(offers: list[tuple[str, str]], typed: str) -> list[Choice[str]]:
    ranked = [(fit, label, value) for label, value in offers if (fit := rank(label, typed)) is not None]
    ranked.sort(key=lambda one: one[0])
    return [
        Choice(name=texts.cut(label, CHOICE_MAX_CHARS), value=value)
        for _, label, value in ranked
        if len(value) <= CHOICE_MAX_CHARS
    ][:CHOICES_MAX]
