"""`python -m zosma_worker`: a worker by itself."""

from __future__ import annotations

import sys

from zosma_queue import logs
from zosma_queue.errors import SettingsError
from zosma_queue.settings import load
from zosma_queue.terminal import visible
from zosma_worker.main import EXIT_SETTINGS, run
from zosma_worker.settings import WorkerSettings
from zosma_worker.supervise import CHILD


def main() -> int:
    """The exit code."""
    try:
        settings = load(WorkerSettings)
        logs.set_up(settings.log_format)
        return run(settings, child=CHILD in sys.argv[1:])
    except SettingsError as error:
        print(visible(str(error)), file=sys.stderr)  # noqa: T201 - one line, not a log record
        return EXIT_SETTINGS


if __name__ == "__main__":
    raise SystemExit(main())
