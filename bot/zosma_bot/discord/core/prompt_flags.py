"""Flags at the end of a prompt, as people know them from Midjourney: `a cat --ar 16:9 --no dogs --seed 5`.

Each is understood as the option of `/imagine` that says the same, or refused in words; none reaches a model as words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_bot.discord.core.sizes import PICTURES_MAX, size_fields
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.request import limits_of

#: What begins like a flag. A phone makes one long dash of two: with that only known names are flags.
_FLAG = re.compile(r"(?:^|(?<=\s))(--|[\u2014\u2013])([A-Za-z][\w-]*)")
_ESCAPED = re.compile(r"(^|(?<=\s))\\(--|[\u2014\u2013])(?=[A-Za-z])")
#: Their whole value is words, up to the next flag.
_WORDS = ("no", "negative")


def _number(name: str, *, whole: bool = True, most: float | None = None) -> Callable[[str, str], Any]:
    """Reads a request's numeric field within its bounds."""

    def read(flag: str, text: str) -> Any:
        try:
            value: float = int(text) if whole else float(text.replace(",", "."))
        except ValueError:
            raise refused("flag-value", flag=flag, given=text[:40]) from None
        low, high = limits_of(name)
        high = most or high
        if not low <= value <= high:
            raise refused("flag-bounds", flag=flag, given=text[:40], low=low, high=high)
        return value

    return read


def _text(flag: str, text: str) -> str:
    return text


#: Flag → (the request's field, how its value is read).
_FIELDS: Mapping[str, tuple[str, Callable[[str, str], Any]]] = {
    "no": ("negative_prompt", _text),
    "negative": ("negative_prompt", _text),
    "seed": ("seed", _number("seed")),
    "steps": ("steps", _number("steps")),
    "guidance": ("cfg_scale", _number("cfg_scale", whole=False)),
    "cfg": ("cfg_scale", _number("cfg_scale", whole=False)),
    "width": ("width", _number("width")),
    "w": ("width", _number("width")),
    "height": ("height", _number("height")),
    "h": ("height", _number("height")),
    "count": ("count", _number("count", most=PICTURES_MAX)),
    "n": ("count", _number("count", most=PICTURES_MAX)),
    "checkpoint": ("checkpoint", _text),
    "model": ("checkpoint", _text),
    "sampler": ("sampler", _text),
    "scheduler": ("scheduler", _text),
    "style": ("style", _text),
}
_SIZES = ("ar", "aspect", "size")
#: Of Midjourney and Niji, what has no counterpart here.
_FOREIGN = frozenset((
    "c", "chaos", "cref", "cw", "draft", "exp", "fast", "hd", "iw", "motion", "niji", "oref", "ow", "p",
    "personalize", "profile", "public", "q", "quality", "r", "raw", "relax", "repeat", "s", "sref", "stealth",
    "stop", "sv", "stylise", "stylize", "sw", "test", "testp", "tile", "turbo", "upbeta", "uplight", "v", "version",
    "vibe", "vibefast", "video", "weird", "x",
))  # fmt: skip
#: What a refusal names.
KNOWN = "--ar --no --seed --steps --guidance --count --checkpoint --sampler --scheduler --style"


@dataclass(frozen=True)
class Flagged:
    """A prompt without its flags, and what they say."""

    prompt: str
    fields: dict[str, Any] = field(default_factory=dict)
    """Request fields, `style`, and `aspect` for a shape without a size."""


def read_flags(prompt: str) -> Flagged:
    """Takes the flags out of a prompt. `\\--word` is no flag, and loses its backslash.

    Raises:
      RequestRefusedError: for a flag that is unknown, has a wrong value, or says the same as another one.
    """
    found = [one for one in _FLAG.finditer(prompt) if _is_flag(one)]
    if not found:
        return Flagged(_ESCAPED.sub(r"\1\2", prompt))
    ends = [*(one.start() for one in found[1:]), len(prompt)]
    fields: dict[str, Any] = {}
    words = [prompt[: found[0].start()].strip()]
    for one, end in zip(found, ends, strict=True):
        name, text = one[2].casefold(), prompt[one.end() : end].strip()
        value, rest = (text, "") if name in _WORDS else _first_word(text)
        words.append(rest)
        for given, read in _meaning(f"--{name}", name, value).items():
            if given in fields and given != "negative_prompt":
                raise refused("flag-twice", flag=f"--{name}")
            fields[given] = f"{fields[given]}, {read}" if given in fields else read
    return Flagged(_ESCAPED.sub(r"\1\2", " ".join(word for word in words if word)), fields)


def masked(prompt: str) -> str:
    """The prompt written so that nothing in it is a flag."""
    return _FLAG.sub(lambda one: f"\\{one[0]}" if _is_flag(one) else one[0], prompt)


def _is_flag(found: re.Match[str]) -> bool:
    return found[1] == "--" or found[2].casefold() in _all_names()


def _first_word(text: str) -> tuple[str, str]:
    """A flag's value and what follows it: a word, or what stands in quotes."""
    if quoted := re.match(r'"([^"]*)"\s*', text):
        return quoted[1], text[quoted.end() :]
    value, _, rest = text.partition(" ")
    return value, rest.strip()


def _all_names() -> frozenset[str]:
    return _FOREIGN | _FIELDS.keys() | set(_SIZES)


def _meaning(flag: str, name: str, value: str) -> dict[str, Any]:
    """The fields that a flag sets."""
    if name in _FOREIGN:
        raise refused("flag-foreign", flag=flag)
    if name not in _FIELDS and name not in _SIZES:
        raise refused("flag-unknown", flag=flag[:40], known=KNOWN)
    if not value:
        raise refused("flag-empty", flag=flag)
    if name in _SIZES:
        return size_fields(value)
    field_name, read = _FIELDS[name]
    return {field_name: read(flag, value)}


def together(given: Mapping[str, Any], flagged: Mapping[str, Any]) -> dict[str, Any]:
    """Options and flags as one.

    Raises:
      RequestRefusedError: when both say the same thing.
    """
    sizes = {"width", "height", "aspect"}
    for name in flagged:
        if name in given or (name in sizes and sizes & given.keys()):
            raise refused("flag-and-option", field="size" if name in sizes else name)
    return {**given, **flagged}
