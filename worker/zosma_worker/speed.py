"""How fast a WebUI is: by what the queue knows of its place, else by a short measurement, then by our jobs."""

from __future__ import annotations

import logging

from zosma_queue.cost import SECONDS_PER_MEGAPIXEL_STEP, predict_gpu_seconds
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.request import Request
from zosma_queue.worker_queue import WorkerQueue

log = logging.getLogger(__name__)

#: What is made to measure it. As short as it can be and still say something.
BENCHMARK = Request(prompt="a lighthouse at dusk", width=512, height=512, steps=4, seed=1)
#: How much of what was known stays when a job tells something new.
KEEP = 0.8


class Speed:
    """Real seconds for each predicted one, as the queue counts them too (`zosma_queue/lua/_speed.lua`)."""

    def __init__(self, queue: WorkerQueue) -> None:
        self._queue = queue
        self.ratio: float | None = None

    @property
    def per_megapixel_step(self) -> float | None:
        """Seconds for one step on one megapixel; None when nothing is known yet."""
        return None if self.ratio is None else self.ratio * SECONDS_PER_MEGAPIXEL_STEP

    async def recall(self) -> None:
        """Takes what the queue knows of this place from earlier."""
        try:
            self.ratio = await self._queue.speed()
        except QueueUnavailableError:
            return

    async def measured(self, seconds: float) -> None:
        """The benchmark took this long: told to the queue, unless it knows better by now."""
        self.ratio = seconds / predict_gpu_seconds(BENCHMARK)
        try:
            await self._queue.tell_speed(self.ratio)
        except QueueUnavailableError as error:
            log.warning("the measured speed is not told to the queue: %s", error)

    def learn(self, request: Request, seconds: float) -> None:
        """A job took this long, without a checkpoint load. The queue learns by the settle."""
        ratio = seconds / predict_gpu_seconds(request)
        self.ratio = ratio if self.ratio is None else KEEP * self.ratio + (1 - KEEP) * ratio
