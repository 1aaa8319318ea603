"""Calls the sweep once a second. The bot and every worker run one: whoever is alive does it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from zosma_queue.calls import Swept
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0


class Sweeper:
    """One sweep a second, for as long as `run` is not cancelled."""

    def __init__(
        self,
        sweep: Callable[[], Awaitable[Swept]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sweep = sweep
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
            await self.run_once()
            await self._sleep(SWEEP_EVERY_S)
