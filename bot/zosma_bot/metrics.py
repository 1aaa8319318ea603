"""What Prometheus reads: the queue as Redis counts it, and what this process has seen of jobs and its own event loop.

The queue's figures are asked for when somebody reads them. Waits and runs are seen as jobs end, by the events that the
hub hears: a process that was deaf for a while has missed some, so they are shares of what happened, never counts of it.
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client import Counter as Counted
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from zosma_bot.hub import Hub
from zosma_queue.client import Depth, Queue
from zosma_queue.errors import ErrorKind, QueueUnavailableError
from zosma_queue.events import SETTLED, Event
from zosma_queue.job import Job, State
from zosma_queue.last_fleet import Fleet
from zosma_queue.overview import Overview
from zosma_queue.tasks import run_together

log = logging.getLogger(__name__)

#: How often the event loop's lag is looked at, in seconds.
LAG_EVERY_S = 0.5
#: Ended jobs that wait to be looked at; in a storm the rest is not measured.
BACKLOG = 1000
#: So long after its end a job is looked at: those who wait for its pictures go first.
LOOK_AFTER_S = 0.1
_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 10800)
_LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
#: Redis's counters that only ever grow.
_COUNTERS = ("done", "failed", "cancelled", "retried", "replayed", "refused", "loads", "loads_saved")


class Metrics:
    """The process's own figures. `run` it beside the hub."""

    def __init__(self, queue: Queue, hub: Hub) -> None:
        self._queue = queue
        self._ended: asyncio.Queue[str] = asyncio.Queue(BACKLOG)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._wait = self._histogram("zosma_job_wait_seconds", "From accepted to begun", _SECONDS)
        self._run = self._histogram("zosma_job_run_seconds", "From begun to ended, in the last attempt", _SECONDS)
        self._whole = self._histogram("zosma_job_seconds", "From accepted to ended", _SECONDS)
        self._lag = Histogram(
            "zosma_event_loop_lag_seconds", "How late the bot's event loop woke", buckets=_LAG, registry=self.registry
        )
        self._scripts = Histogram(
            "zosma_script_seconds", "From the call of a Lua verb to its answer, waiting for a connection included",
            ("verb",), buckets=_LAG, registry=self.registry,
        )  # fmt: skip
        self._discord = Counted(
            "zosma_discord_requests", "Requests that Discord answered, 429 among them", ("priority", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._discord_429 = Counted(
            "zosma_discord_rate_limited", "Requests that Discord refused as too many, by whose limit", ("scope",),
            registry=self.registry,
        )  # fmt: skip
        self._load = Histogram(
            "zosma_checkpoint_load_seconds", "Loads of checkpoints: GPU time beyond the prediction for the pictures",
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._deliveries = Counted(
            "zosma_deliveries", "Ends of jobs that were shown or sent, by the way; none: every way was refused",
            ("route",), registry=self.registry,
        )  # fmt: skip
        self.calls = Counted(
            "zosma_fleet_calls", "Times that machines were called to come (wake) or to go (idle)",
            ("signal", "way", "outcome"), registry=self.registry,
        )  # fmt: skip
        queue.on_script = self._note_script
        queue.on_delivered = self._note_delivery
        self._leave = hub.on_event(self._hear)

    def _note_script(self, verb: str, seconds: float) -> None:
        self._scripts.labels(verb).observe(seconds)

    def _note_delivery(self, route: str) -> None:
        self._deliveries.labels(route).inc()

    def note_discord(self, priority: str, status: int, scope: str) -> None:
        """Counts an answer of Discord's. `scope` is whose limit was reached where the status is 429, else ''."""
        self._discord.labels(priority, str(status)).inc()
        if status == http.HTTPStatus.TOO_MANY_REQUESTS:
            self._discord_429.labels(scope).inc()

    def _histogram(self, name: str, told: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(name, told, ("outcome",), buckets=tuple(buckets), registry=self.registry)

    def _hear(self, event: Event) -> None:
        if event.kind == SETTLED and event.job:
            with suppress(asyncio.QueueFull):
                self._ended.put_nowait(event.job)

    async def run(self) -> None:
        """Measures until cancelled."""
        try:
            await run_together(asyncio.create_task(self._measure_lag()), asyncio.create_task(self._measure_jobs()))
        finally:
            self._leave()

    async def _measure_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(loop.time() - due, 0.0))

    async def _measure_jobs(self) -> None:
        while True:
            ended = [await self._ended.get()]
            await asyncio.sleep(LOOK_AFTER_S)
            while not self._ended.empty():
                ended.append(self._ended.get_nowait())
            try:
                jobs = await self._queue.jobs(ended)
            except QueueUnavailableError:
                continue
            for job in jobs:
                self.observe(job)

    def observe(self, job: Job) -> None:
        """Counts an ended job in."""
        if job.finished_ms is None:
            return
        outcome = str(job.state)
        self._whole.labels(outcome).observe(max(job.finished_ms - job.created_ms, 0) / 1000)
        if job.started_ms is not None:
            self._wait.labels(outcome).observe(max(job.started_ms - job.created_ms, 0) / 1000)
            self._run.labels(outcome).observe(max(job.finished_ms - job.started_ms, 0) / 1000)
        if job.load_s is not None and job.state is State.DONE:
            self._load.observe(job.load_s)

    async def text(self) -> bytes:
        """Everything, in Prometheus's text format. Without the queue's figures while Redis is away."""
        registry = CollectorRegistry(auto_describe=False)
        families: list[Metric] = []
        try:
            families = await self._of_queue()
        except QueueUnavailableError as error:
            log.debug("metrics: %s", error)
        families.append(_gauge("zosma_redis_up", "1 while Redis answers", {(): float(bool(families))}))
        registry.register(_Taken(families))
        return generate_latest(self.registry) + generate_latest(registry)

    async def _of_queue(self) -> list[Metric]:
        depth, fleet = await self._queue.depth(), await self._queue.fleet()
        demand = await self._queue.demand()
        overview = await self._queue.admin.overview()
        stats, accuracy = await self._queue.admin.stats(), await self._queue.admin.accuracy()
        return [
            *_depth(depth),
            *_overview(overview),
            *_fleet(fleet),
            _gauge("zosma_waiting_gpu_seconds", "Predicted GPU-seconds of all waiting jobs", {(): demand.gpu_seconds}),
            *(_counter(f"zosma_{name}", _told(name), stats.get(name, 0)) for name in _COUNTERS),
            _faults(stats),
            _gauge("zosma_forecast_bias", "Real by forecast time", {(): accuracy.bias}),
            _gauge("zosma_forecast_error", "Share by which corrected forecasts were off", {(): accuracy.error}),
        ]


class _Taken:
    """What was taken a moment ago, for a registry that asks without waiting."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """The families."""
        yield from self._families


def _told(name: str) -> str:
    return {"loads": "Checkpoint loads", "loads_saved": "Checkpoint loads avoided by choosing the next job"}.get(
        name, f"Jobs {name} since the beginning"
    )


def _gauge(name: str, told: str, values: Mapping[Any, float], labels: tuple[str, ...] = ()) -> Metric:
    family = GaugeMetricFamily(name, told, labels=labels)
    for label, value in values.items():
        family.add_metric(label, value)
    return family


def _counter(name: str, told: str, value: float) -> Metric:
    family = CounterMetricFamily(name, told)
    family.add_metric((), value)
    return family


def _faults(stats: Mapping[str, int]) -> Metric:
    """By kinds of our own: what a worker calls a fault becomes no label."""
    family = CounterMetricFamily("zosma_faults", "Tries of jobs that went wrong, by kind of error", labels=("kind",))
    for kind in ErrorKind:
        family.add_metric((str(kind),), stats.get(f"fault:{kind}", 0))
    return family


def _depth(depth: Depth) -> list[Metric]:
    states = {
        ("waiting",): depth.waiting,
        ("delayed",): depth.delayed,
        ("running",): depth.running,
        ("failed",): depth.failed,
        ("undelivered",): depth.undelivered,
    }
    return [
        _gauge("zosma_jobs", "Jobs by state", {key: float(count) for key, count in states.items()}, ("state",)),
        _gauge("zosma_oldest_wait_seconds", "Wait of the oldest waiting job so far", {(): depth.oldest_wait_s or 0.0}),
    ]


def _overview(overview: Overview) -> list[Metric]:
    running = overview.running_of
    by_lane = {(lane, "waiting"): float(count) for lane, count in overview.lanes.items()}
    by_lane |= {(lane, "running"): float(count) for lane, count in running.lanes.items()}
    by_checkpoint = {(name, "waiting"): float(count) for name, count in overview.checkpoints.items()}
    by_checkpoint |= {(name, "running"): float(count) for name, count in running.checkpoints.items()}
    return [
        _gauge("zosma_jobs_by_lane", "Jobs by lane", by_lane, ("lane", "state")),
        _gauge("zosma_jobs_by_checkpoint", "Jobs by checkpoint, '' for any", by_checkpoint, ("checkpoint", "state")),
    ]


def _fleet(fleet: Fleet) -> list[Metric]:
    workers = fleet.workers
    counts = Counter((str(worker.state), str(worker.trust)) for worker in workers)
    values = {key: float(count) for key, count in counts.items()}
    busy = sum(worker.job is not None for worker in workers) / len(workers) if workers else 0.0
    return [
        _gauge("zosma_workers", "Workers by state and trust", values, ("state", "trust")),
        _gauge("zosma_gpu_busy_share", "Share of the workers that are there which have a job", {(): busy}),
        _gauge(
            "zosma_last_gpu_timestamp_seconds", "When a worker was last ready, while none is; 0 while one is",
            {(): (fleet.last_seen_ms or 0) / 1000},
        ),
    ]  # fmt: skip
