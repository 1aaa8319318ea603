"""Which commands bot and worker send to Redis while nobody wants anything, a second: counted by MONITOR.

uv run python bench/idle.py [seconds]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import redis

from figures import note
from zosma_cli.valkey import PrivateValkey

#: They have started, and told all that is told once.
SETTLED_S = 12.0


def start(env: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """A process of ours, silent."""
    return subprocess.Popen(
        [sys.executable, "-m", "zosma_cli", *words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def count(url: str, seconds: float) -> dict[str, Counter[str]]:
    """Client name → command → how many."""
    found: dict[str, Counter[str]] = {}
    with redis.Redis.from_url(url) as client, client.monitor() as monitor:
        ends = time.monotonic() + seconds
        addresses: dict[str, str] = {}
        for told in monitor.listen():
            if time.monotonic() > ends:
                break
            if told["client_type"] == "lua":
                continue
            at = f"{told['client_address']}:{told['client_port']}"
            if at not in addresses:
                with redis.Redis.from_url(url) as other:
                    addresses |= {row["addr"]: row["name"] for row in other.client_list()}
            name = addresses.get(at, "")
            if name.startswith("zosma"):
                who = "bot" if name.startswith("zosma-bot") else "worker"
                found.setdefault(who, Counter())[what(told["command"])] += 1
    return found


def what(command: str) -> str:
    """The command's name, of a script its verb."""
    words = command.split()
    return f"{words[0].upper()} {verb_of(words[1])}" if words[0].upper() == "EVALSHA" else " ".join(words[:2])[:40]


def verb_of(sha: str) -> str:
    """The verb with this digest."""
    from zosma_queue import scripts

    folder = Path(scripts.__file__).parent / "lua"
    verbs = [file.stem for file in folder.glob("[!_]*.lua")]
    return next((verb for verb in verbs if scripts.digest(verb) == sha), sha)


def main() -> None:
    """Prints a line for each sort of command."""
    seconds = float((sys.argv[1:] or ["20"])[0])
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as server:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
        env |= {"REDIS_URL": server.url, "ZOSMA_PORT": "0", "SD_API_HOST": "http://127.0.0.1:47861"}
        started = [start(env, "webui", "--port", "47861"), start(env, "bot"), start(env, "worker")]
        try:
            time.sleep(SETTLED_S)
            found = count(server.url, seconds)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait()
    for who, commands in sorted(found.items()):
        print(f"{who}: {commands.total() / seconds:.1f}/s")
        note(f"an idle {who}'s commands/s", commands.total() / seconds)
        for name, number in commands.most_common():
            print(f"  {number / seconds:5.2f}  {name}")


if __name__ == "__main__":
    main()
