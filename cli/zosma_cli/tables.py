"""What `zosma queue` prints for people: tables in which ids are always whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zosma_queue.policy import LIMITS

PROMPT_CHARS = 48
NONE = "–"
#: Headings of columns that hold ids. Somebody copies them, so they are neither cut nor wrapped.
_IDS = frozenset({"job", "worker", "scope", "policy", "to", "key"})
#: A column's border and the space around what stands in it.
_GAP = 3
#: Into a pipe each row is one line, however long.
_PIPE_WIDTH = 100_000


def for_people() -> Console:
    """Standard output, as wide as the terminal; a pipe has no width."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


def show_queue(queue: dict[str, Any], console: Console) -> None:
    """Prints depth, pauses and workers."""
    states = ("waiting", "delayed", "running", "failed", "undelivered")
    oldest = queue["oldest_wait_s"]
    depth = [*(str(queue[state]) for state in states), None if oldest is None else f"{oldest:.0f} s"]
    _print(console, (*states, "oldest wait"), [depth], title="Queue", all_columns=True)
    for pause in queue.get("paused", ()):
        why = f" ({pause['why']})" if pause["why"] else ""
        line = f"{pause['scope']}{why} since {when(pause['since_ms'])}; go on with: {_resume(pause['scope'])}"
        console.print(f"[bold yellow]Paused:[/] {escape(line)}", highlight=False, soft_wrap=True)
    rows = [
        [worker["id"], _state(worker), worker["flavour"], worker["checkpoint"], worker["job"]]
        for worker in queue["workers"]
    ]
    if rows:
        _print(console, ("worker", "state", "kind", "checkpoint", "job"), rows, title="Workers")
    else:
        last = f"; the last one was ready {when(queue['last_gpu_ms'])}" if queue.get("last_gpu_ms") else ""
        console.print(f"No worker is there{last}. Start one with `zosma worker`.", highlight=False)


def show_jobs(jobs: list[dict[str, Any]], console: Console) -> None:
    """Prints jobs, one a row."""
    headings = ("job", "place", "starts in", "owner", "lane", "prompt", "checkpoint", "worker", "reason")
    rows = []
    for job in jobs:
        request, error = job["request"] or {}, job["error"] or {}
        starts = None if job["starts_in_s"] is None else f"{job['starts_in_s']:.0f} s"
        rows.append(
            [job["id"], "paused" if job.get("paused") else job["position"], starts, job["owner"], job["lane"],
             _short(request.get("prompt")), request.get("checkpoint") or job.get("runs_on"), job["worker"],
             error.get("text")]
        )  # fmt: skip
    if rows:
        _print(console, headings, rows)
    else:
        console.print("There are none.")


def show_job(job: dict[str, Any], console: Console) -> None:
    """Prints all about a job."""
    table = Table(show_header=False, title=job["id"])
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in job.items():
        if value is None or name == "id":
            continue
        if name.endswith("_ms"):
            name, value = name.removesuffix("_ms"), when(value)
        table.add_row(name, escape(value if isinstance(value, str) else json.dumps(value, indent=1)))
    console.print(table)


def show_workers(workers: list[dict[str, Any]], console: Console) -> None:
    """Prints the workers and what they can do."""
    headings = ("worker", "state", "kind", "loaded", "checkpoints", "samplers", "largest", "job")
    rows = []
    for worker in workers:
        about = worker["about"] or {}
        checkpoints = ", ".join(one["name"] for one in about.get("checkpoints", ()))
        kind = " ".join(part for part in (about.get("flavour"), about.get("version")) if part)
        largest = f"{about['max_pixels'] / 2**20:.0f} MP" if about else None
        rows.append(
            [worker["id"], _state(worker), kind, worker["checkpoint"], checkpoints, len(about.get("samplers", ())),
             largest, worker["job"]]
        )  # fmt: skip
    if rows:
        _print(console, headings, rows)
    else:
        console.print("No worker is there. Start one with `zosma worker`.")


def show_limits(policies: dict[str, Any], console: Console) -> None:
    """Prints the policies."""
    if not policies:
        console.print("There are none: nobody is limited.")
        return
    rows = [
        [name, *(f"{one[limit.name]:,.12g}" if one[limit.name] else None for limit in LIMITS), one["lane"]]
        for name, one in sorted(policies.items())
    ]
    _print(console, ("policy", *(limit.heading for limit in LIMITS), "lane"), rows)


def show_keys(keys: list[dict[str, Any]], console: Console) -> None:
    """Prints the API keys, those that work first."""
    if not keys:
        console.print("There are none: everybody on this machine may call. Make one with `zosma keys create`.")
        return
    headings = ("key", "state", "for", "ends with", "kept in", "made", "by", "ends", "last used", "limits")
    rows = [
        [
            key["name"],
            key["state"],
            ", ".join(key["scopes"]),
            key["ends_with"] and f"…{key['ends_with']}",
            {"redis": "Redis", "environment": "ZOSMA_API_KEYS"}.get(key["source"], key["source"]),
            key["created_ms"] and when(key["created_ms"]),
            key["created_by"],
            key["expires_ms"] and when(key["expires_ms"]),
            when(key["last_used_ms"]) if key["last_used_ms"] else "not yet",
            _limits_in_short(key["limits"]),
        ]
        for key in keys
    ]
    _print(console, headings, rows)


