"""One line an event, to standard error."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up(level: int = logging.INFO) -> None:
    """Configures logging for a process. Libraries only speak up when something is wrong."""
    logging.basicConfig(level=logging.WARNING, format=FORMAT)
    for name in ("zosma_bot", "zosma_cli", "zosma_queue", "zosma_webui", "zosma_worker"):
        logging.getLogger(name).setLevel(level)
