"""One job's way through a worker and on to the next: who may come in, what runs, what still holds the WebUI."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from zosma_queue.broker import Delivery
from zosma_queue.tasks import end, set_within

#: A consumer that finds the slot shut looks again this often.
SHUT_S = 0.25
#: After this a request is on its way.
SENT_S = 0.004
#: A job's pictures wait this long for the next job to be sent first; there may be none.
NEXT_S = 0.02
#: Pictures that were waited for keep the slot for so long at most: usual ones are settled by then, with one sync less.
KEPT_S = 0.05


class Handover:
    """What the runner, the driver, Health and the queue's consumer must know of the running jobs: all share one.

    It is the consumer's `Slot`: where one job can run, and the one before it be finished. `take`, `give_back`,
    `found_nothing` and `settled` come from Dramatiq's threads, everything else from the event loop.
    """

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._open = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._finishing: Delivery | None = None
        self._sent = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lingering: asyncio.Task[Any] | None = None
        self._unsettled = 0
        self.hand_back = asyncio.Event()
        """Once set, running jobs are interrupted and go back to their place."""
        self.making = False
        """A job has the WebUI. One whose pictures are only looked at hasn't."""
        self.begun = 0
        """Jobs so far: a look at the WebUI that one of them overtook saw an older truth."""

    # -- who may come in ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Jobs may be taken."""
        self._open.set()

    def shut(self) -> None:
        """No job is taken until it opens again."""
        self._open.clear()

    def stop(self) -> None:
        """No job is taken ever again; the running one goes on."""
        self._stopped.set()

    def take(self, timeout_s: float) -> bool:
        """True when the slot is now the caller's, for one delivery."""
        if self._stopped.is_set():
            time.sleep(SHUT_S)  # Dramatiq's consumer loop calls again at once
            return False
        if not self._open.wait(min(timeout_s, SHUT_S)):
            return False
        if not self._free.acquire(timeout=timeout_s):
            return False
        if self._stopped.is_set() or not self._open.is_set():  # while this waited for the job before
            self._free.release()
            return False
        return True

    def give_back(self) -> None:
        """There was no job for it."""
        self._free.release()

    def pass_on(self, delivery: Delivery) -> bool:
        """Lets the next job begin while this one is only finished: checked, stored, settled.

        False while another one is being finished: this one keeps the slot.
        """
        with self._lock:
            if self._finishing is not None:
                return False
            self._finishing = delivery
        self._free.release()
        return True

    def passed_on(self, delivery: Delivery) -> bool:
        """Whether it has let the next job begin."""
        return self._finishing is delivery

    def wants_next(self, delivery: Delivery) -> bool:
        """Whether it has kept the slot, which is free once it is settled."""
        return self._open.is_set() and not self._stopped.is_set() and not self.passed_on(delivery)

    def settled(self, delivery: Delivery) -> None:
        """The slot is free again, or if this one had passed the slot on, the place where jobs are finished."""
        with self._lock:
            if self._finishing is delivery:
                self._finishing = None
                return
        self._free.release()

    # -- what runs ----------------------------------------------------------------------------------------------

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
        self._loop = asyncio.get_running_loop()
        self._sent.clear()

    def found_nothing(self) -> None:
        """No job waits: nothing goes before the pictures of the last one."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._sent.set)

    async def next_sent(self) -> None:
        """Returns once the next job's request is on its way, or none waits, or none came."""
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
