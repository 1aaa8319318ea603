"""One job's way through a worker and on to the next: what runs, what is to go back, what still holds the WebUI."""

from __future__ import annotations

import asyncio
from typing import Any

from zosma_queue.tasks import end, set_within

#: After this a request is on its way.
SENT_S = 0.004
#: A job's pictures wait this long for the next job to be sent first; there may be none.
NEXT_S = 0.02


class Handover:
    """What the runner, the driver and Health must know of the running job: the three share one."""

    def __init__(self) -> None:
        self._sent = asyncio.Event()
        self._lingering: asyncio.Task[Any] | None = None
        self._unsettled = 0
        self.hand_back = asyncio.Event()
        """Once set, running jobs are interrupted and go back to their place."""
        self.making = False
        """A job has the WebUI. One whose pictures are only looked at hasn't."""
        self.begun = 0
        """Jobs so far: a look at the WebUI that one of them overtook saw an older truth."""

    @property
    def busy(self) -> bool:
        """True while a job is made or finished."""
        return self._unsettled > 0

    def taken(self) -> None:
        """A delivery has come in."""
        self._unsettled += 1

    def ended(self) -> None:
        """A delivery has its outcome."""
        self._unsettled -= 1

    def begin(self) -> None:
        """A job has the WebUI."""
        self.making = True
        self.begun += 1

    def free(self) -> None:
        """The WebUI is done with it."""
        self.making = False

    def sending(self) -> None:
        """A job's request goes out in this moment."""
        asyncio.get_running_loop().call_later(SENT_S, self._sent.set)

    def expect_next(self) -> None:
        """From now on `next_sent` waits for another job's request."""
        self._sent.clear()

    async def next_sent(self) -> None:
        """Returns once the next job's request is on its way, or none came."""
        await set_within(self._sent, NEXT_S)

    @property
    def lingers(self) -> bool:
        """True while the WebUI has not let go of a job that was stopped; nothing may begin before it has."""
        return self._lingering is not None and not self._lingering.done()

    def linger(self, letting_go: asyncio.Task[Any] | None) -> None:
        """Notes what is done once the WebUI has let go; None: it has."""
        self._lingering = letting_go

    async def end_lingering(self) -> None:
        """Waits for the WebUI no longer."""
        if self._lingering:
            await end(self._lingering)
        self._lingering = None
