"""What stays as it is goes into the log once, then every hour: a WebUI may be down all night."""

from __future__ import annotations

import time
from collections.abc import Callable

HOUR_S = 3600.0


class Hourly:
    """Whether a text is worth a line in the log. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: str | None = None
        self._said_at = 0.0

    def due(self, text: str) -> bool:
        """True for one that is new, or was last said an hour ago."""
        now = self._clock()
        if text == self._said and now - self._said_at < HOUR_S:
            return False
        self._said, self._said_at = text, now
        return True

    def forget(self) -> None:
        """Things have changed: whatever comes next is new."""
        self._said = None
