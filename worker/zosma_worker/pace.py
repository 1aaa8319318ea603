"""How long until a WebUI is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from zosma_queue.tasks import set_within

#: Between two looks at an idle WebUI.
LOOK_EVERY_S = 1.0
#: Between two looks at one that does somebody else's job.
FOREIGN_EVERY_S = 0.3
#: The longest pause between two looks at one that is away; it grows from LOOK_EVERY_S.
AWAY_PAUSE_MAX_S = 5.0
PAUSE_GROWTH = 1.6


def free_pauses() -> Iterator[float]:
    """Seconds before each of several looks in vain that cost nothing."""
    pause = LOOK_EVERY_S
    while True:
        yield pause
        pause = min(pause * PAUSE_GROWTH, AWAY_PAUSE_MAX_S)


class Pace:
    """The pause before the next look, and whoever doesn't want to wait for its end. Times are seconds."""

    def __init__(self) -> None:
        self._pause = LOOK_EVERY_S
        self._free_pauses = free_pauses()
        self._hurry = asyncio.Event()
        self._try_now = False

    def idle(self) -> None:
        """The usual pause comes next."""
        self._pause = LOOK_EVERY_S

    def foreign(self) -> None:
        """It does somebody else's job, which may end at any moment."""
        self._pause = min(FOREIGN_EVERY_S, LOOK_EVERY_S)

    def away(self) -> None:
        """It has been looked at in vain: the pause grows."""
        self._pause = self.next_free()

    def next_free(self) -> float:
        """The pause after one more look in vain that cost nothing."""
        return next(self._free_pauses)

    def up(self) -> None:
        """It can be used: the next time that it is away begins with the first pause."""
        self._free_pauses = free_pauses()

    def hurry(self) -> None:
        """The next look comes at once."""
        self._hurry.set()

    def try_now(self) -> None:
        """An admin has mended it, or thinks so: the next look comes at once, and tries a sick one."""
        self._try_now = True
        self._hurry.set()

    def begin(self) -> bool:
        """A look begins. True once after each `try_now`."""
        self._hurry.clear()
        wanted, self._try_now = self._try_now, False
        return wanted

    async def wait(self) -> None:
        """Returns when the next look is due."""
        await set_within(self._hurry, self._pause)
