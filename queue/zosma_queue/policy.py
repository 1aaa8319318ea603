"""Who may have how much: limits, lane and weight, by role or API key.

Policies are kept in Redis under the name of a role or key; whoever has none gets `default`. They are checked when a
job is submitted, inside the script that takes it in, so no two jobs can slip through together.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zosma_queue.errors import RequestRefusedError
from zosma_queue.needs import Lane
from zosma_queue.validation import problems_of

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT = "default"
#: `default`, a Discord role, an API key's holder, or an owner or group as jobs show it.
_NAME = re.compile(
    r"default|role:\d{1,20}|key:\S(.*\S)?|discord:\d{1,20}(/\d{1,20})?|discord:dm(/\d{1,20})?|http:local|dramatiq"
)


class Unit(enum.StrEnum):
    """What a limit's number counts."""

    JOBS = "jobs"
    SECONDS = "seconds"
    SHARE = "share"


class Order(enum.StrEnum):
    """Which of two values of a limit gives its owner more."""

    MORE = "more"  # the higher one, 0 above all
    LESS = "less"  # the lower one
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What is to be known of one limit; everything that shows or sets limits goes through LIMITS.

    Its words for members and admins stand in each language's `limits.ftl`, under `limit-<option>` and
    `command-admin-limits-set-<option>`; the scripts get it under its name, in JSON.
    """

    option: str
    """What commands call it."""
    heading: str
    """Over its column."""
    help: str
    unit: Unit
    gives: Order = Order.MORE
    refusal: tuple[str, str] | None = None
    """Code and words of the refusal of a job that would break it; None for a limit that refuses none."""
    name: str = ""
    """That of the policy's field."""
    type: type[int] | type[float] = int
    least: float = 0
    most: float = 0
    default: float = 0
    """What stands for no limit."""


class Policy(BaseModel):
    """What one role may do: the table of limits. 0 means no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: Annotated[
        int,
        Field(ge=0, le=100_000),
        Limit(
            option="waiting",
            heading="waiting",
            help="Jobs that wait, for one owner. 0: no limit.",
            unit=Unit.JOBS,
            refusal=("limit-waiting", "you have as many jobs waiting as you may"),
        ),
    ] = 0
    running: Annotated[
        int,
        Field(ge=0, le=1_000),
        Limit(option="running", heading="running", help="Jobs that run at once.", unit=Unit.JOBS),
    ] = 0
    depth: Annotated[
        int,
        Field(ge=0, le=10_000_000),
        Limit(
            option="depth",
            heading="depth",
            help="Jobs of everybody that may wait already.",
            unit=Unit.JOBS,
            refusal=("limit-full", "the queue is full"),
        ),
    ] = 0
    cooldown_s: Annotated[
        float,
        Field(ge=0, le=86_400),
        Limit(
            option="cooldown",
            heading="cooldown",
            help="Seconds between two jobs.",
            unit=Unit.SECONDS,
            gives=Order.LESS,
            refusal=("limit-cooldown", "that is too soon after your last job"),
        ),
    ] = 0
    daily_gpu_s: Annotated[
        float,
        Field(ge=0, le=86_400 * 1_000),
        Limit(
            option="daily",
            heading="GPU-seconds a day",
            help="GPU-seconds a day.",  # of UTC
            unit=Unit.SECONDS,
            refusal=("limit-spent", "your GPU time for today is used up"),
        ),
    ] = 0
    weight: Annotated[
        float,
        Field(gt=0, le=1_000),
        Limit(
            option="weight",
            heading="weight",
            help="Share in the fair order: 2 gets twice the GPU-seconds of 1.",
            unit=Unit.SHARE,
            gives=Order.NEITHER,  # shares count within one server only
            least=0.01,
        ),
    ] = 1
    lane: Lane = Lane.FAST


def _limits() -> Iterator[Limit]:
    for name, field in Policy.model_fields.items():
        for limit in field.metadata:
            if isinstance(limit, Limit):
                most = next(bound.le for bound in field.metadata if hasattr(bound, "le"))
                kind = int if field.annotation is int else float
                yield replace(limit, name=name, type=kind, most=most, default=field.default)


#: The limits in the order in which they are shown.
LIMITS = tuple(_limits())
LIMITS_BY_NAME: Mapping[str, Limit] = {limit.name: limit for limit in LIMITS}


def with_limits(annotate: Callable[[Limit], Any], *, defaults: bool) -> Callable[[Function], Function]:
    """Gives a function with `**` a keyword for each limit, for what makes commands of signatures (typer, discord.py).

    They stand before its parameter `lane`, are annotated by `annotate`, and are the limit's default when they are left
    out, or None without `defaults`.
    """

    def extend(function: Function) -> Function:
        signature = inspect.signature(function, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        at = [one.name for one in own].index("lane")
        options = [
            inspect.Parameter(
                limit.option,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=limit.type(limit.default) if defaults else None,
                annotation=annotate(limit),
            )
            for limit in LIMITS
        ]
        extended = signature.replace(parameters=[*own[:at], *options, *own[at:]])
        function.__signature__ = extended  # type: ignore[attr-defined]
        return function

    return extend


UNLIMITED = Policy()


def policy_for(roles: Iterable[str], policies: Mapping[str, Policy]) -> Policy:
    """The policy of somebody with these roles: that with the greatest weight, `default` when none of them has one."""
    found = [policies[role] for role in roles if role in policies]
    return max(found, key=lambda policy: policy.weight, default=policies.get(DEFAULT, UNLIMITED))


def checked_name(name: str) -> str:
    """The name, when somebody could have a policy under it.

    Raises:
      RequestRefusedError: when nobody could.
    """
    if _NAME.fullmatch(name):
        return name
    raise RequestRefusedError(
        f"name {name!r} can be nobody's: use default, role:ID (the role's number in Discord), key:NAME (an API key's"
        " name), or an owner as `zosma queue list` shows it, like discord:SERVER/USER",
        code="unknown-policy-name",
        field="name",
        values={"given": name},
    )


def parse_policy(fields: Mapping[str, object]) -> Policy:
    """The policy made of these fields.

    Raises:
      RequestRefusedError: when a field is unknown or out of bounds; `field` and the text name it.
    """
    try:
        return Policy.model_validate(dict(fields))
    except ValidationError as error:
        first = problems_of(error)[0]
        raise RequestRefusedError(
            detail=f"is {first.given!r}: {first.clause}",
            code="malformed",
            field=first.field,
            values={"given": first.shown, "problem": first.clause},
        ) from None
