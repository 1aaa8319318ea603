"""Alternatives in a prompt, and what is drawn of them: `{red|blue}`, and `__colour__` from a server's list.

A seed decides what is drawn: the same words with the same seed give the same prompt, on every machine and version.

    {red|blue}            one of them; they may be empty, and have alternatives and lists inside
    {3::red|blue}         red three times as often
    {2$$red|blue|green}   two different ones, with commas between; {1-2$$ and $$…} one or two, with " and " between
    __colour__            an entry of the list; {2$$__colour__} two of them

Braces without `|` or `$$` between them mean nothing, nor do those with a backslash before them: `\\{red\\|blue\\}`,
`\\__colour__`. Nothing else that A1111 understands is touched: `(red:1.2)`, `[red|blue]`, `\\(`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from zosma_bot.discord.ui.refusals import refused
from zosma_queue.request import PROMPT_MAX_CHARS

#: In one prompt, those of its lists not counted.
ALTERNATIVES_MAX = 500
NESTED_MAX = 20
#: Choices made for one prompt, those inside others included.
DRAWN_MAX = 500
_LIST = re.compile(r"__([^\W_](?:[\w/-]*?[^\W_])?)__")
_WEIGHT = re.compile(r"\s*(\d{1,4}(?:\.\d{1,4})?)::")
_MANY = re.compile(r"\s*(\d{1,2})(?:-(\d{1,2}))?\$\$(?:([^{}|$]{0,20})\$\$)?")
_MASKED = re.compile(rf"(\\*)([{{}}]|{_LIST.pattern})")
_SYNTAX = re.compile(r"[{}\\]|__")
#: Two signs that stand for the second alone, inside braces and outside.
_ESCAPES = ("\\{", "\\}", "\\|")

Lists = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ListEntry:
    """Stands for an entry of a list."""

    name: str


@dataclass(frozen=True)
class Option:
    """One of several alternatives."""

    parts: tuple[Part, ...]
    weight: float


@dataclass(frozen=True)
class Choice:
    """Stands for some of its options: at least `least`, at most `most` different ones."""

    options: tuple[Option, ...]
    least: int = 1
    most: int = 1
    joiner: str = ", "


Part = str | ListEntry | Choice


def has_syntax(text: str) -> bool:
    """False for a text that means what it says; True for one that must be looked at."""
    return bool(_SYNTAX.search(text))


def escaped(text: str) -> str:
    """The text written so that it means just what it says."""

    def mask(found: re.Match[str]) -> str:
        # What has a backslash of its own means itself already.
        return found[0] if len(found[1]) % 2 else f"{found[1]}\\{found[2]}"

    return _MASKED.sub(mask, text)


def parse(text: str) -> tuple[Part, ...]:
    """What a text consists of.

    Raises:
      RequestRefusedError: for braces that are not closed, too many alternatives, or too many inside each other.
    """
    reader = _Reader(text)
    parts = reader.read()
    if reader.alternatives > ALTERNATIVES_MAX:
        raise refused("too-many-alternatives", field="prompt", given=reader.alternatives, most=ALTERNATIVES_MAX)
    return parts


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = _closing_braces(text)
        self.alternatives = 0

    def read(self) -> tuple[Part, ...]:
        return self._sequence(len(self._text), depth=0)

    def _sequence(self, end: int, depth: int) -> tuple[Part, ...]:
        """What stands from here to `end`."""
        parts: list[Part] = []
        while self._at < end:
            parts += self._next(end, depth)
        return _joined(parts)

    def _next(self, end: int, depth: int) -> list[Part]:
        text, at = self._text, self._at
        if text.startswith("\\", at):
            return [self._escaped(depth)]
        if text.startswith("__", at) and (found := _LIST.match(text, at, end)):
            self._at = found.end()
            return [ListEntry(found[1].casefold())]
        if text[at] == "{":
            return self._braces(depth)
        self._at += 1
        return [text[at]]

    def _escaped(self, depth: int) -> str:
        text, at = self._text, self._at
        sign = text[at : at + 2]
        self._at += 2
        if sign in _ESCAPES and (sign != "\\|" or depth):
            return sign[1]
        if sign == "\\_" and (found := _LIST.match(text, at + 1)):
            self._at = found.end()
            return found[0]
        return sign

    def _braces(self, depth: int) -> list[Part]:
        """The alternatives in braces, or the braces with what is between them."""
        begin = self._at
        end = self._ends.get(begin)
        if end is None:
            if self._bars(begin + 1, len(self._text)):
                raise refused("open-brace", field="prompt", given=self._text[begin : begin + 30])
            self._at += 1
            return ["{"]
        if depth >= NESTED_MAX:
            raise refused("nested-too-deep", field="prompt", most=NESTED_MAX)
        many = _MANY.match(self._text, begin + 1, end)
        bars = self._bars(begin + 1, end)
        if not many and not bars:
            self._at += 1
            inside = self._sequence(end, depth)  # no alternatives: nothing that a `\|` would be needed for
            self._at = end + 1
            return ["{", *inside, "}"]
        options = []
        self.alternatives += len(bars) + 1
        at = many.end() if many else begin + 1
        for bar in (*bars, end):
            weight = _WEIGHT.match(self._text, at, bar)
            self._at = weight.end() if weight else at
            options.append(Option(self._sequence(bar, depth + 1), float(weight[1]) if weight else 1.0))
            at = bar + 1
        self._at = end + 1
        if not many:
            return [Choice(tuple(options))]
        least, most = int(many[1]), int(many[2] or many[1])
        joiner = ", " if many[3] is None else many[3]
        return [Choice(tuple(options), min(least, most), max(least, most), joiner)]

    def _bars(self, begin: int, end: int) -> list[int]:
        """Where alternatives end, outside of inner braces, and of A1111's own `[red|blue]`."""
        found, at = [], begin
        while at < end:
            sign = self._text[at]
            if sign == "\\":
                at += 2
                continue
            if sign == "{" and at in self._ends:
                at = self._ends[at]
            elif sign == "[":
                close = self._text.find("]", at, end)
                at = at if close < 0 else close
            elif sign == "|":
                found.append(at)
            at += 1
        return found


