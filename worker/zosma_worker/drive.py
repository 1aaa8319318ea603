"""One job from its lease to its outcome, in two steps: `make`, until the WebUI is free again, and `finish`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, replace
from typing import Any

from zosma_queue import tracing
from zosma_queue.errors import ErrorKind, QueueUnavailableError, ZosmaError
from zosma_queue.fleet import Checkpoint
from zosma_queue.job import Result
from zosma_queue.needs import UPSCALE, needs_of
from zosma_queue.request import Request
from zosma_queue.tasks import end
from zosma_queue.worker_queue import RELEASE, LeaseState, Outcome, WorkerQueue, cancelled, done, fail
from zosma_worker import outcomes
from zosma_worker.backend import Answer, Backend, Checked, Order, Report, Run
from zosma_worker.errors import (
    BadAnswer,
    CheckpointUnusable,
    NodesMissing,
    Stalled,
    WebUIBusy,
    WebUICut,
    WebUIError,
    WebUILacks,
    WebUINotSetUp,
    WebUIRefused,
    WebUIUnreachable,
)
from zosma_worker.handover import Handover
from zosma_worker.lease import Lease
from zosma_worker.storing import Storing
from zosma_worker.timeouts import Timeouts

log = logging.getLogger(__name__)

#: A worker that is leaving waits no longer than this for its WebUI to heed an interrupt.
LEAVING_S = 10.0
#: So many attempts before this one are looked for in a back end that may still have them.
EARLIER_MAX = 3
#: Beginnings of the queue's names for what a request may break on, see `needs.needs_of`.
_EXTRAS = ("lora:", "vae:", "upscaler:", f"{UPSCALE}:", "style:")


def task_name(job_id: str, attempt: int) -> str:
    """What a back end calls one attempt of a job."""
    return f"task({job_id}-{attempt})"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A leased job, ready to be made."""

    id: str
    attempt: int
    request: Request
    checkpoint: Checkpoint
    """The one to use, also when the request names none."""
    owner: str = ""
    """Who asked for it; '' when it is the worker's own."""
    waited_for: bool = False
    """The worker had nothing to do before."""
    others_fine: bool = False
    """As it began, the WebUI did what other members ask for."""

    @property
    def extras(self) -> frozenset[str]:
        """What it asks for beyond the usual and may break on: its LoRAs, VAE, upscaler and styles."""
        return frozenset(token for token in needs_of(self.request).tokens if token.startswith(_EXTRAS))

    @property
    def name(self) -> str:
        """What the WebUI calls it: unique, so that a retry is not taken for its forerunner."""
        return task_name(self.id, self.attempt)

    @property
    def earlier(self) -> tuple[str, ...]:
        """What it was called in the attempts before, the last of them first: a worker may have died in one."""
        return tuple(task_name(self.id, attempt) for attempt in range(self.attempt - 1, 0, -1)[:EARLIER_MAX])


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a job came to, and what that says about the WebUI."""

    outcome: Outcome
    loaded: str | None = None
    """Name of the checkpoint that is in memory now; None when that is not certain."""
    version: str | None = None
    away: str = ""
    """Why the WebUI can't take another job; '' when it can."""
    sick: bool = False
    """With `away`: it must prove itself before it gets a job again."""
    fault: str = ""
    """What it did wrong, which may be the job's doing; '' for nothing."""
    seconds: float = 0.0
    """GPU time, when a picture came of it."""
    was_loaded: bool | None = None
    """Its checkpoint was in memory before; None when the WebUI doesn't say."""
    changed: bool = False
    """It can do less than it said, and must be read again."""
    lingering: asyncio.Task[Any] | None = None
    """Done once the WebUI has let go of this job; nothing may begin before that."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A job that the WebUI is done with, whose pictures nobody has looked at yet."""

    run: Run
    answer: Answer
    gpu_seconds: float
    storing: Storing


class TookTooLong(ZosmaError):
    """Raised when pictures that nobody asked for are not worth waiting for any longer."""


class _Stopped(Exception):
    """Raised when nobody wants the job from us any more, or we are to leave."""


def _unheard(report: Report) -> None:
    """For pictures of which nobody wants to know how far they are."""


async def _letting_go(run: Run) -> WebUIError | None:
    """Why the back end went down while it let go of an order; None when it didn't."""
    try:
        await run.let_go()
    except WebUIError as error:
        return error
    return None


async def _skipping(run: Run, lease: Lease) -> None:
    """Has the back end end a picture whenever the job's sender asks for that."""
    while True:
        await lease.skip.wait()
        lease.skip.clear()
        with contextlib.suppress(WebUIError):  # whether it is down shows elsewhere
            await run.skip()


