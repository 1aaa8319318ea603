"""`/api/v1/…/events`: what happens to one's jobs, as server-sent events.

`state` (the whole job), `place`, `progress`, `preview` and `end` (the whole job). A stream begins with how things
stand, so that whoever comes back has lost nothing that still counts; what has ended meanwhile is told to those who name
the last event that they had by `Last-Event-ID`. An end may be told twice.
"""

from __future__ import annotations

import asyncio
import http
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import hdrs, web

from zosma_bot.http.auth import CALLER
from zosma_bot.http.connections import ALL
from zosma_bot.http.described import JOB_ID, Answer, Endpoint, Parameter, routes_of
from zosma_bot.http.follower import Follower, Seen, Stream
from zosma_bot.http.problems import Problem
from zosma_bot.http.submitting import own_job
from zosma_bot.http.views import JOBS, job_view
from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.job import Job, State
from zosma_queue.tasks import Survivor, end

EVENTS = "/api/v1/events"
#: A comment is sent when there was nothing else for so long, so that nobody on the way takes the line for dead.
HEARTBEAT_S = 15.0
#: A client that takes nothing for so long is let go; it comes back, or is gone.
STALLED_S = 30.0
#: When a client whose line broke should come back.
RETRY_MS = 2_000
#: Streams at once: they are connections, and other clients need some too.
STREAMS_MAX, STREAMS_OF_ONE_MAX = 1_000, 500
#: Ends that a stream remembers having told.
ENDS_REMEMBERED = 1_000
_MS_DIGITS = 15
_UNPLACED = (None, False)
_LAST_EVENT_ID = Parameter(name="Last-Event-ID", where="header", told="Id of the last event that you had.")
_STREAM = Answer(told="The events.", media=("text/event-stream",))


