"""A trace of jobs played through the real scripts in virtual time, beside first come, first served.

    uv run python bench/schedule.py            # the figures
    uv run --with matplotlib python bench/schedule.py --plot docs/schedule.png

1,200 jobs of about 4 s each from 31 owners, one of whom asks for as much as 20 of the others; 6 checkpoints by Zipf's
law; 4 workers with one checkpoint in memory each, 8 s for a load. `demand` is the share of what the GPUs could do if no
checkpoint were ever loaded. Every decision is fetch.lua's and every correction settle.lua's; only the clock is ours.
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis

from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.calls import NewJob
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
from zosma_queue.job import Result
from zosma_queue.messages import encode_request
from zosma_queue.needs import needs_of
from zosma_queue.request import PIXELS_MAX, Request
from zosma_queue.scripts import call

JOBS = 1_200
ORDINARY_OWNERS = 30
HEAVY = "heavy"
HEAVY_SHARE = 20
CHECKPOINTS = tuple(f"checkpoint-{number}" for number in range(1, 7))
WORKERS = tuple(f"gpu{number}" for number in range(1, 5))
LOAD_S = 8.0
JOB_S = 4.0
START_MS = 1_000_000


@dataclass(frozen=True)
class Arrival:
    """One job of the trace."""

    at_s: float
    owner: str
    checkpoint: str
    seconds: float


@dataclass
class Outcome:
    """What became of a trace."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    loads: int = 0
    makespan_s: float = 0.0
    order: list[tuple[float, float, str, str]] = field(default_factory=list)
    """(start of the picture, its seconds, worker, checkpoint)."""
    most_skips: int = 0

    def started(self, arrival: Arrival, now_s: float, worker: str, loaded: str | None) -> float:
        """Notes a start; gives the seconds until its end."""
        self.waits.setdefault(arrival.owner, []).append(now_s - arrival.at_s)
        load = 0.0
        if loaded != arrival.checkpoint:
            self.loads += 1
            load = LOAD_S
        self.order.append((now_s + load, arrival.seconds, worker, arrival.checkpoint))
        end = now_s + load + arrival.seconds
        self.makespan_s = max(self.makespan_s, end)
        return load + arrival.seconds

    def ordinary_waits(self) -> list[float]:
        """The waits of everybody but the heavy one."""
        return [wait for owner, waits in self.waits.items() if owner != HEAVY for wait in waits]


def trace(demand: float, seed: int) -> list[Arrival]:
    """Jobs that ask for `demand` of the GPUs' time, loads not counted."""
    dice = random.Random(seed)
    owners = [f"owner-{number:02d}" for number in range(ORDINARY_OWNERS)]
    shares = [1.0] * ORDINARY_OWNERS + [HEAVY_SHARE]
    popularity = [1 / rank for rank in range(1, len(CHECKPOINTS) + 1)]
    rate = demand * len(WORKERS) / JOB_S
    now, arrivals = 0.0, []
    for _ in range(JOBS):
        now += dice.expovariate(rate)
        arrivals.append(
            Arrival(
                now,
                dice.choices([*owners, HEAVY], shares)[0],
                dice.choices(CHECKPOINTS, popularity)[0],
                dice.uniform(0.75, 1.25) * JOB_S,
            )
        )
    return arrivals


Fetch = Callable[[str, float], tuple[str, Arrival] | None]
Settle = Callable[[str, str, float, float], None]


