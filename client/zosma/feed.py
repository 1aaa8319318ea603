"""Where a stream of events stands: what it has told, and how to come back to it. Does no I/O: both clients drive it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, get_args

from zosma.errors import NotFoundError, UnreadableAnswerError
from zosma.models import JobView, Update, UpdateKind, decode

#: The server says something each 15 s; a line that is silent for longer is dead.
SILENT_S = 45.0
#: How soon to come back to a server that hasn't said.
RETRY_S = 2.0
_RETRY_MOST_S = 30.0
#: Ends that are known again when they are told twice.
ENDS_KEPT = 1_000
_NO_CONTENT = 204
_KINDS = frozenset(get_args(UpdateKind))
_PLACE = ("position", "starts_in_s", "ends_in_s", "paused")
_PROGRESS = ("progress", "eta_s", "estimated")


@dataclass(frozen=True)
class Event:
    """One event, as it was sent."""

    name: str
    data: dict[str, Any]


class Feed:
    """One stream, over all the lines that carry it one after the other."""

    def __init__(self) -> None:
        self._last_id = ""
        self.retry_s = RETRY_S
        """Seconds after which to come back when the line is lost."""
        self.is_over = False
        """True when there will be no more events."""
        self._was_open = False

    @property
    def headers(self) -> dict[str, str]:
        """What to ask with: the last event that was had, so that what was missed is told."""
        resumed = {"Last-Event-ID": self._last_id} if self._last_id else {}
        return {"Accept": "text/event-stream", **resumed}

    def begins(self, status: int) -> bool:
        """True when events come; 204 says that all have been had."""
        self.is_over = status == _NO_CONTENT
        self._was_open = not self.is_over
        return not self.is_over

    def lost(self) -> bool:
        """The line is gone. True when it had been open: then this is a new trouble, however long it was silent."""
        was_open, self._was_open = self._was_open, False
        return was_open

    def take(self, name: str, data: str, id: str, retry: int | None) -> Event | None:  # noqa: A002 - as SSE has it
        """The event in one block of the stream; None for one that only says where the stream stands.

        Raises:
          UnreadableAnswerError: when it is no event of Zosma's.
        """
        if id:
            self._last_id = id
        if retry is not None:
            self.retry_s = min(max(retry / 1000, 0.0), _RETRY_MOST_S)
        if not data or name not in _KINDS:  # newer servers may tell more
            return None
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("job"), str):
            raise UnreadableAnswerError(f"an event of the server can't be read: {data[:100]!r}")
        return Event(name, found)


class Views:
    """What is known of jobs by their events."""

    def __init__(self) -> None:
        self._known: dict[str, JobView] = {}
        #: Of jobs that have ended: a line that is taken up again may tell some ends twice.
        self._ends: dict[str, JobView] = {}

    def take(self, event: Event) -> Update | None:
        """What an event says; None when that was known, as after a line was taken up again, or nothing is known of it.

        Raises:
          NotFoundError: when the job has been forgotten.
        """
        job_id, url = event.data["job"], event.data.get("url")
        before = self._known.get(job_id)
        after = _after(before, event)
        if after is None or self._was_told(event.name, before, after):
            return None
        if event.name == "end":
            self._known.pop(job_id, None)
            self._ends[job_id] = after
            if len(self._ends) > ENDS_KEPT:
                del self._ends[next(iter(self._ends))]
        else:
            self._known[job_id] = after
            self._ends.pop(job_id, None)  # a failed one may get a new life
        return Update(kind=_kind(event.name), job=after, preview_url=url if isinstance(url, str) else None)

    def _was_told(self, name: str, before: JobView | None, after: JobView) -> bool:
        if name == "end":
            return self._ends.get(after.id) == after
        return name != "preview" and before == after


def _kind(name: str) -> UpdateKind:
    kinds: tuple[UpdateKind, ...] = get_args(UpdateKind)
    return next(kind for kind in kinds if kind == name)


def _after(before: JobView | None, event: Event) -> JobView | None:
    """How a job stands after an event; None when nobody has told of the job yet."""
    if event.name in ("state", "end"):
        if event.data.get("view") is None:
            raise NotFoundError(
                f"the job {event.data['job']} is no longer known to the server", status=404, code="not-found"
            )
        return decode(JobView, event.data["view"])
    if before is None:
        return None
    names = {"place": _PLACE, "progress": _PROGRESS}.get(event.name, ())
    told = {name: event.data[name] for name in names if name in event.data}
    return replace(before, **told)
