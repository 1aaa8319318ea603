"""What pydantic found wrong, as fields: who shows it makes the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from zosma_queue.errors import RequestRefusedError

SHOWN_CHARS = 60
#: pydantic puts this before the words of our own checks.
_OWN_CHECK = "Value error, "


@dataclass(frozen=True)
class FieldProblem:
    """One thing that is wrong with one field."""

    path: tuple[str, ...]
    """The field, below the fields that it lies in; () when it's the whole."""
    given: Any
    kind: str
    """pydantic's type of error, like `missing`."""
    text: str
    """What is wrong, in English, without the field's name, as pydantic or our own check says it."""
    context: Mapping[str, Any]
    """The bounds and the like that the text names; `error` is the exception of our own check."""

    @property
    def field(self) -> str:
        """The field as it is written in messages: `hires.scale`."""
        return ".".join(self.path)

    @property
    def shown(self) -> str:
        """What was given, cut to what a message can hold."""
        return str(self.given)[:SHOWN_CHARS]

    @property
    def clause(self) -> str:
        """The text as it stands after a colon."""
        return f"{self.text[:1].lower()}{self.text[1:]}"


def problems_of(error: ValidationError) -> list[FieldProblem]:
    """All that is wrong, in the order in which the fields are declared."""
    return [
        FieldProblem(
            tuple(str(part) for part in one["loc"]),
            one["input"],
            one["type"],
            one["msg"].removeprefix(_OWN_CHECK),
            one.get("ctx", {}),
        )
        for one in error.errors(include_url=False)
    ]


def malformed(problem: FieldProblem) -> RequestRefusedError:
    """The refusal of a field of which pydantic's own words say best what is wrong."""
    return RequestRefusedError(
        detail=f"is {problem.shown!r}: {problem.clause}",
        code="malformed",
        field=problem.field,
        values={"given": problem.shown, "problem": problem.clause},
    )
