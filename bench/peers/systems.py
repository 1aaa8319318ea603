"""Task queues under one measure: each with a worker of one slot, a job that does nothing, and its result.

Every system is a class here, which imports its library itself: what isn't installed can't start, and says so. `best`
picks the settings that its own documentation offers for speed; everything else is as its library has it by default.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from typing import Any

#: Timeouts after which a dead worker's job is given to another one, where they can be set. All are scaled to this.
AGAIN_S = 10


def ran(number: int, seconds: float = 0.0) -> int:
    """The job: notes that it began, and when; then takes so long."""
    began = time.perf_counter()  # of the machine, so other processes' clocks agree
    _notes().rpush("bench:ran", f"{number} {began!r} {os.getpid()}")
    if seconds:
        time.sleep(seconds)
    return number


async def aran(number: int, seconds: float = 0.0) -> int:
    """The same as a coroutine."""
    ran(number)
    await asyncio.sleep(seconds)
    return number


_client: Any = None


def _notes() -> Any:
    global _client
    if _client is None:
        import redis

        _client = redis.Redis.from_url(os.environ["BENCH_REDIS"])
    return _client


class System:
    """A task queue."""

    again = ""
    """What its documentation has for jobs of dead workers."""

    def __init__(self, url: str, *, best: bool) -> None:
        self.url, self.best = url, best

    def work(self) -> None:
        """Works until it is killed."""
        raise NotImplementedError

    async def open(self) -> None:
        """Makes ready to send."""

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        """Sends a job; a handle by which to wait for its result."""
        raise NotImplementedError

    async def result(self, handle: Any) -> Any:
        """The job's result."""
        raise NotImplementedError


class Floor(System):
    """A list, and a process that blocks on it: the least that anything over Redis can do."""

    def work(self) -> None:
        import redis

        client = redis.Redis.from_url(self.url)
        while True:
            found = client.blpop(["bench:list"], timeout=0)
            ran(int(found[1]))
            client.rpush("bench:answer:" + found[1].decode(), "1")

    async def open(self) -> None:
        import redis.asyncio

        self._redis = redis.asyncio.Redis.from_url(self.url)

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        await self._redis.rpush("bench:list", str(number))
        return number

    async def result(self, handle: Any) -> Any:
        return await self._redis.blpop([f"bench:answer:{handle}"], timeout=10)


class Zosma(System):
    """All of ours: admission, limits, fair order, leases and fences."""

    again = "by leases of 6 s, at default settings"

    def work(self) -> None:
        import dramatiq

        from zosma_queue import calls
        from zosma_queue.broker import ZosmaBroker, current_delivery
        from zosma_queue.connections import worker_client
        from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
        from zosma_queue.job import Result
        from zosma_queue.messages import ACTOR, QUEUE
        from zosma_queue.request import PIXELS_MAX
        from zosma_queue.scripts import call

        name = f"bench/{os.getpid()}:1/0000"
        about = Capabilities(
            webui="http://bench:1", flavour="a1111", host="bench", samplers=("Euler a", "DPM++ 2M"), schedulers=(),
            checkpoints=(Checkpoint(name="dream", title="dream"),),
        )  # fmt: skip
        client = worker_client(self.url)
        running: dict[str, int] = {}

        def tell(*, first: bool) -> bool:
            told = about if first else None
            heard = call(client, calls.beat(name, WorkerState.READY, loaded="dream", pixels=PIXELS_MAX, about=told))
            return heard.unswept

        def alive() -> None:
            beats, sweeps = 0, False
            while True:
                time.sleep(0.5)
                for job, attempt in list(running.items()):
                    call(client, calls.renew(job, attempt))
                beats += 1
                if beats % 4 == 0:
                    sweeps = tell(first=False) or sweeps
                if sweeps and beats % 2 == 0:
                    sweeps = call(client, calls.sweep(f"worker {name}")).is_ours

        broker = ZosmaBroker(self.url, worker=name, slot=_Slot())

        def generate(request: dict[str, Any]) -> None:
            delivery = current_delivery()
            running[delivery.job_id] = delivery.attempt
            # The prompt says which job it is, and for how long it is to run.
            number, seconds = request["prompt"].split()
            ran(int(number), float(seconds))
            del running[delivery.job_id]
            delivery.outcome = calls.done(
                Result(pictures=(), attempt=delivery.attempt, checkpoint="dream", sampler="Euler a", worker=name,
                       gpu_seconds=1.0, info={})
            )  # fmt: skip

        dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(generate)
        tell(first=True)
        threading.Thread(target=alive, daemon=True).start()
        dramatiq.Worker(broker, worker_threads=1).start()
        threading.Event().wait()

    async def open(self) -> None:
        from zosma_queue.client import Queue

        self._queue = Queue(self.url)
        self._ended: dict[str, asyncio.Event] = {}
        hears = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear(hears))
        await hears.wait()

    async def _hear(self, hears: asyncio.Event) -> None:
        async for event in self._queue.events():
            hears.set()
            if event and event.kind == "settled" and event.job:
                self._ended.setdefault(event.job, asyncio.Event()).set()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        from zosma_queue.client import Sender
        from zosma_queue.request import parse_request

        request = parse_request({"prompt": f"{number} {seconds}", "seed": 1, "checkpoint": "dream", "steps": 1})
        return await self._queue.submit(request, Sender(owner=f"owner-{number % 10}", group="guild"))

    async def result(self, handle: Any) -> Any:
        async with asyncio.timeout(10):
            await self._ended.setdefault(handle, asyncio.Event()).wait()
        del self._ended[handle]
        return await self._queue.job(handle)


