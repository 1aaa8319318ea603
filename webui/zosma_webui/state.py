"""What the server is doing: the numbers behind `progress`, and the task ids behind `/internal/progress`."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from PIL import Image

Drawer = Callable[[float], Image.Image]

REMEMBERED_TASKS = 16
"""Finished task ids that `/internal/progress` still knows."""


@dataclass
class State:
    """The running job. Names and meanings are A1111's; between jobs the step numbers are those of the last one."""

    skipped: bool = False
    interrupted: bool = False
    stopping_generation: bool = False
    job: str = ""
    job_no: int = 0
    job_count: int = 0
    job_timestamp: str = "0"
    sampling_step: int = 0
    sampling_steps: int = 0
    started: float = 0.0
    preview: Drawer | None = None
    """draws the unfinished picture; takes the share of steps done"""
    preview_step: int = 0
    """step at which the last preview was drawn"""
    preview_id: int = 0
    preview_image: Image.Image | None = None
    stop_bell: asyncio.Event = field(default_factory=asyncio.Event)
    """set by an interrupt, for whoever waits for one"""

    def begin(self, job: str) -> None:
        """A job starts; what an interrupt left behind is cleared. `job_count` is -1 until the weights are there."""
        self.skipped = self.interrupted = self.stopping_generation = False
        self.stop_bell.clear()
        self.job, self.job_no, self.job_count = job, 0, -1
        self.job_timestamp = datetime.now(UTC).astimezone().strftime("%Y%m%d%H%M%S")
        self.sampling_step = self.sampling_steps = self.preview_step = 0
        self.preview = self.preview_image = None
        self.started = time.monotonic()

    def end(self) -> None:
        """The job is over, however it ended."""
        self.job, self.job_count = "", 0
        self.preview = self.preview_image = None

    def interrupt(self) -> None:
        """End the running job after its present step."""
        self.interrupted = True
        self.stop_bell.set()

    @property
    def fraction(self) -> float:
        """Progress 0..1: 0 when idle, 0.01 while weights load."""
        if self.job_count == 0:
            return 0.0
        done = 0.01
        if self.job_count > 0:
            done += self.job_no / self.job_count
            if self.sampling_steps > 0:
                done += self.sampling_step / self.sampling_steps / self.job_count
        return min(done, 1.0)

    @property
    def eta_s(self) -> float:
        """Seconds left if it goes on as it began; without meaning while weights load, as in A1111."""
        fraction = self.fraction
        elapsed = time.monotonic() - self.started
        return elapsed / fraction - elapsed if fraction else 0.0

    def next_pass(self) -> None:
        """One sampling pass is done."""
        self.job_no += 1
        self.sampling_step = self.preview_step = 0

    def preview_due(self, every_n_steps: int) -> Drawer | None:
        """What draws a new preview, if `every_n_steps` have gone by since the last one (-1: never)."""
        if self.preview is None or every_n_steps < 0 or self.sampling_step - self.preview_step < every_n_steps:
            return None
        self.preview_step = self.sampling_step
        return self.preview

    def keep_preview(self, drawer: Drawer, image: Image.Image) -> None:
        """Show `image` from now on, unless the pass that it belongs to has ended meanwhile."""
        if self.preview is drawer:
            self.preview_image, self.preview_id = image, self.preview_id + 1

    def listing(self) -> dict[str, Any]:
        """The `state` object of `GET progress`."""
        names = (
            "skipped", "interrupted", "stopping_generation", "job", "job_count", "job_timestamp", "job_no",
            "sampling_step", "sampling_steps",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


class Tasks:
    """Ids of waiting, running and recently finished requests.

    Faithful to A1111 in its flaw: a request that fails is never marked as finished and stays `active` until the
    next one starts.
    """

    def __init__(self) -> None:
        self.pending: list[str] = []
        self.current: str | None = None
        self.finished: deque[str] = deque(maxlen=REMEMBERED_TASKS)

    def add(self, task: str) -> None:
        """A request waits for its turn."""
        self.pending.append(task)

    def start(self, task: str) -> None:
        """Its turn has come."""
        self.pending.remove(task)
        self.current = task

    def finish(self, task: str) -> None:
        """It was answered."""
        self.finished.append(task)
        self.current = None

    def position(self, task: str) -> str:
        """What to tell someone who asks about a task that does not run."""
        if task in self.pending:
            return f"In queue: {self.pending.index(task) + 1}/{len(self.pending)}"
        return "Waiting..."
