"""Waiting with a limit, and ending what waits."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from zosma_queue.errors import SettingsError
from zosma_queue.hourly import Hourly

log = logging.getLogger(__name__)

#: After a loop broke down.
SURVIVE_AGAIN_S = 1.0

#: A cancel that had no effect is repeated after this.
CANCEL_AGAIN_S = 0.1


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """True once the event is set, False when that took too long.

    `asyncio.wait_for` would do, but until Python 3.12 it swallows a cancel that comes together with the event, and a
    loop around it then runs for ever.
    """
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def run_together(*tasks: asyncio.Task[Any]) -> None:
    """Waits until one of the tasks ends, by itself or with an error, then ends the others; raises its error.

    An `asyncio.TaskGroup` would cancel them once and then wait for ever; see `end`.
    """
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*(task for task in tasks if not task.done()))
    for task in done:
        task.result()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks and returns when they are gone; whatever they had to say is not wanted.

    More than once if need be: redis-py waits with `asyncio.wait_for`, which may swallow a cancel (see above).
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()


class Survivor:
    """Runs loops that must not end the process: whatever they raise is said once an hour, counted, and they
    begin again."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._said = Hourly()
        self.faults: Counter[str] = Counter()
        """How often each loop broke down."""

    async def run(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Runs `loop()` until it returns or is cancelled.

        Raises:
          SettingsError: as the loop does: no second try mends a setting.
        """
        while True:
            try:
                return await loop()
            except SettingsError:
                raise
            except Exception as error:
                self._note(name, error)
            await self._sleep(SURVIVE_AGAIN_S)

    def _note(self, name: str, error: Exception) -> None:
        self.faults[name] += 1
        if self._said.due(f"{name} {type(error).__name__}"):
            log.error("%s broke down and begins again; the same is counted, and said every hour", name, exc_info=error)
