"""How long something is tried again, and when: after lost lines, and while the server can't take a call."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from zosma.errors import ProblemError, UnavailableError, UnreachableError, ZosmaError

#: Seconds before the second try, doubled for each after that, up to the most. Each is cut by chance to half at most, so
#: that hundreds of clients don't come back at one moment.
FIRST_S, MOST_S = 0.25, 10.0
#: Problems that pass by themselves within seconds. Not `no-worker`: whether to wait for a GPU is the caller's choice.
_PASSING = frozenset(
    {
        "queue-unavailable",
        "queue-busy",
        "pictures-unavailable",
        "bad-gateway",
        "service-unavailable",
        "gateway-timeout",
        "starting",
    }
)


class Patience:
    """Says how long to wait before the next try, until its time is up."""

    def __init__(
        self,
        for_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._for_s = for_s
        self._clock = clock
        self._chance = chance
        self._tries = 0
        self._since = clock()

    def renew(self) -> None:
        """It worked: what comes next is a trouble of its own."""
        self._tries = 0
        self._since = self._clock()

    def wait_s(
        self, error: ZosmaError, *, repeatable: bool = True, reached: bool = True, least_s: float = 0.0
    ) -> float:
        """Seconds until the next try, `least_s` at least.

        `repeatable`: what was sent may be heard twice. `reached`: the server has answered before; else where nobody
        listens is taken for a wrong address, which no waiting mends.

        Raises:
          ZosmaError: the error, when trying again won't help, or the time is up.
        """
        never_sent = isinstance(error, UnreachableError) and not error.sent
        if not is_passing(error) or (never_sent and not reached) or not (repeatable or never_sent):
            raise error
        doubled = min(FIRST_S * 2.0 ** min(self._tries, 16), MOST_S)
        self._tries += 1
        told_s = error.retry_after_s or 0.0 if isinstance(error, ProblemError) else 0.0
        pause_s = max(doubled * (1 + self._chance()) / 2, least_s, told_s)
        if self._clock() + pause_s - self._since > self._for_s:
            raise error
        return pause_s


def is_passing(error: ZosmaError) -> bool:
    """True for what passes by itself: no answer, or an answer of the kind "not right now"."""
    if isinstance(error, UnavailableError):
        return error.code in _PASSING
    return isinstance(error, UnreachableError)
