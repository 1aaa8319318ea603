"""`zosma queue …`: seeing and steering the queue through the bot process's HTTP API."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zosma_cli.client import Client, connect
from zosma_cli.options import LOCAL_SERVER, Key, Server

app = typer.Typer(help="Show and steer the queue.", invoke_without_command=True, no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[str, typer.Argument(help="Id of the job.", show_default=False)]
Scope = Annotated[
    str,
    typer.Argument(help="queue, lane:fast, lane:relax, checkpoint:NAME or worker:ID.", show_default=False),
]
POLL_S = 0.5
PROMPT_CHARS = 48

Ask = Callable[[Client], Awaitable[Any]]
Show = Callable[[Any, Console], None]


def _run(server: str, key: str | None, ask: Ask, show: Show, *, as_json: bool) -> None:
    """Asks the server, and prints the answer for people or for programs."""

    async def call() -> Any:
        async with connect(server, key) as client:
            return await ask(client)

    answer = asyncio.run(call())
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        show(answer, Console())


def _say(text: str) -> Show:
    return lambda _, console: console.print(text, highlight=False, soft_wrap=True)


@app.callback()
def overview(context: typer.Context, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show how full the queue is: depth by state, oldest wait, workers."""
    if context.invoked_subcommand is None:
        _run(server, key, lambda client: client.queue(), show_queue, as_json=as_json)


