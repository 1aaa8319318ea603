"""One job from its lease to its outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zosma_queue.errors import QueueUnavailableError, ZosmaError
from zosma_queue.fleet import Checkpoint
from zosma_queue.job import Result
from zosma_queue.request import Request
from zosma_queue.tasks import end
from zosma_queue.worker_queue import CANCELLED, RELEASE, LeaseState, Outcome, WorkerQueue, done
from zosma_worker import outcomes
from zosma_worker.handover import Handover
from zosma_worker.lease import Lease
from zosma_worker.payload import Part, Payload
from zosma_worker.verify import BadAnswer, Checked, verify_all
from zosma_worker.watch import Stalled, Timeouts, Watch
from zosma_worker.webui.client import Client
from zosma_worker.webui.errors import (
    WebUIBusy,
    WebUICut,
    WebUIError,
    WebUINotSetUp,
    WebUIRefused,
    WebUIUnreachable,
)
from zosma_worker.webui.flavours import Flavour, Order

log = logging.getLogger(__name__)

#: While Redis is away, pictures are offered to it again this often.
STORE_AGAIN_S = 0.5
#: An interrupt does nothing while a model loads, so it is repeated.
INTERRUPT_EVERY_S = 1.0
#: A WebUI that was interrupted and is idle each of these times in a row has let go, whether or not it answers.
IDLE_LOOKS = 5
#: A worker that is leaving waits no longer than this for its WebUI to heed an interrupt.
LEAVING_S = 10.0
#: The next job waits no longer than this for the answer whether the last one was interrupted.
ASKING_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Task:
    """A leased job, ready to be made."""

    id: str
    attempt: int
    request: Request
    checkpoint: Checkpoint
    """The one to use, also when the request names none."""
    flavour: Flavour

    @property
    def name(self) -> str:
        """What the WebUI calls it: unique, so that a retry is not taken for its forerunner."""
        return f"task({self.id}-{self.attempt})"


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
    lingering: asyncio.Task[Any] | None = None
    """Done once the WebUI has let go of this job; nothing may begin before that."""


class TookTooLong(ZosmaError):
    """Raised when pictures that nobody asked for are not worth waiting for any longer."""


class _Stopped(Exception):
    """Raised when nobody wants the job from us any more, or we are to leave."""


async def _nothing() -> None:
    """For whoever doesn't want to know that the WebUI has answered."""