def show_new_key(made: dict[str, Any], console: Console) -> None:
    """Prints a key that was just made, on a line of its own, for nobody can look it up later."""
    console.print(made["key"], highlight=False, soft_wrap=True, markup=False)
    ends = f"until {when(made['expires_ms'])}" if made["expires_ms"] else "until it is revoked"
    limits = _limits_in_short(made["limits"])
    old = made["old_key_until_ms"]
    console.print(
        f"The key of {made['name']}, for {', '.join(made['scopes'])}, {ends}{f'; {limits}' if limits else ''}."
        f"{f' The old one goes on until {when(old)}.' if old else ''} It is not shown again: keep it now.",
        highlight=False, soft_wrap=True, markup=False,
    )  # fmt: skip


def _limits_in_short(policy: dict[str, Any] | None) -> str | None:
    """The limits that a policy sets, like `waiting 10, lane relax`."""
    if not policy:
        return None
    own = [f"{limit.heading} {policy[limit.name]:,.12g}" for limit in LIMITS if policy[limit.name] != limit.default]
    return ", ".join([*own, f"lane {policy['lane']}"])


def show_rules(rules: dict[str, Any], console: Console) -> None:
    """Prints what is allowed to everybody."""
    table = Table(show_header=False)
    table.add_row("blocked words", escape("\n".join(rules["blocked"])) or NONE)
    table.add_row("checkpoints", escape("\n".join(rules["checkpoints"])) or "all")
    for name in ("count", "steps", "side"):
        table.add_row(f"most {name}" if name != "side" else "longest side", str(rules[name] or "no limit"))
    table.add_row("age-restricted channels only", "yes" if rules["age_restricted"] else "no")
    console.print(table)


def show_audit(acts: list[dict[str, Any]], console: Console) -> None:
    """Prints what admins did."""
    rows = [
        [
            when(act["at_ms"]),
            act["who"],
            act["act"],
            act["target"],
            f"{act.get('part', '')} {act.get('value', '')}".strip(),
        ]
        for act in acts
    ]
    if rows:
        _print(console, ("when", "who", "did", "to", "what"), rows)
    else:
        console.print("Nothing was done yet.")


def show_verified(found: dict[str, Any], console: Console) -> None:
    """Prints whether the audit trail is as it was written."""
    verified = found["verified"]
    if not verified:
        console.print(f"Somebody has been at the audit trail: {found['broken']}.", markup=False, soft_wrap=True)
        return
    console.print(f"Nobody has changed the {verified['entries']:,} entries, {verified['first']} to {verified['last']}.")
    if verified["older"]:
        console.print(f"For {verified['older']:,} older ones, from before they were chained, nothing vouches.")
    if verified["compared"]:
        console.print("The head that was noted before is part of them.")
    console.print(f"Note this elsewhere, for --head the next time: {verified['head'] or 'nothing yet'}", soft_wrap=True)


def show_stats(stats: dict[str, Any], console: Console) -> None:
    """Prints the counters."""
    table = Table(show_header=False)
    forecast = stats.pop("forecast")
    for name, count in sorted(stats.items()):
        table.add_row(name.replace("_", " "), f"{count:,}")
    if forecast["count"]:
        table.add_row(
            "forecasts", f"{forecast['count']:,}, off by {forecast['error']:.0%}, bias {forecast['bias']:.2f}"
        )
    console.print(table)


def when(ms: int) -> str:
    """A time as people here write it."""
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _print(
    console: Console, headings: tuple[str, ...], rows: list[list[Any]], *, title: str | None = None,
    all_columns: bool = False,
) -> None:  # fmt: skip
    """Prints a table without the columns in which nothing stands; a list, where it is too wide for whole words."""
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    shown = [index for index in range(len(headings)) if all_columns or any(row[index] for row in cells)]
    least = {index: _least(headings[index], [row[index] for row in cells]) for index in shown}
    if sum(least.values()) + _GAP * len(shown) + 1 > console.width:
        _print_list(console, headings, shown, cells, title)
        return
    table = Table(title=title)
    for index in shown:
        table.add_column(headings[index], no_wrap=headings[index] in _IDS, overflow="fold", min_width=least[index])
    for row in cells:
        table.add_row(*(escape(row[index]) or NONE for index in shown))
    console.print(table)


def _least(heading: str, cells: list[str]) -> int:
    """How many letters a column needs so that none of its words is broken, and no id wrapped."""
    if heading in _IDS:
        return _longest([heading, *cells])
    return _longest(word for text in (heading, *cells) for word in text.split())


def _print_list(
    console: Console, headings: tuple[str, ...], shown: list[int], cells: list[list[str]], title: str | None
) -> None:
    """What each row says, a line for each column; the lines are longer than the terminal only where an id is."""
    if title:
        console.print(title, style="italic")
    named = _longest(headings[index] for index in shown)
    for number, row in enumerate(cells):
        if number:
            console.print()
        told = [index for index in shown if row[index]]
        grid = Table.grid(padding=(0, 2))
        grid.add_column(min_width=named, style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for index in told:
            grid.add_row(headings[index], escape(row[index]))
        needed = named + 4 + _longest(row[index] for index in told if headings[index] in _IDS)
        if needed > console.width:
            grid.width = needed
        console.print(grid, crop=False)


def _longest(texts: Iterable[str]) -> int:
    return max((len(text) for text in texts), default=0)


def _resume(scope: str) -> str:
    return "zosma queue resume" + ("" if scope == "queue" else f" '{scope}'" if " " in scope else f" {scope}")


def _state(worker: dict[str, Any]) -> str:
    reason = f": {worker['reason']}" if worker["reason"] else ""
    return f"{worker['state']}{reason}"


def _short(prompt: str | None) -> str | None:
    return prompt and (prompt if len(prompt) <= PROMPT_CHARS else prompt[: PROMPT_CHARS - 1] + "…")
