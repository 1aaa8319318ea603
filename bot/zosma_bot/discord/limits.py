"""Waiting for the queue no longer than a member would."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from zosma_queue.errors import QueueUnavailableError

T = TypeVar("T")

_late: set[asyncio.Task[Any]] = set()


async def within(limit_s: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives. Late work goes on without anybody listening: a cancelled Redis call leaks its connection.

    Raises:
      QueueUnavailableError: when it takes longer.
    """
    task = asyncio.create_task(work)
    _late.add(task)
    task.add_done_callback(_forget)
    done, _ = await asyncio.wait([task], timeout=limit_s)
    if not done:
        raise QueueUnavailableError(f"Redis didn't answer within {limit_s} s")
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _late.discard(task)
    if not task.cancelled():
        task.exception()  # whoever still waits gets it; else nobody needs it
