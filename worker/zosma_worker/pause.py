"""Waiting with a limit, and ending what waits."""

from __future__ import annotations

import asyncio
from typing import Any

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
