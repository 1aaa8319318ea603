"""Each fault of the built-in WebUI, rehearsed with the real commands: what the submitter and the admin read, and when.

A private Valkey, `zosma bot`, `zosma webui` and `zosma worker` run as an operator would start them; everything goes
over HTTP. Each fault is ordered once, and once for good, and then taken back after the worker has fallen sick.

uv run python bench/rehearse.py [fault …]
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey

FAULTS = (
    "oom", "nan", "http-500-html", "rubbish", "empty", "black", "undecodable", "wrong-checkpoint", "wrong-count",
    "wrong-size", "cut", "hang", "hang-deaf", "slow", "slow-start", "crash",
)  # fmt: skip
POLL_S = 0.05
#: No rehearsal is watched for longer.
WATCH_S = 240.0
#: A WebUI that died is started again after this.
DOWN_S = 5.0


def ask(url: str, body: Any = None, method: str | None = None) -> Any:
    """The JSON answer of an address, also of one that refuses."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own addresses
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return json.loads(error.read() or b"null")


@dataclass
class Rig:
    """The system at work."""

    folder: Path
    redis: str
    bot_port: int = field(default_factory=free_port)
    webui_port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def bot(self) -> str:
        """The bot's address."""
        return f"http://127.0.0.1:{self.bot_port}"

    @property
    def webui(self) -> str:
        """The WebUI's address."""
        return f"http://127.0.0.1:{self.webui_port}"

    def start(self, name: str, *arguments: str) -> None:
        """One `zosma` command, in a folder without any .env."""
        env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
        env |= {"REDIS_URL": self.redis, "ZOSMA_PORT": str(self.bot_port), "DISCORD_TOKEN": ""}
        with (self.folder / f"{name}.log").open("ab") as out:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "zosma_cli", name, *arguments], cwd=self.folder, env=env, stdout=out, stderr=out
            )

    def start_webui(self) -> None:
        """The WebUI, fast enough to rehearse with."""
        self.start("webui", "--port", str(self.webui_port), "--load-seconds", "0.5", "--step-seconds", "0.02")

    def close(self) -> None:
        """Ends everything."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def worker(self) -> dict[str, Any] | None:
        """The worker as the admin sees it."""
        with contextlib.suppress(OSError):
            workers = ask(f"{self.bot}/api/v1/queue")["workers"]
            return workers[0] if workers else None
        return None

    def until_ready(self) -> float:
        """Waits for the worker; the seconds that took."""
        began = time.monotonic()
        while (worker := self.worker()) is None or worker["state"] == "away":
            if time.monotonic() - began > WATCH_S:
                raise SystemExit(f"the worker doesn't come: {worker}")
            time.sleep(POLL_S)
        return time.monotonic() - began

    def order(self, fault: str, times: int | None) -> None:
        """Puts a fault on order at the WebUI."""
        more: dict[str, Any] = {"ignore_interrupt": True} if fault == "hang-deaf" else {}
        if fault == "slow-start":
            more["seconds"] = 10
        name = "hang" if fault.startswith("hang") else fault
        answer = ask(f"{self.webui}/zosma/faults", {"fault": name, "times": times, **more})
        if "active" not in answer:
            raise SystemExit(f"no such fault: {answer}")


@dataclass
class Seen:
    """What was read, in order, with the seconds since the jobs were sent."""

    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)

    def note(self, who: str, says: str) -> None:
        """Only what is new."""
        plain = says.split("; next try in")[0]
        if self.last.get(who) != plain:
            self.last[who] = plain
            self.lines.append(f"  {time.monotonic() - self.began:6.1f} s  {who}: {says}")


def rehearse(rig: Rig, fault: str, times: int | None, jobs: int) -> list[str]:
    """One fault, from the order to the worker's recovery."""
    rig.until_ready()
    rig.order(fault, times)
    seen = Seen()
    checkpoint = {}
    if fault == "wrong-checkpoint":  # the one that it doesn't hold
        checkpoint = {"checkpoint": "dream" if (rig.worker() or {}).get("checkpoint") == "anime" else "anime"}
    ids = []
    for number in range(jobs):
        wanted = {"prompt": "a cat", "width": 256, "height": 256, "seed": number, **checkpoint}
        answer = ask(f"{rig.bot}/api/v1/jobs", wanted)
        if "id" in answer:
            ids.append(answer["id"])
        else:
            seen.note(f"job {number}", f"refused: {answer['detail']}")
    sick_at = cleared_at = None
    while time.monotonic() - seen.began < WATCH_S:
        now = time.monotonic()
        ended = 0
        for number, one in enumerate(ids):
            job = ask(f"{rig.bot}/api/v1/jobs/{one}")
            text = f": {job['error']['text']}" if job["error"] else ""
            seen.note(f"job {number}", f"{job['state']}{text}")
            ended += job["state"] in ("done", "failed", "cancelled")
        worker = rig.worker()
        away = worker is None or worker["state"] == "away"
        seen.note("worker", f"away: {worker and worker['reason']}" if away else "at work")
        if away and sick_at is None:
            sick_at = now
        if rig.running["webui"].poll() is not None and sick_at and now - sick_at > DOWN_S:
            rig.start_webui()
        for_good = (times is None or fault == "hang-deaf") and not cleared_at  # nothing else ends that one
        if for_good and ((sick_at and now - sick_at > DOWN_S) or (ids and ended == len(ids) and not away)):
            with contextlib.suppress(OSError):
                ask(f"{rig.webui}/zosma/faults", method="DELETE")
                cleared_at = now
                seen.note("operator", "takes the fault back")
        elif ended == len(ids) and not away and now - seen.began > 1:
            break
        time.sleep(POLL_S)
    with contextlib.suppress(OSError):
        ask(f"{rig.webui}/zosma/faults", method="DELETE")
    return seen.lines


@contextlib.contextmanager
def rig_at_work() -> Iterator[Rig]:
    """The whole system; ended at the end."""
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey") as valkey:
        rig = Rig(Path(folder), valkey.url)
        try:
            rig.start("bot")
            rig.start_webui()
            rig.start("worker", "--webui", rig.webui)
            yield rig
            print((rig.folder / "worker.log").read_text() if "-v" in sys.argv else "", end="")
        finally:
            rig.close()


def main() -> None:
    """Prints what was read, fault by fault."""
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or FAULTS
    with rig_at_work() as rig:
        print(f"the worker stood in /queue and took jobs after {rig.until_ready():.1f} s", flush=True)
        for fault in wanted:
            for times in (1, None):
                print(f"{fault}, {'once' if times else 'for good'}:", flush=True)
                print("\n".join(rehearse(rig, fault, times, 1 if times else 3)), flush=True)


if __name__ == "__main__":
    main()
