"""Faults on order: the next requests that match fail, wait for an event, or lose their connection."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Fault:
    method: str
    path: re.Pattern[str]
    times: int
    #: Answer this instead of doing anything.
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Wait for this before going on.
    until: asyncio.Event | None = None
    #: Cut the connection.
    cut: bool = False
    #: Do the request first, then hold back or cut its answer: it took effect, but the bot cannot know.
    after: bool = False

    def matches(self, method: str, path: str) -> bool:
        return self.method in (method, "*") and self.path.search(path) is not None


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._events: list[asyncio.Event] = []

    def add(self, method: str, path_regex: str, times: int, **what: Any) -> Fault:
        fault = Fault(method, re.compile(path_regex), times, **what)
        if fault.until is not None:
            self._events.append(fault.until)
        self._waiting.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The first matching fault, which is then used up by one."""
        for fault in self._waiting:
            if fault.matches(method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Forget all faults and let go whatever is held."""
        self._waiting.clear()
        for event in self._events:
            event.set()
