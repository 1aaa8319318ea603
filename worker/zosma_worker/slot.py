"""One process, one slot, one WebUI: Dramatiq takes the jobs, the event loop makes them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import dramatiq

from zosma_queue import logs, tracing
from zosma_queue.broker import Delivery, current_delivery
from zosma_queue.hourly import Hourly
from zosma_queue.messages import ACTOR, QUEUE
from zosma_queue.results import Bucket
from zosma_queue.sweeper import Sweeper
from zosma_queue.tasks import end
from zosma_queue.worker_queue import RELEASE, Outcome, RedisWorkerQueue, WorkerQueue
from zosma_worker.backend import Backend, Notes
from zosma_worker.backends import open_backend
from zosma_worker.circuit_breaker import CircuitBreaker
from zosma_worker.drive import Driver
from zosma_worker.gate import Gate
from zosma_worker.handover import Handover
from zosma_worker.health import Health
from zosma_worker.heartbeat import Heartbeat
from zosma_worker.pace import Pace
from zosma_worker.prober import Prober
from zosma_worker.protocol import refusal
from zosma_worker.recovery import Recovery
from zosma_worker.restart import restart
from zosma_worker.runner import Runner
from zosma_worker.settings import Address
from zosma_worker.speed import Speed
from zosma_worker.timeouts import Timeouts

log = logging.getLogger(__name__)

#: How long Dramatiq's threads sleep before they see that they are to stop.
STOP_SEEN_MS = 200
#: A job that runs at SIGTERM has this long to end; a second signal ends the wait.
GRACE_S = 300.0
#: Dramatiq waits longer than any grace: its threads end with their jobs.
FINISH_MS = 24 * 3600 * 1000
#: Before a loop that failed is started again.
AGAIN_S = 1.0


def worker_id(address: Address) -> str:
    """A name for this process's slot: `<hostname>/<webui host:port>/<4 hex>`."""
    return f"{socket.gethostname()}/{address.place}/{secrets.token_hex(2)}"


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """How a worker treats its WebUI and its jobs."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    grace_s: float = GRACE_S
    """When it is told to stop, the running job gets this long."""
    benchmark: bool = False
    """Measure the speed of a place that the queue doesn't know."""
    restart: tuple[str, ...] = ()
    """The command that starts the WebUI again; () for none."""
    results: Bucket | None = None
    """Where finished pictures are to be kept; None: in Redis."""


async def run_slot(
    redis_url: str,
    address: Address,
    stop: asyncio.Event,
    options: WorkerOptions | None = None,
    opened: Callable[[Address, Notes], AbstractAsyncContextManager[Backend]] = open_backend,
) -> None:
    """Joins the fleet with one WebUI and makes jobs until `stop` is set; then finishes the running one and leaves.

    `opened` says how the WebUI is driven.
    """
    options = options or WorkerOptions()
    async with _open_slot(redis_url, address, options, opened) as runner:
        await stop.wait()
        doing = f", finishes the running one within {options.grace_s:.0f} s" if runner.handover.busy else ""
        log.info("stopping: takes no new job%s", doing)


def _actor(broker: dramatiq.Broker, runner: Runner, loop: asyncio.AbstractEventLoop) -> None:
    """Declares the actor: it runs in Dramatiq's threads and waits there for the event loop."""

    def generate(*_: Any, **__: Any) -> None:  # the delivery has the request, checked already
        delivery = current_delivery()
        delivery.outcome = RELEASE
        with contextlib.suppress(concurrent.futures.CancelledError):  # the loop is going down: somebody else's job now
            work = _do(runner, delivery)
            delivery.outcome = asyncio.run_coroutine_threadsafe(work, loop).result()

    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(generate)


async def _do(runner: Runner, delivery: Delivery) -> Outcome:
    """The outcome of a delivery; all that is said meanwhile names the job, and its trace goes on here."""
    about: tracing.About = {"zosma.job": delivery.job_id, "zosma.attempt": delivery.attempt}
    if delivery.attempt == 1:
        leased_ms = tracing.now_ms() - (time.monotonic() - delivery.taken_at) * 1000
        tracing.past("wait", delivery.message_timestamp, leased_ms, parent=delivery.traceparent, about=about)
    with (
        logs.about(job=delivery.job_id, attempt=delivery.attempt),
        tracing.span("job", "consumer", about, parent=delivery.traceparent) as span,
    ):
        outcome = await runner.do(delivery)
        span.note({"zosma.outcome": outcome.verb})
        if outcome.kind:
            span.fail(outcome.kind)
        return outcome


