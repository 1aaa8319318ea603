"""Keeps a job's lease while it runs, and hears what has become of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import TracebackType
from typing import Self

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.tasks import set_within
from zosma_queue.worker_queue import LeaseState, WorkerQueue
from zosma_worker.backend import Report

log = logging.getLogger(__name__)

#: A third of what is allowed at the latest (1.5 s), because a cancel is heard with a renewal.
RENEW_EVERY_S = 0.5
#: The first one lets the request to the WebUI go before it: the lease has just been given.
FIRST_AFTER_S = 0.01


class Lease:
    """Renewals for as long as it is entered. When it is left, no renewal is under way any more.

    That matters: one that arrived after a release would take the job back into a lease that nobody serves.
    """

    def __init__(self, queue: WorkerQueue, job_id: str, attempt: int) -> None:
        self._queue = queue
        self._job = job_id
        self._attempt = attempt
        self._report: Report | None = None
        self._left = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.state = LeaseState.OK
        #: Set once the job has been cancelled or given to somebody else; `state` says which.
        self.over = asyncio.Event()
        #: Set when the picture at hand is to be ended; whoever does it clears it.
        self.skip = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        if self._task:
            await self._task

    def report(self, report: Report) -> None:
        """Goes out with the next renewal. A preview not sent yet is kept when the new report has none."""
        if self._report and self._report.preview and not report.preview:
            report = replace(report, preview=self._report.preview)
        self._report = report

    async def _keep(self) -> None:
        away = False
        await set_within(self._left, FIRST_AFTER_S)
        while not self._left.is_set():
            try:
                await self._renew()
                away = False
            except QueueUnavailableError as error:
                if not away:
                    log.warning("job %s goes on without Redis: %s", self._job, error)
                away = True
            except Exception:  # the job goes on: its pictures may still be wanted when it is done
                log.exception("job %s: a renewal failed", self._job)
            if self.state is LeaseState.LOST:
                return
            await set_within(self._left, RENEW_EVERY_S)

    async def _renew(self) -> None:
        report, self._report = self._report, None
        if report is None:
            answer = await self._queue.renew(self._job, self._attempt)
        else:
            answer = await self._queue.renew(
                self._job,
                self._attempt,
                progress=report.fraction,
                eta_s=report.eta_s,
                preview=report.preview,
                estimated=report.estimated,
            )
        if answer is not LeaseState.OK and self.state is LeaseState.OK:
            log.info("job %s attempt %d: %s", self._job, self._attempt, answer)
        if answer is LeaseState.SKIP:
            self.skip.set()
            return
        self.state = answer
        if answer is not LeaseState.OK:
            self.over.set()
