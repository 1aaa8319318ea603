"""Finds words and phrases in a text, however they are dressed up.

Text and rules are brought into the same plain forms: by how letters look (a Cyrillic р is a p), by how they sound (it
is an r), and with digits read as the letters they stand in for. What can't be seen is dropped. Words match as wholes,
so that "class" has no part that is found; a rule that ends with `*` matches what begins like it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from anyascii import anyascii

#: Letters that look like Latin ones, capitals and small ones apart: Μ looks like M, μ rather like u.
_LOOKS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԚԜӀавгԁеѕіјкмнопрстуиѵхүԛԝшьӏһΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβγεηικμνορστυχωՕօՏՍսոհցզᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ",
    "abesijkmhopctyxyqwlabrdesijkmhonpctyuvxyqwwblhabezhikmnoptyxabyenikuvopotuxwoosuunhgqabcehjklmprstvwz",
)
#: Digits and signs in the place of letters; 1 may be either of two.
_LEET = [str.maketrans("013457@$", f"o{one}eastas") for one in "il"]
#: Invisible, but no format character by its category: fillers, joiners, selectors.
_INVISIBLE = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0)
) | frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
#: Signs that someone may put inside a word. An apostrophe is none: "he'll" is no "hell".
_SOFT = frozenset("-._*+~^/\\=#")
#: From here on scripts are written without spaces, and nothing looks or sounds like a Latin letter.
_UNSPACED_FROM = 0x2E80
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (_UNSPACED_FROM, 0xD7FF), (0x20000, 0x3FFFF))
#: A split word of this many letters is found also in the middle of other single letters.
_LONG = 5


@dataclass(frozen=True)
class Token:
    """A run of letters and digits."""

    text: str
    soft: bool
    """Only signs like a hyphen stand between it and the one before."""


@dataclass
class _Index:
    """Rules in plain forms, by how they are looked up. Each leads to the rule as it was written."""

    words: dict[str, str] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    phrases: dict[str, list[tuple[tuple[str, ...], bool, str]]] = field(default_factory=dict)
    """By first word: all words, whether the last is only a beginning, the rule."""
    letters: dict[str, tuple[bool, str]] = field(default_factory=dict)
    """What may be found split: whether it is only a beginning, the rule."""
    unspaced: list[tuple[str, str]] = field(default_factory=list)
    longest: int = 0


class WordFinder:
    """Finds rules in texts. Made once for a set of rules: `WordFinder.of`."""

    def __init__(self, rules: Iterable[str]) -> None:
        self._index = _Index()
        for rule in rules:
            self._add(rule)

    @staticmethod
    @functools.lru_cache(maxsize=256)
    def of(rules: tuple[str, ...]) -> WordFinder:
        """The finder for these rules."""
        return WordFinder(rules)

    def _add(self, rule: str) -> None:
        index, is_prefix = self._index, rule.rstrip().endswith("*")
        plain = rule.strip().rstrip("*")
        if any(map(_is_unspaced, plain)):
            index.unspaced.append((_squeezed(plain), rule))
            return
        for form in _forms(plain):
            words = tuple(token.text for token in form)
            if not words:
                continue
            if len(words) > 1:
                index.phrases.setdefault(words[0], []).append((words, is_prefix, rule))
            else:
                (index.prefixes if is_prefix else index.words).setdefault(words[0], rule)
            letters = "".join(words)
            if len(letters) > 2:
                index.letters.setdefault(letters, (is_prefix, rule))
                index.longest = max(index.longest, len(letters))

    def find(self, text: str) -> str | None:
        """The first rule that the text breaks, as it was written; None when it breaks none."""
        index = self._index
        if index.unspaced:
            squeezed = _squeezed(text)
            for plain, rule in index.unspaced:
                if plain in squeezed:
                    return rule
        for form in _forms(text):
            found = self._whole(form) or self._joined(form) or self._split(form)
            if found:
                return found
        return None

    def _whole(self, tokens: tuple[Token, ...]) -> str | None:
        """Words and phrases that stand there as they are."""
        lengths = sorted({len(prefix) for prefix in self._index.prefixes})
        for at, token in enumerate(tokens):
            found = self._word(token.text, lengths)
            if found:
                return found
            for words, is_prefix, rule in self._index.phrases.get(token.text, ()):
                there = [one.text for one in tokens[at : at + len(words)]]
                if there == list(words) or (
                    is_prefix and there[:-1] == list(words[:-1]) and there[-1].startswith(words[-1])
                ):
                    return rule
        return None

    def _word(self, word: str, lengths: list[int]) -> str | None:
        if word in self._index.words:
            return self._index.words[word]
        return next((self._index.prefixes[word[:n]] for n in lengths if word[:n] in self._index.prefixes), None)

    def _joined(self, tokens: tuple[Token, ...]) -> str | None:
        """Words with signs inside them: "bl-ock", "b.l.o.c.k"."""
        lengths = sorted({len(prefix) for prefix in self._index.prefixes})
        for parts in _chunks(tokens):
            found = self._word("".join(parts), lengths) if len(parts) > 1 else None
            if found:
                return found
        return None

    def _split(self, tokens: tuple[Token, ...]) -> str | None:
        """Words taken apart into letters, or next to that: "b l o c k", "bl o-c k"."""
        texts = [token.text for token in tokens]
        for first in range(len(texts) - 2):
            joined = ""
            for last in range(first, len(texts)):
                if len(texts[last]) > 2 or len(joined) >= self._index.longest:
                    break
                joined += texts[last]
                rule = self._index.letters.get(joined)
                if last - first >= 2 and rule and self._stands_alone(texts, first, last, joined, rule[0]):
                    return rule[1]
        return None

    @staticmethod
    def _stands_alone(texts: list[str], first: int, last: int, joined: str, is_prefix: bool) -> bool:
        """Short ones are no part of a longer word taken apart: "c l a s s"."""
        if len(joined) >= _LONG:
            return True
        before = first == 0 or len(texts[first - 1]) > 1 or texts[first - 1] in "ai"
        return before and (is_prefix or last + 1 == len(texts) or len(texts[last + 1]) > 1)


def _chunks(tokens: Iterable[Token]) -> Iterator[list[str]]:
    """The tokens with nothing but soft signs between them, together."""
    parts: list[str] = []
    for token in tokens:
        if parts and not token.soft:
            yield parts
            parts = []
        parts.append(token.text)
    if parts:
        yield parts


def _visible(text: str) -> str:
    """The text without what can't be seen, and without marks above and below letters."""
    kept = []
    for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)):
        category = unicodedata.category(char)
        if ord(char) in _INVISIBLE or category in ("Cf", "Me") or (category == "Cc" and not char.isspace()):
            continue
        # Vowel signs of Indian scripts are marks too, but without a place above or below: they stay.
        if category == "Mn" and unicodedata.combining(char):
            continue
        kept.append(char)
    return "".join(kept)