@app.command("list")
def list_jobs(
    state: Annotated[str, typer.Option(help="waiting, delayed, running or failed.")] = "waiting",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most jobs to list.")] = 100,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List jobs in a state: waiting ones with place and forecast, failed ones with their reason."""
    path = f"jobs?state={state}&limit={limit}"
    _run(server, key, lambda client: client.admin("GET", path), _show_jobs, as_json=as_json)


@app.command()
def dead(
    purge: Annotated[bool, typer.Option("--purge", help="Forget them all.")] = False,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs that failed for good, or forget them."""
    if purge:
        done: Show = lambda answer, console: console.print(f"{answer['purged']} jobs forgotten")  # noqa: E731
        _run(server, key, lambda client: client.admin("POST", "purge", {}), done, as_json=as_json)
    else:
        _run(server, key, lambda client: client.admin("GET", "jobs?state=failed"), _show_jobs, as_json=as_json)


@app.command()
def show(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show everything about a job."""
    _run(server, key, lambda client: client.admin("GET", f"jobs/{job}"), _show_job, as_json=as_json)


@app.command()
def cancel(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Cancel anybody's job, waiting or running."""
    ask: Ask = lambda client: client.admin("POST", f"jobs/{job}/cancel", {})  # noqa: E731
    _run(server, key, ask, lambda answer, console: console.print(f"{job} {answer['state']}"), as_json=as_json)


@app.command()
def retry(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Give a job that failed for good a new life."""
    ask: Ask = lambda client: client.admin("POST", f"jobs/{job}/retry", {})  # noqa: E731
    _run(server, key, ask, _say(f"{job} waits again"), as_json=as_json)


@app.command()
def bump(job: JobId, server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Move a waiting job before everybody's."""
    ask: Ask = lambda client: client.admin("POST", f"jobs/{job}/bump", {})  # noqa: E731
    _run(server, key, ask, _say(f"{job} goes next"), as_json=as_json)


@app.command()
def clear(
    owner: Annotated[str, typer.Argument(help="Owner, as `list` shows it.", show_default=False)],
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Cancel every job of an owner."""
    ask: Ask = lambda client: client.admin("POST", "clear", {"owner": owner})  # noqa: E731
    done: Show = lambda answer, console: console.print(f"{answer['cancelled']} jobs of {owner} cancelled")  # noqa: E731
    _run(server, key, ask, done, as_json=as_json)


@app.command()
def pause(
    scope: Scope = "queue",
    why: Annotated[str, typer.Option(help="Reason, for those who look.")] = "",
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Hand out no more jobs, of everything or a part. Running jobs end in peace."""
    ask: Ask = lambda client: client.admin("POST", "pause", {"scope": scope, "why": why})  # noqa: E731
    _run(server, key, ask, _say(f"{scope} is paused"), as_json=as_json)


@app.command()
def resume(scope: Scope = "queue", server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Go on with what was paused."""
    ask: Ask = lambda client: client.admin("POST", "resume", {"scope": scope})  # noqa: E731
    _run(
        server, key, ask,
        lambda answer, console: console.print(f"{scope} goes on" if answer["changed"] else f"{scope} was not paused"),
        as_json=as_json,
    )  # fmt: skip


@app.command()
def drain(
    scope: Scope = "queue",
    why: Annotated[str, typer.Option(help="Reason, for those who look.")] = "",
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait at the most.")] = 600.0,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Pause, and wait until nothing of it runs: then a worker can be stopped, or the machine restarted."""

    async def ask(client: Client) -> Any:
        await client.admin("POST", "pause", {"scope": scope, "why": why})
        deadline = time.monotonic() + timeout
        while running := await _running(client, scope):
            if time.monotonic() >= deadline:
                return {"scope": scope, "drained": False, "running": running}
            await asyncio.sleep(POLL_S)
        return {"scope": scope, "drained": True, "running": 0}

    def done(answer: Any, console: Console) -> None:
        left = f"{answer['running']} jobs still run; it stays paused"
        console.print(f"{scope} is drained" if answer["drained"] else f"{scope} is not drained: {left}")

    _run(server, key, ask, done, as_json=as_json)


async def _running(client: Client, scope: str) -> int:
    """How many running jobs are of a scope."""
    kind, _, name = scope.partition(":")
    jobs = await client.admin("GET", "jobs?state=running&limit=1000")
    if kind == "lane":
        jobs = [job for job in jobs if job["lane"] == name]
    if kind == "worker":
        jobs = [job for job in jobs if job["worker"] == name or str(job["worker"]).rpartition("/")[0] == name]
    if kind == "checkpoint":
        jobs = [job for job in jobs if (job["request"] or {}).get("checkpoint") == name]
    return len(jobs)


@app.command()
def workers(server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List the workers and what they can do."""
    _run(server, key, lambda client: client.admin("GET", "workers"), _show_workers, as_json=as_json)


@app.command()
def limits(
    name: Annotated[
        str | None, typer.Argument(help="default, role:ID, key:NAME or an owner; none: show all.", show_default=False)
    ] = None,
    waiting: Annotated[int, typer.Option(min=0, help="Jobs that wait, for one owner. 0: no limit.")] = 0,
    running: Annotated[int, typer.Option(min=0, help="Jobs that run at once.")] = 0,
    cooldown: Annotated[float, typer.Option(min=0, help="Seconds between two jobs.")] = 0,
    daily: Annotated[float, typer.Option(min=0, help="GPU-seconds a day.")] = 0,
    depth: Annotated[int, typer.Option(min=0, help="Jobs of everybody that may wait already.")] = 0,
    weight: Annotated[float, typer.Option(help="Share in the fair order.")] = 1,
    lane: Annotated[str, typer.Option(help="fast or relax.")] = "fast",
    drop: Annotated[bool, typer.Option("--drop", help="Remove the policy.")] = False,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the policies, or set or drop the one of a role or key."""
    if name is None:
        _run(server, key, lambda client: client.admin("GET", "limits"), _show_limits, as_json=as_json)
        return
    if drop:
        ask: Ask = lambda client: client.admin("DELETE", f"limits/{name}")  # noqa: E731
        _run(server, key, ask, _say(f"{name} has no policy of its own any more"), as_json=as_json)
        return
    fields = {
        "waiting": waiting, "running": running, "cooldown_s": cooldown, "daily_gpu_s": daily, "depth": depth,
        "weight": weight, "lane": lane,
    }  # fmt: skip
    _run(
        server, key, lambda client: client.admin("PUT", f"limits/{name}", fields),
        lambda answer, console: _show_limits({name: answer}, console), as_json=as_json,
    )  # fmt: skip


@app.command()
def audit(server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List what admins did, newest first."""
    _run(server, key, lambda client: client.admin("GET", "audit"), _show_audit, as_json=as_json)


@app.command()
def stats(server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Show counters since the beginning: jobs, checkpoint loads saved, how forecasts turned out."""
    _run(server, key, lambda client: client.admin("GET", "stats"), _show_stats, as_json=as_json)


def show_queue(queue: dict[str, Any], console: Console) -> None:
    """Prints depth and workers as two tables."""
    states = ("waiting", "delayed", "running", "failed", "undelivered")
    depth = Table(*states, "oldest wait", title="Queue")
    oldest = queue["oldest_wait_s"]
    depth.add_row(*(str(queue[state]) for state in states), "–" if oldest is None else f"{oldest:.0f} s")
    console.print(depth)
    if not queue["workers"]:
        console.print("No worker is there. Start one with `zosma worker`.")
        return
    table = Table("worker", "state", "WebUI", "kind", "checkpoint", "job", title="Workers")
    for worker in queue["workers"]:
        table.add_row(
            *_cells(
                worker["id"], _state(worker), worker["webui"], worker["flavour"], worker["checkpoint"], worker["job"]
            )
        )
    console.print(table)


def _show_jobs(jobs: list[dict[str, Any]], console: Console) -> None:
    if not jobs:
        console.print("There are none.")
        return
    table = Table("job", "place", "starts in", "owner", "lane", "prompt", "checkpoint", "worker", "reason")
    for job in jobs:
        request, error = job["request"] or {}, job["error"] or {}
        starts = None if job["starts_in_s"] is None else f"{job['starts_in_s']:.0f} s"
        table.add_row(
            *_cells(job["id"], job["position"], starts, job["owner"], job["lane"], _short(request.get("prompt")),
                    request.get("checkpoint"), job["worker"], error.get("text"))
        )  # fmt: skip
    console.print(table)


def _show_job(job: dict[str, Any], console: Console) -> None:
    table = Table(show_header=False, title=job["id"])
    for name, value in job.items():
        if value is None or name == "id":
            continue
        if name.endswith("_ms"):
            name, value = name.removesuffix("_ms"), _when(value)
        table.add_row(name, value if isinstance(value, str) else json.dumps(value, indent=1))
    console.print(table)


def _show_workers(workers: list[dict[str, Any]], console: Console) -> None:
    if not workers:
        console.print("No worker is there. Start one with `zosma worker`.")
        return
    table = Table("worker", "state", "kind", "loaded", "checkpoints", "samplers", "largest", "job")
    for worker in workers:
        about = worker["about"] or {}
        checkpoints = ", ".join(one["name"] for one in about.get("checkpoints", ()))
        kind = " ".join(part for part in (about.get("flavour"), about.get("version")) if part)
        largest = f"{about['max_pixels'] / 2**20:.0f} MP" if about else None
        table.add_row(
            *_cells(worker["id"], _state(worker), kind, worker["checkpoint"], checkpoints,
                    len(about.get("samplers", ())), largest, worker["job"])
        )  # fmt: skip
    console.print(table)


def _show_limits(policies: dict[str, Any], console: Console) -> None:
    if not policies:
        console.print("There are none: nobody is limited.")
        return
    table = Table("policy", "waiting", "running", "cooldown", "GPU-seconds a day", "depth", "weight", "lane")
    for name, one in sorted(policies.items()):
        numbers = (one["waiting"], one["running"], one["cooldown_s"], one["daily_gpu_s"], one["depth"])
        table.add_row(
            name, *(f"{number:g}" if number else "–" for number in numbers), f"{one['weight']:g}", one["lane"]
        )
    console.print(table)


def _show_audit(acts: list[dict[str, Any]], console: Console) -> None:
    table = Table("when", "who", "did", "to")
    for act in acts:
        table.add_row(_when(act["at_ms"]), act["who"], act["act"], act["target"])
    console.print(table if acts else "Nothing was done yet.")


def _show_stats(stats: dict[str, Any], console: Console) -> None:
    table = Table(show_header=False)
    forecast = stats.pop("forecast")
    for name, count in sorted(stats.items()):
        table.add_row(name.replace("_", " "), f"{count:,}")
    if forecast["count"]:
        table.add_row(
            "forecasts", f"{forecast['count']:,}, off by {forecast['error']:.0%}, bias {forecast['bias']:.2f}"
        )
    console.print(table)


def _state(worker: dict[str, Any]) -> str:
    reason = f": {worker['reason']}" if worker["reason"] else ""
    return f"{worker['state']}{reason}"


def _cells(*values: object) -> list[str]:
    return ["–" if value is None or value == "" else str(value) for value in values]


def _short(prompt: str | None) -> str | None:
    return prompt and (prompt if len(prompt) <= PROMPT_CHARS else prompt[: PROMPT_CHARS - 1] + "…")


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
