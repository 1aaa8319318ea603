"""Ours and other task queues by turns on one private Valkey: dispatch, results, submits, drain, idle load, a kill.

    uv run python bench/peers/run.py                # all of it; `make bench` does, and writes docs/benchmarks.md
    uv run python bench/peers/run.py --quick        # the figures that `make bench-quick` compares
    uv run python bench/peers/run.py --only zosma huey

Four workers of one slot each, jobs that do nothing. Each round takes all systems by turns, at their defaults and at
the settings that their documentation has for speed: what the machine does to one it does to all. The floor is a bare
list and a process that blocks on it. A system that can't start says so, and leaves its row empty.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from systems import SYSTEMS

from zosma_cli.valkey import PrivateValkey

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEERS_ENVIRONMENT = ROOT / ".venv-peers"
SLOTS = 4
#: How long a job of the killed worker takes: longer than anybody is waited for.
HANGS_S = 600.0
START_S = 20.0


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 3
    dispatches: int = 50
    jobs: int = 2_000
    idle_s: float = 5.0
    again_s: float = 60.0


QUICK = Size(rounds=1, dispatches=30, jobs=500, idle_s=2.0, again_s=0.0)


@dataclass
class Row:
    """What was found of one system with one kind of settings."""

    name: str
    best: bool
    dispatch: list[float] = field(default_factory=list)
    result: list[float] = field(default_factory=list)
    submit: list[float] = field(default_factory=list)
    drain: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    again: str = ""
    problem: str = ""

    @property
    def title(self) -> str:
        """As the table has it."""
        return f"{self.name}, best" if self.best else self.name

    def figures(self) -> dict[str, float]:
        """Medians: milliseconds and rates."""
        found = {
            "dispatch_ms": [1000 * one for one in self.dispatch], "result_ms": [1000 * one for one in self.result],
            "submit_s": self.submit, "drain_s": self.drain, "idle_s": self.idle,
        }  # fmt: skip
        return {name: statistics.median(values) for name, values in found.items() if values}


class Failed(Exception):
    """Raised when a system can't be measured; says why."""


class Bench:
    """One system at work."""

    def __init__(self, row: Row, url: str, log: Path) -> None:
        self._row = row
        self._log = log.open("ab")
        ours = row.name == "floor" or row.name.startswith("zosma")
        self._python = sys.executable if ours else str(PEERS_ENVIRONMENT / "bin" / "python")
        self._env = {**os.environ, "BENCH_REDIS": url, "PYTHONPATH": str(HERE)} | (
            {"BENCH_BEST": "1"} if row.best else {}
        )
        self._workers: list[subprocess.Popen[bytes]] = []
        self._sender: subprocess.Popen[str] | None = None

    def start_workers(self, count: int = SLOTS) -> None:
        """Starts so many more."""
        for _ in range(count):
            self._workers.append(
                subprocess.Popen(
                    [self._python, str(HERE / "systems.py"), self._row.name], env=self._env, cwd=HERE,
                    stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True,
                )
            )  # fmt: skip

    def stop_workers(self) -> None:
        """Ends them and their children."""
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self._workers.clear()

    def ask(self, what: str, timeout_s: float = 120.0, **arguments: Any) -> dict[str, Any]:
        """What the sender found.

        Raises:
          Failed: when it can't.
        """
        if self._sender is None:
            self._sender = subprocess.Popen(
                [self._python, str(HERE / "sender.py"), self._row.name], env=self._env, cwd=HERE, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            )  # fmt: skip
        assert self._sender.stdin  # noqa: S101 - it was started with pipes
        assert self._sender.stdout  # noqa: S101
        too_late = threading.Timer(timeout_s, self._sender.kill)
        too_late.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                self._sender.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
                self._sender.stdin.flush()
            line = self._sender.stdout.readline()
        finally:
            too_late.cancel()
        told: dict[str, Any] = json.loads(line) if line else {"error": f"{what}: its sender ended, or took too long"}
        if "error" in told:
            raise Failed(told["error"])
        return told

    def close(self) -> None:
        """Ends all of it."""
        self.stop_workers()
        if self._sender:
            self._sender.kill()
            self._sender.wait()
            for pipe in (self._sender.stdin, self._sender.stdout):
                if pipe:
                    pipe.close()
        self._log.close()


