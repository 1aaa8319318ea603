"""What the bot tells and asks a Redis each time it reaches it: at its start, and after every restart of either."""

from __future__ import annotations

import asyncio
import logging

from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError, StoreUnavailableError
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

#: After a greeting that failed although the hub hears: Redis may be full, or just going down.
AGAIN_S = 1.0


class Greeter:
    """Says to workers who may work, and to the operator what could lose jobs. `run` it beside the hub."""

    def __init__(self, queue: Queue, hub: Hub) -> None:
        self._queue = queue
        self._reached = asyncio.Event()
        self._warned: list[str] = []
        self._said = Hourly()
        hub.on_sync(self._reached.set)

    async def run(self) -> None:
        """Greets at each start of either side, until cancelled."""
        while True:
            await self._reached.wait()
            self._reached.clear()
            try:
                await self._greet()
                self._said.forget()
            except QueueUnavailableError as error:
                if self._said.due(str(error)):
                    what = "RESULTS_URL" if isinstance(error, StoreUnavailableError) else "Redis"
                    log.warning("%s: %s", what, error)
                await asyncio.sleep(AGAIN_S)
                self._reached.set()

    async def _greet(self) -> None:
        await self._queue.announce()
        risks = await self._queue.risks()
        for risk in risks:
            if risk not in self._warned:
                log.warning("Redis: %s", risk)
        self._warned = risks
