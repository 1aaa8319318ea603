"""Who may have how much: limits, lane and weight, by role or API key.

Policies are kept in Redis under the name of a role or key; whoever has none gets `default`. They are checked when a
job is submitted, inside the script that takes it in, so no two jobs can slip through together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zosma_queue.errors import RequestRefusedError
from zosma_queue.needs import Lane
from zosma_queue.validation import problems_of

DEFAULT = "default"
#: `default`, a Discord role, an API key's holder, or an owner or group as jobs show it.
_NAME = re.compile(
    r"default|role:\d{1,20}|key:\S(.*\S)?|discord:\d{1,20}(/\d{1,20})?|discord:dm[/-]\d{1,20}|http:local|dramatiq"
)


class Policy(BaseModel):
    """What one role may do. 0 means no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: int = Field(0, ge=0, le=100_000)
    """Jobs that wait, for one owner."""
    running: int = Field(0, ge=0, le=1_000)
    """Jobs that run at once, for one owner."""
    cooldown_s: float = Field(0, ge=0, le=86_400)
    """Seconds between two jobs of one owner."""
    daily_gpu_s: float = Field(0, ge=0, le=86_400 * 1_000)
    """GPU-seconds of one owner in a day (UTC)."""
    depth: int = Field(0, ge=0, le=10_000_000)
    """Jobs of everybody that may wait when one more is taken."""
    weight: float = Field(1, gt=0, le=1_000)
    """Share in the fair order: 2 gets twice the GPU-seconds of 1."""
    lane: Lane = Lane.FAST


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
        f"name {name!r} can be nobody's: use default, role:ID (the role's number in Discord), key:NAME (a name in"
        " ZOSMA_API_KEYS), or an owner as `zosma queue list` shows it, like discord:SERVER/USER",
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
