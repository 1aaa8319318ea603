"""Looks after the WebUI between jobs: opens the gate when it can be used, shuts it with a reason when it can't."""

from __future__ import annotations

import asyncio
import logging
import time

from zosma_queue.errors import ErrorKind
from zosma_worker.circuit_breaker import CircuitBreaker
from zosma_worker.drive import Ended, Task
from zosma_worker.errors import ProxyGaveUp, WebUIBusy, WebUICut, WebUIError, WebUINotSetUp, WebUIUnreachable
from zosma_worker.gate import BUSY_ELSEWHERE, Gate
from zosma_worker.handover import Handover
from zosma_worker.heartbeat import Heartbeat
from zosma_worker.pace import Pace
from zosma_worker.prober import Prober
from zosma_worker.recovery import Recovery
from zosma_worker.speed import Speed

log = logging.getLogger(__name__)


def _first_help(error: WebUIError) -> str:
    """What to do about a WebUI that has never answered, where the error itself doesn't say."""
    if isinstance(error, WebUIUnreachable):
        return ": start the WebUI, or check SD_API_HOST"
    if isinstance(error, WebUICut) and not isinstance(error, ProxyGaveUp):
        return ": check SD_API_HOST, and write https:// there if the WebUI has a certificate"
    return ""


class Health:
    """Brings together what the prober reads, what jobs tell and what recovery tries; the gate follows.

    `loading_s`: how long somebody else's work may stand still.
    """

    def __init__(
        self,
        prober: Prober,
        recovery: Recovery,
        gate: Gate,
        handover: Handover,
        heartbeat: Heartbeat,
        pace: Pace,
        breaker: CircuitBreaker,
        speed: Speed,
        *,
        loading_s: float,
    ) -> None:
        self._recovery = recovery
        self._gate = gate
        self._handover = handover
        self._heartbeat = heartbeat
        self._pace = pace
        self._loading_s = loading_s
        self._lock = asyncio.Lock()
        self.prober = prober
        self.breaker = breaker
        self.speed = speed

    # -- what jobs say ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A job runs: it is looked after by its own watch."""
        self._handover.begin()

    async def end(self, loaded: str | None) -> None:
        """The WebUI is done with the job, with this checkpoint in memory; None: look."""
        self._handover.free()
        if loaded and loaded != self.prober.loaded:
            self._heartbeat.change(loaded=loaded)
            await self._heartbeat.tell()  # before the next fetch, which prefers jobs for it
        if not loaded and self._gate.reason is None:
            self.hurry()

    def learn(self, task: Task, ended: Ended, was_loaded: str | None) -> None:
        """What a finished job tells about the WebUI."""
        self.prober.note_version(ended.version)
        if ended.seconds:
            self.breaker.job_done(task.owner)
            self._heartbeat.change(trust=self.breaker.trust)
            warm = was_loaded == task.checkpoint.name if ended.was_loaded is None else ended.was_loaded
            if warm and task.request.generates:
                self.speed.learn(task.request, ended.seconds)

    async def judge(self, task: Task, ended: Ended) -> bool:
        """Shuts the gate if the job showed that it must be. True when the WebUI is to blame for it."""
        blamed = bool(ended.fault) and self.breaker.fault(
            task.id, ended.fault, time.monotonic(), owner=task.owner, extras=task.extras
        )
        if ended.away and ended.sick:
            self._recovery.condemn_crashed(ended.away, lingers=bool(ended.lingering))
        if ended.away:
            self._handover.linger(ended.lingering)
        if ended.away or blamed:
            if self.breaker.sick:
                self._gate.shut_sick()
            else:
                self._gate.shut(ended.away)
            self._pace.idle()
            await self._heartbeat.tell()  # before the job goes back: it must not be offered to this worker again
        elif ended.outcome.kind == ErrorKind.OUT_OF_MEMORY or self.breaker.doubtful:
            self._recovery.doubt()
            self._gate.pause()
        elif ended.changed or ended.outcome.kind == ErrorKind.WRONG_CHECKPOINT:
            await self.relist()  # A1111 takes another when a file is gone: no more jobs for that one
        return blamed

    async def relist(self) -> None:
        """Reads the lists again and tells the queue, while a job waits for that."""
        try:
            await self.prober.relist()
        except WebUIError as error:
            self._gone(error)
        await self._heartbeat.tell()

    # -- looking ------------------------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Look at once, at everything."""
        self.prober.expire()
        self._pace.hurry()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            if self._pace.begin():  # an admin has mended it, or thinks so
                self.breaker.try_now()
                self.prober.expire()
            if not self._handover.making and not self._gate.stopped:
                await self.look()
            await self._pace.wait()

    async def look(self) -> None:
        """One look; opens or shuts the gate by what it sees."""
        async with self._lock:
            if self.breaker.sick:
                if await self._recovery.nursed():
                    await self._open()
                return
            if self._handover.lingers:
                self._pace.idle()
                return
            self._handover.linger(None)
            begun = self._handover.begun
            try:
                reason = await self._see()
            except WebUIError as error:
                if begun == self._handover.begun:
                    self._gone(error)
                return
            if begun != self._handover.begun or self._gate.stopped:
                return
            if reason:
                self._gate.shut(reason)
                return
            recovery = self._recovery
            if await recovery.warmed() and await recovery.measured() and await recovery.proved():
                await self._open()

    async def _see(self) -> str:
        """Reads what is due. Why it can't be used just now, '' when it can.

        Raises:
          WebUIError: when it can't be used at all.
        """
        reason = self._gate.reason
        refusal = await self.prober.see(known=reason in (None, BUSY_ELSEWHERE), sure=reason is None)
        still_s = await self.prober.foreign_work()
        self._pace.idle()
        if still_s is None or refusal:
            return refusal
        self._pace.foreign()
        if still_s > self._loading_s:
            self._recovery.condemn("it is busy with something that doesn't move")
        return BUSY_ELSEWHERE

    def _gone(self, error: WebUIError) -> None:
        if self.prober.found and not isinstance(error, WebUIBusy | WebUINotSetUp):
            # It was up: whatever comes back must show that it makes pictures before it gets a job.
            self._recovery.condemn(str(error), free=True)
            self._gate.shut_sick()
            return
        self._gate.shut(f"{error}{_first_help(error) if self.prober.found is None else ''}")
        self._pace.away()

    async def _open(self) -> None:
        if self._gate.stopped:  # while a canary ran
            return
        if self._gate.reason:
            log.info("%s takes jobs", self.prober.url)
        self._pace.up()
        await self._gate.open()
