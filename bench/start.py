"""How long the command line takes to list its commands, and what bot and worker import before they begin.

uv run python bench/start.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 7
COMMANDS = {
    "zosma --help": ("-m", "zosma_cli", "--help"),
    "imports of zosma worker": ("-c", "import zosma_cli.main, zosma_worker.main"),
    "imports of zosma bot": ("-c", "import zosma_cli.main, zosma_bot.main, zosma_bot.discord.client"),
}


def taken(arguments: tuple[str, ...]) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    """A row each, by turns; the first round warms the caches."""
    rounds = [{name: taken(arguments) for name, arguments in COMMANDS.items()} for _ in range(ROUNDS + 1)][1:]
    print("| what | seconds, p50 | least |\n|---|---|---|")
    for name in COMMANDS:
        found = [one[name] for one in rounds]
        print(f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} |")


if __name__ == "__main__":
    main()
