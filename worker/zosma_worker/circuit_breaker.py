"""Whether a WebUI is trusted with jobs: closed → open → half-open → closed.

It knows no clock and no network. People read of an open one as "sick" or "quarantined".

What goes wrong with the jobs of two members is no accident, so the second makes the WebUI sick, unless both asked for
the same LoRA or the like. One member's jobs alone, however many, only raise doubt: a canary job tells whose fault that
is. Whatever cannot be a job's doing (the server is gone, or does not end a job that was stopped) makes the WebUI sick
at once. A sick WebUI is tried with a canary job after a pause that grows; then a real job decides, but none of a member
whose jobs had gone wrong before.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from zosma_queue.fleet import Trust

#: What the reason of a sick WebUI begins with.
SICK = "sick: "
#: Whoever looks at the fleet reads this much of the reason.
REASON_CHARS = 160
#: So many jobs of one member that go wrong in a row, and none right between, raise a doubt; then twice as many.
FIRST_DOUBT = 2
#: More jobs than this are not remembered as having gone wrong.
SUSPECTS_MAX = 64
#: Canaries are nobody's.
CANARY_OWNER = "canary"


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


@dataclass(frozen=True)
class Cause:
    """A job that went wrong, and what may be to blame for that in place of the WebUI."""

    job: str
    owner: str
    extras: frozenset[str] = frozenset()
    """What it asks for beyond the usual, like `lora:cats`."""

    def independent_of(self, other: Cause) -> bool:
        """True when both going wrong speaks against what made them: other owners, who asked for nothing alike."""
        return self.owner != other.owner and not self.extras & other.extras


def _short(reason: str) -> str:
    """The beginning of a reason: torch's are as long as a page, and the log has them in full."""
    return reason if len(reason) <= REASON_CHARS else f"{reason[: REASON_CHARS - 1].rstrip()}…"


class CircuitBreaker:
    """The state of one WebUI. Times are seconds of one clock, whichever."""

    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._reason = ""
        self._suspects: dict[str, Cause] = {}
        self._on_trial: list[Cause] = []
        self._doubts = FIRST_DOUBT
        self._did_well: tuple[str, ...] = ()
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
        return self.state is BreakerState.CLOSED and not self._suspects

    @property
    def doubtful(self) -> bool:
        """True when one member's jobs go wrong again and again: a canary must tell whether it is the WebUI."""
        return self.state is BreakerState.CLOSED and len(self._suspects) >= self._doubts

    def does_well_for_others(self, owner: str) -> bool:
        """True when it does what others than `owner` ask for, as far as it was last seen."""
        seen = any(other != owner for other in self._did_well)
        return self.state is BreakerState.CLOSED and seen and all(one.owner == owner for one in self._suspects.values())

    def fault(
        self, job_id: str, reason: str, now: float, *, owner: str = "", extras: frozenset[str] = frozenset()
    ) -> bool:
        """A job went wrong. True when that is the WebUI's fault, which is sick from now on.

        Without `owner` each job counts as somebody else's.
        """
        cause = Cause(job_id, owner or job_id, extras)
        guilty = self._proves(cause)
        self._suspects[job_id] = cause
        while len(self._suspects) > SUSPECTS_MAX:
            del self._suspects[next(iter(self._suspects))]
        if guilty:
            self.condemn(reason, now)
        return guilty

    def _proves(self, cause: Cause) -> bool:
        """Whether one more job that goes wrong leaves only the WebUI to blame."""
        suspects = self._suspects.values()
        if self.state is BreakerState.OPEN:
            return True
        if self.state is BreakerState.CLOSED:
            return any(cause.independent_of(one) for one in suspects)
        # On trial: one that nothing is known of decides, those under suspicion only together.
        proves = all(cause.independent_of(one) for one in suspects) or any(
            cause.independent_of(one) for one in self._on_trial
        )
        self._on_trial.append(cause)
        return proves

    def condemn(self, reason: str, now: float, *, again_s: float | None = None) -> None:
        """It is sick, without a doubt. `again_s`: the pause, where a try costs nothing."""
        if self.state is BreakerState.HALF_OPEN:
            self._tries += 1
        self.state = BreakerState.OPEN
        self._did_well = ()
        self._reason = _short(reason)
        self._next_at = now + (self._pauses.after(self._tries) if again_s is None else again_s)

    def job_done(self, owner: str = "") -> None:
        """A job came out right."""
        if self.sick:
            return
        self.state = BreakerState.CLOSED
        self._suspects = {}
        self._doubts = FIRST_DOUBT
        self._tries = 0
        self._note_well(owner)

    def _note_well(self, owner: str) -> None:
        self._did_well = (owner, *(other for other in self._did_well if other != owner))[:2]

    def due(self, now: float) -> bool:
        """True when a canary should be tried."""
        return self.sick and now >= self._next_at

    def try_now(self) -> None:
        """An admin doesn't want to wait for the pause to end."""
        self._next_at = float("-inf")

    def canary_passed(self) -> None:
        """A canary job came out right. Of a sick one: a real job may try. Of one in doubt: the jobs are to blame."""
        if self.sick:
            self.state = BreakerState.HALF_OPEN
            self._on_trial = []
        while self.doubtful:
            self._doubts *= 2  # each canary takes time from everybody's jobs
        self._note_well(CANARY_OWNER)

    def canary_failed(self, reason: str, now: float, *, again_s: float | None = None) -> None:
        """Still sick. `again_s`: the pause, where a try costs nothing; such a try makes no later pause longer."""
        self._reason = _short(reason)
        if again_s is None:
            self._tries += 1
        self._next_at = now + (self._pauses.after(self._tries) if again_s is None else again_s)

    def says(self, now: float) -> str:
        """The reason, for whoever looks at the fleet."""
        return f"{SICK}{self._reason}; next try in {max(self._next_at - now, 0):.0f} s"
