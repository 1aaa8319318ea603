"""What the verbs cost as classes of needs, workers and waiting jobs grow, and the memory of a waiting job.

A class is what jobs need of a worker: checkpoint, sampler, LoRA, size. `--kinds` is how many sorts of workers there
are, each with a few checkpoints and LoRAs of its own left out; 1: all can do everything.

uv run python bench/scripts.py [--quick] [--classes 5000 --workers 1000 --waiting 100000 --kinds 4]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from figures import note
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.calls import NewJob
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
from zosma_queue.messages import encode_request
from zosma_queue.needs import needs_of
from zosma_queue.request import PIXELS_MAX, Request
from zosma_queue.scripts import Call, call, digest, source

OWNERS, GUILDS = 300, 10
PROMPT = "a lighthouse at dusk, " * 46  # about 1 kB
SIZES = (512, 1024, 1400, 2048)
#: Scripts take longer, and what they call doesn't: to be logged would cost each command as much as it does.
SLOWER_US = 40
SAMPLERS = ("Euler a", "DPM++ 2M", "Euler", "DDIM", "UniPC")


@dataclass(frozen=True)
class Load:
    """How large the queue is."""

    classes: int
    workers: int
    waiting: int
    kinds: int = 1

    @property
    def checkpoints(self) -> list[str]:
        """A fiftieth of the classes, 6 at least."""
        return [f"checkpoint-{number}" for number in range(max(6, self.classes // 50))]

    @property
    def loras(self) -> list[str]:
        """As many as make up the classes, with checkpoints, samplers and sizes."""
        each = len(self.checkpoints) * len(SAMPLERS) * len(SIZES)
        return [f"lora-{number}" for number in range(-(-self.classes // each))]

    def needs(self, dice: random.Random) -> dict[str, Any]:
        """What one job asks for: one of the classes, each as likely."""
        number = dice.randrange(self.classes)
        number, checkpoint = divmod(number, len(self.checkpoints))
        number, sampler = divmod(number, len(SAMPLERS))
        lora, size = divmod(number, len(SIZES))
        side = SIZES[size]
        return {
            "prompt": PROMPT + (f"<lora:{self.loras[lora]}:1>" if len(self.loras) > 1 else ""),
            "checkpoint": self.checkpoints[checkpoint], "sampler": SAMPLERS[sampler], "width": side, "height": side,
        }  # fmt: skip

    def about(self, kind: int) -> Capabilities:
        """What a worker of this kind can do: all, or all but an eighth of the checkpoints and LoRAs."""

        def kept(names: list[str]) -> list[str]:
            return [name for at, name in enumerate(names) if not kind or at % 8 != kind % 8]

        return Capabilities(
            webui="http://gpu:7860", flavour="a1111", host=f"kind-{kind}", samplers=SAMPLERS, schedulers=(),
            checkpoints=tuple(Checkpoint(name=name, title=name) for name in kept(self.checkpoints)),
            loras=tuple(kept(self.loras)) if len(self.loras) > 1 else (),
        )  # fmt: skip


def new_job(number: int, load: Load, dice: random.Random) -> NewJob:
    """A job with a prompt of 1 kB."""
    request = Request.model_validate({"seed": number, **load.needs(dice)})
    member = dice.randrange(OWNERS)
    guild = f"discord:{member % GUILDS}"
    return NewJob(
        id=f"{number:020d}", message=encode_request(f"{number:020d}", request), owner=f"{guild}/{member}",
        group=guild, needs=needs_of(request), cost=4.0,
    )  # fmt: skip


class Fleet:
    """Workers that beat."""

    def __init__(self, client: redis.Redis, load: Load) -> None:
        self._client, self._load = client, load
        self.names = [f"gpu{number}/webui/1" for number in range(load.workers)]
        self._abouts = [load.about(kind) for kind in range(load.kinds)]
        #: A worker asks with what it holds in mind.
        self.loaded = {name: load.checkpoints[at % len(load.checkpoints)] for at, name in enumerate(self.names)}

    def beat(self, name: str, *, joins: bool = False) -> Call[bool]:
        """A sign of life."""
        about = self._abouts[self.names.index(name) % len(self._abouts)] if joins else None
        return calls.beat(name, WorkerState.READY, loaded=self.loaded[name], pixels=PIXELS_MAX, about=about)

    def beat_all(self, *, joins: bool = False) -> None:
        """Everybody's."""
        send(self._client, [self.beat(name, joins=joins) for name in self.names])


def send(client: redis.Redis, calls_: list[Call[Any]]) -> list[Any]:
    """Many calls at once, outside of any measuring."""
    pipe = client.pipeline(transaction=False)
    for one in calls_:
        count, rest = one.numbered
        pipe.evalsha(digest(one.verb), count, *rest)
    return pipe.execute()


def quantiles(samples: list[float]) -> str:
    """Median, 95th and 99th percentile, in µs."""
    cuts = statistics.quantiles(samples, n=100)
    return f"{statistics.median(samples) * 1e6:,.0f} / {cuts[94] * 1e6:,.0f} / {cuts[98] * 1e6:,.0f}"


