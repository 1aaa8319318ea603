"""One line an event, to standard error."""

from __future__ import annotations

import logging
from typing import Any

from zosma_queue.terminal import visible

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
#: Before each line of a traceback: no words of an error can look like an event of their own.
_INDENT = "    "


class Formatter(logging.Formatter):
    """Strangers' words in a message can neither begin another line nor steer the terminal that shows it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The event's line."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        """The traceback under it."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """The stack under it."""
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line for line in visible(text, lines=True).split("\n"))


def set_up(level: int = logging.INFO) -> None:
    """Configures logging for a process. Libraries only speak up when something is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter(FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in ("zosma_bot", "zosma_cli", "zosma_queue", "zosma_webui", "zosma_worker"):
        logging.getLogger(name).setLevel(level)
