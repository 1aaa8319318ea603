"""Calls the sweep: once a second, and when something falls due. Each process has one, of which one in all does it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from zosma_queue.calls import Swept
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0


#: However much falls due at once, others get their turn between two sweeps.
SWEEP_LEAST_S = 0.01


class Sweeper:
    """Sweeps for as long as `run` is not cancelled.

    `wanted`: it waits until that is set, and clears it once somebody else sweeps; None: it asks for itself.
    """

    def __init__(
        self,
        sweep: Callable[[], Awaitable[Swept]],
        *,
        wanted: asyncio.Event | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sweep = sweep
        self._wanted = wanted
        self._sleep = sleep
        self._said = Hourly()

    async def run_once(self) -> Swept | None:
        """What it did; None when Redis is away, which is logged once, then every hour."""
        try:
            swept = await self._sweep()
        except QueueUnavailableError as error:
            if self._said.due(str(error)):
                log.warning("sweep: %s", error)
            return None
        if self._said.said_any:
            log.info("sweep: Redis is back")
        self._said.forget()
        if swept.returned or swept.set_aside or swept.given_up:
            log.warning(
                "sweep: %d jobs of silent workers returned, %d set aside, %d given up",
                swept.returned,
                swept.set_aside,
                swept.given_up,
            )
        return swept

    async def run(self) -> None:
        """Sweeps until cancelled."""
        while True:
            if self._wanted:
                await self._wanted.wait()
            swept = await self.run_once()
            pause_s = SWEEP_EVERY_S
            if swept and swept.is_ours:
                pause_s = SWEEP_LEAST_S if swept.filing else min(pause_s, max(swept.due_ms / 1000, SWEEP_LEAST_S))
            elif swept and self._wanted:
                self._wanted.clear()
            await self._sleep(pause_s)
