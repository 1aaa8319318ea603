"""What a member holds after acting: the answer to it, and what can be seen of it."""

from __future__ import annotations

from collections.abc import Callable

from loopback.discord.interaction import Ack, Interaction
from loopback.discord.shown import Shown
from loopback.discord.state import Message, World


class InteractionHandle:
    def __init__(self, world: World, interaction: Interaction) -> None:
        self._world = world
        self.interaction = interaction

    def __repr__(self) -> str:
        it = self.interaction
        return f"<{it.kind.name} {it.name!r}: {it.ack and it.ack.type.name}, {self.message}>"

    @property
    def id(self) -> int:
        return self.interaction.id

    @property
    def token(self) -> str:
        return self.interaction.token

    async def response(self, timeout: float = 15.0) -> Ack:
        """The first answer. Without one, the member reads "The application did not respond"."""
        return await self._world.changes.until(lambda: self.interaction.ack, timeout, lambda: repr(self))

    @property
    def message(self) -> Shown | None:
        """The answer as it stands now; None before there is one and after it was deleted."""
        history = self.history
        return history[-1] if history and not history[-1].deleted else None

    @property
    def history(self) -> list[Shown]:
        """All states of the answer (for a component: of the message that it sits on), oldest first."""
        original = self.interaction.original
        return list(original.history) if original is not None else []

    @property
    def followups(self) -> list[Shown]:
        """The further messages, each as it stands now; deleted ones say so."""
        return [message.history[-1] for message in self.interaction.followups]

    async def wait_for(self, predicate: Callable[[Shown], bool], timeout: float = 60.0) -> Shown:
        """The first state, from now on or the present one, that fits; no state in between is missed."""
        start = max(0, len(self.history) - 1)
        return await self._world.changes.until(
            lambda: next((s for s in self.history[start:] if predicate(s)), None), timeout, lambda: repr(self)
        )

    async def gone(self, timeout: float = 60.0) -> None:
        """Returns once nothing but followups is left of the answer."""

        def look() -> bool | None:
            return True if self.message is None or self.message.ephemeral else None

        await self._world.changes.until(look, timeout, lambda: repr(self))

    async def wait_for_followup(
        self, predicate: Callable[[Shown], bool] = lambda _: True, timeout: float = 60.0
    ) -> Shown:
        def look() -> Shown | None:
            return next((s for m in self.interaction.followups for s in m.history if predicate(s)), None)

        return await self._world.changes.until(look, timeout, lambda: f"{self!r}, {self.followups}")

    async def wait_to_read(self, text: str, timeout: float = 60.0) -> Shown:
        """The first message of the answer, or after it, in which this stands."""

        def look() -> Shown | None:
            return next((s for s in (*self.history, *self.followups) if text in s.text), None)

        return await self._world.changes.until(look, timeout, lambda: f"{self!r}, {self.followups}")


#: Whatever names a message: what one sees of it, what the server knows of it, or the answer to an act.
AnyMessage = Shown | Message | InteractionHandle | int


def message_of(world: World, anything: AnyMessage) -> Message | None:
    if isinstance(anything, Message):
        return anything
    if isinstance(anything, InteractionHandle):
        original = anything.interaction.original
        return None if original is None or original.deleted else original
    return world.message(anything if isinstance(anything, int) else anything.id)
