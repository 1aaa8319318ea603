"""Whether a WebUI is trusted, and how it earns that: benchmark, canary, restart."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable

from zosma_queue.errors import ZosmaError
from zosma_queue.hourly import Hourly
from zosma_queue.request import Request
from zosma_worker.circuit_breaker import BreakerState, CircuitBreaker
from zosma_worker.drive import Driver, Task, TookTooLong
from zosma_worker.errors import BadAnswer, Stalled, WebUIBusy, WebUIError, WebUINotSetUp, WebUIUnreachable
from zosma_worker.gate import BUSY_ELSEWHERE, Gate
from zosma_worker.handover import Handover
from zosma_worker.pace import Pace
from zosma_worker.prober import Prober
from zosma_worker.speed import BENCHMARK, Speed

log = logging.getLogger(__name__)

#: A WebUI that needs longer for the benchmark joins without it, and shows in its jobs how slow it is.
BENCHMARK_S = 15.0
#: The smallest job that shows whether pictures come out at all.
CANARY = Request(prompt="a lighthouse at dusk", width=64, height=64, steps=2, seed=1)


class Recovery:
    """Condemns a WebUI, and tries it until it may take jobs again.

    `loading_s`: how long somebody else's work may stand still; `restart` starts the WebUI again.
    """

    def __init__(
        self,
        prober: Prober,
        driver: Driver,
        gate: Gate,
        handover: Handover,
        pace: Pace,
        breaker: CircuitBreaker,
        speed: Speed,
        *,
        loading_s: float,
        benchmark: bool = False,
        restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._prober = prober
        self._driver = driver
        self._gate = gate
        self._handover = handover
        self._pace = pace
        self._breaker = breaker
        self._speed = speed
        self._loading_s = loading_s
        self._unmeasured = benchmark
        self._restart = restart
        self._doubted = False
        self._said = Hourly()

    def condemn(self, reason: str, *, free: bool = False) -> None:
        """It is sick, without a doubt. `free`: the first try costs nothing, unless it is to be restarted first."""
        again_s = self._pace.next_free() if free and not self._restart else None
        self._breaker.condemn(reason, time.monotonic(), again_s=again_s)

    def condemn_crashed(self, reason: str, *, lingers: bool) -> None:
        """It went down by a job: the first look costs nothing, but who crashes again and again waits ever longer."""
        self.condemn(reason, free=self._breaker.state is BreakerState.CLOSED and not lingers)

    def doubt(self) -> None:
        """A job found no memory, or one member's all go wrong. Theirs, or the WebUI's fault? A small picture tells."""
        self._doubted = True

    # -- trying it out ------------------------------------------------------------------------------------------

    async def _try(self, request: Request, name: str, *, at_most_s: float | None = None) -> float:
        checkpoint = self._prober.checkpoint_for(request)
        if checkpoint is None:
            raise WebUIBusy(f"{self._prober.url} has not been looked at")
        task_id = f"zosma-{name}-{secrets.token_hex(3)}"
        task = Task(id=task_id, attempt=1, request=request, checkpoint=checkpoint)
        seconds = await self._driver.try_out(task, at_most_s=at_most_s)
        self._prober.note_loaded(checkpoint.name)
        return seconds

    async def warmed(self) -> bool:
        """Has a WebUI that loads with its first job load with a small picture, which nobody pays for.

        False: look again before it takes jobs.
        """
        if self._prober.loaded or not self._prober.selected:
            return True
        await self._gate.shut_and_tell("loads its checkpoint with one small picture", logging.INFO)
        try:
            await self._try(CANARY, "canary")
        except (WebUIError, BadAnswer, Stalled) as error:
            self._failed(error)
            return False
        self._breaker.canary_passed()
        return True

    async def measured(self) -> bool:
        """Finds out how fast it is, once, when nobody knows. False: look again before it takes jobs."""
        if not self._unmeasured:
            return True
        await self._speed.recall()
        if self._speed.ratio is None:
            await self._gate.shut_and_tell("measures its speed with one small picture", logging.INFO)
            try:
                if self._prober.loaded is None:
                    await self._try(CANARY, "canary")  # loads a checkpoint, which is not to be measured
                await self._speed.measured(await self._try(BENCHMARK, "benchmark", at_most_s=BENCHMARK_S))
            except TookTooLong as slow:
                log.info("%s: it takes jobs, and its speed is learned from them", slow)
                self._unmeasured = False
                self._prober.expire()
                self._pace.hurry()  # it may still be letting go of the picture
                return False
            except (WebUIError, BadAnswer, Stalled) as error:
                self._failed(error)
                return False
            self._breaker.canary_passed()
        self._unmeasured = False
        log.info("%s: %.2f s for one step on one megapixel", self._prober.url, self._speed.per_megapixel_step)
        return True

    async def proved(self) -> bool:
        """Whether a small picture still comes out after jobs raised a doubt; it takes jobs all along."""
        if not self._doubted:
            return True
        try:
            await self._try(CANARY, "canary")
        except (WebUIError, BadAnswer, Stalled) as error:
            self._failed(error)
            await self._prober.log_memory()
            return False
        finally:
            self._doubted = False
        self._breaker.canary_passed()
        return True

    def _failed(self, error: ZosmaError) -> None:
        self.condemn(str(error))
        self._gate.shut_sick()

    async def nursed(self) -> bool:
        """Waits out a sick WebUI's pause, then tries it with a canary job. True when it may take jobs again."""
        self._pace.idle()
        if not self._breaker.due(time.monotonic()):
            self._gate.shut_sick()
            return False
        try:
            await self._canary()
        except (WebUIError, BadAnswer, Stalled) as error:
            await self._canary_failed(error)
            return False
        if self._breaker.due(time.monotonic()):
            return False  # busy elsewhere: next time
        self._handover.linger(None)
        return True

    async def _canary(self) -> None:
        if self._handover.lingers:
            raise Stalled(f"{self._prober.url} still has not let go of the job that was stopped")
        await self._prober.probe()
        still_s = await self._prober.foreign_work()
        if still_s is not None and still_s < self._loading_s:
            self._gate.shut(BUSY_ELSEWHERE)
            return
        await self._try(CANARY, "canary")
        log.info("%s: a canary job came out right; one real job decides", self._prober.url)
        self._breaker.canary_passed()
        self._said.forget()

    async def _canary_failed(self, error: ZosmaError) -> None:
        if self._restart:
            await self._handover.end_lingering()  # whatever it waits for ends with the server
        costs_nothing = isinstance(error, WebUIUnreachable | WebUIBusy | WebUINotSetUp) and not self._restart
        again_s = self._pace.next_free() if costs_nothing else None
        self._breaker.canary_failed(str(error), time.monotonic(), again_s=again_s)
        if self._said.due(str(error)):
            log.warning("still takes no jobs: %s", self._breaker.says(time.monotonic()))
        self._gate.shut_sick()
        if self._restart:
            await self._restart()
