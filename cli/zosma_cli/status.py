"""`zosma status`: queue, fleet, bots and Redis on one screen, read from Redis itself, so also while no bot runs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict
from typing import Any

import httpx2
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zosma_cli.tables import for_people, when
from zosma_queue.client import Queue
from zosma_queue.errors import ErrorKind, QueueRefusesError, QueueUnavailableError, SettingsError
from zosma_queue.fleet import Trust, WorkerInfo, WorkerState
from zosma_queue.job import Job
from zosma_queue.series import Step, together
from zosma_queue.settings import Settings, address_of, load
from zosma_queue.terminal import visible

HOUR_MINUTES = 60
#: For the bot process at `--server` to say that it is there.
BOT_S = 2.0
#: Cells of the bar that shows how far a picture is.
BAR = 8
#: Kinds of faults that have a line each.
FAULTS = 4
#: From so many columns on there is room for what is drawn, and for whom.
WIDE = 110
#: Between two columns.
_PADDING = 2
_COUNTED = ("submitted", "done", "failed", "cancelled", "refused", "pictures")
_SENTENCES = {str(kind): kind.sentence for kind in ErrorKind}
#: How a GPU stands → its colour, and its place in the list: trouble first.
_STATES = {"quarantined": "red", "away": "red", "paused": "yellow", "on trial": "yellow", "drawing": "cyan",
           "free": "green"}  # fmt: skip


async def read(queue: Queue, url: str, server: str) -> dict[str, Any]:
    """All that the screen shows, ready for JSON. Times are ms since 1970 by Redis's clock, and seconds.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    redis = await queue.server()
    fleet = await queue.fleet()
    workers = fleet.workers
    jobs = {job.id: job for job in await queue.jobs([one.job for one in workers if one.job])}
    hour = together(await queue.series(Step.MINUTE, HOUR_MINUTES))
    depth = await queue.depth()
    pauses = [asdict(pause) for pause in await queue.admin.pauses()]
    return {
        "at_ms": redis.now_ms,
        "redis": {"address": address_of(url), **asdict(redis)},
        "queue": {**asdict(depth), "last_gpu_ms": fleet.last_seen_ms, "pauses": pauses},
        "bots": [asdict(bot) for bot in await queue.bots.there()],
        "server": {"address": server, "version": await _version(server)},
        "workers": [_worker(one, jobs.get(one.job or "")) for one in workers],
        "last_hour": {
            **{name: getattr(hour, name) for name in _COUNTED},
            "wait_half_s": hour.wait_quantile_s(0.5),
            "wait_95_s": hour.wait_quantile_s(0.95),
            "gpu_use": hour.gpu_use,
            "faults": dict(hour.faults),
        },
    }  # fmt: skip


async def _version(server: str) -> str | None:
    """The version of the bot process that answers at an address; None when none does."""
    with suppress(httpx2.HTTPError, httpx2.InvalidURL, ValueError, AttributeError):
        async with httpx2.AsyncClient(timeout=BOT_S, trust_env=False) as http:
            return str((await http.get(f"{server.rstrip('/')}/healthz")).json().get("version", ""))
    return None


def _worker(one: WorkerInfo, job: Job | None) -> dict[str, Any]:
    about = one.about
    return {
        "id": one.id,
        "state": _state(one),
        "reason": one.reason,
        "webui": about and " ".join(filter(None, (about.flavour, about.version))),
        "checkpoint": one.loaded,
        "seen_ms": one.seen_ms,
        "done": one.done,
        "faults": one.faults,
        "job": job and {
            "id": job.id, "owner": job.owner, "started_ms": job.started_ms, "progress": job.progress,
            "eta_s": job.eta_s, "pictures": job.request.count if job.request else None,
            "size": job.request and "{}×{}".format(*job.request.output_size),
        },
    }  # fmt: skip


def _state(one: WorkerInfo) -> str:
    if one.trust is Trust.QUARANTINED:
        return "quarantined"
    if one.reason and one.reason.startswith("paused"):
        return "paused"
    if one.state is WorkerState.AWAY:
        return "away"
    if one.trust is Trust.ON_TRIAL:
        return "on trial"
    return "drawing" if one.job else "free"


# -- the screen -------------------------------------------------------------------------------------------------