class Clock:
    """Times calls, and what Redis itself spends on them."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        client.config_set("slowlog-log-slower-than", SLOWER_US)
        self.seconds: dict[str, list[float]] = {}
        self.inside: dict[str, list[float]] = {}
        self._seen = -1

    def __call__(self, name: str, wanted: Call[Any]) -> Any:
        began = time.perf_counter()
        found = call(self._client, wanted)
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)
        for newest in self._client.slowlog_get(1):
            if newest["command"].startswith(b"EVALSHA") and newest["id"] != self._seen:
                self._seen = newest["id"]
                self.inside.setdefault(name, []).append(newest["duration"] / 1e6)
        return found


def measure(client: redis.Redis, load: Load, fleet: Fleet, number: int, samples: int) -> Clock:
    """Each verb so often, each time by another worker, and undone outside the clock."""
    dice, clock = random.Random(load.waiting), Clock(client)
    for sample in range(samples):
        if sample % 10 == 0:
            fleet.beat_all()
        worker = dice.choice(fleet.names)
        clock("beat", fleet.beat(worker))
        clock("enqueue", calls.enqueue(new_job(number + sample, load, dice)))
        leased = clock("fetch", calls.fetch(worker))
        if leased is None:
            raise SystemExit("nothing to fetch: the benchmark is wrong")
        clock("renew", calls.renew(leased.id, leased.attempt, progress=0.5))
        clock("settle", calls.settle(leased.id, leased.attempt, calls.fail("bench", "bench")))
        if sample % 10 == 0:
            clock("sweep", calls.sweep())
    for _ in range(samples):
        began = time.perf_counter()
        client.ping()
        clock.seconds.setdefault("ping", []).append(time.perf_counter() - began)
    return clock


def measure_idle(client: redis.Redis, load: Load, clock: Clock) -> None:
    """An enqueue while all workers wait: one is woken."""
    client.flushall()
    client.config_set("slowlog-log-slower-than", SLOWER_US)  # the one before asked for slow ones alone
    fleet = Fleet(client, load)
    fleet.beat_all(joins=True)
    dice = random.Random(2)
    for sample in range(200):
        if sample % load.workers == 0:
            send(client, [calls.fetch(name) for name in fleet.names])
        job = new_job(sample, load, dice)
        clock("enqueue, all idle", calls.enqueue(job))
        call(client, calls.cancel(job.id))


def measure_join(client: redis.Redis, load: Load) -> tuple[float, float]:
    """Seconds until a worker that lacks two thirds of the checkpoints is there, and of the longest script for it."""
    about = load.about(0)
    stranger = Capabilities(**{**about.model_dump(), "checkpoints": about.checkpoints[::3]})
    client.config_set("slowlog-max-len", 10_000)
    client.config_set("slowlog-log-slower-than", 1_000)
    client.slowlog_reset()
    began = time.perf_counter()
    beat = calls.beat("new/webui/1", WorkerState.READY, loaded=None, pixels=1024 * 1024, about=stranger)
    while call(client, beat).filing:
        while not call(client, calls.file()):
            pass
    took = time.perf_counter() - began
    return took, max((row["duration"] for row in client.slowlog_get(10_000)), default=0) / 1e6


def run(client: redis.Redis, load: Load, samples: int) -> None:
    """Fills the queue, measures, prints a table."""
    for verb in ("beat", "file", "enqueue", "fetch", "renew", "settle", "sweep", "cancel"):
        client.script_load(source(verb))
    client.flushall()
    dice, fleet = random.Random(1), Fleet(client, load)
    fleet.beat_all(joins=True)
    empty = int(client.info("memory")["used_memory"])
    for first in range(0, load.waiting, 500):
        fleet.beat_all()
        jobs = [new_job(number, load, dice) for number in range(first, min(first + 500, load.waiting))]
        send(client, [calls.enqueue(job) for job in jobs])
    memory = (int(client.info("memory")["used_memory"]) - empty) / load.waiting
    found = client.hlen(keys.NEEDS)
    clock = measure(client, load, fleet, 10_000_000, samples)
    took, longest = measure_join(client, load)
    measure_idle(client, load, clock)
    print(
        f"\n{found:,} classes, {load.workers:,} workers of {load.kinds} kinds, {load.waiting:,} waiting jobs:"
        f" {memory:,.0f} bytes a waiting job; a new kind of worker joins in {took * 1e3:,.0f} ms,"
        f" of which no script takes more than {longest * 1e3:.1f}."
        f" Load average {os.getloadavg()[0]:.1f}.\n\n| verb | for its caller, µs p50 / p95 / p99 | inside Redis |\n"
        "|---|---|---|"
    )
    for name, seconds in clock.seconds.items():
        print(
            f"| {name} | {quantiles(seconds)} | {quantiles(clock.inside[name]) if name in clock.inside else ''} |",
            flush=True,
        )
    workers = f"{load.workers:,} workers of {load.kinds} kind{'s' if load.kinds > 1 else ''}"
    slowest = statistics.quantiles(clock.inside["fetch"], n=100)[98]
    note(f"fetch's p99 in Redis, {load.classes:,} classes, {workers}, ms", 1e3 * slowest)


def main() -> None:
    """One queue as large as is said, or some that grow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="half a minute")
    for name, usual in (("classes", 0), ("workers", 4), ("waiting", 10_000), ("kinds", 1), ("samples", 500)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    loads = [Load(6, 1, 1_000), Load(60, 10, 10_000), Load(600, 100, 10_000), Load(5_000, 1_000, 100_000),
             Load(5_000, 1_000, 100_000, kinds=8)]  # fmt: skip
    if asked.quick:
        loads, asked.samples = [Load(6, 1, 1_000), Load(600, 100, 5_000), Load(600, 100, 5_000, kinds=8)], 200
    if asked.classes:
        loads = [Load(asked.classes, asked.workers, asked.waiting, asked.kinds)]
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as server:
        client = redis.Redis.from_url(server.url, socket_timeout=60)
        for load in loads:
            run(client, load, asked.samples)
        client.close()


if __name__ == "__main__":
    main()