class EventStreams:
    """The handlers of event streams, over one follower."""

    def __init__(self, queue: Queue, hub: Hub) -> None:
        self._queue = queue
        self._follower = Follower(queue, hub)
        self._open: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        """The routes of event streams."""
        return routes_of(self.endpoints())

    def endpoints(self) -> list[Endpoint]:
        """What it answers to."""
        told = (
            "Server-sent events: `state` and `end` (StateEvent), `place` (PlaceEvent), `progress` (ProgressEvent) and"
            " `preview` (PreviewEvent), each with one JSON object as its data. A stream begins with how things stand;"
            " comments keep the line alive. "
        )
        return [
            Endpoint(
                method="GET", path=JOBS + "/{id}/events", handler=self.of_job, name="followJob", group="Events",
                scope="read", told="Follow a job of yours until it has ended", head=False,
                more=told + "The stream ends after `end`. Whoever comes back with that event's id gets 204.",
                parameters=(JOB_ID, _LAST_EVENT_ID), problems=(404,),
                answers={200: _STREAM, 204: Answer(told="You have had its end.")},
            ),
            Endpoint(
                method="GET", path=EVENTS, handler=self.of_caller, name="followJobs", group="Events", scope="read",
                told="Follow all your jobs", head=False,
                more=told + "With `Last-Event-ID` the ends of what has ended meanwhile are told too: none is lost, and"
                " one may be told twice.",
                parameters=(_LAST_EVENT_ID,), answers={200: _STREAM},
            ),
        ]  # fmt: skip

    async def beside(self, app: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`: follows for as long as the application runs."""

        async def close(_: web.Application) -> None:
            self._follower.close()

        app.on_shutdown.append(close)
        task = asyncio.create_task(Survivor().run("event streams", self._follower.run))
        yield
        await end(task)

    async def of_job(self, request: web.Request) -> web.StreamResponse:
        """What happens to one job of the caller's, until it has ended. 204 to who has had its end: come no more."""
        job = await own_job(self._queue, request)
        owner = job.owner
        if job.state.ended and request.headers.get("Last-Event-ID") == _end_id(job):
            return web.Response(status=http.HTTPStatus.NO_CONTENT)
        with self._counted(owner), self._follower.job(job) as stream:
            answer = await _opened(request)
            await _send_all(request, answer, stream, _Telling(until_end=True))
        return answer

    async def of_caller(self, request: web.Request) -> web.StreamResponse:
        """What happens to all jobs of the caller's."""
        owner = request[CALLER].owner
        since_ms = _since_ms(request.headers.get("Last-Event-ID", ""))
        with self._counted(owner), self._follower.owner(owner) as stream:
            await self._follower.begin(owner, stream, since_ms)
            # A line that breaks right now is taken up from here.
            answer = await _opened(request, stream.looked_ms if since_ms is None else since_ms)
            await _send_all(request, answer, stream, _Telling(until_end=False))
        return answer

    @contextmanager
    def _counted(self, owner: str) -> Iterator[None]:
        if self._open[owner] >= STREAMS_OF_ONE_MAX or self._open.total() >= STREAMS_MAX:
            whose = "of yours" if self._open[owner] >= STREAMS_OF_ONE_MAX else "of all callers"
            raise Problem(
                http.HTTPStatus.TOO_MANY_REQUESTS, "TooManyStreams",
                f"too many event streams {whose} are open: close some, or follow all jobs with {EVENTS}",
                retry_after_s=30,
            )  # fmt: skip
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]


def _since_ms(event_id: str) -> int | None:
    """The ms up to which a client has been told of ends; None for whoever comes first, or with what is none of ours."""
    is_ours = event_id.isascii() and event_id.isdecimal() and len(event_id) <= _MS_DIGITS
    return int(event_id) if is_ours else None


def _end_id(job: Job) -> str:
    return f"end-{job.finished_ms}"


async def _opened(request: web.Request, at_ms: int | None = None) -> web.StreamResponse:
    answer = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
            hdrs.CACHE_CONTROL: "no-store",
            "X-Accel-Buffering": "no",  # nginx would keep events until it has a buffer full
        }
    )
    await answer.prepare(request)
    await answer.write(f"retry: {RETRY_MS}\n{_id_line(at_ms) if at_ms is not None else ''}\n".encode())
    return answer


async def _send_all(request: web.Request, answer: web.StreamResponse, stream: Stream, telling: _Telling) -> None:
    """Sends until the client has gone, the process stops, or all has been told."""
    told_ms = 0
    request.app[ALL].tell_when_lost(request, stream.close)
    try:
        while not telling.is_over:
            news = await stream.take(HEARTBEAT_S)
            if stream.closed:
                break
            looked_ms = stream.looked_ms
            lines = [line for seen in news for line in telling.news(seen)]
            if looked_ms > told_ms:
                # Every end until then is among what has been sent now.
                lines.append(_id_line(looked_ms) + "\n")
                told_ms = looked_ms
            async with asyncio.timeout(STALLED_S):
                await answer.write("".join(lines or [": \n\n"]).encode())
        await answer.write_eof()
    except (ConnectionError, TimeoutError):  # the client has gone, or takes nothing
        if request.transport is not None:
            request.transport.abort()


class _Telling:
    """What one client has been told, and what is new to it."""

    def __init__(self, *, until_end: bool) -> None:
        self._until_end = until_end
        self._told: dict[str, _Told] = {}
        self._ended: dict[str, int | None] = {}
        self.is_over = False
        """True when there will be no more news."""

    def news(self, seen: Seen) -> Iterator[str]:
        """The events that say how a job stands now, to who was told of it before."""
        job = seen.job
        if job is None or job.state.ended:
            yield from self._end(seen)
            return
        told = self._told.setdefault(seen.id, _Told())
        self._ended.pop(seen.id, None)
        state = (job.state, job.attempt, job.run_at_ms, job.error_kind)
        if state != told.state:
            told.state, told.place, told.progress = state, _UNPLACED, None
            yield _once(seen, "state", lambda: {"job": job.id, "view": job_view(job, seen.place, seen.paused)})
        place = (seen.place, seen.paused)
        if job.state is State.WAITING and place != told.place:
            told.place = place
            yield _once(seen, "place", lambda: _placed(seen, job))
        progress = (job.progress, job.eta_s, job.estimated)
        if job.state is State.RUNNING and job.progress is not None and progress != told.progress:
            told.progress = progress
            shown = {"progress": job.progress, "eta_s": job.eta_s, "estimated": job.estimated}
            yield _once(seen, "progress", lambda: {"job": job.id, **shown})
        if job.state is State.RUNNING and seen.previews > told.previews:
            told.previews = seen.previews
            url = f"{JOBS}/{job.id}/preview?n={job.attempt}.{seen.previews}"
            yield _event("preview", {"job": job.id, "url": url})

    def _end(self, seen: Seen) -> Iterator[str]:
        job_id, job = seen.id, seen.job
        ended_ms = job.finished_ms if job else None
        self._told.pop(job_id, None)
        if job_id in self._ended and self._ended[job_id] == ended_ms:
            return
        self._ended[job_id] = ended_ms
        if len(self._ended) > ENDS_REMEMBERED:
            del self._ended[next(iter(self._ended))]
        self.is_over = self._until_end
        if job and self._until_end:
            yield _id_line(_end_id(job))
        yield _once(seen, "end", lambda: {"job": seen.id, "view": job_view(job) if job else None})


class _Told:
    """What a client knows of an open job."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] | None = None
        self.place: tuple[Any, ...] = _UNPLACED
        self.progress: tuple[Any, ...] | None = None
        self.previews = 0


def _id_line(event_id: int | str) -> str:
    return f"id: {event_id}\n"


def _once(seen: Seen, name: str, data: Callable[[], dict[str, Any]]) -> str:
    """The event, made for whoever is the first to be told."""
    if name not in seen.texts:
        seen.texts[name] = _event(name, data())
    return seen.texts[name]


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _placed(seen: Seen, job: Job) -> dict[str, Any]:
    view = job_view(job, seen.place, seen.paused)
    return {"job": job.id, **{name: view[name] for name in ("position", "starts_in_s", "ends_in_s", "paused")}}
