"""The bell: what happens to jobs and workers, as it happens.

Pub/sub loses messages when nobody listens, so an event only says that something can be read; the truth is in the
job's hash and the `undelivered` set.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from zosma_queue import keys
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import READING, note

#: The kind of the last event of a job: it has ended.
SETTLED = "settled"


@dataclass(frozen=True)
class Event:
    """One event as it goes over pub/sub.

    `kind` is waiting, delayed, started, progress, retry, cancelling or settled for a job; worker-joined, worker-changed
    (it can do something else, or went away or came back) or worker-left for a worker.
    """

    kind: str
    job: str | None
    """Job id; None for a worker's event."""
    data: dict[str, Any]


def decode_event(body: bytes) -> Event | None:
    """The event in a pub/sub message; None when it is none (another version, or anybody, may speak on the channel)."""
    try:
        data = json.loads(body)
        kind, job = data.pop("event"), data.pop("id", None)
    except READING as error:
        note(keys.EVENTS, error)
        return None
    if not isinstance(kind, str) or not isinstance(job, str | None):
        note(keys.EVENTS, "its kind or job is no text")
        return None
    return Event(kind, job, data)


async def hear(channel: Any, pulse_s: float) -> AsyncGenerator[Event | None]:
    """What comes over a redis-py pub/sub `channel`: events, and None each time that it begins to hear.

    After `pulse_s` of silence it asks whether anybody is there. A connection that a firewall forgot says nothing, and
    looks just like a quiet one.

    Raises:
      QueueUnavailableError: when no answer came in `pulse_s`, or the connection broke.
    """
    asked = False
    with redis_errors():
        await channel.subscribe(keys.EVENTS)
        while True:
            message = await channel.get_message(timeout=pulse_s)
            if message is None:
                if asked:
                    raise QueueUnavailableError(f"Redis can't be reached: events are silent for {2 * pulse_s:.3g} s")
                await channel.ping()
            asked = message is None
            if message and message["type"] == "subscribe":
                yield None
            elif message and message["type"] == "message" and (event := decode_event(message["data"])):
                yield event