class ZosmaBroker(Zosma):
    """Our Dramatiq broker alone: `generate.send`, for whoever needs no admission."""

    async def open(self) -> None:
        await super().open()
        import dramatiq

        from zosma_queue.broker import ZosmaBroker as Broker
        from zosma_queue.messages import ACTOR, QUEUE

        broker = Broker(self.url)
        self._actor = dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(lambda request: None)

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        request = {"prompt": f"{number} {seconds}", "seed": 1, "checkpoint": "dream", "steps": 1}
        return self._actor.send(request=request).message_id


class _Slot:
    """One job at a time."""

    def __init__(self) -> None:
        self._free = threading.Lock()

    def take(self, timeout_s: float) -> bool:
        return self._free.acquire(timeout=timeout_s)

    def give_back(self) -> None:
        self._free.release()

    def found_nothing(self) -> None:
        pass

    def wants_next(self, _: Any) -> bool:
        return True

    def settled(self, _: Any) -> None:
        self._free.release()


class Dramatiq(System):
    """Stock Dramatiq."""

    again = "heartbeat_timeout and maintenance_chance, for the best settings"

    def _broker(self) -> Any:
        import dramatiq
        from dramatiq.brokers.redis import RedisBroker
        from dramatiq.results import Results
        from dramatiq.results.backends import RedisBackend

        more = {"heartbeat_timeout": AGAIN_S * 1000, "maintenance_chance": 1_000_000} if self.best else {}
        broker = RedisBroker(url=self.url, **more)
        self._results = RedisBackend(url=self.url)
        broker.add_middleware(Results(backend=self._results))
        self._actor = dramatiq.actor(broker=broker, actor_name="ran", store_results=True)(ran)
        return broker

    def work(self) -> None:
        import dramatiq

        if self.best:
            os.environ["dramatiq_queue_prefetch"] = "1"  # noqa: SIM112 - Dramatiq's name
        dramatiq.Worker(self._broker(), worker_threads=1, worker_timeout=5 if self.best else 1000).start()
        threading.Event().wait()

    async def open(self) -> None:
        self._broker()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        return self._actor.send(number, seconds)

    async def result(self, handle: Any) -> Any:
        return await asyncio.to_thread(handle.get_result, backend=self._results, block=True, timeout=4_000)


class Huey(System):
    """Huey over Redis."""

    again = "none: a job of a dead worker is lost"

    def _huey(self) -> Any:
        from huey import RedisHuey

        huey = RedisHuey("bench", url=self.url)
        self._task = huey.task(name="ran")(ran)
        return huey

    def work(self) -> None:
        self._huey().create_consumer(workers=1).run()

    async def open(self) -> None:
        self._huey()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        return self._task(number, seconds)

    async def result(self, handle: Any) -> Any:
        more = {"backoff": 1.0, "max_delay": 0.002} if self.best else {}
        return await asyncio.to_thread(handle.get, blocking=True, **more)


class Rq(System):
    """RQ; at its best without a fork for each job."""

    again = "the job's timeout and its registries' clean-up"

    def _queue(self) -> Any:
        import redis
        from rq import Queue

        return Queue(connection=redis.Redis.from_url(self.url))

    def work(self) -> None:
        from rq import SimpleWorker, Worker

        queue = self._queue()
        (SimpleWorker if self.best else Worker)([queue], connection=queue.connection).work(logging_level="ERROR")

    async def open(self) -> None:
        self._q = self._queue()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        return self._q.enqueue("systems.ran", number, seconds)

    async def result(self, handle: Any) -> Any:
        return await asyncio.to_thread(handle.latest_result, timeout=10)


class Celery(System):
    """Celery; at its best with the pool that forks nothing, and without gossip."""

    again = "visibility_timeout with acks_late, for the best settings"

    def _app(self) -> Any:
        from celery import Celery as App

        app = App("bench", broker=self.url, backend=self.url)
        app.conf.update(broker_connection_retry_on_startup=True)
        if self.best:
            app.conf.update(
                worker_prefetch_multiplier=1, task_acks_late=True,
                broker_transport_options={"visibility_timeout": AGAIN_S},
            )  # fmt: skip
        self._task = app.task(name="ran")(ran)
        return app

    def work(self) -> None:
        more = ["--pool=solo", "--without-gossip", "--without-mingle", "--without-heartbeat"] if self.best else []
        self._app().worker_main(["worker", "--concurrency=1", "--loglevel=ERROR", f"-nw{os.getpid()}@%h", *more])

    async def open(self) -> None:
        self._app()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        return self._task.delay(number, seconds)

    async def result(self, handle: Any) -> Any:
        return await asyncio.to_thread(handle.get, timeout=10)