def screen(found: dict[str, Any], console: Console) -> RenderableType:
    """What `read` has found, for a terminal of this size; into a pipe a line each."""
    head = Table.grid(padding=(0, 2))
    head.add_column(style="bold", no_wrap=True)
    head.add_column(overflow="fold")
    for label, line in (*_queue(found), *_last_hour(found["last_hour"]), *_bots(found), *_redis(found["redis"])):
        head.add_row(label, line)
    gpus = sorted(found["workers"], key=lambda one: (list(_STATES).index(one["state"]), one["id"]))
    if not gpus:
        last_ms = found["queue"]["last_gpu_ms"]
        last = f"; the last one was ready {when(last_ms)}" if last_ms else ""
        return Group(head, "", Text(f"No GPU is there{last}. On a machine with a WebUI: zosma worker", style="yellow"))
    room = len(gpus)
    if console.is_terminal:  # heading, rule, the line on the rest, the prompt
        lines = max(console.height - len(console.render_lines(head)) - 5, 3)
        room = lines if _fits(gpus, console, found["at_ms"]) else max(lines // 2, 2)
    shown = gpus if len(gpus) <= room else gpus[:room]
    parts: list[RenderableType] = [head, "", _fleet(shown, console, found["at_ms"])]
    if len(shown) < len(gpus):
        parts.append(
            Text(f"… and {len(gpus) - len(shown)} more, {_states(gpus[room:])}: zosma queue workers", style="dim")
        )
    return Group(*parts)


def _states(gpus: list[dict[str, Any]]) -> str:
    counts = {state: sum(one["state"] == state for one in gpus) for state in _STATES}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _queue(found: dict[str, Any]) -> list[tuple[str, Text]]:
    depth = found["queue"]
    line = f"{depth['waiting']:,} waiting, {depth['running']:,} running"
    line += "".join(
        f", {depth[key]:,} {word}"
        for key, word in (("delayed", "put off"), ("undelivered", "to be shown"))
        if depth[key]
    )
    if depth["oldest_wait_s"] is not None:
        line += f"; the oldest waits {_span(depth['oldest_wait_s'])}"
    lines = [("Queue", Text(line))]
    if depth["failed"]:
        lines.append(("", Text(f"{depth['failed']:,} failed for good: zosma queue dead", style="yellow")))
    for pause in depth["pauses"]:
        what = "everything" if pause["scope"] == "queue" else pause["scope"]
        why = f": {pause['why']}" if pause["why"] else ""
        ago = _span((found["at_ms"] - pause["at_ms"]) / 1000)
        lines.append(("", Text(_line(f"paused: {what}, by {pause['who']} {ago} ago{why}"), style="yellow")))
    return lines


def _last_hour(hour: dict[str, Any]) -> list[tuple[str, Text]]:
    line = f"{hour['done']:,} done, {hour['failed']:,} failed, {hour['cancelled']:,} cancelled"
    if hour["refused"]:
        line += f", {hour['refused']:,} refused"
    if hour["wait_half_s"] is not None:
        line += f"; wait {_span(hour['wait_half_s'])} (half), {_span(hour['wait_95_s'])} (95 %)"
    if hour["gpu_use"] is not None:
        line += f"; GPUs busy {hour['gpu_use'] * 100:.0f} %"
    lines = [("Last hour", Text(line))]
    often = sorted(hour["faults"].items(), key=lambda pair: -pair[1])
    for number, (kind, count) in enumerate(often[:FAULTS]):
        told = _line(f"{count:,} × {_SENTENCES.get(kind, kind)}")
        lines.append(("" if number else "Faults", Text(told, style="yellow")))
    if rest := sum(count for _, count in often[FAULTS:]):
        lines.append(("", Text(f"{rest:,} others", style="yellow")))
    return lines


def _bots(found: dict[str, Any]) -> list[tuple[str, Text]]:
    lines = []
    for bot in found["bots"]:
        does = [word for word, does in (("posts", bot["posts"]), ("hears Discord", bot["hears"])) if does]
        style = "" if bot["hears"] else "yellow"
        lines.append(Text(_line(f"{bot['id']} {', '.join(does) or 'hears nothing of Discord'}"), style=style))
    server = found["server"]
    if server["version"] is not None:
        lines.append(Text(_line(f"version {server['version']} answers at {server['address']}")))
    else:
        lines.append(Text(_line(f"none answers at {server['address']}"), style="" if lines else "red"))
    return [("Bot" if not number else "", line) for number, line in enumerate(lines)]


def _redis(redis: dict[str, Any]) -> list[tuple[str, Text]]:
    line = f"{redis['name'] or 'Redis'} at {redis['address']} answers in {redis['took_ms']:.1f} ms"
    used, most = redis["used_bytes"], redis["most_bytes"]
    if used is not None:
        line += f"; {used / 1e6:,.0f} MB" + (f" of {most / 1e6:,.0f} MB" if most else "")
    return [("Redis", Text(_line(line), style="yellow" if most and used and used > 0.8 * most else ""))]


def _fleet(gpus: list[dict[str, Any]], console: Console, now_ms: int) -> RenderableType:
    if not _fits(gpus, console, now_ms):
        return _stacked(gpus, console, now_ms)
    table = Table(box=None, padding=(0, _PADDING, 0, 0), header_style="bold", pad_edge=False)
    # Never folded: a worker's name is copied into commands.
    table.add_column("GPU", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Checkpoint", overflow="fold")
    table.add_column("Does", overflow="fold")
    for one in gpus:
        table.add_row(escape(_name(one)), _state_of(one), escape(_checkpoint(one)), _does(one, console, now_ms))
    return table


def _fits(gpus: list[dict[str, Any]], console: Console, now_ms: int) -> bool:
    """Whether a table has room for each name, and for the words beside it."""
    does = (_does(one, console, now_ms).plain for one in gpus)
    columns = (
        (_name(one) for one in gpus),
        (one["state"] for one in gpus),
        (word for one in gpus for word in _checkpoint(one).split()),
        (word for text in does for word in ([text] if "%" in text and console.width < WIDE else text.split())),
    )
    return sum(max(map(len, texts)) for texts in map(list, columns)) + 3 * _PADDING <= console.width


def _stacked(gpus: list[dict[str, Any]], console: Console, now_ms: int) -> RenderableType:
    """Two lines a GPU, where a line is too short."""
    lines: list[RenderableType] = []
    for one in gpus:
        lines.append(Text(_name(one), style="bold").append("  ").append_text(_state_of(one)))
        does = Text(_checkpoint(one)).append("  ").append_text(_does(one, console, now_ms))
        lines.append(Padding(does, (0, 0, 0, 2)))
    return Group(*lines)


def _name(one: dict[str, Any]) -> str:
    return _line(one["id"].rpartition("/")[0] or one["id"])


def _state_of(one: dict[str, Any]) -> Text:
    return Text(one["state"], style=_STATES[one["state"]])


def _checkpoint(one: dict[str, Any]) -> str:
    return _line(one["checkpoint"] or "–")


def _does(one: dict[str, Any], console: Console, now_ms: int) -> Text:
    job = one["job"]
    if job is None:
        done = f"{one['done']:,} done" + (f", {one['faults']:,} faults" if one["faults"] else "")
        return Text(_line(one["reason"])) if one["reason"] else Text(done, style="dim")
    share = min(max(job["progress"] or 0.0, 0.0), 1.0)
    text = Text(f"{share * 100:3.0f} %")
    if console.is_terminal:
        full = round(share * BAR)
        text.append(" ").append("━" * full, style="cyan").append("╌" * (BAR - full), style="dim")
    since = f"for {_span((now_ms - job['started_ms']) / 1000)}" if job["started_ms"] else ""
    text.append(f" {_span(job['eta_s'])} left" if job["eta_s"] else f" {since}")
    if console.width >= WIDE:
        more = (f"{job['pictures'] or '?'} × {job['size'] or '?'}", job["owner"], job["id"])
        text.append("".join(f"  {_line(one)}" for one in more), style="dim")
    return text


def _line(text: str) -> str:
    """A stranger's words as one line in which nothing moves a cursor."""
    return visible(" ".join(text.split()))


def _span(seconds: float) -> str:
    seconds = max(seconds, 0.0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"


# -- the command ------------------------------------------------------------------------------------------------


def run(*, server: str, watch: bool, every_s: float, as_json: bool) -> None:
    """Prints it once, or again and again until Ctrl-C.

    Raises:
      SettingsError: when no Redis is named.
      QueueUnavailableError: when Redis doesn't answer; with `watch` that is shown instead.
    """
    url = load(Settings).redis
    if url is None:
        raise SettingsError("REDIS_URL is not set: name the Redis that the bot uses, like redis://127.0.0.1:6379/0")
    show = _as_json if as_json else _for_people
    asyncio.run(_watch(url, server, every_s, as_json) if watch else _once(url, server, show))


async def _once(url: str, server: str, show: Callable[[dict[str, Any]], None]) -> None:
    async with Queue(url) as queue:
        show(await read(queue, url, server))


def _as_json(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _for_people(found: dict[str, Any]) -> None:
    console = for_people()
    console.print(screen(found, console), highlight=False)


async def _watch(url: str, server: str, every_s: float, as_json: bool) -> None:
    """On a terminal the screen is written over; into a pipe one JSON object a line, or one screen after the other."""
    console = for_people()
    live = Live(console=console, screen=True, auto_refresh=False) if console.is_terminal and not as_json else None
    async with Queue(url) as queue:
        with live or nullcontext():
            while True:
                found = await _found(queue, url, server)
                if as_json:
                    sys.stdout.write(json.dumps(found) + "\n")
                    sys.stdout.flush()
                elif live:
                    live.update(_with_clock(found, console), refresh=True)
                else:
                    console.print(_with_clock(found, console), "", highlight=False)
                await asyncio.sleep(every_s)


async def _found(queue: Queue, url: str, server: str) -> dict[str, Any]:
    try:
        return await read(queue, url, server)
    except QueueRefusesError:
        raise  # it will say the same for ever
    except QueueUnavailableError as error:
        return {"at_ms": int(time.time() * 1000), "error": str(error)}


def _with_clock(found: dict[str, Any], console: Console) -> RenderableType:
    at = time.strftime("%H:%M:%S", time.localtime(found["at_ms"] / 1000))
    if "error" in found:
        return Group(Text(f"{at}  {_line(found['error'])}", style="red"))
    return Group(screen(found, console), "", Text(f"{at}  Ctrl-C ends this", style="dim"))