def play(arrivals: list[Arrival], submit: Callable[[int, Arrival], None], fetch: Fetch, settle: Settle) -> Outcome:
    """Moves virtual time from event to event; whoever is free takes what `fetch` gives."""
    outcome = Outcome()
    loaded: dict[str, str | None] = dict.fromkeys(WORKERS)
    running: dict[str, tuple[str, float]] = {}
    events: list[tuple[float, int, str, int]] = [(one.at_s, 0, "", index) for index, one in enumerate(arrivals)]
    heapq.heapify(events)
    while events:
        now, _, worker, index = heapq.heappop(events)
        if worker:
            job, seconds = running.pop(worker)
            settle(worker, job, seconds, now)
        else:
            submit(index, arrivals[index])
        for free in [one for one in WORKERS if one not in running]:
            taken = fetch(free, now)
            if taken is None:
                continue
            job, arrival = taken
            seconds = outcome.started(arrival, now, free, loaded[free])
            loaded[free] = arrival.checkpoint
            running[free] = (job, seconds)
            heapq.heappush(events, (now + seconds, 1, free, 0))
    return outcome


def fifo(arrivals: list[Arrival]) -> Outcome:
    """First come, first served, by whoever is free first."""
    waiting: list[tuple[str, Arrival]] = []

    def fetch(_worker: str, _now: float) -> tuple[str, Arrival] | None:
        return waiting.pop(0) if waiting else None

    return play(arrivals, lambda index, arrival: waiting.append((str(index), arrival)), fetch, lambda *_: None)


class Scripts:
    """The real verbs, on a real server, with our clock."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._jobs: dict[str, Arrival] = {}
        self._held: dict[str, tuple[int, str]] = {}
        self._loaded: dict[str, str | None] = dict.fromkeys(WORKERS)
        self._about = Capabilities(
            webui="http://gpu:7860", flavour="a1111", host="gpu", samplers=("Euler a",), schedulers=(),
            checkpoints=tuple(Checkpoint(name=name, title=name) for name in CHECKPOINTS),
        )  # fmt: skip
        for worker in WORKERS:
            self._beat(worker, 0.0, described=True)

    def _beat(self, worker: str, now: float, *, described: bool = False) -> None:
        call(
            self._client,
            calls.beat(
                worker, WorkerState.READY, loaded=self._loaded[worker], pixels=PIXELS_MAX,
                about=self._about if described else None, now_ms=_ms(now),
            ),
        )  # fmt: skip

    def submit(self, index: int, arrival: Arrival) -> None:
        """Enqueues a job; its predicted cost is the same for all, as nobody knows the real one."""
        for worker in WORKERS:
            self._beat(worker, arrival.at_s)
        request = Request(prompt="a cat", seed=1, checkpoint=arrival.checkpoint)
        job = f"job-{index}"
        self._jobs[job] = arrival
        new = NewJob(
            id=job, message=encode_request(job, request), owner=arrival.owner, group="guild", needs=needs_of(request),
            cost=JOB_S,
        )  # fmt: skip
        call(self._client, calls.enqueue(new, now_ms=_ms(arrival.at_s)))

    def fetch(self, worker: str, now: float) -> tuple[str, Arrival] | None:
        """What fetch.lua says."""
        for one in WORKERS:
            self._beat(one, now)
        leased = call(self._client, calls.fetch(worker, now_ms=_ms(now)))
        if leased is None:
            return None
        arrival = self._jobs[leased.id]
        self._held[leased.id] = (leased.attempt, worker)
        self._loaded[worker] = arrival.checkpoint
        return leased.id, arrival

    def settle(self, worker: str, job: str, seconds: float, now: float) -> None:
        """The real time, which settle.lua corrects the charge by."""
        attempt, _ = self._held.pop(job)
        result = Result(
            pictures=(), attempt=attempt, checkpoint=self._jobs[job].checkpoint, sampler="Euler a", worker=worker,
            gpu_seconds=seconds, info={},
        )  # fmt: skip
        call(self._client, calls.settle(job, attempt, calls.done(result), now_ms=_ms(now)))

    def most_skips(self) -> int:
        """How often the job that was passed over most was passed over."""
        skips = (self._client.hget(keys.job(job), "skips") for job in self._jobs)
        return max(int(count or 0) for count in skips)  # type: ignore[arg-type]


def _ms(seconds: float) -> int:
    return START_MS + round(seconds * 1000)


def ours(arrivals: list[Arrival], url: str) -> Outcome:
    """The same trace through the scripts."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
        scripts = Scripts(client)
        outcome = play(arrivals, scripts.submit, scripts.fetch, scripts.settle)
        outcome.most_skips = scripts.most_skips()
        return outcome


