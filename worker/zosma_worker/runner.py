"""One delivery's way through a worker: made, handed over to the next, finished, and what it says about the WebUI."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from zosma_queue.broker import Delivery
from zosma_queue.request import Request
from zosma_queue.tasks import end
from zosma_queue.worker_queue import RELEASE, Outcome
from zosma_worker import handover, outcomes
from zosma_worker.drive import Driver, Ended, Task
from zosma_worker.handover import Handover
from zosma_worker.health import Health

log = logging.getLogger(__name__)

#: A worker remembers of so many jobs that its WebUI was away for them.
AWAYS_KEPT = 256


class Runner:
    """What the actor needs to make a job."""

    def __init__(self, driver: Driver, health: Health, handover: Handover) -> None:
        self.driver = driver
        self.health = health
        self.handover = handover
        self._aways: dict[str, int] = {}

    async def do(self, delivery: Delivery) -> Outcome:
        """The outcome of one delivery. Never raises."""
        self.handover.taken()
        self.health.begin()
        ended = Ended(outcome=RELEASE)
        try:
            ended = await self._make(delivery, delivery.request.pinned())
        except Exception as error:
            log.exception("job %s attempt %d: a bug in the worker", delivery.job_id, delivery.attempt)
            ended = Ended(outcome=outcomes.after(error, delivery.attempt - 1))
        finally:
            self.handover.ended()
            if not self.handover.passed_on(delivery):
                await self.health.end(ended.loaded)
            elif not ended.loaded:
                self.health.hurry()
        return ended.outcome

    async def _make(self, delivery: Delivery, request: Request) -> Ended:
        checkpoint = self.health.prober.checkpoint_for(request)
        if checkpoint is None:
            # Deleted since the queue was told: tell it, then let the job go where the checkpoint is.
            await self.health.relist()
            return Ended(outcome=RELEASE)
        task = Task(
            id=delivery.job_id,
            attempt=delivery.attempt,
            request=request,
            checkpoint=checkpoint,
            owner=delivery.owner,
            waited_for=delivery.was_waited_for,
            others_fine=self.health.breaker.does_well_for_others(delivery.owner),
        )
        was_loaded = self.health.prober.loaded
        ended = await self._run(delivery, task)
        self.health.learn(task, ended, was_loaded)
        if await self.health.judge(task, ended) and delivery.attempt <= outcomes.LAST_BLAMELESS:
            return replace(ended, outcome=outcomes.SICK)
        return replace(ended, outcome=self._away(task)) if ended.outcome is outcomes.AWAY else ended

    def _away(self, task: Task) -> Outcome:
        """What becomes of a job that this worker gives back once more: not for ever, or the two go round in circles."""
        self._aways[task.id] = aways = self._aways.pop(task.id, 0) + 1
        if len(self._aways) > AWAYS_KEPT:
            del self._aways[next(iter(self._aways))]
        return outcomes.away_again(aways)

    async def _run(self, delivery: Delivery, task: Task) -> Ended:
        async with self.driver.lease(task) as lease:
            made = await self.driver.make(task, lease, self.health.speed.ratio)
            if isinstance(made, Ended):
                return made
            if not delivery.was_waited_for:
                await self._let_next_begin(delivery, task.checkpoint.name)
                return await self.driver.finish(task, lease, made)
            # Hardly another waits: its member shouldn't either, and who looks for the next job does so by the settle.
            finishing = asyncio.create_task(self.driver.finish(task, lease, made))
            try:
                await asyncio.wait({finishing}, timeout=handover.KEPT_S)
                if not finishing.done():
                    await self._let_next_begin(delivery, task.checkpoint.name)
                return await finishing
            finally:
                await end(finishing)

    async def _let_next_begin(self, delivery: Delivery, loaded: str) -> None:
        """The WebUI is free: the next job is sent to it, and only then this one's pictures are looked at."""
        if not self.health.breaker.trusted or self.handover.hand_back.is_set():
            return
        self.handover.expect_next()
        if loaded != self.health.prober.loaded:
            await self.health.end(loaded)
            passed_on = self.handover.pass_on(delivery)
        else:
            passed_on = self.handover.pass_on(delivery)
            await self.health.end(loaded)
        if not passed_on:
            self.health.begin()  # the job before is still being finished: this one keeps the slot
        elif not delivery.was_waited_for:
            await self.handover.next_sent()
