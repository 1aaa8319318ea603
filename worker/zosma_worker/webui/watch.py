"""Watches a WebUI while it runs our job: progress, previews, and whether it is still alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

from zosma_worker.backend import Report
from zosma_worker.errors import Stalled, WebUIError, WebUIUnreachable
from zosma_worker.preview import shrink
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui.client import Client, Progress

#: What runs this soon after our request came in, and is this far, can't be ours. A1111 begins at 0.01.
SOON_S, FAR = 0.1, 0.02


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
        if progress is None or (progress.idle and self._estimate):  # not told by this server, or perhaps not
            if progress is None:
                await self._client.options()  # a sign of life
            if self._estimate:
                self._report(self._estimate())
            self._check_whole()
            return
        ours = self._is_ours(progress) and (progress.idle or await self.ours())
        self._check_moving(progress, ours)
        if progress.idle or not ours:
            return
        self._report(Report(progress.fraction, progress.eta_s, await self._preview(progress.image)))

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
