"""Looks after the WebUI between jobs: opens the slot when it can be used, shuts it with a reason when it can't."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator

from zosma_queue.errors import ZosmaError
from zosma_queue.fleet import Checkpoint
from zosma_queue.request import Request
from zosma_queue.tasks import set_within
from zosma_worker.backend import Backend, Found, named
from zosma_worker.circuit_breaker import BreakerState, CircuitBreaker
from zosma_worker.drive import Driver, Ended, Task, TookTooLong
from zosma_worker.errors import (
    BadAnswer,
    Stalled,
    WebUIBusy,
    WebUICut,
    WebUIError,
    WebUINotSetUp,
    WebUIUnreachable,
)
from zosma_worker.gate import BUSY_ELSEWHERE, Gate
from zosma_worker.handover import Handover
from zosma_worker.heartbeat import Heartbeat
from zosma_worker.speed import BENCHMARK, Speed
from zosma_worker.timeouts import Timeouts

log = logging.getLogger(__name__)

#: Between two looks at an idle WebUI.
LOOK_EVERY_S = 1.0
#: Between two looks at one that does somebody else's job.
FOREIGN_EVERY_S = 0.3
#: The longest pause between two looks at one that is away; it grows from LOOK_EVERY_S.
AWAY_PAUSE_MAX_S = 5.0
PAUSE_GROWTH = 1.6
#: Lists of checkpoints and the like are read again this often.
LISTS_EVERY_S = 30.0
#: A WebUI that needs longer for the benchmark joins without it, and shows in its jobs how slow it is.
BENCHMARK_S = 15.0
#: The smallest job that shows whether pictures come out at all.
CANARY = Request(prompt="a lighthouse at dusk", width=64, height=64, steps=2, seed=1)


def free_pauses() -> Iterator[float]:
    """Seconds before each of several looks in vain that cost nothing."""
    pause = LOOK_EVERY_S
    while True:
        yield pause
        pause = min(pause * PAUSE_GROWTH, AWAY_PAUSE_MAX_S)


def _first_help(error: WebUIError) -> str:
    """What to do about a WebUI that has never answered, where the error itself doesn't say."""
    if isinstance(error, WebUIUnreachable):
        return ": start the WebUI, or check SD_API_HOST"
    if isinstance(error, WebUICut):
        return ": check SD_API_HOST, and write https:// there if the WebUI has a certificate"
    return ""


