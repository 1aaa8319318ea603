"""One interaction's life: three seconds for the first answer, then fifteen minutes of token."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from loopback.discord import errors
from loopback.discord.state import Channel, Member, Message

Json = dict[str, Any]


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


@dataclass(frozen=True)
class Ack:
    """The first answer to an interaction."""

    type: Callback
    data: Json
    #: Seconds between the member's act and this answer, on the server's clock.
    after_s: float


@dataclass(eq=False)
class Interaction:
    id: int
    token: str
    kind: Kind
    created: float
    member: Member
    channel: Channel
    data: Json
    #: The registered command, or for a component or modal the name of what led to it.
    name: str
    #: The message whose component was used (or which opened the modal).
    source: Message | None = None
    #: For a modal: what it was the answer to.
    opened_by: Interaction | None = None
    ack: Ack | None = None
    original: Message | None = None
    #: A deferred message that nothing has filled yet.
    pending: bool = False
    followups: list[Message] = field(default_factory=list)
    killed: errors.ApiError | None = None

    def may_answer(self, now: float, first_answer_s: float) -> None:
        """The first answer counts once, and only in the first three seconds."""
        if self.ack is not None:
            raise errors.already_acknowledged()
        if now - self.created > first_answer_s:
            raise errors.unknown_interaction()

    def may_use_token(self, now: float, life_s: float) -> None:
        """Before the first answer there is no webhook; after fifteen minutes its token is void."""
        if self.killed is not None:
            raise self.killed
        if now - self.created >= life_s:
            raise errors.invalid_webhook_token()
        if self.ack is None:
            raise errors.unknown_webhook()

    def allowed_answers(self) -> set[Callback]:
        """Updates need a message to update; autocomplete knows one answer; a modal opens no second one."""
        if self.kind is Kind.AUTOCOMPLETE:
            return {Callback.AUTOCOMPLETE}
        allowed = {Callback.MESSAGE, Callback.DEFERRED_MESSAGE}
        if self.source is not None:
            allowed |= {Callback.UPDATE, Callback.DEFERRED_UPDATE}
        if self.kind is not Kind.MODAL:
            allowed.add(Callback.MODAL)
        return allowed