def _closing_braces(text: str) -> dict[int, int]:
    """Where each opening brace is closed; those that are not are left out."""
    closed: dict[int, int] = {}
    waiting: list[int] = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            waiting.append(at)
        elif text[at] == "}" and waiting:
            closed[waiting.pop()] = at
        at += 1
    return closed


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Neighbouring texts as one."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        else:
            joined.append(part)
    return tuple(joined)


def lists_in(parts: Sequence[Part]) -> set[str]:
    """The names of the lists that these parts draw from, in small letters."""
    names: set[str] = set()
    for part in parts:
        if isinstance(part, ListEntry):
            names.add(part.name)
        elif isinstance(part, Choice):
            names |= {name for option in part.options for name in lists_in(option.parts)}
    return names


def lists_of(entries: Sequence[str]) -> set[str]:
    """The names of the lists that a list's entries draw from.

    Raises:
      RequestRefusedError: when an entry can't be read.
    """
    return {name for entry in entries if has_syntax(entry) for name in lists_in(parse(entry))}


def check_loops(lists: Lists, names: Sequence[str]) -> None:
    """Returns when no list of these leads back to itself.

    Raises:
      RequestRefusedError: when one does; says by which way.
    """
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            raise refused("wildcard-loop", field="prompt", way=" → ".join((*way[way.index(name) :], name)))
        if name in done or name not in lists:
            return
        for inner in sorted(lists_of(lists[name])):
            walk(inner, (*way, name))
        done.add(name)

    for name in names:
        walk(name, ())


def draw(parts: Sequence[Part], seed: int, lists: Lists) -> str:
    """One prompt. Every list that is needed must be in `lists`, and none may lead back to itself.

    Raises:
      RequestRefusedError: when it becomes too long.
    """
    return _Draw(seed, lists).text(parts)


class _Draw:
    """What one seed makes of it."""

    def __init__(self, seed: int, lists: Lists) -> None:
        self._chances = _chances(seed)
        self._lists = lists
        self._entries: dict[str, tuple[Option, ...]] = {}
        self._drawn = 0

    def text(self, parts: Sequence[Part]) -> str:
        texts: list[str] = []
        length = 0
        for part in parts:
            texts.append(part if isinstance(part, str) else self._one(part))
            length += len(texts[-1])
            if length > PROMPT_MAX_CHARS:
                raise refused("drawn-too-long", field="prompt", most=PROMPT_MAX_CHARS)
        return "".join(texts)

    def _one(self, part: ListEntry | Choice) -> str:
        if isinstance(part, ListEntry):
            return self.text(self._pick(self._options(part.name)).parts)
        options = list(part.options)
        if part.most > 1 and len(options) == 1 and (whole := _list_alone(options[0])):
            options = list(self._options(whole))
        wanted = part.least + int(next(self._chances) * (part.most - part.least + 1))
        texts = []
        for _ in range(min(wanted, len(options))):
            found = self._pick(options)
            options.remove(found)
            texts.append(self.text(found.parts).strip() if wanted > 1 else self.text(found.parts))
        return part.joiner.join(texts)

    def _options(self, name: str) -> tuple[Option, ...]:
        if name not in self._entries:
            self._entries[name] = _entries(self._lists[name])
        return self._entries[name]

    def _pick(self, options: Sequence[Option]) -> Option:
        self._drawn += 1
        if self._drawn > DRAWN_MAX:
            raise refused("drawn-too-long", field="prompt", most=PROMPT_MAX_CHARS)
        at = next(self._chances) * sum(option.weight for option in options)
        for option in options:
            at -= option.weight
            if at < 0:
                return option
        return options[-1]


def _entries(entries: Sequence[str]) -> tuple[Option, ...]:
    """A list's entries; `2::red` weighs as it does in braces."""
    found = []
    for entry in entries:
        weight = _WEIGHT.match(entry)
        text = entry[weight.end() :] if weight else entry
        found.append(Option(parse(text) if has_syntax(text) else (text,), float(weight[1]) if weight else 1.0))
    return tuple(found)


def _list_alone(option: Option) -> str | None:
    """The list whose entries an option stands for, when it is nothing else."""
    rest = [part for part in option.parts if not isinstance(part, str) or part.strip()]
    return rest[0].name if len(rest) == 1 and isinstance(rest[0], ListEntry) else None


def _chances(seed: int) -> Iterator[float]:
    """Numbers from 0 up to 1, by a hash: a library's generator may draw otherwise in its next version."""
    number = 0
    while True:
        digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
        yield int.from_bytes(digest[:6]) / 2**48
        number += 1
