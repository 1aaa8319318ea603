"""Whether a WebUI is trusted with jobs: closed → open → half-open → closed.

It knows no clock and no network. People read of an open one as "sick" or "quarantined".

Two different jobs that go wrong one after the other are no accident, so the second makes the WebUI sick; one job that
goes wrong twice is rather to blame itself. Whatever cannot be the job's doing (the server is gone, or does not end a
job that was stopped) makes it sick at once. A sick WebUI is tried with a canary job after a pause that grows; then one
real job decides.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from zosma_queue.fleet import Trust

#: What the reason of a sick WebUI begins with.
SICK = "sick: "
#: Whoever looks at the fleet reads this much of the reason.
REASON_CHARS = 160


class BreakerState(enum.StrEnum):
    """How far a WebUI is trusted."""

    CLOSED = "closed"  # takes jobs
    OPEN = "open"  # takes none until a canary job comes out right
    HALF_OPEN = "half-open"  # takes one, which decides


_TRUST = {
    BreakerState.CLOSED: Trust.TRUSTED,
    BreakerState.OPEN: Trust.QUARANTINED,
    BreakerState.HALF_OPEN: Trust.ON_TRIAL,
}


@dataclass(frozen=True)
class Pauses:
    """Seconds before a sick WebUI is tried again."""

    first_s: float = 5.0
    growth: float = 2.0
    max_s: float = 300.0

    def after(self, tries: int) -> float:
        """The pause after so many tries in vain."""
        return float(min(self.first_s * self.growth ** min(tries, 64), self.max_s))


def _short(reason: str) -> str:
    """The beginning of a reason: torch's are as long as a page, and the log has them in full."""
    return reason if len(reason) <= REASON_CHARS else f"{reason[: REASON_CHARS - 1].rstrip()}…"


class CircuitBreaker:
    """The state of one WebUI. Times are seconds of one clock, whichever."""

    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._reason = ""
        self._suspect: str | None = None
        self._tries = 0
        self._next_at = 0.0
        self.state = BreakerState.CLOSED

    @property
    def trust(self) -> Trust:
        """The state in the fleet's words."""
        return _TRUST[self.state]

    @property
    def sick(self) -> bool:
        """True while it gets no job."""
        return self.state is BreakerState.OPEN

    @property
    def trusted(self) -> bool:
        """True when nothing speaks against it: its next job may begin before the last one's pictures are checked."""
        return self.state is BreakerState.CLOSED and self._suspect is None

    def fault(self, job_id: str, reason: str, now: float) -> bool:
        """A job went wrong. True when that is the WebUI's fault, which is sick from now on."""
        if self.state is BreakerState.CLOSED and self._suspect in (None, job_id):
            self._suspect = job_id
            return False
        self.condemn(reason, now)
        return True

    def condemn(self, reason: str, now: float, *, again_s: float | None = None) -> None:
        """It is sick, without a doubt. `again_s`: the pause, where a try costs nothing."""
        if self.state is BreakerState.HALF_OPEN:
            self._tries += 1
        self.state = BreakerState.OPEN
        self._reason = _short(reason)
        self._next_at = now + (self._pauses.after(self._tries) if again_s is None else again_s)

    def job_done(self) -> None:
        """A job came out right."""
        if not self.sick:
            self.state = BreakerState.CLOSED
            self._suspect = None
            self._tries = 0

    def due(self, now: float) -> bool:
        """True when a canary should be tried."""
        return self.sick and now >= self._next_at

    def try_now(self) -> None:
        """An admin doesn't want to wait for the pause to end."""
        self._next_at = float("-inf")

    def canary_passed(self) -> None:
        """The canary job came out right: one real job may try."""
        self.state = BreakerState.HALF_OPEN

    def canary_failed(self, reason: str, now: float, *, again_s: float | None = None) -> None:
        """Still sick. `again_s`: the pause, where a try costs nothing; such a try makes no later pause longer."""
        self._reason = _short(reason)
        if again_s is None:
            self._tries += 1
        self._next_at = now + (self._pauses.after(self._tries) if again_s is None else again_s)

    def says(self, now: float) -> str:
        """The reason, for whoever looks at the fleet."""
        return f"{SICK}{self._reason}; next try in {max(self._next_at - now, 0):.0f} s"