@asynccontextmanager
async def _open_slot(
    redis_url: str,
    address: Address,
    options: WorkerOptions,
    opened: Callable[[Address, Notes], AbstractAsyncContextManager[Backend]],
) -> AsyncIterator[Runner]:
    """A slot at work. Closing it waits for the running job."""
    name = worker_id(address)
    logs.always(worker=name)
    async with AsyncExitStack() as stack:
        queue: WorkerQueue = await stack.enter_async_context(RedisWorkerQueue(redis_url, name, results=options.results))
        backend = await stack.enter_async_context(opened(address, queue))
        parts = _parts(queue, backend, options)
        stack.push_async_callback(parts.heartbeat.leave)
        stack.push_async_callback(parts.handover.end_lingering)
        await stack.enter_async_context(
            _background(parts.heartbeat.run, parts.health.run, Sweeper(queue.sweep, wanted=parts.heartbeat.unswept).run)
        )
        broker = queue.broker(parts.handover)
        stack.callback(broker.close)
        _actor(broker, parts.runner, asyncio.get_running_loop())
        # Two threads, one slot: a job may be finished in one while the next is made in the other.
        engine = dramatiq.Worker(broker, worker_threads=2, worker_timeout=STOP_SEEN_MS)
        engine.start()
        # In a thread: the running job needs the loop to get to its end.
        stack.push_async_callback(asyncio.to_thread, engine.stop, FINISH_MS)
        stack.callback(_end_the_grace, parts.runner, options.grace_s)
        stack.push_async_callback(queue.look_again)  # a consumer that waits for a job sees that it is to stop
        stack.push_async_callback(parts.gate.stop)
        log.info("worker %s drives %s", name, address.url)
        yield parts.runner


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What a slot is made of, each part knowing only those that were made before it."""

    heartbeat: Heartbeat
    handover: Handover
    gate: Gate
    health: Health
    runner: Runner


def _parts(queue: WorkerQueue, backend: Backend, options: WorkerOptions) -> _Parts:
    timeouts = options.timeouts
    pace, handover, speed = Pace(), Handover(), Speed(queue)
    breaker = CircuitBreaker(timeouts.pauses)
    heartbeat = Heartbeat(queue, pace)
    gate = Gate(handover, heartbeat, breaker)
    driver = Driver(backend, queue, handover, timeouts=timeouts)
    prober = Prober(backend, heartbeat, handover, functools.partial(refusal, queue))
    recovery = Recovery(
        prober,
        driver,
        gate,
        handover,
        pace,
        breaker,
        speed,
        loading_s=timeouts.loading_s,
        benchmark=options.benchmark,
        restart=functools.partial(restart, options.restart) if options.restart else None,
    )
    health = Health(prober, recovery, gate, handover, heartbeat, pace, breaker, speed, loading_s=timeouts.loading_s)
    runner = Runner(driver, health, handover)
    return _Parts(heartbeat=heartbeat, handover=handover, gate=gate, health=health, runner=runner)


def _end_the_grace(runner: Runner, grace_s: float) -> None:
    """From now on a running job has this long."""

    def hand_back() -> None:
        if runner.handover.busy:
            log.warning("the grace of %.0f s is over: the running job goes back to its place", grace_s)
        runner.handover.hand_back.set()

    asyncio.get_running_loop().call_later(grace_s, hand_back)


@asynccontextmanager
async def _background(*work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Runs loops beside the body."""
    tasks = [asyncio.create_task(_kept_up(one)) for one in work]
    try:
        yield
    finally:
        await end(*tasks)


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """A loop, started again after a bug ended it: a worker without signs of life would lose its jobs."""
    said = Hourly()
    while True:
        try:
            await work()
        except Exception as error:
            if said.due(f"{type(error).__name__}: {error}"):
                log.exception("a background loop of this worker failed")
        await asyncio.sleep(AGAIN_S)