class Taskiq(System):
    """taskiq; its list by default, at its best its stream."""

    again = "idle_timeout of its stream, for the best settings"

    def broker(self) -> Any:
        """Its broker with the job."""
        from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend, RedisStreamBroker

        more = {"idle_timeout": AGAIN_S * 1000} if self.best else {}
        kind = RedisStreamBroker if self.best else ListQueueBroker
        broker = kind(self.url, **more).with_result_backend(RedisAsyncResultBackend(self.url))
        self._task = broker.task(task_name="ran")(aran)
        return broker

    def work(self) -> None:
        from taskiq.cli.worker.args import WorkerArgs
        from taskiq.cli.worker.run import start_listen

        start_listen(WorkerArgs(broker="systems:taskiq_broker", modules=[], max_async_tasks=1, log_level="ERROR"))

    async def open(self) -> None:
        await self.broker().startup()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        return await self._task.kiq(number, seconds)

    async def result(self, handle: Any) -> Any:
        return await handle.wait_result(timeout=10, **({"check_interval": 0.002} if self.best else {}))


def taskiq_broker() -> Any:
    """What taskiq's worker loads by name."""
    return Taskiq(os.environ["BENCH_REDIS"], best=bool(os.environ.get("BENCH_BEST"))).broker()


class Saq(System):
    """SAQ."""

    again = "its sweep of jobs without a heartbeat, for the best settings"

    def _queue(self) -> Any:
        from saq import Queue

        return Queue.from_url(self.url)

    def work(self) -> None:
        from saq import Worker

        async def job(_: Any, *, number: int, seconds: float) -> int:
            return await aran(number, seconds)

        more: dict[str, Any] = {"timers": {"sweep": 1}} if self.best else {}

        async def run() -> None:
            queue = self._queue()
            await queue.connect()
            await Worker(queue, functions=[("ran", job)], concurrency=1, **more).start()

        asyncio.run(run())

    async def open(self) -> None:
        self._q = self._queue()
        await self._q.connect()

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        more = {"timeout": AGAIN_S, "retries": 3} if self.best else {}
        return await self._q.enqueue("ran", number=number, seconds=seconds, **more)

    async def result(self, handle: Any) -> Any:
        # It hears of the end by an event, which may have gone by before it listened: asked again then.
        while True:
            with contextlib.suppress(TimeoutError):
                await handle.refresh(until_complete=0.05 if self.best else 1.0)
                return handle.result


class Arq(System):
    """arq."""

    again = "job_timeout, for the best settings"

    def work(self) -> None:
        from arq.connections import RedisSettings
        from arq.worker import Worker, func

        async def job(_: Any, number: int, seconds: float) -> int:
            return await aran(number, seconds)

        more: dict[str, Any] = {"poll_delay": 0.005, "job_timeout": AGAIN_S} if self.best else {}
        settings = RedisSettings.from_dsn(self.url)
        asyncio.set_event_loop(asyncio.new_event_loop())
        Worker(functions=[func(job, name="ran")], redis_settings=settings, max_jobs=1, **more).run()

    async def open(self) -> None:
        from arq import create_pool
        from arq.connections import RedisSettings

        self._pool = await create_pool(RedisSettings.from_dsn(self.url))

    async def send(self, number: int, seconds: float = 0.0) -> Any:
        return await self._pool.enqueue_job("ran", number, seconds)

    async def result(self, handle: Any) -> Any:
        from arq.jobs import ResultNotFound

        while True:
            # Between the job's end and its result there is a moment in which it has neither.
            with contextlib.suppress(ResultNotFound):
                return await handle.result(timeout=10, **({"poll_delay": 0.002} if self.best else {}))
            await asyncio.sleep(0.001)


#: Name → class, and whether it has settings of its own for speed.
SYSTEMS: dict[str, tuple[type[System], bool]] = {
    "floor": (Floor, False),
    "zosma": (Zosma, False),
    "zosma-broker": (ZosmaBroker, False),
    "huey": (Huey, True),
    "taskiq": (Taskiq, True),
    "saq": (Saq, True),
    "celery": (Celery, True),
    "arq": (Arq, True),
    "rq": (Rq, True),
    "dramatiq": (Dramatiq, True),
}


def made(name: str) -> System:
    """The system of this process, by its environment."""
    return SYSTEMS[name][0](os.environ["BENCH_REDIS"], best=bool(os.environ.get("BENCH_BEST")))


def main(name: str) -> None:
    """A worker."""
    with contextlib.suppress(KeyboardInterrupt):
        made(name).work()


if __name__ == "__main__":
    import sys

    import systems  # the module under the name by which workers load it

    systems.main(sys.argv[1])
