"""What time it is, as Discord says: members' apps count down from it, and the host's own clock may be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

#: A `Date` has whole seconds and is some moments old: what is closer than this to our own reckoning changes nothing.
CLOSE_S = 2.0


class DiscordClock:
    """Call it for seconds since 1970. Until Discord has answered once, they are the host's."""

    def __init__(
        self, *, host: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._began_s = host() - monotonic()
        self._heard = False

    def __call__(self) -> float:
        """Now, by what Discord has said and the seconds that have gone by since."""
        return self._began_s + self._monotonic()

    def hear(self, date: str | None) -> None:
        """The `Date` of one of Discord's answers; one that is missing or can't be read is passed over."""
        try:
            told_s = parsedate_to_datetime(date or "").timestamp() + 0.5
        except (ValueError, TypeError, OverflowError):
            return
        if not self._heard or abs(told_s - self()) > CLOSE_S:
            self._began_s = told_s - self._monotonic()
        self._heard = True
