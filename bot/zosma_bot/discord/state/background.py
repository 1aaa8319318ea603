"""Work that the bot has begun for a member and must not drop in the middle when it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.tasks import end

T = TypeVar("T")

#: What a late answer still gets.
BEHIND_S = 0.1


class BackgroundTasks:
    """The tasks at work. `close` waits for them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._held: set[asyncio.Task[Any]] = set()
        self.closed = False

    def hold(self) -> None:
        """Counts the current task in until its end, unless the bot closes already: what it came for is done yet."""
        task = asyncio.current_task()
        if task is None or self.closed:
            return
        for tasks in (self._tasks, self._held):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    @property
    def takes_nothing(self) -> bool:
        """True once the bot closes, but for a task that it held before."""
        return self.closed and asyncio.current_task() not in self._held

    @contextmanager
    def counted(self) -> Iterator[None]:
        """The current task is at work in here; it may say so more than once."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 a coroutine runs in a task
        if task in self._tasks:
            yield
            return
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of its own. Who cares for its result awaits it; nobody else has to."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def within(self, limit_s: float, work: Coroutine[Any, Any, T]) -> T:
        """What `work` at the queue gives. Late work goes on unheard: a cancelled Redis call leaks its connection.

        Raises:
          QueueUnavailableError: when it takes longer.
        """
        task = self.start(work)
        done, _ = await asyncio.wait([task], timeout=limit_s)
        if not done:
            # A loop that is behind fires this timer before it has read what Redis answered long ago.
            done, _ = await asyncio.wait([task], timeout=BEHIND_S)
        if not done:
            raise QueueUnavailableError(f"Redis didn't answer within {limit_s} s")
        return task.result()

    async def close(self, grace_s: float) -> None:
        """Waits for what is under way, and ends what takes longer than `grace_s`."""
        self.closed = True
        tasks = set(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            await end(*late)
