"""One line an event, to standard error: words for people at a terminal, JSON for programs that keep logs.

Every logger goes through it, those of libraries too. An event has its words, and fields to search by: `job`, `attempt`,
`worker`, `seconds`, … as `extra` of the call, by `about` for all that is said within it, or by `always`. While traces
are sent, what is said within one has its `trace_id`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, ProcessorReturnValue, WrappedLogger

from zosma_queue import tracing
from zosma_queue.terminal import visible

#: auto: text at a terminal, else json.
LogFormat = Literal["auto", "text", "json"]
#: Before each line of a traceback: no words of an error can look like an event of their own.
_INDENT = "    "
_COLOURS = {"warning": "33", "error": "31", "critical": "31;1"}
#: Set by who passes a process's output on to a terminal, or keeps it for people.
FOR_PEOPLE = "ZOSMA_LOGS_FOR_PEOPLE"
_HEAD = ("at", "level", "logger", "event", "exception", "stack")
#: Rights that a library might put into a line: Discord's tokens in addresses and by themselves, logins in addresses.
_SECRETS = (
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.~-]{16,}"), r"\1…"),
    (re.compile(r"\b[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}"), "…"),
    (re.compile(r"(://)[^\s/@]*:[^\s/@]*@"), r"\1…@"),
)
_always: dict[str, object] = {}


def always(**fields: object) -> None:
    """Fields of every event of this process from now on."""
    _always.update(fields)


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Fields of every event within the block, also in tasks that are begun there."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def set_up(form: LogFormat = "auto", level: int = logging.INFO) -> None:
    """Configures logging for a process. Libraries only speak up when something is wrong."""
    at_terminal = sys.stderr.isatty()
    as_text = form == "text" or (form == "auto" and (at_terminal or FOR_PEOPLE in os.environ))
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(as_text=as_text, coloured=at_terminal and not os.environ.get("NO_COLOR")))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in ("zosma_bot", "zosma_cli", "zosma_queue", "zosma_webui", "zosma_worker"):
        logging.getLogger(name).setLevel(level)


def formatter(*, as_text: bool, coloured: bool = False) -> logging.Formatter:
    """What makes a line of a record."""

    def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return _text(event, coloured=coloured) if as_text else _json(event)

    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
            ExtraAdder(), _in_order,
        ],
        processors=[_timed, ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info,
                    _without_secrets, render],
    )  # fmt: skip


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    head = {name: event.pop(name) for name in _HEAD if name in event}
    trace = {"trace_id": found} if (found := tracing.trace_id()) else {}
    return {**head, **_always, **event, **trace}


def _timed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    at = datetime.fromtimestamp(event["_record"].created, UTC)
    return {"at": at, **event}


def _without_secrets(_: WrappedLogger, __: str, event: EventDict) -> ProcessorReturnValue:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _hidden(value)
    return event


def _hidden(text: str) -> str:
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return text


def _json(event: EventDict) -> str:
    at = event.pop("at").isoformat(timespec="milliseconds").replace("+00:00", "Z")
    # Whatever a terminal could obey is escaped by JSON itself, all but DEL.
    return json.dumps({"at": at, **event}, default=str).replace("\x7f", "\\u007f")


def _text(event: EventDict, *, coloured: bool) -> str:
    """Strangers' words can neither begin another line nor steer the terminal that shows it."""
    at = event.pop("at").astimezone().strftime("%Y-%m-%d %H:%M:%S")
    level, logger, words = event.pop("level"), event.pop("logger"), str(event.pop("event"))
    below = [_indented(str(event.pop(name))) for name in ("exception", "stack") if event.get(name)]
    # What the words say already is not said twice.
    said = [f"{name}={shown}" for name, value in event.items() if (shown := _shown(value)) and shown not in words]
    label = f"{level.upper():7}"
    if coloured and level in _COLOURS:
        label = f"\x1b[{_COLOURS[level]}m{label}\x1b[0m"
    line = visible(" ".join([f"{logger}: {words}", *said]))
    return "\n".join([f"{at} {label} {line}", *below])


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line for line in visible(text, lines=True).split("\n"))
