"""What is allowed where: blocked words, allowed checkpoints, and how much one request may ask for.

Rules are kept for everybody (group "") and for single groups, like a Discord server. `Queue.submit` holds each request
to both, so no way of sending one goes round them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from zosma_queue.catalogue import Catalogue
from zosma_queue.embeddings import without_marks
from zosma_queue.errors import BlockedError, RequestRefusedError
from zosma_queue.feasibility import can_do
from zosma_queue.fleet import WorkerInfo
from zosma_queue.needs import loras_in, without_tags
from zosma_queue.request import COUNT_MAX, SCRIPTS, SIDE_MAX_PX, STEPS_MAX, Name, Request
from zosma_queue.validation import problems_of
from zosma_queue.words import WordFinder

BLOCKED_MAX = 500
CHECKPOINTS_MAX = 200
#: What `Request.a1111` may have words in, and checkpoints besides the request's own.
_MORE_PROMPTS = ("hr_prompt", "hr_negative_prompt")
_MORE_CHECKPOINTS = ("refiner_checkpoint", "hr_checkpoint_name")
#: Where ADetailer names the one that it paints with, and what says in these places that it is the request's own.
_SCRIPTS_CHECKPOINT, _OWN = "ad_checkpoint", ("", "none", "use same checkpoint")
#: Where a name like `DarkHorse_v2` has its words.
_INNER_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ContentRules(BaseModel):
    """What is allowed to everybody, or to one group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocked: tuple[Word, ...] = Field((), max_length=BLOCKED_MAX)
    """Words and phrases, whole ones; `word*` is every word that begins so (words.py)."""
    checkpoints: tuple[Name, ...] = Field((), max_length=CHECKPOINTS_MAX)
    """Names of those that may be used; none: all."""
    count: int = Field(0, ge=0, le=COUNT_MAX)
    """Most pictures of one request; 0: as many as are possible."""
    steps: int = Field(0, ge=0, le=STEPS_MAX)
    side: int = Field(0, ge=0, le=SIDE_MAX_PX)
    """Longest side in pixels, before the hires pass."""
    age_restricted: bool = False
    """True: nothing is made where people of every age may ask (`Sender.all_ages`)."""

    @field_validator("blocked")
    @classmethod
    def _can_be_found(cls, blocked: tuple[str, ...]) -> tuple[str, ...]:
        for word in blocked:
            if not any(char.isalnum() for char in word) or "*" in word.rstrip("*"):
                raise ValueError(f"{word!r} is no word: letters or digits, and * only at the end")
        return tuple(dict.fromkeys(blocked))


def parse_rules(fields: Mapping[str, object]) -> ContentRules:
    """The rules made of these fields.

    Raises:
      RequestRefusedError: when a field is unknown or wrong; names it and what is wrong.
    """
    try:
        return ContentRules.model_validate(dict(fields))
    except ValidationError as error:
        first = problems_of(error)[0]
        raise RequestRefusedError(
            detail=f": {first.clause}",
            code="bad-rule",
            field=first.path[0] if first.path else "",
            values={"given": first.shown, "problem": first.text},
        ) from None


def check_words(request: Request, rules: Iterable[ContentRules], catalogue: Catalogue) -> None:
    """Returns when no rule blocks a word of its prompts, of its LoRAs' and styles' names, of its styles' prompts, or
    of any other text that it has for a second pass, a script or a workflow.

    What a style excludes is the WebUI's, and not asked for by the member.

    Raises:
      BlockedError: names the field and the word, never the prompt.
    """
    finders = [WordFinder.of(one.blocked) for one in rules if one.blocked]
    for finder in finders:
        for field, text in _words_of(request, catalogue):
            word = finder.find(text)
            if word:
                raise BlockedError(
                    detail=f"has {word.rstrip('*')!r}, which is not allowed here: leave it out",
                    field=field,
                    values={"word": word.rstrip("*")},
                )


def _words_of(request: Request, catalogue: Catalogue) -> list[tuple[str, str]]:
    """(field, text) of all that says what the picture is to show."""
    # Of what prompts are drawn from all of it counts: whether it is refused is no matter of luck.
    found = [("prompt", text) for text in (*request.all_prompts, request.template)]
    found += [("negative_prompt", text) for text in (request.negative_prompt, request.negative_template)]
    found += _words_besides(request)
    shown = [(field, text) for field, text in found if field != "negative_prompt"]
    found += [(field, _apart(name)) for field, text in shown for name in loras_in(text)]
    found += [(field, _apart(name)) for field, text in shown for name in catalogue.embeddings_in(text)]
    # A worker takes marks out, WebUIs tags after that, and a word that one stood in is then whole.
    found += [(field, plain) for field, text in found if (plain := without_marks(text)) != text]
    found += [(field, plain) for field, text in found if "<" in text for plain in without_tags(text)]
    styles = {style.name: style for style in catalogue.styles}
    for name in request.styles:
        found += [("styles", _apart(name)), ("styles", styles[name].prompt if name in styles else "")]
    return [(field, text) for field, text in found if text]


def _words_besides(request: Request) -> list[tuple[str, str]]:
    """Texts that a second pass, a script or an operator's workflow takes: any of them may be a prompt."""
    found = [(name, request.a1111.get(name)) for name in _MORE_PROMPTS]
    found += [(SCRIPTS, text) for text in dict.fromkeys(request.script_texts)]
    found += [("workflow_options", value) for value in request.workflow_options.values()]
    return [(field, text) for field, text in found if isinstance(text, str)]