@contextmanager
def bench(row: Row, url: str, log: Path) -> Iterator[Bench]:
    """A system in an empty Redis."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
    one = Bench(row, url, log)
    try:
        yield one
    finally:
        one.close()


def commands(url: str, seconds: float) -> int:
    """That clients send within so long. What scripts call inside the server is none of them."""
    count = 0
    with redis.Redis.from_url(url, socket_timeout=None) as client, client.monitor() as monitor:
        timer = threading.Timer(seconds, client.echo, ("bench:enough",))
        timer.start()
        while "bench:enough" not in (seen := monitor.next_command())["command"]:
            count += seen["client_type"] != "lua"
        timer.join()
    return count


def measure(row: Row, url: str, log: Path, size: Size) -> None:
    """One round of a system."""
    with bench(row, url, log) as one:
        one.start_workers()
        one.ask("ready", most_s=START_S)
        time.sleep(1.0)  # the others are there soon
        one.ask("dispatch", count=2 * SLOTS)
        found = one.ask("dispatch", count=size.dispatches)
        row.dispatch += found["dispatch"]
        row.result += found["result"]
        row.idle.append(commands(url, size.idle_s) / size.idle_s / SLOTS)
    with bench(row, url, log) as one:
        one.start_workers(1)  # ours takes no job while nobody is there who could do it
        one.ask("ready", most_s=START_S)
        one.stop_workers()
        row.submit.append(one.ask("submit", count=size.jobs)["rate"])
        one.start_workers()
        found = one.ask("drained", count=size.jobs)
        if "rate" not in found:
            raise Failed(f"{found['lost']} of {size.jobs} jobs never began")
        row.drain.append(found["rate"])


def killed(row: Row, url: str, log: Path, most_s: float) -> str:
    """Seconds until the job of a worker that is killed begins at another one."""
    with bench(row, url, log) as one:
        one.start_workers(2)
        one.ask("ready", most_s=START_S)
        time.sleep(1.0)
        one.ask("dispatch", count=4)
        pid = one.ask("hang", seconds=HANGS_S)["pid"]
        time.sleep(1.0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)
        began = time.perf_counter()
        found = one.ask("again", most_s=most_s)["began"]
    return f"{found - began:.1f} s" if found else f"> {most_s:.0f} s"


def install() -> str:
    """Makes the peers' own environment; what went wrong, or ''."""
    env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(PEERS_ENVIRONMENT)}
    env.pop("VIRTUAL_ENV", None)
    try:
        made = subprocess.run(
            ["uv", "sync", "--quiet", "--group", "peers"],  # noqa: S607 - as the Makefile finds it
            cwd=HERE, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return "uv, which installs it, is not there"
    return made.stderr.strip()[-300:] if made.returncode else ""


def run(size: Size, only: list[str]) -> list[Row]:
    """All rows."""
    problem = install()
    rows = [
        Row(name, best) for name, (_, has_best) in SYSTEMS.items() for best in ((False, True) if has_best else (False,))
        if not only or name in only or name == "floor"
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey", durable=False) as valkey:
        log = Path(folder) / "log"
        for turn in range(size.rounds):
            for row in rows:
                attempt(row, f"round {turn + 1}", lambda row=row: measure(row, valkey.url, log, size), problem, log)
        for row in rows if size.again_s else ():
            if row.name in ("floor", "zosma-broker"):
                continue

            def kill(row: Row = row) -> None:
                row.again = killed(row, valkey.url, log, size.again_s)

            attempt(row, "kill", kill, "", log)
    return rows


def attempt(row: Row, what: str, do: Any, problem: str, log: Path) -> None:
    """Measures, or notes why that can't be."""
    if row.problem:
        return
    try:
        if problem and row.name != "floor" and not row.name.startswith("zosma"):
            raise Failed(problem)
        do()
    except (Failed, OSError, ValueError) as error:  # it can't be started, or what it says is no JSON
        row.problem = str(error) or type(error).__name__
        tail = log.read_text("utf-8", "replace").splitlines()[-1:] if log.exists() else []
        print(f"{row.title}: can't be measured: {error} {' '.join(tail)[:200]}", file=sys.stderr, flush=True)
    else:
        print(f"{row.title}, {what}: {row.figures()} {row.again}", file=sys.stderr, flush=True)


def table(rows: list[Row]) -> str:
    """Markdown."""
    floor = next(row for row in rows if row.name == "floor").figures()
    lines = [
        "| system | idle dispatch p50 / p99 ms | × floor | result in hand p50 ms | × floor | submit/s | drain/s"
        " | idle commands/s a worker | worker killed: again after |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        its = row.figures()
        if row.problem or "drain_s" not in its:
            lines.append(f"| {row.title} | | | | | | | | {row.problem.splitlines()[0] if row.problem else ''} |")
            continue
        p99 = 1000 * statistics.quantiles(row.dispatch, n=100)[98]
        again = row.again or "–"
        lines.append(
            f"| {row.title} | {its['dispatch_ms']:.2f} / {p99:.1f} | {its['dispatch_ms'] / floor['dispatch_ms']:.1f} |"
            f" {its['result_ms']:.2f} | {its['result_ms'] / floor['result_ms']:.1f} | {its['submit_s']:,.0f} |"
            f" {its['drain_s']:,.0f} | {its['idle_s']:.1f} | {again} |"
        )
    return "\n".join(lines)


def main() -> None:
    """The table on standard output, figures as JSON where asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="ours, Huey and taskiq in a minute and a half")
    parser.add_argument("--only", nargs="*", default=[], choices=list(SYSTEMS))
    parser.add_argument("--rounds", type=int, default=Size.rounds)
    parser.add_argument("--no-kills", action="store_true", help="leave out the killed workers, a minute for each row")
    parser.add_argument("--json", type=Path, help="write the figures there")
    asked = parser.parse_args()
    size = Size(rounds=asked.rounds, again_s=0.0 if asked.no_kills else Size.again_s)
    rows = run(QUICK if asked.quick else size, asked.only)
    print(table(rows))
    if asked.json:
        told = {row.title: {**row.figures(), "again": row.again, "problem": row.problem} for row in rows}
        asked.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
