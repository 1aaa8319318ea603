"""Whether a worker takes jobs, and why it doesn't: the slot and what the fleet reads of this worker follow it."""

from __future__ import annotations

import logging
import time

from zosma_queue.fleet import WorkerState
from zosma_queue.hourly import Hourly
from zosma_worker.circuit_breaker import CircuitBreaker
from zosma_worker.handover import Handover
from zosma_worker.heartbeat import Heartbeat

log = logging.getLogger(__name__)

BUSY_ELSEWHERE = "busy elsewhere: its own page or another program is at work"


class Gate:
    """Shut with a reason, or open; shut for good once it is stopped."""

    def __init__(self, handover: Handover, heartbeat: Heartbeat, breaker: CircuitBreaker) -> None:
        self._handover = handover
        self._heartbeat = heartbeat
        self._breaker = breaker
        self._said_sick = False
        self._said = Hourly()
        self.reason: str | None = None
        """Why it is shut; None when it is open, or has not been shut yet."""
        self.stopped = False

    async def open(self) -> None:
        """Jobs may come, once the queue has heard that this worker is ready."""
        self.reason = None
        self._said.forget()
        if self._heartbeat.status.state is WorkerState.AWAY:
            self._heartbeat.change(state=WorkerState.READY, reason="", trust=self._breaker.trust)
            await self._heartbeat.tell()  # a fetch by a worker that counts as away finds nothing
        if self._heartbeat.joined:
            self._handover.open()

    def shut(self, reason: str, level: int = logging.WARNING) -> None:
        """No job until it opens again; a reason is logged when it is new, then every hour."""
        self._handover.shut()
        # A sick one's reason counts the seconds down: it is logged when it falls sick, and with each try.
        known_sick = self._breaker.sick and self._said_sick
        self._said_sick = self._breaker.sick and reason != BUSY_ELSEWHERE
        if not known_sick and self._said.due(reason):
            log.log(level, "takes no jobs: %s", reason)
        self.reason = reason
        if not self.stopped:
            self._heartbeat.change(state=WorkerState.AWAY, reason=reason, trust=self._breaker.trust)

    async def shut_and_tell(self, reason: str, level: int) -> None:
        """Shuts it; returns once the fleet has heard of that, or can't."""
        self.shut(reason, level)
        await self._heartbeat.tell()

    def shut_sick(self) -> None:
        """Shuts it with what the circuit breaker says."""
        self.shut(self._breaker.says(time.monotonic()))

    def pause(self) -> None:
        """Takes no job until the next look, which nobody needs to hear of."""
        self._handover.shut()

    async def stop(self) -> None:
        """Takes no more jobs, for good."""
        self.stopped = True
        self._handover.stop()
        self._heartbeat.change(state=WorkerState.AWAY, reason="is being shut down")
        await self._heartbeat.tell()
