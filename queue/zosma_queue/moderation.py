"""What a group may not ask for: blocked words, and checkpoints other than the allowed ones.

Checked where a job is submitted, so that every way into the queue keeps to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from zosma_queue.catalogue import Catalogue
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import Request

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

#: What WebUIs take for emphasis and the like: `na(ked:1.2)` is read as one word.
_SYNTAX = re.compile(r"[()\[\]{}\\]|:[\d.]+")


class Rules(BaseModel):
    """One group's rules; nothing is forbidden where they are empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocked: tuple[Word, ...] = Field((), max_length=1000)
    """Words and phrases, compared without case, accents and punctuation."""
    checkpoints: tuple[Name, ...] = Field((), max_length=200)
    """The only ones allowed; empty: all."""


def parse_rules(fields: Mapping[str, object]) -> Rules:
    """The rules made of these fields.

    Raises:
      RequestRefusedError: when a field is unknown or out of bounds; `field` and the text name it.
    """
    try:
        return Rules.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RequestRefusedError(f"{field} is {str(first['input'])[:60]!r}: {first['msg']}", field=field) from None


def plain_words(text: str) -> str:
    """The text as it is compared: letters and digits in one case, without accents and invisible signs."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (sign for sign in decomposed if unicodedata.category(sign) not in ("Mn", "Me", "Cf"))
    return " ".join(re.sub(r"[\W_]+", " ", "".join(kept)).split())


def blocked_word(rules: Rules, text: str) -> str | None:
    """The first blocked word in a text."""
    readings = [f" {plain_words(reading)} " for reading in (text, _SYNTAX.sub("", text))]
    for word in rules.blocked:
        wanted = plain_words(word)
        if wanted and any(f" {wanted} " in reading for reading in readings):
            return word
    return None


def moderated(rules: Rules, request: Request, catalogue: Catalogue) -> Request:
    """The request, with an allowed checkpoint where it names none: a GPU would take whatever it has loaded.

    Raises:
      RequestRefusedError: when it breaks the rules.
    """
    if word := blocked_word(rules, request.prompt):
        raise RequestRefusedError(
            f"the prompt has {word!r}, which is blocked here: leave it out",
            field="prompt",
            code="blocked-word",
            values={"word": word},
        )
    if not rules.checkpoints or request.upscale:
        return request
    allowed = [one for one in catalogue.checkpoints if any(one.is_called(name) for name in rules.checkpoints)]
    names = [one.name for one in allowed]
    if request.checkpoint in names:
        return request
    if request.checkpoint is None and names:
        loaded = [name for name in names if name in catalogue.loaded]
        return request.model_copy(update={"checkpoint": (loaded or names)[0]})
    shown = ", ".join(list(rules.checkpoints)[:5])
    raise RequestRefusedError(
        f"only these checkpoints are allowed here: {shown}",
        field="checkpoint",
        code="checkpoint-not-allowed",
        values={"allowed": shown},
    )
