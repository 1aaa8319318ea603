"""What the `zosma` command runs. `pip install zosma` alone brings the Python client, and not what this needs."""

from __future__ import annotations

import sys


def main() -> None:
    """The command line; one line where its libraries aren't installed."""
    try:
        from zosma_cli.main import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("zosma_"):
            raise
        sys.stderr.write(
            f"zosma: the command line needs {error.name.partition('.')[0]}, which is not installed here: install Zosma"
            " with its extra 'cli' (or 'bot', 'worker', 'all'), like pip install 'zosma[cli]'\n"
        )
        raise SystemExit(2) from None
    run()
