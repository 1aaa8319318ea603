"""Sees to it that every job asked for in Discord has exactly one delivery at work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from zosma_bot.discord.delivery.job_message import JobMessage, Tools
from zosma_bot.discord.delivery.unqueued import Unqueued
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.events import Event
from zosma_queue.hourly import Hourly
from zosma_queue.tasks import end

log = logging.getLogger(__name__)

#: Without any word from the hub the whole is looked through this often.
SYNC_EVERY_S = 30.0
#: What is being told to Discord at shutdown may take this long; the rest is delivered at the next start.
CLOSE_GRACE_S = 5.0
#: Edits a second over all messages. More jobs than that make each of them slower.
EDITS_PER_S = 20.0
#: After a change of the fleet so many messages look at their jobs again at once, and so many a second.
LOOKS_AT_ONCE, LOOKS_PER_S = 20, 100.0
#: Whether the process that posts is done with a job, another one looks so often.
ENDED_LOOK_S = 0.2
#: Undone submits that are remembered, the newest: a sync that was under way may still have them on its list.
WITHDRAWN_MAX = 1000


class DeliveryManager:
    """One delivery for each job. `start` it after login, and `close` it before Discord's connection.

    Everything here ends by a flag, and is cancelled only as a last resort: a cancel in the middle of a Redis call leaks
    its connection, and on Python 3.11 may even be swallowed (by `asyncio.wait_for`, through which redis-py sends).
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._running: dict[str, tuple[JobMessage, asyncio.Task[None]]] = {}
        self._withdrawn: dict[str, None] = {}
        self._said = Hourly()
        self._sync = asyncio.Event()
        self._closed = False
        self._posts = True
        self._shared = False
        self._fleet_changed = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self.unqueued = Unqueued(tools.queue, tools.fallbacks, tools.now)
        self._leave_hub = (tools.hub.on_sync(self._sync.set), tools.hub.on_event(self._hear))

    def follow(self, job_id: str) -> None:
        """Starts the job's delivery unless it is at work, here or in the process that posts."""
        if self._closed or not self._posts or job_id in self._running or job_id in self._withdrawn:
            return
        delivery = JobMessage(job_id, self._tools, pace_s=self._pace_s)
        task = asyncio.create_task(self._guard(job_id, delivery), name=f"delivery-{job_id}")
        self._running[job_id] = delivery, task
        task.add_done_callback(lambda _: self._done(job_id, delivery))

    def _done(self, job_id: str, delivery: JobMessage) -> None:
        """One that was stopped may come to its end when this process has been made the one that posts again."""
        self._running.pop(job_id, None)
        if delivery.stopping:
            self._sync.set()

    def lead(self, *, posts: bool, shared: bool) -> None:
        """Says whether this process is the one that posts, and whether others take up what members do, too.

        What is being told to Discord meanwhile comes to its end: whoever goes on from here makes the same edit.
        """
        self._shared = shared
        if posts == self._posts:
            return
        self._posts = posts
        self._sync.set()
        if not posts:
            self._stop_all()

    def _hear(self, event: Event) -> None:
        """A worker came or went: what waits may stand otherwise now. And another process may have taken up a job."""
        if self._shared and event.kind == "waiting" and event.job:
            self.follow(event.job)
        if event.kind.startswith("worker-"):
            self._tools.fleet.forget()
            self._fleet_changed.set()

    async def _keep_telling_of_the_fleet(self) -> None:
        """Has messages look again after workers came or went: some at a time, or a thousand would hold up all else."""
        while not self._closed:
            await self._fleet_changed.wait()
            self._fleet_changed.clear()
            resting = [delivery for delivery, _ in list(self._running.values()) if delivery.rests]
            for number, delivery in enumerate(resting, 1):
                delivery.poke()
                if number % LOOKS_AT_ONCE == 0:
                    await self._tools.sleep(LOOKS_AT_ONCE / LOOKS_PER_S)

    def _pace_s(self) -> float:
        return len(self._running) / EDITS_PER_S

    async def _guard(self, job_id: str, delivery: JobMessage) -> None:
        try:
            await delivery.run()
        except Exception:
            log.exception("job %s: its delivery broke down", job_id, extra={"job": job_id})

    async def sync(self) -> int:
        """Starts what is missing, and returns the number of jobs that have a delivery.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        running = set(self._running)
        for job_id in await self._tools.queue.untold():
            if job_id not in running:  # or it may have come to its end since the queue was read
                self.follow(job_id)
        await self._follow_lost()
        return len(self._running)

    async def _follow_lost(self) -> None:
        """Starts what the bot remembers and the queue has lost; forgets what came to its end elsewhere."""
        for job_id in self._tools.open_messages.ids():
            if job_id in self._running:
                continue
            if await self._tools.queue.job(job_id) is None:
                self.follow(job_id)
            elif job_id not in self._running:
                self._tools.open_messages.forget(job_id)

    def start(self) -> None:
        """Begins to deliver results, those of before the start first."""
        self._loops = [
            asyncio.create_task(self._keep_looking(), name="deliveries"),
            asyncio.create_task(self._keep_telling_of_the_fleet(), name="deliveries-fleet"),
        ]

    async def _keep_looking(self) -> None:
        """Syncs at once, whenever the hub begins to hear, and now and then."""
        while not self._closed:
            self._sync.clear()
            try:
                if self._posts:
                    await self.sync()
                    await self.unqueued.tell()
            except QueueUnavailableError as error:
                log.debug("sync: %s", error)
            except Exception as error:  # without this loop nothing would be delivered until the next start
                if self._said.due(f"{type(error).__name__}: {error}"):
                    log.exception("sync broke down, and is tried again; the same is said every hour")
            with suppress(TimeoutError):
                async with asyncio.timeout(SYNC_EVERY_S):
                    await self._sync.wait()

    async def withdraw(self, job_id: str) -> None:
        """Undoes a submit of which nobody knows whether the queue got it: its member has been told "no"."""
        self._withdrawn[job_id] = None
        while len(self._withdrawn) > WITHDRAWN_MAX:
            del self._withdrawn[next(iter(self._withdrawn))]
        while not self._closed:
            try:
                await self._tools.queue.cancel(job_id)
                if job := await self._tools.queue.job(job_id):
                    await self._tools.queue.mark_delivered(job)
                return
            except QueueUnavailableError:
                await self._tools.sleep(1.0)

    async def ended(self, job_ids: Iterable[str], limit_s: float) -> None:
        """Waits until none of these jobs is being told of any more, or for so long.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        ids = set(job_ids)
        tasks = [self._running[job_id][1] for job_id in ids if job_id in self._running]
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not self._posts and not ids.isdisjoint(await self._tools.queue.undelivered()):
                    await self._tools.sleep(ENDED_LOOK_S)

    def _stop_all(self) -> None:
        for delivery, task in list(self._running.values()):
            delivery.stop()
            if delivery.asleep:
                task.cancel()

    async def close(self, grace_s: float) -> None:
        """Lets what is under way come to its end, and stops the rest."""
        self._closed = True
        for leave in self._leave_hub:
            leave()
        self._sync.set()
        self._fleet_changed.set()
        self._stop_all()
        tasks = [*(task for _, task in self._running.values()), *self._loops]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            await end(*late)
        await self.unqueued.close()