class Health:
    """The WebUI's state, and the slot that follows it.

    `refusal` says why the fleet doesn't want this worker, '' when it does; `restart` starts the WebUI again.
    """

    def __init__(
        self,
        backend: Backend,
        heartbeat: Heartbeat,
        driver: Driver,
        handover: Handover,
        speed: Speed,
        *,
        timeouts: Timeouts,
        benchmark: bool = False,
        refusal: Callable[[], Awaitable[str]] | None = None,
        restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._backend = backend
        self._heartbeat = heartbeat
        self._driver = driver
        self._handover = handover
        self._timeouts = timeouts
        self._refusal = refusal
        self._restart = restart
        self._unmeasured = benchmark
        self._listed_at = float("-inf")
        self._pause = LOOK_EVERY_S
        self._free_pauses = free_pauses()
        self._hurry = asyncio.Event()
        self._lock = asyncio.Lock()
        self._doubt = ""
        self.speed = speed
        self.breaker = CircuitBreaker(timeouts.pauses)
        self.gate = Gate(handover, heartbeat, self.breaker)
        heartbeat.on_try_now = self.try_now
        self.found: Found | None = None
        """The last that is known of it, also while it is away."""

    # -- what jobs say ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A job runs: it is looked after by its own watch."""
        self._handover.begin()
        self.gate.note_busy()

    async def end(self, loaded: str | None) -> None:
        """The WebUI is done with the job, with this checkpoint in memory; None: look."""
        self._handover.free()
        self.gate.note_free()
        if loaded and loaded != self._heartbeat.status.loaded:
            self._heartbeat.change(loaded=loaded)
            await self._heartbeat.tell()  # before the next fetch, which prefers jobs for it
        if not loaded and self.gate.reason is None:
            self.hurry()

    def learn(self, task: Task, ended: Ended, was_loaded: str | None) -> None:
        """What a finished job tells about the WebUI."""
        about = self._heartbeat.status.about
        if ended.version and about and about.version != ended.version:
            self._heartbeat.change(about=about.model_copy(update={"version": ended.version}))
        if ended.seconds:
            self.breaker.job_done()
            self._heartbeat.change(trust=self.breaker.trust)
            if was_loaded == task.checkpoint.name and not task.request.upscale:
                self.speed.learn(task.request, ended.seconds)

    async def judge(self, job_id: str, ended: Ended) -> bool:
        """Shuts the slot if the job showed that it must be. True when the WebUI is to blame for it."""
        blamed = bool(ended.fault) and self.breaker.fault(job_id, ended.fault, time.monotonic())
        if ended.away and ended.sick:
            # The first look after a crash costs nothing; one that crashes again and again must wait longer each time.
            free = self.breaker.state is BreakerState.CLOSED and not ended.lingering and not self._restart
            again_s = next(self._free_pauses) if free else None
            self.breaker.condemn(ended.away, time.monotonic(), again_s=again_s)
        if ended.away:
            self._handover.linger(ended.lingering)
        if ended.away or blamed:
            if self.breaker.sick:
                self.gate.shut_sick()
            else:
                self.gate.shut(ended.away)
            self._pause = LOOK_EVERY_S
            await self._heartbeat.tell()  # before the job goes back: it must not be offered to this worker again
        elif ended.outcome.kind == "oom":
            # Too large a picture, or has the memory gone to something else? A small picture tells, before the next job.
            self._doubt = ended.outcome.text
            self.gate.pause()
        elif ended.outcome.kind == "wrong-checkpoint":
            await self.relist()  # A1111 takes another when a file is gone: no more jobs for that one
        return blamed

    def checkpoint_for(self, request: Request) -> Checkpoint | None:
        """The one it names, else the loaded one, else the first. None when it isn't here."""
        checkpoints = self.found.about.checkpoints if self.found else ()
        if request.checkpoint:
            return named(checkpoints, request.checkpoint)
        loaded = self._heartbeat.status.loaded
        return (named(checkpoints, loaded) if loaded else None) or next(iter(checkpoints), None)

    async def relist(self) -> None:
        """Reads the lists again and tells the queue, while a job waits for that."""
        try:
            found = await self._backend.probe()
        except WebUIError as error:
            self._gone(error)
        else:
            self._note(found)
            self._heartbeat.change(loaded=found.loaded)
        await self._heartbeat.tell()

    @property
    def loaded(self) -> str | None:
        """What is in its memory, as far as known."""
        return self._heartbeat.status.loaded

    # -- looking ------------------------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Look at once, at everything."""
        self._listed_at = float("-inf")
        self._hurry.set()

    def try_now(self) -> None:
        """Look at once, a sick one with its canary job: an admin has mended it, or thinks so."""
        self.breaker.try_now()
        self.hurry()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self._hurry.clear()
            if not self._handover.making and not self.gate.stopped:
                await self.look()
            await set_within(self._hurry, self._pause)

    async def look(self) -> None:
        """One look; opens or shuts the slot by what it sees."""
        async with self._lock:
            if self.breaker.sick:
                await self._nurse()
                return
            if self._handover.lingers:
                self._pause = LOOK_EVERY_S
                return
            self._handover.linger(None)
            begun = self._handover.begun
            try:
                refusal = await self._see()
            except WebUIError as error:
                if begun == self._handover.begun:
                    self._gone(error)
                return
            if begun != self._handover.begun or self.gate.stopped:
                return
            if refusal:
                self.gate.shut(refusal)
                return
            if await self._measured() and await self._proved():
                await self._open()

    def _gone(self, error: WebUIError) -> None:
        if self.found and not isinstance(error, WebUIBusy | WebUINotSetUp):
            # It was up: whatever comes back must show that it makes pictures before it gets a job.
            again_s = None if self._restart else next(self._free_pauses)
            self.breaker.condemn(str(error), time.monotonic(), again_s=again_s)
            self.gate.shut_sick()
            return
        self.gate.shut(f"{error}{_first_help(error) if self.found is None else ''}")
        self._pause = next(self._free_pauses)

    async def _see(self) -> str:
        """Reads what is due. Why it can't be used just now, '' when it can.

        Raises:
          WebUIError: when it can't be used at all.
        """
        refusal = ""
        begun = self._handover.begun
        away = self.gate.reason not in (None, BUSY_ELSEWHERE)
        if self.found is None or away or time.monotonic() - self._listed_at > LISTS_EVERY_S:
            found = await self._backend.probe()
            self._listed_at = time.monotonic()
            self._note(found)
            loaded = found.loaded
            refusal = await self._refusal() if self._refusal else ""
        else:
            loaded = await self._backend.loaded()
        still_s = await self._backend.foreign_work()
        if (loaded or self.gate.reason) and begun == self._handover.begun:  # a job that began meanwhile knows better
            self._heartbeat.change(loaded=loaded)
        self._pause = LOOK_EVERY_S
        if still_s is not None and not refusal:
            self._pause = min(FOREIGN_EVERY_S, LOOK_EVERY_S)
            if still_s > self._timeouts.loading_s:
                self.breaker.condemn("it is busy with something that doesn't move", time.monotonic())
            return BUSY_ELSEWHERE
        return refusal

    def _note(self, found: Found) -> None:
        known, about = self._heartbeat.status.about, found.about
        if known and not about.version and known.flavour == about.flavour:
            about = about.model_copy(update={"version": known.version})  # only a job's answer names A1111's
        if self.found is None:
            _log_found(found)
        self.found = found
        self._heartbeat.change(about=about)

    async def _open(self) -> None:
        if self.gate.stopped:  # while a canary ran
            return
        if self.gate.reason:
            log.info("%s takes jobs", self._backend.url)
        self._free_pauses = free_pauses()
        await self.gate.open()

    # -- trying it out ------------------------------------------------------------------------------------------

    async def _try(self, request: Request, name: str, *, at_most_s: float | None = None) -> float:
        checkpoint = self.checkpoint_for(request)
        if self.found is None or checkpoint is None:
            raise WebUIBusy(f"{self._backend.url} has not been looked at")
        task_id = f"zosma-{name}-{secrets.token_hex(3)}"
        task = Task(id=task_id, attempt=1, request=request, checkpoint=checkpoint)
        return await self._driver.try_out(task, at_most_s=at_most_s)

    async def _measured(self) -> bool:
        """Finds out how fast it is, once, when nobody knows. False: look again before it takes jobs."""
        if not self._unmeasured:
            return True
        await self.speed.recall()
        if self.speed.ratio is None:
            self.gate.shut("measures its speed with one small picture", logging.INFO)
            await self._heartbeat.tell()
            try:
                if self.loaded is None:
                    await self._try(CANARY, "canary")  # loads a checkpoint, which is not to be measured
                await self.speed.measured(await self._try(BENCHMARK, "benchmark", at_most_s=BENCHMARK_S))
            except TookTooLong as slow:
                log.info("%s: it takes jobs, and its speed is learned from them", slow)
                self._unmeasured = False
                self.hurry()  # it may still be letting go of the picture
                return False
            except (WebUIError, BadAnswer, Stalled) as error:
                self.breaker.condemn(str(error), time.monotonic())
                self.gate.shut_sick()
                return False
        self._unmeasured = False
        log.info("%s: %.2f s for one step on one megapixel", self._backend.url, self.speed.per_megapixel_step)
        return True

    async def _proved(self) -> bool:
        """Whether a small picture still comes out after a job found no memory; it takes jobs all along."""
        if not self._doubt:
            return True
        try:
            await self._try(CANARY, "canary")
        except (WebUIError, BadAnswer, Stalled) as error:
            self.breaker.condemn(str(error), time.monotonic())
            self.gate.shut_sick()
            return False
        finally:
            self._doubt = ""
        return True

    async def _nurse(self) -> None:
        """Waits out a sick WebUI's pause, then tries it with a canary job."""
        self._pause = LOOK_EVERY_S
        if not self.breaker.due(time.monotonic()):
            self.gate.shut_sick()
            return
        try:
            await self._canary()
        except (WebUIError, BadAnswer, Stalled) as error:
            await self._canary_failed(error)
            return
        if self.breaker.due(time.monotonic()):
            return  # busy elsewhere: next time
        self._handover.linger(None)
        await self._open()

    async def _canary(self) -> None:
        if self._handover.lingers:
            raise Stalled(f"{self._backend.url} still has not let go of the job that was stopped")
        self._note(await self._backend.probe())
        still_s = await self._backend.foreign_work()
        if still_s is not None and still_s < self._timeouts.loading_s:
            self.gate.shut(BUSY_ELSEWHERE)
            return
        await self._try(CANARY, "canary")
        log.info("%s: a canary job came out right; one real job decides", self._backend.url)
        self.breaker.canary_passed()

    async def _canary_failed(self, error: ZosmaError) -> None:
        if self._restart:
            await self._handover.end_lingering()  # whatever it waits for ends with the server
        costs_nothing = isinstance(error, WebUIUnreachable | WebUIBusy | WebUINotSetUp) and not self._restart
        again_s = next(self._free_pauses) if costs_nothing else None
        self.breaker.canary_failed(str(error), time.monotonic(), again_s=again_s)
        log.warning("still takes no jobs: %s", self.breaker.says(time.monotonic()))
        self.gate.shut_sick()
        if self._restart:
            await self._restart()


def _log_found(found: Found) -> None:
    about = found.about
    log.info(
        "%s: %s %s, %d checkpoints (%s), %d samplers, %d schedulers, %d upscalers, up to %d megapixels%s",
        about.webui,
        about.flavour,
        about.version or "(version not told)",
        len(about.checkpoints),
        ", ".join(checkpoint.name for checkpoint in about.checkpoints[:8]),
        len(about.samplers),
        len(about.schedulers),
        len(about.upscalers),
        about.max_pixels // 10**6,
        "" if about.hires else ", no hires",
    )
