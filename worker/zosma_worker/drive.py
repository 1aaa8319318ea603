"""One job from its lease to its outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from zosma_queue import calls, keys
from zosma_queue.calls import Outcome
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import Checkpoint
from zosma_queue.job import Result
from zosma_queue.request import Request
from zosma_queue.scripts import redis_errors
from zosma_queue.tasks import end
from zosma_worker import outcomes
from zosma_worker.lease import Lease
from zosma_worker.verify import BadAnswer, Checked, verify
from zosma_worker.watch import Patience, Stalled, Watch
from zosma_worker.webui.client import Client
from zosma_worker.webui.errors import (
    WebUIBusy,
    WebUICut,
    WebUIError,
    WebUINotSetUp,
    WebUIUnreachable,
)
from zosma_worker.webui.flavour import Flavour
from zosma_worker.webui.payload import txt2img_body

log = logging.getLogger(__name__)

#: A day for whoever delivers the pictures; settled jobs shorten it once they are delivered.
IMAGE_TTL_S = 24 * 3600
#: While Redis is away, pictures are offered to it again this often.
STORE_AGAIN_S = 0.5
#: An interrupt does nothing while a model loads, so it is repeated.
INTERRUPT_EVERY_S = 1.0


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
    lingering: asyncio.Task[Any] | None = None
    """Done once the WebUI has let go of this job; nothing may begin before that."""


class _Stopped(Exception):
    """Raised when the lease is over: nobody wants the job from us any more."""


class Driver:
    """Makes jobs with one WebUI, one at a time."""

    def __init__(
        self, webui: Client, queue: redis.asyncio.Redis, worker: str, *, patience: Patience | None = None
    ) -> None:
        self._webui = webui
        self._queue = queue
        self._worker = worker
        self._patience = patience or Patience()

    async def run(self, task: Task) -> Ended:
        """Makes the pictures and stores them. Every WebUI fault becomes an outcome."""
        async with Lease(self._queue, task.id, task.attempt) as lease:
            try:
                return await self._make(task, lease)
            except (WebUIUnreachable, WebUIBusy, WebUINotSetUp) as error:
                return Ended(outcome=outcomes.AWAY, away=str(error))
            except WebUICut as error:
                return await self._after_cut(task, error)
            except (WebUIError, BadAnswer) as error:
                log.warning("job %s attempt %d: %s", task.id, task.attempt, error)
                return Ended(outcome=outcomes.after(error, await self._failures(task)))

    # -- making it ----------------------------------------------------------------------------------------------

    async def _make(self, task: Task, lease: Lease) -> Ended:
        body = txt2img_body(task.request, task.checkpoint, task.flavour, task.name)
        watch = Watch(self._webui, task.name, lease.report, self._patience)
        began = time.monotonic()
        call = asyncio.create_task(self._webui.txt2img(body))
        try:
            answer = await self._answer(call, watch, lease)
        except (_Stopped, Stalled) as reason:
            return await self._break_off(task, call, watch, lease, reason)
        except BaseException:
            await end(call)
            raise
        gpu_seconds = time.monotonic() - began
        checked = await asyncio.to_thread(verify, answer, task.request, task.checkpoint)
        if not await self._store(task, checked, lease):
            return Ended(outcome=calls.RELEASE, loaded=task.checkpoint.name)
        return Ended(
            outcome=calls.done(self._result(task, checked, gpu_seconds)),
            loaded=task.checkpoint.name,
            version=checked.info["version"] or None,
        )

    async def _answer(self, call: asyncio.Task[Any], watch: Watch, lease: Lease) -> Any:
        """What the WebUI answers, unless the lease or the WebUI's life ends before.

        Raises:
          _Stopped: when the job is cancelled or somebody else's.
          Stalled, WebUIUnreachable: when the watch says so.
          WebUIError: when the WebUI does.
        """
        watching = asyncio.create_task(watch.run())
        over = asyncio.create_task(lease.over.wait())
        try:
            await asyncio.wait({call, watching, over}, return_when=asyncio.FIRST_COMPLETED)
            if call.done():
                return call.result()
            if watching.done():
                return watching.result()
            raise _Stopped
        finally:
            await end(watching, over)

    async def _break_off(
        self, task: Task, call: asyncio.Task[Any], watch: Watch, lease: Lease, reason: Exception
    ) -> Ended:
        """Interrupts the WebUI and waits until it has let go of the job."""
        letting_go = asyncio.create_task(self._let_go(call, watch))
        await asyncio.wait({letting_go}, timeout=self._patience.stubborn_s)
        if isinstance(reason, Stalled):
            log.warning("job %s attempt %d: %s", task.id, task.attempt, reason)
            outcome = outcomes.after(reason, await self._failures(task))
        else:
            outcome = calls.CANCELLED if lease.state is calls.Lease.CANCEL else calls.RELEASE
        if not letting_go.done():
            away = f"{self._webui.url} does not end a job that was stopped: restart it if this stays so"
            return Ended(outcome=outcome, away=away, lingering=letting_go)
        error = call.exception()
        return Ended(outcome=outcome, away=str(error) if isinstance(error, WebUIUnreachable | WebUICut) else "")

    async def _let_go(self, call: asyncio.Task[Any], watch: Watch) -> None:
        """Interrupts the WebUI until the call returns, but never while it runs somebody else's work."""
        try:
            while not call.done():
                with contextlib.suppress(WebUIError):
                    if await watch.ours():
                        await self._webui.interrupt()
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
                    with redis_errors():
                        await self._queue.set(keys.image(task.id, task.attempt, index), data, ex=IMAGE_TTL_S)
                    break
                except QueueUnavailableError:
                    await asyncio.sleep(STORE_AGAIN_S)
        # A cancel in this moment is the settle script's to decide.
        return lease.state is not calls.Lease.LOST

    def _result(self, task: Task, checked: Checked, gpu_seconds: float) -> Result:
        info = checked.info
        extra = info["extra_generation_params"]
        scheduler = extra.get("Schedule type") if isinstance(extra, dict) else None
        short = info["sd_model_hash"]
        return Result(
            pictures=checked.pictures,
            attempt=task.attempt,
            checkpoint=task.checkpoint.name,
            checkpoint_hash=short if isinstance(short, str) else task.checkpoint.hash,
            sampler=str(info["sampler_name"]),
            scheduler=task.request.scheduler or (scheduler if isinstance(scheduler, str) else None),
            worker=self._worker,
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
            return Ended(outcome=outcomes.after_death(task.attempt), away=str(gone))
        except WebUIError as other:
            return Ended(outcome=outcomes.AWAY, away=str(other))
        outcome = outcomes.after(error, await self._failures(task))
        return Ended(outcome=outcome, away="" if await self._calmed(task) else f"{self._webui.url} is still busy")

    async def _calmed(self, task: Task) -> bool:
        """True once the WebUI has stopped working on a job whose answer nobody waits for."""
        until = time.monotonic() + self._patience.stubborn_s
        while time.monotonic() < until:
            try:
                progress = await self._webui.progress(image=False)
                if progress is None or progress.idle:
                    return True
                if await self._webui.holds(task.name) is not False:
                    await self._webui.interrupt()
            except WebUIError:
                return False
            await asyncio.sleep(self._patience.poll_s)
        return False

    async def _failures(self, task: Task) -> int:
        """How often the job has failed before this; 0 while Redis can't say."""
        try:
            with redis_errors():
                counted = await self._queue.hget(keys.job(task.id), "failures")
        except QueueUnavailableError:
            return 0
        return int(counted or 0)
