"""The bell: what happens to jobs and workers, as it happens.

Pub/sub loses messages when nobody listens, so an event only says that something can be read; the truth is in the
job's hash and the `undelivered` set.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event.

    `kind` is waiting, started, progress, retry, cancelling or settled for a job; worker-joined, worker-changed (it can
    do something else, or went away or came back) or worker-left for a worker.
    """

    kind: str
    job: str | None
    """Job id; None for a worker's event."""
    data: dict[str, Any]


def decode_event(body: bytes) -> Event | None:
    """The event in a pub/sub message; None when it is none (another version may speak on the channel)."""
    try:
        data = json.loads(body)
        return Event(data.pop("event"), data.pop("id", None), data)
    except (ValueError, KeyError, AttributeError):
        return None
