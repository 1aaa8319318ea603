"""`/console/events`: tells open pages that something they show has changed; they fetch that part anew.

What is sent says little: which parts have changed, and of the jobs that a visitor may see, how far they are. So a
stream costs the same however long the queue is, and one that missed something has lost nothing.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import hdrs, web

from zosma_bot.console.gate import Gate, Visitor
from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.events import Event

#: News are gathered for so long: a page that changes more often is no easier to read.
GATHER_S = 0.5
#: Progress of the fleet as a whole changes all the time; pages look at it this often.
FLEET_EVERY_S = 2.0
#: A comment is sent when there was nothing else for so long, and the session is looked at again.
HEARTBEAT_S = 10.0
RETRY_MS = 2_000
#: Streams at once: each is a connection, and other clients need some too.
STREAMS_MAX = 300
#: Whose jobs are: remembered of so many.
OWNERS_REMEMBERED = 5_000
#: Progress of so many jobs is told at once.
JOBS_AT_ONCE = 200
_TOPICS = {
    "waiting": ("queue", "mine"),
    "delayed": ("queue", "mine"),
    "started": ("queue", "fleet", "mine"),
    "retry": ("queue", "fleet", "mine"),
    "cancelling": ("queue", "mine"),
    "settled": ("queue", "fleet", "mine", "ended"),
    "worker-joined": ("fleet", "queue"),
    "worker-left": ("fleet", "queue"),
    "worker-changed": ("fleet", "queue"),
}


class Ear:
    """What one open page has not been told yet."""

    def __init__(self) -> None:
        self.there = asyncio.Event()
        self.topics: set[str] = set()
        self.progress: dict[str, dict[str, Any]] = {}
        self._fleet_at = float("-inf")

    def hear(self, event: Event) -> None:
        """Notes an event; never blocks."""
        if event.kind == "progress" and event.job:
            if len(self.progress) < JOBS_AT_ONCE or event.job in self.progress:
                self.progress[event.job] = event.data
            if time.monotonic() - self._fleet_at >= FLEET_EVERY_S:
                self._fleet_at = time.monotonic()
                self.topics.add("fleet")
        else:
            self.topics.update(_TOPICS.get(event.kind, ()))
        self.there.set()

    def everything(self) -> None:
        """Events may have been missed: all may have changed."""
        self.topics.update(topic for topics in _TOPICS.values() for topic in topics)
        self.there.set()


class Live:
    """The handler of the stream."""

    def __init__(self, queue: Queue, hub: Hub, gate: Gate) -> None:
        self._queue = queue
        self._hub = hub
        self._gate = gate
        self._open = 0
        self._closing = asyncio.Event()
        self._owners: OrderedDict[str, str] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        """The route of the stream."""
        return [web.get("/console/events", self._gate.sees(self.stream), allow_head=False)]

    async def close(self, _: web.Application) -> None:
        """For `on_shutdown`: ends every stream, so that nobody waits for them."""
        self._closing.set()

    async def stream(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """News until the page is closed, the session ends or the process does."""
        if self._open >= STREAMS_MAX:
            return web.Response(status=503, headers={hdrs.RETRY_AFTER: "30"})
        answer = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
                hdrs.CACHE_CONTROL: "no-store",
                "X-Accel-Buffering": "no",  # nginx would keep news until it has a buffer full
            }
        )
        # Whoever lost the line, or saw Redis go, comes back by itself.
        with self._listening() as ear, suppress(ConnectionError, QueueUnavailableError):
            await answer.prepare(request)
            await answer.write(f"retry: {RETRY_MS}\n\n".encode())
            await self._tell(request, visitor, answer, ear)
        return answer

    @contextmanager
    def _listening(self) -> Iterator[Ear]:
        ear = Ear()
        leave, forget = self._hub.on_event(ear.hear), self._hub.on_sync(ear.everything)
        self._open += 1
        try:
            yield ear
        finally:
            self._open -= 1
            leave()
            forget()

    async def _tell(self, request: web.Request, visitor: Visitor, answer: web.StreamResponse, ear: Ear) -> None:
        checked_at = time.monotonic()
        while not self._closing.is_set():
            heard = await self._within(ear, HEARTBEAT_S)
            if time.monotonic() - checked_at >= HEARTBEAT_S:
                checked_at = time.monotonic()
                now = await self._gate.visitor(request)
                if now is None or now.caller != visitor.caller:
                    await answer.write(_event("out", {}).encode())
                    return
            lines = await self._news(visitor, ear) if heard else []
            await answer.write("".join(lines or [": \n\n"]).encode())

    async def _news(self, visitor: Visitor, ear: Ear) -> list[str]:
        await asyncio.sleep(GATHER_S)
        ear.there.clear()
        topics, ear.topics = ear.topics, set()
        progress, ear.progress = ear.progress, {}
        lines = [_event("changed", {"topics": sorted(topics)})] if topics else []
        for job_id, data in progress.items():
            if visitor.is_admin or await self._owner_of(job_id) == visitor.owner:
                lines.append(_event("progress", {"job": job_id, **data}))
        return lines

    async def _within(self, ear: Ear, seconds: float) -> bool:
        waits = [asyncio.create_task(ear.there.wait()), asyncio.create_task(self._closing.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return ear.there.is_set()

    async def _owner_of(self, job_id: str) -> str:
        if job_id not in self._owners:
            job = await self._queue.job(job_id)
            self._owners[job_id] = job.owner if job else ""
            if len(self._owners) > OWNERS_REMEMBERED:
                self._owners.popitem(last=False)
        return self._owners[job_id]


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
