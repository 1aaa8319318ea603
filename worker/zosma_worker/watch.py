"""Watches a WebUI while it runs our job: progress, previews, and whether it is still alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import NoReturn

from zosma_queue.cost import SECONDS_PER_MEGAPIXEL_STEP, predict_gpu_seconds
from zosma_queue.errors import ZosmaError
from zosma_queue.request import Request
from zosma_worker.circuit_breaker import Pauses
from zosma_worker.lease import Report
from zosma_worker.preview import shrink
from zosma_worker.webui.client import Client, Progress
from zosma_worker.webui.errors import WebUIError, WebUIUnreachable

#: A job may stand still for as long as this many of its steps take: decoding a large picture takes about ten.
STEPS_STILL = 30
#: Some samplers ask the model twice for each step.
CALLS_A_STEP = 2
#: Without any progress to watch, a job may take this often the time it should.
TIMES_PREDICTED = 10
#: What runs this soon after our request came in, and is this far, can't be ours. A1111 begins at 0.01.
SOON_S, FAR = 0.1, 0.02


@dataclass(frozen=True)
class Timeouts:
    """How long a WebUI is believed, in seconds."""

    poll_s: float = 0.5
    """Between two reads of its progress."""
    preview_s: float = 1.0
    """Between two previews."""
    deaf_s: float = 60.0
    """Its reads may fail for this long while a job runs: they wait behind other work on some servers."""
    stalled_s: float = 300.0
    """Nothing may move for this long while nobody knows how fast it is: slow machines need minutes for one step."""
    floor_s: float = 60.0
    """Nothing may move for at least this long when its speed is known."""
    loading_s: float = 900.0
    """Nothing may move for this long while a checkpoint loads; the first use of one also hashes the file."""
    whole_s: float = 5400.0
    """A job may take this long on a server that tells no progress and whose speed nobody knows."""
    unanswered_s: float = 120.0
    """It may be idle for this long although it owes us an answer: the answer is lost then."""
    stubborn_s: float = 60.0
    """An interrupted job may run on for this long before the WebUI counts as stuck."""
    pauses: Pauses = field(default_factory=Pauses)
    """Before a sick WebUI is tried again."""

    def with_job(self, request: Request, ratio: float | None) -> Timeouts:
        """For one job, on a WebUI that takes `ratio` times what is predicted; None: nobody knows."""
        if ratio is None:
            return self
        step_s = ratio * SECONDS_PER_MEGAPIXEL_STEP * CALLS_A_STEP * request.output_pixels / 1e6
        whole_s = self.loading_s + TIMES_PREDICTED * ratio * predict_gpu_seconds(request)
        still_s = max(min(self.floor_s, self.stalled_s), STEPS_STILL * step_s)
        return replace(self, stalled_s=still_s, whole_s=whole_s)


class Stalled(ZosmaError):
    """Raised when a WebUI has not moved for so long that it will not."""


class BusyForEver(WebUIUnreachable):
    """Raised when our job waits behind somebody else's that doesn't move: it cannot be reached for us."""


class Watch:
    """Reads progress and reports it."""

    def __init__(
        self,
        client: Client,
        task_id: str,
        report: Callable[[Report], None],
        timeouts: Timeouts,
        estimate: Callable[[], Report] | None = None,
    ) -> None:
        """`estimate` is reported when the WebUI doesn't say how far it is."""
        self._client = client
        self._task = task_id
        self._report = report
        self._timeouts = timeouts
        self._estimate = estimate
        self._started: bool | None = None
        self._foreign: str | None = None  # when somebody else's job began that was there before ours
        self._furthest = 0.0
        self._shown = ""
        self._shown_at = float("-inf")
        self._mark = ""
        self._began = self._moved_at = self._heard_at = time.monotonic()
        self.waited_s = 0.0
        """For how long our job has waited for somebody else's."""

    async def run(self) -> NoReturn:
        """Watches until cancelled.

        Raises:
          WebUIUnreachable: when it has been silent for too long, or does somebody else's job for ever.
          Stalled: when it has stood still for too long.
        """
        await self._step(self._look_around)
        while True:
            await asyncio.sleep(self._timeouts.poll_s)
            await self._step(self._look)

    async def _step(self, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
            self._heard_at = time.monotonic()
        except BusyForEver:
            raise
        except WebUIError as error:
            if time.monotonic() - self._heard_at > self._timeouts.deaf_s:
                raise WebUIUnreachable(str(error)) from error

    async def ours(self) -> bool:
        """False when the WebUI runs somebody else's work and ours waits, as far as can be known."""
        if self._foreign is not None:
            progress = await self._client.progress(image=False)
            return progress is None or self._is_ours(progress)
        if not self._started:
            self._started = await self._client.holds(self._task)
        return self._started is not False

    async def _look_around(self) -> None:
        """What runs already when our job has only just been sent. Servers that know tasks by name say it better."""
        progress = await self._client.progress(image=False)
        if progress and progress.began and progress.fraction >= FAR and not progress.loading:
            self._foreign = progress.began if time.monotonic() - self._began < SOON_S else None

    def _is_ours(self, progress: Progress) -> bool:
        if self._foreign is not None and (progress.idle or progress.began != self._foreign):
            self._foreign = None
        return self._foreign is None

    async def _look(self) -> None:
        wants_image = time.monotonic() - self._shown_at >= self._timeouts.preview_s
        progress = await self._client.progress(image=wants_image)
        if progress is None:
            await self._client.options()  # no progress on this server, but a sign of life
            if self._estimate:
                self._report(self._estimate())
            self._check_whole()
            return
        ours = self._is_ours(progress) and (progress.idle or await self.ours())
        self._check_moving(progress, ours)
        if progress.idle or not ours:
            return
        self._furthest = max(self._furthest, progress.fraction)  # it falls back to 0 when the job ends
        self._report(Report(self._furthest, progress.eta_s, await self._preview(progress.image)))

    def _check_moving(self, progress: Progress, ours: bool) -> None:
        now = time.monotonic()
        if progress.mark != self._mark:
            self._mark, self._moved_at = progress.mark, now
        still_s = now - self._moved_at
        if not ours:
            self.waited_s = now - self._began
            if still_s > self._timeouts.loading_s:
                raise BusyForEver(f"{self._client.url} has been busy elsewhere for too long, and nothing moves")
            return
        limit = self._timeouts.loading_s if progress.loading else self._timeouts.stalled_s
        if progress.idle:
            limit = min(limit, self._timeouts.unanswered_s)
        if still_s > limit:
            raise Stalled(f"{self._client.url} stood still for {still_s:.0f} s in the middle of a job")

    def _check_whole(self) -> None:
        if time.monotonic() - self._began > self._timeouts.whole_s:
            raise Stalled(f"{self._client.url} has not ended a job after {self._timeouts.whole_s:.0f} s")

    async def _preview(self, image: str | None) -> bytes:
        if not image or image == self._shown:
            return b""
        self._shown, self._shown_at = image, time.monotonic()
        return await asyncio.to_thread(shrink, image)
