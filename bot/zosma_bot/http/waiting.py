"""Waiting for a job on behalf of a client that holds its connection open."""

from __future__ import annotations

import asyncio
import http
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from zosma_bot.http.last_fleet import LastFleet
from zosma_bot.http.problems import Problem
from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.errors import ErrorKind, QueueUnavailableError
from zosma_queue.events import SETTLED
from zosma_queue.job import Job, State

#: A blocked client looks at its job this often, and as soon as it has ended. Of how far it is somebody else asks.
LOOK_AGAIN_S = 1.0
#: How long a job that never began waits for a worker, once none is left. The client can retry better than we can.
NOBODY_S = 1.5
#: How long a request waits for a first worker before it is refused, and how often it looks.
STARTING_S = 30.0
LOOK_FOR_WORKERS_S = 0.25
#: How long an admin may pause a job that somebody's open connection waits for: about as long as clients hold out.
PAUSED_S = 600.0
#: How long one that had begun may wait for a worker to come back.
PATIENCE_MS = 30_000


#: Of so many requests that have ended it is known that they have; A1111 knows of 16, and serves one user.
ENDED_TASKS = 1_000
#: How long a Redis that restarts may take; what runs goes on meanwhile.
REDIS_AWAY_S = 10.0


class Stopwatch:
    """Seconds since something began, for as long as it lasts."""

    def __init__(self) -> None:
        self._since: float | None = None

    def run(self) -> float:
        """Starts it if it stands; the seconds so far."""
        self._since = self._since or time.monotonic()
        return time.monotonic() - self._since

    def stop(self) -> None:
        """Sets it back to zero."""
        self._since = None


class Blocked:
    """Which jobs each owner's blocked clients wait for, newest last. What `progress` and `interrupt` are about."""

    def __init__(self) -> None:
        #: owner → (program, job).
        self._jobs: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._tasks: dict[tuple[str, str], str] = {}
        self._ended: deque[tuple[str, str]] = deque(maxlen=ENDED_TASKS)

    @contextmanager
    def on(self, owner: str, job_id: str, *, program: str = "", task: str = "") -> Iterator[None]:
        """Notes a job for as long as the block runs. `program`: what sent it, `task`: what its client calls it."""
        self._jobs[owner].append((program, job_id))
        if task:
            self._tasks[owner, task] = job_id
        try:
            yield
        finally:
            self._jobs[owner].remove((program, job_id))
            if not self._jobs[owner]:
                del self._jobs[owner]
            if task and self._tasks.get((owner, task)) == job_id:
                del self._tasks[owner, task]
                self._ended.append((owner, task))

    def called(self, owner: str, task: str) -> str | None:
        """The job that the owner calls so, while one of their clients waits for it."""
        return self._tasks.get((owner, task))

    def tasks_of(self, owner: str) -> list[str]:
        """What the owner calls the jobs that their clients wait for."""
        return [task for whose, task in self._tasks if whose == owner]

    def has_ended(self, owner: str, task: str) -> bool:
        """Whether a job that the owner called so has ended lately."""
        return (owner, task) in self._ended

    def of(self, owner: str, program: str) -> list[str]:
        """The owner's blocking jobs: those that this program sent, if it waits for any, else all."""
        jobs = self._jobs.get(owner, ())
        return [job_id for whose, job_id in jobs if whose == program] or [job_id for _, job_id in jobs]


async def wait_for_worker(request: web.Request, fleet: LastFleet) -> None:
    """Returns when a worker is ready or may be waited for in line, or none came for so long: then the submit says so. A
    fleet may just be starting.

    Raises:
      Problem: when the client hung up.
    """
    waited = Stopwatch()
    while not (await fleet.catalogue()).takes_jobs and waited.run() < STARTING_S:
        if _hung_up(request):
            raise _disconnected()
        await asyncio.sleep(LOOK_FOR_WORKERS_S)


def _disconnected() -> Problem:
    """Told to nobody: there is no line any more."""
    return Problem(http.HTTPStatus.BAD_REQUEST, "Disconnected", "the client hung up")


def _hung_up(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def wait_for_end(request: web.Request, queue: Queue, hub: Hub, job_id: str) -> Job:
    """The job, ended. Whatever this raises, nobody waits for the job any more: it should be cancelled.

    What an admin paused is waited for, also while its workers are down: most pauses are short, and a client would only
    ask again.

    Raises:
      Problem: 503 when no worker is left that could begin it, or a pause lasts too long.
    """
    patience = _Patience()
    away = Stopwatch()
    with hub.watch(job_id, only=SETTLED) as watch:
        while True:
            try:
                job = await _look(request, queue, hub, job_id, patience)
                away.stop()
            except QueueUnavailableError:
                if away.run() > REDIS_AWAY_S:
                    raise
                job = None
            if job:
                return job
            await watch.changed(LOOK_AGAIN_S)


class _Patience:
    """What runs out while a job doesn't begin."""

    def __init__(self) -> None:
        self.alone = Stopwatch()
        self.paused = Stopwatch()


async def _look(request: web.Request, queue: Queue, hub: Hub, job_id: str, patience: _Patience) -> Job | None:
    """The job when it has ended; None when there is more to wait for."""
    job = await queue.job(job_id)
    if job is None:
        raise Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "Forgotten", "the job is no longer known")
    if job.state.ended:
        return job
    if _hung_up(request):
        raise _disconnected()
    if not _not_begun(job):
        patience.alone.stop()
        patience.paused.stop()
    elif await queue.is_held(job_id):
        patience.alone.stop()
        if patience.paused.run() >= PAUSED_S:
            raise Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "Paused", await _why_paused(queue))
    elif job.wait_ms or await hub.workers_ready():
        # Where it may wait for a GPU it does as long as its client, and the sweep ends it should that hold out longer.
        patience.alone.stop()
        patience.paused.stop()
    elif patience.alone.run() >= NOBODY_S:
        why = f" ({job.error})" if job.error else ""
        raise Problem(
            http.HTTPStatus.SERVICE_UNAVAILABLE, "NoWorker", f"no GPU is online any more{why}: try again later"
        )
    return None


async def _why_paused(queue: Queue) -> str:
    pauses = await queue.admin.pauses()
    shown = "; ".join(f"{pause.scope} ({pause.why})" if pause.why else pause.scope for pause in pauses)
    return f"an admin has paused {shown or 'the queue'}: try again later"


def _not_begun(job: Job) -> bool:
    """True for a job that waits or backs off, and of which no worker died in the middle."""
    if job.state not in (State.WAITING, State.DELAYED):
        return False
    return job.lost == 0 and job.error_kind != ErrorKind.WEBUI_DIED