def _is_unspaced(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _UNSPACED)


def _squeezed(text: str) -> str:
    """Only letters and digits: for scripts without spaces."""
    return "".join(char for char in _visible(text).casefold() if char.isalnum())


def _forms(text: str) -> list[tuple[Token, ...]]:
    """The text's plain forms, each once."""
    visible = _visible(text)
    sound, look = _tokens(visible), _tokens(visible.translate(_LOOKS))
    forms = [sound, look]
    if any(char in visible for char in "013457@$"):
        forms += [_tokens(visible.translate(_LOOKS), leet) for leet in _LEET]
    return list(dict.fromkeys(forms))


def _tokens(visible: str, leet: dict[int, int] | None = None) -> tuple[Token, ...]:
    """Runs of letters and digits. With `leet`, digits and signs beside letters are read as letters."""
    tokens: list[Token] = []
    letters: list[str] = []
    soft = True

    def close() -> None:
        nonlocal soft
        if word := "".join(letters):
            has_letter = any(char.isalpha() for char in word)
            text = word.translate(leet) if leet and has_letter else word.replace("@", "").replace("$", "")
            if text:
                tokens.append(Token(text, soft))
                soft = True
        letters.clear()

    for char in visible:
        plain = char if leet and char in "@$" else _plain(char)
        if plain:
            letters.append(plain)
        else:
            close()
            soft = soft and char in _SOFT
    close()
    return tuple(tokens)


@functools.lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """A letter or digit in small ASCII letters where it has any; '' for what separates words."""
    if char.isascii():
        return char.lower() if char.isalnum() else ""
    category = unicodedata.category(char)
    if _is_unspaced(char) and ord(char) < 0x1F000:
        return char.casefold() if char.isalnum() else ""
    spelt = "".join(one for one in anyascii(char) if one.isalnum()).lower()
    if category[0] in "LN":
        return spelt or char.casefold()
    if category == "So":  # 🅱 is a letter; 🔫 is named by a word, and separates
        return spelt if len(spelt) == 1 else ""
    return char if category[0] == "M" else ""