def _apart(name: str) -> str:
    """A name and its inner words."""
    return f"{name} , {_INNER_WORDS.sub(' ', name)}"


def check_amounts(request: Request, rules: Iterable[ContentRules]) -> None:
    """Returns when the request asks for no more than the rules allow.

    Raises:
      RequestRefusedError: names the field and the most that is allowed.
    """
    if not request.generates:
        return
    wanted = (
        ("count", "count", request.count),
        ("steps", "steps", request.steps),
        ("steps", "hires.steps", request.hires.steps if request.hires else 0),
        ("side", "width" if request.width >= request.height else "height", max(request.width, request.height)),
    )
    for one in rules:
        for rule, field, given in wanted:
            most: int = getattr(one, rule)
            if most and given > most:
                raise RequestRefusedError(
                    detail=f"is {given}: at most {most} is allowed here",
                    code="over-rule",
                    field=field,
                    values={"given": given, "most": most},
                )


def check_age(rules: Iterable[ContentRules], *, all_ages: bool) -> None:
    """Returns unless people of every age may ask where this comes from, and a rule wants only adults to.

    Raises:
      RequestRefusedError: of the code `age-restricted`.
    """
    if all_ages and any(one.age_restricted for one in rules):
        raise RequestRefusedError(
            "pictures can be asked for in age-restricted channels only, not in other channels or direct messages",
            code="age-restricted",
        )


def with_allowed_checkpoint(
    request: Request, rules: Iterable[ContentRules], catalogue: Catalogue, workers: Sequence[WorkerInfo]
) -> Request:
    """The request with a checkpoint that all the rules allow: its own, or one that is loaded where it names none.

    Raises:
      RequestRefusedError: when its own is not allowed, or none of the allowed ones is there; names those.
    """
    lists = [one.checkpoints for one in rules if one.checkpoints]
    if not lists or not request.generates:
        return request
    names = ", ".join(dict.fromkeys(name for one in lists for name in one))
    allowed = [
        checkpoint.name
        for checkpoint in catalogue.checkpoints
        if all(any(checkpoint.is_called(name) for name in one) for one in lists)
    ]
    shown = ", ".join(allowed) or names
    given = [("checkpoint", request.checkpoint)] if request.checkpoint else []
    for field, one in (*given, *_checkpoints_besides(request)):
        fine = one in allowed if field == "checkpoint" else _is_one_of(allowed, one, catalogue)
        if not fine:
            raise RequestRefusedError(
                detail=f"{one!r} is not allowed here: use {shown}",
                code="checkpoint-not-allowed",
                field=field,
                values={"given": one, "allowed": shown},
            )
    if request.checkpoint:
        return request
    if not allowed:
        raise RequestRefusedError(
            detail=f": none that is allowed here is online right now; allowed are {names}",
            code="no-allowed-checkpoint",
            field="checkpoint",
            values={"allowed": names},
        )

    def rank(name: str) -> tuple[bool, bool]:
        named = request.model_copy(update={"checkpoint": name})
        return not any(can_do(worker, named) for worker in workers), name not in catalogue.loaded

    return request.model_copy(update={"checkpoint": min(allowed, key=rank)})


def _checkpoints_besides(request: Request) -> list[tuple[str, str]]:
    """What a second pass or a script would load: (field, name)."""
    found = [(name, request.a1111.get(name)) for name in _MORE_CHECKPOINTS]
    found += [(SCRIPTS, one) for one in _named_in(request.a1111.get(SCRIPTS), _SCRIPTS_CHECKPOINT)]
    return [(field, str(one)) for field, one in found if one and str(one).strip().casefold() not in _OWN]


def _named_in(inside: Any, name: str) -> Iterator[Any]:
    """The values under a name, however deep."""
    if isinstance(inside, dict):
        yield from (value for key, value in inside.items() if key == name)
    if isinstance(inside, dict | list):
        for one in inside.values() if isinstance(inside, dict) else inside:
            yield from _named_in(one, name)


def _is_one_of(allowed: Sequence[str], given: str, catalogue: Catalogue) -> bool:
    return any(one.is_called(given) for one in catalogue.checkpoints if one.name in allowed)


def suited_here(catalogue: Catalogue, fields: Mapping[str, Any], rules: Iterable[ContentRules]) -> dict[str, Any]:
    """`Catalogue.suited`, as far as the rules allow it: nobody is refused what they have not said."""
    rules = list(rules)
    lists = [one.checkpoints for one in rules if one.checkpoints]
    allowed = tuple(
        checkpoint
        for checkpoint in catalogue.checkpoints
        if all(any(checkpoint.is_called(name) for name in one) for one in lists)
    )
    return replace(catalogue, checkpoints=allowed).suited(
        fields,
        most_side=min((one.side for one in rules if one.side), default=0),
        most_steps=min((one.steps for one in rules if one.steps), default=0),
    )


def held_to(
    rules: Iterable[ContentRules], request: Request, catalogue: Catalogue, workers: Sequence[WorkerInfo]
) -> Request:
    """The request as all the rules allow it. Its names must be the catalogue's.

    Raises:
      BlockedError: when it has a word that is blocked.
      RequestRefusedError: when it wants a checkpoint, or more of something, than is allowed.
    """
    rules = list(rules)
    check_words(request, rules, catalogue)
    check_amounts(request, rules)
    return with_allowed_checkpoint(request, rules, catalogue, workers)