class Driver:
    """Makes jobs with one WebUI, one at a time."""

    def __init__(
        self, webui: Client, queue: WorkerQueue, handover: Handover, *, timeouts: Timeouts | None = None
    ) -> None:
        self._webui = webui
        self._queue = queue
        self._handover = handover
        self._timeouts = timeouts or Timeouts()
        self._asking: asyncio.Task[bool] | None = None

    async def run(self, task: Task, ratio: float | None, answered: Callable[[], Awaitable[None]] = _nothing) -> Ended:
        """Makes the pictures and stores them. Every WebUI fault becomes an outcome.

        `ratio`: how fast the WebUI is, see `Timeouts.with_job`. `answered` is called when the WebUI is done with the
        job, before its answer is looked at.
        """
        async with Lease(self._queue, task.id, task.attempt) as lease:
            try:
                return await self._make(task, lease, ratio, answered)
            except WebUIUnreachable as error:
                return Ended(outcome=outcomes.AWAY, away=str(error), sick=True)
            except (WebUIBusy, WebUINotSetUp) as error:
                return Ended(outcome=outcomes.AWAY, away=str(error))
            except WebUICut as error:
                return await self._after_cut(task, error)
            except (WebUIError, BadAnswer) as error:
                return await self._fault(task, error)

    async def try_out(self, task: Task, *, at_most_s: float | None = None) -> float:
        """Makes pictures that nobody asked for, to see whether they come out right; the seconds that took.

        Raises:
          WebUIError, BadAnswer, Stalled: when they don't.
          TookTooLong: after `at_most_s`; the WebUI has been told to stop.
        """
        watch = Watch(self._webui, task.name, lambda report: None, self._timeouts)
        began = time.monotonic()
        call = asyncio.create_task(self._payload(task, {}).run())
        watching = asyncio.create_task(watch.run())
        try:
            finished, _ = await asyncio.wait({call, watching}, timeout=at_most_s, return_when=asyncio.FIRST_COMPLETED)
            if not finished:
                raise TookTooLong(f"{self._webui.url} took more than {at_most_s:.0f} s for a small picture")
            parts = call.result() if call.done() else watching.result()
        except (Stalled, TookTooLong):
            with contextlib.suppress(WebUIError):
                if await watch.ours():
                    await self._webui.interrupt()
            raise
        finally:
            await end(call, watching)
        seconds = time.monotonic() - began - watch.waited_s
        await asyncio.to_thread(self._verified, task, parts, {})
        return seconds

    # -- making it ----------------------------------------------------------------------------------------------

    async def _make(
        self, task: Task, lease: Lease, ratio: float | None, answered: Callable[[], Awaitable[None]]
    ) -> Ended:
        timeouts = self._timeouts.with_job(task.request, ratio)
        inputs = await self._inputs(task)
        if self._asking:  # the next job clears the flag
            await asyncio.wait({self._asking}, timeout=ASKING_S)
        payload = self._payload(task, inputs, ratio)
        call = asyncio.create_task(payload.run())
        estimate = None if task.flavour.tells_progress else payload.estimate
        watch = Watch(self._webui, task.name, lease.report, timeouts, estimate)
        began = time.monotonic()
        self._handover.sending()
        try:
            parts = await self._answer(call, watch, lease)
        except (_Stopped, Stalled) as reason:
            payload.stop()
            return await self._break_off(task, call, watch, lease, reason)
        except BaseException:
            await end(call)
            raise
        gpu_seconds = max(time.monotonic() - began - watch.waited_s, 0.001)
        self._asking = asking = asyncio.create_task(self._was_interrupted(task))
        await answered()
        if await asking:
            raise BadAnswer("interrupted", "somebody stopped the WebUI in the middle of the picture")
        checked = await asyncio.to_thread(self._verified, task, parts, inputs)
        if not await self._store(task, checked, lease):
            return Ended(outcome=RELEASE, loaded=task.checkpoint.name)
        return Ended(
            outcome=done(self._result(task, checked, gpu_seconds)),
            loaded=task.checkpoint.name,
            version=checked.info["version"] or None,
            seconds=gpu_seconds,
        )

    def _verified(self, task: Task, parts: list[Part], inputs: Mapping[str, bytes]) -> Checked:
        decoded = [replace(part, answer=self._webui.decoded(part.answer)) for part in parts]
        return verify_all(decoded, task.checkpoint, task.flavour, inputs)

    def _payload(self, task: Task, inputs: Mapping[str, bytes], ratio: float | None = None) -> Payload:
        order = Order(request=task.request, checkpoint=task.checkpoint, task=task.name, inputs=inputs)
        return Payload(self._webui, task.flavour, order, ratio or 1.0)

    async def _inputs(self, task: Task) -> dict[str, bytes]:
        """The pictures that the request starts from.

        Raises:
          WebUIRefused: when one is no longer stored.
          WebUIBusy: when Redis can't be asked, so that the job goes back.
        """
        found: dict[str, bytes] = {}
        for input_id in task.request.inputs:
            try:
                data = await self._queue.picture_input(input_id)
            except QueueUnavailableError as error:
                raise WebUIBusy("the queue went away before the job had begun") from error
            if data is None:
                raise WebUIRefused("", detail="the picture to start from is no longer stored: send it again")
            found[input_id] = data
        return found

    async def _was_interrupted(self, task: Task) -> bool:
        """Somebody may have pressed "interrupt" on the WebUI's page: it answers all the same, with half a picture."""
        progress = None
        if task.flavour.tells_progress:
            with contextlib.suppress(WebUIError):
                progress = await self._webui.progress(image=False)
        return progress is not None and progress.interrupted

    async def _answer(self, call: asyncio.Task[list[Part]], watch: Watch, lease: Lease) -> list[Part]:
        """What the WebUI answers, unless the lease or the WebUI's life ends before.

        Raises:
          _Stopped: when the job is cancelled, somebody else's, or to be handed back.
          Stalled, WebUIUnreachable: when the watch says so.
          WebUIError: when the WebUI does.
        """
        watching = asyncio.create_task(watch.run())
        over = asyncio.create_task(lease.over.wait())
        leaving = asyncio.create_task(self._handover.hand_back.wait())
        try:
            await asyncio.wait({call, watching, over, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if call.done():
                return call.result()
            if watching.done():
                return watching.result()
            raise _Stopped
        finally:
            await end(watching, over, leaving)

    async def _break_off(
        self, task: Task, call: asyncio.Task[Any], watch: Watch, lease: Lease, reason: Exception
    ) -> Ended:
        """Interrupts the WebUI and waits until it has let go of the job."""
        letting_go = asyncio.create_task(self._let_go(call, watch))
        leaving = self._handover.hand_back.is_set()
        stubborn_s = min(self._timeouts.stubborn_s, LEAVING_S) if leaving else self._timeouts.stubborn_s
        await asyncio.wait({letting_go}, timeout=stubborn_s)
        stalled = isinstance(reason, Stalled)
        if stalled:
            ended = await self._fault(task, reason)
        else:
            ended = Ended(outcome=CANCELLED if lease.state is LeaseState.CANCEL else RELEASE)
        if not letting_go.done():
            away = f"{self._webui.url} does not end a job that was stopped: restart it if this stays so"
            return replace(ended, away=away, sick=stalled, lingering=letting_go)
        error = None if call.cancelled() else call.exception()
        if isinstance(error, WebUIUnreachable | WebUICut):
            return replace(ended, away=str(error), sick=True)
        return ended

    async def _let_go(self, call: asyncio.Task[Any], watch: Watch) -> None:
        """Interrupts the WebUI until the call returns, but never while it runs somebody else's work."""
        idle = 0
        try:
            while not call.done():
                with contextlib.suppress(WebUIError):
                    if await watch.ours():
                        await self._webui.interrupt()
                    progress = await self._webui.progress(image=False)
                    idle = idle + 1 if progress and progress.idle else 0
                if idle >= IDLE_LOOKS:
                    return  # it has nothing to do and owes us an answer that got lost on the way
                await asyncio.wait({call}, timeout=INTERRUPT_EVERY_S)
        finally:
            if not call.done():
                await end(call)

    # -- handing it over ----------------------------------------------------------------------------------------

    async def _store(self, task: Task, checked: Checked, lease: Lease) -> bool:
        """True when all pictures lie in Redis; False when nobody wants them any more."""
        for index, data in enumerate(checked.data):
            while not lease.over.is_set():
                try:
                    await self._queue.store_picture(task.id, task.attempt, index, data)
                    break
                except QueueUnavailableError:
                    await asyncio.sleep(STORE_AGAIN_S)
        # A cancel in this moment is the settle script's to decide.
        return lease.state is not LeaseState.LOST

    def _result(self, task: Task, checked: Checked, gpu_seconds: float) -> Result:
        info = checked.info
        extra = info["extra_generation_params"]
        scheduler = extra.get("Schedule type") if isinstance(extra, dict) else None
        short = info["sd_model_hash"]
        return Result(
            pictures=checked.pictures,
            attempt=task.attempt,
            checkpoint="" if task.request.upscale else task.checkpoint.name,
            checkpoint_hash=short if isinstance(short, str) else task.checkpoint.hash,
            sampler=str(info["sampler_name"]),
            scheduler=task.request.scheduler or (scheduler if isinstance(scheduler, str) else None),
            worker=self._queue.worker,
            gpu_seconds=round(gpu_seconds, 3),
            info=info,
        )

    # -- when it went wrong -------------------------------------------------------------------------------------

    async def _after_cut(self, task: Task, error: WebUICut) -> Ended:
        """The connection broke: the WebUI died, or it only dropped us and still works on the job."""
        log.warning("job %s attempt %d: %s", task.id, task.attempt, error)
        try:
            await self._webui.options()
        except (WebUIUnreachable, WebUICut, WebUIBusy) as gone:
            return Ended(outcome=outcomes.after_death(task.attempt), away=str(gone), sick=True)
        except WebUIError as other:
            return Ended(outcome=outcomes.AWAY, away=str(other))
        ended = await self._fault(task, error)
        if await self._calmed(task):
            return ended
        return replace(ended, away=f"{self._webui.url} dropped a job and does not end it", sick=True)

    async def _fault(self, task: Task, error: Exception) -> Ended:
        """What becomes of a job that went wrong on a WebUI which still answers."""
        log.warning("job %s attempt %d: %s", task.id, task.attempt, error)
        failures, elsewhere = await self._history(task)
        outcome = outcomes.after(error, failures, elsewhere=elsewhere)
        return Ended(outcome=outcome, fault=str(error) if outcomes.is_webuis(error) else "")

    async def _calmed(self, task: Task) -> bool:
        """True once the WebUI has stopped working on a job whose answer nobody waits for."""
        until = time.monotonic() + self._timeouts.stubborn_s
        while time.monotonic() < until:
            try:
                progress = await self._webui.progress(image=False)
                if progress is None or progress.idle:
                    return True
                if await self._webui.holds(task.name) is not False:
                    await self._webui.interrupt()
            except WebUIError:
                return False
            await asyncio.sleep(self._timeouts.poll_s)
        return False

    async def _history(self, task: Task) -> tuple[int, str]:
        """How often the job has failed before, and how the last time if that was on another WebUI; 0 while unknown."""
        try:
            past = await self._queue.past_failures(task.id)
        except QueueUnavailableError:
            return 0, ""
        elsewhere = past.place is not None and past.place != self._queue.place
        return past.count, past.kind if elsewhere else ""
