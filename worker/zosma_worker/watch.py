"""Watches a WebUI while it runs our job: progress, previews, and whether it is still alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from zosma_queue.errors import ZosmaError
from zosma_worker.lease import Report
from zosma_worker.preview import shrink
from zosma_worker.webui.client import Client, Progress
from zosma_worker.webui.errors import WebUIError, WebUIUnreachable


@dataclass(frozen=True)
class Patience:
    """How long a WebUI is believed, in seconds."""

    poll_s: float = 0.5
    """Between two reads of its progress."""
    preview_s: float = 1.0
    """Between two previews."""
    deaf_s: float = 60.0
    """Its reads may fail for this long while a job runs: they wait behind other work on some servers."""
    stalled_s: float = 300.0
    """Nothing may move for this long: slow machines need minutes for one step."""
    loading_s: float = 900.0
    """Likewise while a checkpoint loads; the first use of one also hashes the file."""
    stubborn_s: float = 60.0
    """An interrupted job may run on for this long before the WebUI counts as stuck."""


class Stalled(ZosmaError):
    """Raised when a WebUI has not moved for so long that it will not."""


class Watch:
    """Reads progress and reports it."""

    def __init__(self, client: Client, task_id: str, report: Callable[[Report], None], patience: Patience) -> None:
        self._client = client
        self._task = task_id
        self._report = report
        self._patience = patience
        self._started: bool | None = None
        self._furthest = 0.0
        self._shown = ""
        self._shown_at = float("-inf")
        self._mark = ""
        self._moved_at = self._heard_at = time.monotonic()

    async def run(self) -> NoReturn:
        """Watches until cancelled.

        Raises:
          WebUIUnreachable: when it has been silent for too long.
          Stalled: when it has stood still for too long.
        """
        while True:
            await asyncio.sleep(self._patience.poll_s)
            try:
                await self._look()
                self._heard_at = time.monotonic()
            except WebUIError as error:
                if time.monotonic() - self._heard_at > self._patience.deaf_s:
                    raise WebUIUnreachable(str(error)) from error

    async def ours(self) -> bool:
        """False when the WebUI says that it runs somebody else's work and ours waits."""
        if self._started is None or self._started is False:
            self._started = await self._client.holds(self._task)
        return self._started is not False

    async def _look(self) -> None:
        wants_image = time.monotonic() - self._shown_at >= self._patience.preview_s
        progress = await self._client.progress(image=wants_image)
        if progress is None:
            await self._client.options()  # no progress on this server, but a sign of life
            return
        self._check_moving(progress)
        if progress.idle or not await self.ours():
            return
        self._furthest = max(self._furthest, progress.fraction)  # it falls back to 0 when the job ends
        self._report(Report(self._furthest, progress.eta_s, await self._preview(progress.image)))

    def _check_moving(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.mark != self._mark:
            self._mark, self._moved_at = progress.mark, now
        limit = self._patience.loading_s if progress.loading else self._patience.stalled_s
        if now - self._moved_at > limit:
            raise Stalled(f"nothing moved for {limit:.0f} s")

    async def _preview(self, image: str | None) -> bytes:
        if not image or image == self._shown:
            return b""
        self._shown, self._shown_at = image, time.monotonic()
        return await asyncio.to_thread(shrink, image)
