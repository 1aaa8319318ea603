"""One process, one slot, one WebUI: Dramatiq takes the jobs, the event loop makes them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import dramatiq
import redis.asyncio

from zosma_queue import calls
from zosma_queue.broker import Slot, ZosmaBroker, current_delivery
from zosma_queue.calls import Outcome, Swept
from zosma_queue.connections import worker_async_client
from zosma_queue.messages import ACTOR, QUEUE
from zosma_queue.request import Request, parse_request
from zosma_queue.scripts import acall
from zosma_queue.sweeper import Sweeper
from zosma_queue.tasks import end
from zosma_worker import outcomes
from zosma_worker.drive import Driver, Ended, Task
from zosma_worker.health import Health
from zosma_worker.presence import Presence
from zosma_worker.settings import Address
from zosma_worker.watch import Patience
from zosma_worker.webui.client import Client

log = logging.getLogger(__name__)

#: How long Dramatiq's threads sleep before they see that they are to stop.
STOP_SEEN_MS = 200
#: A job that runs at SIGTERM is finished, whatever it takes; a second signal ends the wait.
FINISH_MS = 24 * 3600 * 1000
#: Before a loop that failed is started again.
AGAIN_S = 1.0


def worker_id(address: Address) -> str:
    """A name for this process's slot: `<hostname>/<webui host:port>/<4 hex>`."""
    return f"{socket.gethostname()}/{address.place}/{secrets.token_hex(2)}"


async def run_slot(redis_url: str, address: Address, stop: asyncio.Event, *, patience: Patience | None = None) -> None:
    """Joins the fleet with one WebUI and makes jobs until `stop` is set; then finishes the running one and leaves."""
    async with _open_slot(redis_url, address, patience) as runner:
        await stop.wait()
        log.info("stopping: takes no new job%s", ", finishes the running one" if runner.busy else "")


class Runner:
    """What the actor needs to make a job."""

    def __init__(self, driver: Driver, health: Health) -> None:
        self.driver = driver
        self.health = health
        self.busy = False

    async def do(self, job_id: str, attempt: int, fields: dict[str, Any]) -> Outcome:
        """The outcome of one delivery. Never raises."""
        self.busy = True
        self.health.begin()
        ended = Ended(outcome=calls.RELEASE)
        try:
            ended = await self._make(job_id, attempt, parse_request(fields).pinned())
            if ended.away:
                await self.health.quarantine(ended.away, ended.lingering)
            elif ended.outcome.kind == "wrong-checkpoint":
                await self.health.relist()  # A1111 takes another when a file is gone: no more jobs for that one
        except Exception as error:
            log.exception("job %s attempt %d: a bug in the worker", job_id, attempt)
            ended = Ended(outcome=outcomes.after(error, attempt - 1))
        finally:
            self.busy = False
            await self.health.end(loaded=ended.loaded, version=ended.version)
        return ended.outcome

    async def _make(self, job_id: str, attempt: int, request: Request) -> Ended:
        found, checkpoint = self.health.found, self.health.checkpoint_for(request)
        if found is None or checkpoint is None:
            # Deleted since the queue was told: tell it, then let the job go where the checkpoint is.
            await self.health.relist()
            return Ended(outcome=calls.RELEASE)
        task = Task(id=job_id, attempt=attempt, request=request, checkpoint=checkpoint, flavour=found.flavour)
        return await self.driver.run(task)


def _actor(broker: ZosmaBroker, runner: Runner, loop: asyncio.AbstractEventLoop) -> None:
    """Declares the actor: it runs in Dramatiq's thread and waits there for the event loop."""

    def generate(request: dict[str, Any]) -> None:
        delivery = current_delivery()
        delivery.outcome = calls.RELEASE
        with contextlib.suppress(concurrent.futures.CancelledError):  # the loop is going down: somebody else's job now
            work = runner.do(delivery.job_id, delivery.attempt, request)
            delivery.outcome = asyncio.run_coroutine_threadsafe(work, loop).result()

    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(generate)


@asynccontextmanager
async def _open_slot(redis_url: str, address: Address, patience: Patience | None) -> AsyncIterator[Runner]:
    """A slot at work. Closing it waits for the running job."""
    name = worker_id(address)
    async with AsyncExitStack() as stack:
        queue = worker_async_client(redis_url)
        stack.push_async_callback(queue.aclose)
        client = await stack.enter_async_context(Client(address))
        presence = Presence(queue, name)
        stack.push_async_callback(presence.leave)
        slot = Slot()
        health = Health(client, slot, presence)
        driver = Driver(client, queue, name, patience=patience)
        runner = Runner(driver, health)
        stack.push_async_callback(health.close)
        await stack.enter_async_context(_background(presence.run, health.run, _sweeper(queue, presence).run))
        broker = ZosmaBroker(redis_url, worker=name, slot=slot)
        stack.callback(broker.close)
        _actor(broker, runner, asyncio.get_running_loop())
        engine = dramatiq.Worker(broker, worker_threads=1, worker_timeout=STOP_SEEN_MS)
        engine.start()
        # In a thread: the running job needs the loop to get to its end.
        stack.push_async_callback(asyncio.to_thread, engine.stop, FINISH_MS)
        stack.push_async_callback(health.stop)
        log.info("worker %s drives %s", name, address.url)
        yield runner


def _sweeper(queue: redis.asyncio.Redis, presence: Presence) -> Sweeper:
    async def sweep() -> Swept:
        if not presence.joined:  # that Redis isn't there has been said
            return Swept(0, 0, 0, 0)
        return await acall(queue, calls.sweep())

    return Sweeper(sweep)


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
    while True:
        try:
            await work()
        except Exception:
            log.exception("a background loop of this worker failed")
        await asyncio.sleep(AGAIN_S)
