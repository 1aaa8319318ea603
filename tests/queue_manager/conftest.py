"""A queue whose clock the test turns: every verb is called on the real server with the time passed in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import redis

from zosma_queue import calls, keys
from zosma_queue.calls import FILING_US, Accepted, Leased, NewJob, Outcome, Swept, Variant
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, WorkerState
from zosma_queue.job import Job, Picture, Result, State
from zosma_queue.messages import encode_request
from zosma_queue.needs import Lane, needs_of
from zosma_queue.policy import UNLIMITED, Policy
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call


def about(*checkpoints: str, samplers: tuple[str, ...] = ("Euler a", "DPM++ 2M")) -> Capabilities:
    """A worker that has these checkpoints."""
    return Capabilities(
        webui="http://gpu:7860",
        flavour="a1111",
        host="gpu",
        checkpoints=tuple(Checkpoint(name=name, title=f"{name}.safetensors") for name in checkpoints),
        samplers=samplers,
        schedulers=(Scheduler(name="karras", label="Karras"),),
        upscalers=("Latent",),
    )


def result(gpu_seconds: float = 1.0, attempt: int = 1) -> Result:
    """What a worker hands over."""
    picture = Picture(index=0, format="png", width=64, height=64, bytes=1, seed=1, parameters="")
    return Result(
        pictures=(picture,), attempt=attempt, checkpoint="dream", sampler="Euler a", worker="w",
        gpu_seconds=gpu_seconds, info={},
    )  # fmt: skip


class Rig:
    """The verbs, with a clock in milliseconds that only the test moves.

    Workers' verbs are called with the rights that the README gives to workers.
    """

    def __init__(self, client: redis.Redis, as_worker: redis.Redis) -> None:
        self.client = client
        self.as_worker = as_worker
        self.now = 1_000_000
        self.retry_after_s = 0.0
        self._ids = (f"job-{number}" for number in itertools.count(1))

    def later(self, seconds: float) -> None:
        """Moves the clock on."""
        self.now += int(seconds * 1000)

    def worker(self, name: str, *checkpoints: str, loaded: str | None = None, state: WorkerState = WorkerState.READY,
               pixels: int = PIXELS_MAX, **more: object) -> None:  # fmt: skip
        """A worker's sign of life."""
        described = about(*(checkpoints or ("dream", "anime"))).model_copy(update=more)
        call(
            self.as_worker,
            calls.beat(name, state, loaded=loaded, pixels=pixels, about=described, now_ms=self.now),
        )

    def beat(self, name: str, state: WorkerState) -> None:
        """A sign of life of a worker that has said before what it can do."""
        call(self.as_worker, calls.beat(name, state, loaded=None, pixels=PIXELS_MAX, now_ms=self.now))

    def submit(self, owner: str = "ann", *, group: str = "guild", cost: float = 4.0, job_id: str | None = None,
               lane: Lane | None = None, run_in_s: float = 0, reply: str = "", patience_s: float = 600,
               policy: Policy = UNLIMITED, group_weight: float = 1.0, delay_ms: int = 0, person: str = "",
               wait_s: float = 0, **fields: object) -> str:  # fmt: skip
        """Enqueues a job that must be accepted, and returns its id."""
        job_id = job_id or next(self._ids)
        answer = self.offer(owner, group=group, cost=cost, job_id=job_id, lane=lane, run_in_s=run_in_s, reply=reply,
                            patience_s=patience_s, policy=policy, group_weight=group_weight, delay_ms=delay_ms,
                            person=person, wait_s=wait_s, **fields)  # fmt: skip
        assert answer in (Accepted.QUEUED, Accepted.DELAYED, Accepted.EXISTS), answer
        return job_id

    def offer(self, owner: str = "ann", *, group: str = "guild", cost: float = 4.0, job_id: str = "offered",
              lane: Lane | None = None, run_in_s: float = 0, reply: str = "", patience_s: float = 600,
              policy: Policy = UNLIMITED, group_weight: float = 1.0, delay_ms: int = 0, person: str = "",
              wait_s: float = 0, **fields: object) -> Accepted | str:  # fmt: skip
        """The queue's answer to a job, or the limit that it would break. `retry_after_s` is that of the last one."""
        request = parse_request({"prompt": "a cat", "seed": 1, **fields})
        job = NewJob(
            id=job_id, message=encode_request(job_id, request), owner=owner, group=group, needs=needs_of(request),
            cost=cost, lane=lane, run_at_ms=self.now + int(run_in_s * 1000) if run_in_s else 0, reply=reply,
            patience_ms=int(patience_s * 1000), policy=policy, group_weight=group_weight, delay_ms=delay_ms,
            person=person, wait_ms=int(wait_s * 1000), pictures=request.count if request.splits else 1,
            variants=tuple(Variant(needs_of(one), cost / request.count) for one in request.variants if request.compare),
        )  # fmt: skip
        admission = call(self.client, calls.enqueue(job, now_ms=self.now))
        self.retry_after_s = admission.retry_after_s
        return admission.limit.name if admission.limit else admission.answer

    def fetch(self, worker: str = "w1", *, waits: bool = False) -> Leased | None:
        """The next job for a worker."""
        return call(self.as_worker, calls.fetch(worker, waits=waits, now_ms=self.now))

    def handed(self, worker: str = "w1") -> Leased | None:
        """What a worker that waits was handed, as its blocking call would have it."""
        text = self.as_worker.blpop([keys.handed(worker)], timeout=0.001)
        return calls.leased_in(text[1]) if text else None

    def take(self, worker: str = "w1") -> Leased:
        """The next job, which must be there."""
        leased = self.fetch(worker)
        assert leased is not None
        return leased

    def renew(self, leased: Leased, **progress: float) -> calls.Lease:
        """Keeps a lease."""
        return call(self.as_worker, calls.renew(leased.id, leased.attempt, now_ms=self.now, **progress))  # type: ignore[arg-type]

    def settle(self, leased: Leased, outcome: Outcome | None = None) -> State | None:
        """Ends a delivery; a finished picture unless told otherwise."""
        outcome = outcome or calls.done(result(attempt=leased.attempt))
        return call(self.as_worker, calls.settle(leased.id, leased.attempt, outcome, now_ms=self.now))

    def settle_and_fetch(
        self, leased: Leased, worker: str = "w1", outcome: Outcome | None = None, *, waits: bool = False
    ) -> tuple[State | None, Leased | None]:
        """Ends a delivery, and in one step with that the next job for its worker, with which nothing is wrong."""
        outcome = outcome or calls.done(result(attempt=leased.attempt))
        both = calls.settle_and_fetch(leased.id, leased.attempt, outcome, worker, waits=waits, now_ms=self.now)
        state, following = call(self.as_worker, both)
        assert following is not None
        return state, following.leased

    def cancel(self, job_id: str) -> calls.Cancelled:
        """Cancels a job."""
        return call(self.client, calls.cancel(job_id, now_ms=self.now))

    def sweep(self, *, stood_still_s: float = 0, filing_us: int = FILING_US) -> Swept:
        """Does what time alone changes; as the first to do so after Redis stood still for so long."""
        if stood_still_s:
            seconds, microseconds = self.client.time()  # type: ignore[misc]
            last = seconds * 1000 + microseconds // 1000 - int(stood_still_s * 1000)
            self.client.set(keys.SWEPT, last)
        swept = call(self.as_worker, calls.sweep(now_ms=self.now))
        if swept.filing:
            call(self.as_worker, calls.file(now_ms=self.now, filing_us=filing_us))
        return swept

    def job(self, job_id: str) -> Job:
        """A job that must exist."""
        return Job.from_hash(job_id, self.client.hgetall(keys.job(job_id)))  # type: ignore[arg-type]

    def waiting(self) -> list[str]:
        """The ids of the waiting jobs, oldest first."""
        return [job.decode() for job in self.client.zrange(keys.WAITING, 0, -1)]  # type: ignore[union-attr]

    def drain(self, worker: str = "w1", seconds: float = 4.0) -> list[str]:
        """Runs jobs until none is left; their ids in the order in which they ran."""
        done = []
        while leased := self.fetch(worker):
            done.append(leased.id)
            self.later(seconds)
            self.worker(worker)
            self.settle(leased, calls.done(result(seconds, leased.attempt)))
        return done


@pytest.fixture(name="rig")
def _rig(raw: redis.Redis, worker_url: str) -> Iterator[Rig]:
    """The verbs with a clock of their own, and one worker that can do everything."""
    with redis.Redis.from_url(worker_url) as as_worker:
        rig = Rig(raw, as_worker)
        rig.worker("w1")
        yield rig
