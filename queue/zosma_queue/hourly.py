"""What stays as it is goes into the log once, then every hour: a WebUI or Redis may be down all night."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable

HOUR_S = 3600.0
#: Texts that are remembered; of more the oldest would be said again.
REMEMBERED = 256
#: Ports, seconds and attempts change while the state is the same.
_NUMBER = re.compile(r"\d+")


class Hourly:
    """Whether a text is worth a line in the log; texts that differ in numbers alone are the same.

    Also of two texts that come by turns each is said once an hour. `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or time.monotonic
        self._said: OrderedDict[str, float] = OrderedDict()

    def due(self, text: str) -> bool:
        """True for one that is new, or was last said an hour ago."""
        now, text = self._clock(), _NUMBER.sub("#", text)
        if now - self._said.get(text, float("-inf")) < HOUR_S:
            return False
        self._said[text] = now
        self._said.move_to_end(text)
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        return True

    def forget(self) -> None:
        """Things have changed: whatever comes next is new."""
        self._said.clear()

    @property
    def said_any(self) -> bool:
        """True once something was said that has not been forgotten."""
        return bool(self._said)
