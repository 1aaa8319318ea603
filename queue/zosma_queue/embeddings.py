"""Embeddings (textual inversions) in prompts: words that stand for more where their file is, else for themselves.

A1111 finds their names among a prompt's tokens, in any case, the longest first; ComfyUI wants `embedding:name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from zosma_queue.families import FAMILIES, Facts

#: As CLIP's tokenizer parts a text, but for runs of marks, each of which is a piece here.
_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")
#: ComfyUI's way to say that a word is the name of one, which everybody may use here.
_MARKED = re.compile(r"(?<!\w)embedding:(?:[^\s,()\[\]:|<>]*[\\/])?([^\s,()\[\]:|<>\\/]*\w)", re.IGNORECASE)
_ENDING = re.compile(r"(?<=.)\.(?:pt|bin|safetensors)$", re.IGNORECASE)
#: A name with one of these in it is no word of a language: a mark or digit between letters, or a capital after another.
_MADE_UP = re.compile(r"[\d_.+-]|(?<=\w)[A-Z]")
#: The most used ones are called after what they are for: easynegative, negativehand, …
_NEGATIVE = "negative"
#: The widths that a family's text encoders take. Not in here: nobody knows. Empty: no embedding means anything to it.
_WIDTHS = {
    "sd15": frozenset({768, 1024}),
    "sdxl": frozenset({1280, 2048}),
    "z-image": frozenset[int](),
    "z-image-turbo": frozenset[int](),
    "qwen-image": frozenset[int](),
}


def is_unmistakable(name: str) -> bool:
    """Whether somebody who writes this can only mean the embedding: `cat` may be an animal, `style` a word."""
    plain = name.strip().casefold()
    return bool(_MADE_UP.search(name.strip())) or (_NEGATIVE in plain and plain != _NEGATIVE)


def marked_in(text: str) -> list[str]:
    """The names that a text marks as embeddings, without folder and ending."""
    return [_ENDING.sub("", found[1]) for found in _MARKED.finditer(text)]


def without_marks(text: str) -> str:
    """The text as A1111 and its relatives read it: `embedding:name` is `name`."""
    return _MARKED.sub(lambda found: _ENDING.sub("", found[1]), text) if "embedding:" in text.casefold() else text


def with_own_marks(text: str, names: Mapping[str, str]) -> str:
    """The text with marks as ComfyUI reads them, in small letters and by its own names: `names` has them by
    `casefold`."""

    def own(found: re.Match[str]) -> str:
        name = names.get(_ENDING.sub("", found[1]).casefold())
        return f"embedding:{name}" if name else found[0]

    return _MARKED.sub(own, text)


def fits(width: int, facts: Facts | None) -> bool:
    """False where an embedding of this width (0: nobody knows) means nothing to checkpoints that these facts suit."""
    family = next((name for name, one in FAMILIES.items() if one.facts == facts), None)
    widths = _WIDTHS.get(family or "")
    return widths is None or (bool(widths) if width == 0 else width in widths)


class EmbeddingFinder:
    """Finds the names of embeddings in texts, as A1111 does."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        lengths: dict[str, set[int]] = {}
        for name in names:
            if pieces := _pieces(name):
                self._names.setdefault(pieces, name)
                lengths.setdefault(pieces[0], set()).add(len(pieces))
        # By their first piece, the longest first: however many begin alike, few lengths are to be tried.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def find(self, text: str) -> list[str]:
        """The names in a text, each once, in their order."""
        pieces, found, end = _pieces(text), dict[str, None](), 0
        for at, piece in enumerate(pieces):
            if at < end:
                continue
            for length in self._lengths.get(piece, ()):
                name = self._names.get(pieces[at : at + length])
                if name is not None:
                    found[name], end = None, at + length
                    break
        return list(found)


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(text.casefold()))