class Driver:
    """Makes jobs with one WebUI, one at a time."""

    def __init__(
        self, backend: Backend, queue: WorkerQueue, handover: Handover, *, timeouts: Timeouts | None = None
    ) -> None:
        self._backend = backend
        self._queue = queue
        self._handover = handover
        self._timeouts = timeouts or Timeouts()

    def lease(self, task: Task) -> Lease:
        """The job's lease, to be held from before `make` until after `finish`."""
        return Lease(self._queue, task.id, task.attempt)

    async def make(self, task: Task, lease: Lease, ratio: float | None) -> Made | Ended:
        """Has the pictures made. Returns when the WebUI is done with them; every fault of its becomes an outcome.

        `ratio`: how fast the WebUI is, see `Timeouts.with_job`.
        """
        run: Run | None = None
        storing = Storing(self._queue, task.id, task.attempt, lease, self._handover.hand_back)
        try:
            order = Order(
                request=task.request,
                checkpoint=task.checkpoint,
                task=task.name,
                earlier=task.earlier,
                inputs=await self._inputs(task),
                ratio=ratio,
                waited_for=task.waited_for,
                on_data=storing.begin,
            )
            with tracing.span("gpu", "client", {"zosma.checkpoint": task.checkpoint.name}):
                run = await self._backend.start(order, lease.report, self._timeouts.with_job(task.request, ratio))
                return await self._made(task, run, lease, storing)
        except QueueUnavailableError:
            return Ended(outcome=RELEASE, away="the queue went away before the job had begun")
        except WebUIError as error:
            return await self._went_wrong(task, run, error)

    async def finish(self, task: Task, lease: Lease, made: Made) -> Ended:
        """Looks at the pictures and stores them. The WebUI may work on the next job meanwhile."""
        with tracing.span("store"):
            return await self._finish(task, lease, made)

    async def _finish(self, task: Task, lease: Lease, made: Made) -> Ended:
        try:
            checked = await made.answer.checked()
        except (WebUIError, BadAnswer) as error:
            await made.storing.drop()
            return await self._went_wrong(task, made.run, error)
        if not await made.storing.all_stored(checked.data):
            await made.storing.drop()
            outcome = fail(ErrorKind.NO_ROOM) if made.storing.no_room else RELEASE
            return Ended(outcome=outcome, loaded=task.checkpoint.name)
        if lease.state is LeaseState.CANCEL:  # it wins over the pictures, so nobody will ever name them
            await made.storing.drop()
        return Ended(
            outcome=done(self._result(task, checked, made.gpu_seconds)),
            loaded=task.checkpoint.name,
            version=checked.info["version"] or None,
            seconds=made.gpu_seconds,
            was_loaded=made.answer.was_loaded,
        )

    async def try_out(self, task: Task, *, at_most_s: float | None = None) -> float:
        """Makes pictures that nobody asked for, to see whether they come out right; the seconds that took.

        Raises:
          WebUIError, BadAnswer, Stalled: when they don't.
          TookTooLong: after `at_most_s`. As after Stalled, nothing may begin while the handover `lingers`.
        """
        order = Order(request=task.request, checkpoint=task.checkpoint, task=task.name)
        began = time.monotonic()
        try:
            run = await self._backend.start(order, _unheard, self._timeouts)
        except QueueUnavailableError as error:
            raise WebUIBusy(f"{self._backend.url} is not tried now: {error}") from error
        answering = asyncio.create_task(run.answer())
        try:
            await asyncio.wait({answering}, timeout=at_most_s)
            if not answering.done():
                raise TookTooLong(f"{self._backend.url} took more than {at_most_s:.0f} s for a small picture")
            answer = answering.result()
        except (Stalled, TookTooLong):
            self._handover.linger(asyncio.create_task(_letting_go(run)))
            raise
        except BaseException:
            await run.drop()
            raise
        finally:
            await end(answering)
        seconds = time.monotonic() - began - run.waited_s
        await answer.checked()
        return seconds

    # -- making it ----------------------------------------------------------------------------------------------

    async def _inputs(self, task: Task) -> dict[str, bytes]:
        """The pictures that the request starts from.

        Raises:
          WebUIRefused: when one is no longer stored.
          QueueUnavailableError: when Redis can't be asked.
        """
        found: dict[str, bytes] = {}
        for input_id in task.request.inputs:
            data = await self._queue.picture_input(input_id)
            if data is None:
                raise WebUIRefused("", detail="the picture to start from is no longer stored: send it again")
            found[input_id] = data
        return found

    async def _made(self, task: Task, run: Run, lease: Lease, storing: Storing) -> Made | Ended:
        began = time.monotonic()
        self._handover.sending()
        try:
            answer = await self._answer(run, lease)
        except (_Stopped, Stalled) as reason:
            return await self._break_off(task, run, lease, reason, began)
        except BaseException:
            await run.drop()
            raise
        seconds = max(time.monotonic() - began - run.waited_s, 0.001)
        return Made(run=run, answer=answer, gpu_seconds=seconds, storing=storing)

    async def _answer(self, run: Run, lease: Lease) -> Answer:
        """What the WebUI answers, unless the lease ends before.

        Raises:
          _Stopped: when the job is cancelled, somebody else's, or to be handed back.
          Stalled, WebUIError: when the back end says so.
        """
        answering = asyncio.create_task(run.answer())
        over = asyncio.create_task(lease.over.wait())
        leaving = asyncio.create_task(self._handover.hand_back.wait())
        skipping = asyncio.create_task(_skipping(run, lease))
        try:
            await asyncio.wait({answering, over, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            raise _Stopped
        finally:
            await end(answering, over, leaving, skipping)

    async def _break_off(self, task: Task, run: Run, lease: Lease, reason: Exception, began: float) -> Ended:
        """Stops the WebUI and waits until it has let go of the job, which it `began` at that monotonic time."""
        used_s = max(time.monotonic() - began - run.waited_s, 0.0)
        letting_go = asyncio.create_task(_letting_go(run))
        leaving = self._handover.hand_back.is_set()
        stubborn_s = min(self._timeouts.stubborn_s, LEAVING_S) if leaving else self._timeouts.stubborn_s
        await asyncio.wait({letting_go}, timeout=stubborn_s)
        stalled = isinstance(reason, Stalled)
        if stalled:
            ended = await self._fault(task, reason)
        else:
            ended = Ended(outcome=cancelled(used_s) if lease.state is LeaseState.CANCEL else RELEASE)
        if not letting_go.done():
            away = f"{self._backend.url} does not end a job that was stopped: restart it if this stays so"
            return replace(ended, away=away, sick=stalled, lingering=letting_go)
        down = letting_go.result()
        return replace(ended, away=str(down), sick=True) if down else ended

    # -- handing it over ----------------------------------------------------------------------------------------

    def _result(self, task: Task, checked: Checked, gpu_seconds: float) -> Result:
        info = checked.info
        extra = info["extra_generation_params"]
        scheduler = extra.get("Schedule type") if isinstance(extra, dict) else None
        short = info["sd_model_hash"]
        pictures, store = checked.pictures, self._queue.stored_in(task.id, task.attempt)
        if store:
            pictures = tuple(one.model_copy(update={"store": store}) for one in pictures)
        return Result(
            pictures=pictures,
            caption=checked.caption,
            pose=checked.pose,
            attempt=task.attempt,
            checkpoint=task.checkpoint.name if task.request.generates else "",
            checkpoint_hash=short if isinstance(short, str) else task.checkpoint.hash,
            sampler=str(info["sampler_name"]),
            scheduler=task.request.scheduler or (scheduler if isinstance(scheduler, str) else None),
            worker=self._queue.worker,
            gpu_seconds=round(gpu_seconds, 3),
            info=info,
        )

    # -- when it went wrong -------------------------------------------------------------------------------------

    async def _went_wrong(self, task: Task, run: Run | None, error: WebUIError | BadAnswer) -> Ended:
        if isinstance(error, WebUIUnreachable):
            return Ended(outcome=outcomes.AWAY, away=str(error), sick=True)
        if isinstance(error, WebUIBusy | WebUINotSetUp):
            return Ended(outcome=outcomes.AWAY, away=str(error))
        if isinstance(error, WebUICut):
            return await self._after_cut(task, run, error)
        changed = isinstance(error, WebUILacks | CheckpointUnusable | NodesMissing)
        return replace(await self._fault(task, error), changed=changed)

    async def _after_cut(self, task: Task, run: Run | None, error: WebUICut) -> Ended:
        """The connection broke: the WebUI died, or it only dropped us and still works on the job."""
        log.warning("job %s attempt %d: %s", task.id, task.attempt, error)
        try:
            await self._backend.loaded()
        except (WebUIUnreachable, WebUICut, WebUIBusy) as gone:
            return Ended(outcome=outcomes.after_death(task.attempt), away=str(gone), sick=True)
        except WebUIError as other:
            return Ended(outcome=outcomes.AWAY, away=str(other))
        ended = await self._fault(task, error)
        if run is None or await self._calmed(run):
            return ended
        return replace(ended, away=f"{self._backend.url} dropped a job and does not end it", sick=True)

    async def _calmed(self, run: Run) -> bool:
        """True once the WebUI has stopped working on a job whose answer nobody waits for."""
        letting_go = asyncio.create_task(_letting_go(run))
        await asyncio.wait({letting_go}, timeout=self._timeouts.stubborn_s)
        calm = letting_go.done() and letting_go.result() is None
        await end(letting_go)
        return calm

    async def _fault(self, task: Task, error: Exception) -> Ended:
        """What becomes of a job that went wrong on a WebUI which still answers."""
        log.warning("job %s attempt %d: %s", task.id, task.attempt, error)
        failures, elsewhere = await self._history(task)
        outcome = outcomes.after(error, failures, elsewhere=elsewhere, others_fine=task.others_fine)
        return Ended(outcome=outcome, fault=str(error) if outcomes.is_webuis(error) else "")

    async def _history(self, task: Task) -> tuple[int, str]:
        """How often the job has failed before, and how the last time if that was on another WebUI; 0 while unknown."""
        try:
            past = await self._queue.past_failures(task.id)
        except QueueUnavailableError:
            return 0, ""
        elsewhere = past.place is not None and past.place != self._queue.place
        return past.count, past.kind if elsewhere else ""