def report(demand: float, theirs: Outcome, mine: Outcome) -> str:
    """One line of the table."""
    before, after = (statistics.median(one.ordinary_waits()) for one in (theirs, mine))
    return (
        f"| {demand:.1f} | {before:7.1f} s | {after:5.2f} s | {before / max(after, 0.01):6.0f}× "
        f"| {theirs.loads:4d} | {mine.loads:4d} | {1 - mine.loads / theirs.loads:4.0%} "
        f"| {theirs.makespan_s:5.0f} s | {mine.makespan_s:5.0f} s | {1 - mine.makespan_s / theirs.makespan_s:4.0%} "
        f"| {mine.most_skips:2d} |"
    )


def plot(outcomes: dict[float, tuple[Outcome, Outcome]], path: Path) -> None:
    """Waits by owner, loads, and who ran what when."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(13, 8.5), layout="constrained")
    colours = dict(zip(CHECKPOINTS, plt.get_cmap("tab10").colors, strict=False))
    first_served, fair = "#b0a8a0", "#d1495b"
    demand = 0.9
    theirs, mine = outcomes[demand]

    waits = axes[0][0]
    owners = sorted(mine.waits, key=lambda owner: (owner == HEAVY, owner))
    for outcome, colour, name in ((theirs, first_served, "first come, first served"), (mine, fair, "Zosma")):
        medians = [max(statistics.median(outcome.waits[owner]), 0.1) for owner in owners]
        waits.scatter(range(len(owners)), medians, color=colour, label=name, s=34, zorder=3)
    waits.set(yscale="log", xlabel="owner (the last one asks for 20× as much)", ylabel="median wait, s",
              title=f"Wait by owner, demand {demand}")  # fmt: skip
    waits.set_ylim(bottom=0.08)
    waits.legend(loc="lower left")
    waits.grid(alpha=0.3)

    bars = axes[0][1]
    for offset, index, colour, name in (
        (-0.2, 0, first_served, "first come, first served"), (0.2, 1, fair, "Zosma"),
    ):  # fmt: skip
        heights = [pair[index].loads for pair in outcomes.values()]
        drawn = bars.bar([place + offset for place in range(len(outcomes))], heights, 0.38, color=colour, label=name)
        bars.bar_label(drawn)
    bars.set_xticks(range(len(outcomes)), [f"demand {one}" for one in outcomes])
    bars.set(title="Checkpoint loads for 1,200 jobs", ylabel="loads")
    bars.legend()

    for axis, outcome, name in ((axes[1][0], theirs, "First come, first served"), (axes[1][1], mine, "Zosma")):
        for started, seconds, worker, checkpoint in outcome.order:
            if 590 <= started <= 900:
                axis.barh(WORKERS.index(worker), seconds, left=started, color=colours[checkpoint], height=0.8)
        axis.set_yticks(range(len(WORKERS)), WORKERS)
        axis.set(title=f"{name}: five minutes, colours are checkpoints, gaps are loads", xlabel="s", xlim=(600, 900))
        axis.invert_yaxis()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Plays the three demands and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    print(
        "| demand | median wait, FIFO | Zosma | | loads, FIFO | Zosma | fewer | run, FIFO | Zosma | shorter | skips |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as server:
        for demand in (0.5, 0.7, 0.9):
            arrivals = trace(demand, options.seed)
            outcomes[demand] = (fifo(arrivals), ours(arrivals, server.url))
            print(report(demand, *outcomes[demand]))
    if options.plot:
        plot(outcomes, options.plot)


if __name__ == "__main__":
    main()
