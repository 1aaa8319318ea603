"""How long a back end is believed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from zosma_queue.cost import SECONDS_PER_MEGAPIXEL_STEP, predict_gpu_seconds
from zosma_queue.request import Request
from zosma_worker.circuit_breaker import Pauses

#: A job may stand still for as long as this many of its steps take: decoding a large picture takes about ten.
STEPS_STILL = 30
#: Some samplers ask the model twice for each step.
CALLS_A_STEP = 2
#: Without any progress to watch, a job may take this often the time it should.
TIMES_PREDICTED = 10


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
        if request.detect:
            # The same, and no address answers before it is done: ControlNet does it all in the WebUI's event loop.
            long = self.loading_s
            return replace(self, stalled_s=long, unanswered_s=long, deaf_s=max(self.deaf_s, long))
        if request.interrogate or (request.upscale and request.upscale.face_restorers):
            # A1111 fetches what it needs for these when it is first asked, and says that it is idle meanwhile.
            return replace(self, stalled_s=self.loading_s, unanswered_s=self.loading_s)
        if ratio is None:
            return self
        step_s = ratio * SECONDS_PER_MEGAPIXEL_STEP * CALLS_A_STEP * request.output_pixels / 1e6
        whole_s = self.loading_s + TIMES_PREDICTED * ratio * predict_gpu_seconds(request)
        still_s = max(min(self.floor_s, self.stalled_s), STEPS_STILL * step_s)
        return replace(self, stalled_s=still_s, whole_s=whole_s)
