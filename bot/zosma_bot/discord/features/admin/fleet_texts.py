"""What admins read of queue and fleet, put together from the catalogue."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import discord

from zosma_bot.discord.core.scopes import scope_name
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.card import Colour
from zosma_bot.discord.ui.language import Translations
from zosma_queue.admin import Act, Pause
from zosma_queue.client import Depth
from zosma_queue.fleet import Trust, WorkerInfo
from zosma_queue.job import Job
from zosma_queue.overview import Overview
from zosma_queue.scopes import worker_scopes

Counts = dict[str, tuple[int, int]]
"""Name → jobs that wait, jobs that run; those with most first."""

#: Discord's limits for an embed: 1024 characters a field, 25 fields, 6000 in all.
FIELD_MAX_CHARS = 1000
TOP = 10
WORKERS_SHOWN = 12
PAUSES_SHOWN = 10
LINE_MAX_CHARS = 250
LINES_SHOWN = 15

#: Acts whose target is a server, and what was changed there.
_OF_SERVERS = ("rules", "import")
_ROLE = re.compile(r"role:(\d+)")
_ID = re.compile(r"(\d{15,})")
_MEMBER = re.compile(r"discord:(?:\d+/|dm/)?(\d+)")


def person(name: str) -> str:
    """An owner, or who did something, as Discord shows it: a member by name, without pinging him."""
    found = _MEMBER.fullmatch(name)
    return f"<@{found[1]}>" if found else f"`{texts.cut(name.replace('`', chr(39)), 60)}`"


def moment(at_ms: int) -> str:
    """A time that Discord counts from."""
    return f"<t:{at_ms // 1000}:R>"


def overview(w: Translations, found: Overview, depth: Depth, pauses: Sequence[Pause]) -> discord.Embed:
    """How full the queue is, and of what."""
    lines = [texts.depth(w, depth)]
    lines += [pause(w, one) for one in pauses[:PAUSES_SHOWN]]
    embed = discord.Embed(description="\n".join(lines)[:2000], colour=Colour.RUNNING)

    def checkpoint(name: str) -> str:
        return _name(name) if name else w("admin-any-checkpoint")

    owners = {one.owner: (one.waiting, one.running) for one in found.owners}
    runs = found.running_of
    for key, counts, shown in (
        ("admin-lanes", _both(found.lanes, runs.lanes), lambda name: w(f"lane-{name}")),
        ("admin-checkpoints", _both(found.checkpoints, runs.checkpoints), checkpoint),
        ("admin-members", owners, person),
        ("admin-workers", {name: (0, count) for name, count in runs.workers.items()}, _name),
    ):
        if counts:
            embed.add_field(name=w(key), value=_counts(w, counts, shown), inline=False)
    return embed


def _name(name: str) -> str:
    return texts.plain(name, 60)


def _both(waiting: Mapping[str, int], running: Mapping[str, int]) -> Counts:
    """The counts of what waits and of what runs beside each other, most first."""
    all_ = Counter(waiting) + Counter(running)
    return {name: (waiting.get(name, 0), running.get(name, 0)) for name, _ in all_.most_common()}


def _counts(w: Translations, counts: Counts, shown: Callable[[str], str]) -> str:
    lines = [
        w("admin-counts", name=shown(name), waiting=waiting, running=running)
        for name, (waiting, running) in list(counts.items())[:TOP]
    ]
    if len(counts) > TOP:
        lines.append(w("admin-more", count=len(counts) - TOP))
    return "\n".join(lines)[:FIELD_MAX_CHARS]


def pause(w: Translations, one: Pause) -> str:
    """One pause of the fleet in a line."""
    line = w(
        "admin-pause-line",
        scope=_name(texts.capitalised(scope_name(w, one.scope))),
        who=person(one.who),
        since=moment(one.at_ms),
    )
    return f"{line}: {texts.plain(texts.pause_reason(w, one.why), 150)}" if one.why else line


def workers(
    w: Translations, found: Sequence[WorkerInfo], jobs: Mapping[str, Job], pauses: Iterable[Pause]
) -> discord.Embed:
    """Each worker with what it does and why it doesn't."""
    embed = discord.Embed(colour=Colour.RUNNING)
    by_scope = {one.scope: one for one in pauses}
    for worker in found[:WORKERS_SHOWN]:
        lines = [texts.worker(w, worker, jobs.get(worker.job or ""))]
        if worker.trust is Trust.QUARANTINED:
            lines.append(w("admin-sick"))
        lines += [pause(w, by_scope[scope]) for scope in sorted(worker_scopes(worker.id)) if scope in by_scope]
        embed.add_field(name=_name(worker.place), value="\n".join(lines)[:430], inline=False)
    if not found:
        embed.description = w("workers-none")
    elif len(found) > WORKERS_SHOWN:
        embed.set_footer(text=w("workers-more", count=len(found) - WORKERS_SHOWN))
    return embed


def failed(w: Translations, jobs: Sequence[Job]) -> discord.Embed:
    """Failed jobs with their reasons."""
    lines = [
        w("admin-failed-line", id=f"`{job.id}`", who=person(job.owner), when=moment(job.finished_ms or job.created_ms),
          reason=texts.plain(job.error or job.error_kind or "?", LINE_MAX_CHARS - 100))
        for job in jobs[:LINES_SHOWN]
    ]  # fmt: skip
    return _listed(w, lines, len(jobs), "admin-failed-none")


def audit(w: Translations, acts: Sequence[Act], here: str) -> discord.Embed:
    """What was done, newest first. `here`: the queue's name for the server in which this is read."""
    lines = [
        w("admin-audit-line", when=moment(act.at_ms), who=person(act.who), act=_act(w, act),
          target=_target(w, act, here) + _why(w, act))
        for act in acts[:LINES_SHOWN]
    ]  # fmt: skip
    return _listed(w, lines, len(acts), "admin-audit-none")


def _act(w: Translations, act: Act) -> str:
    """What was done; a pause for a reason of ours by the name of its command."""
    for key in (f"act-{act.value}" if act.act == "pause" else "", f"act-{act.act}"):
        if key and key in w:
            return w(key)
    return texts.plain(act.act, 40)


def _why(w: Translations, act: Act) -> str:
    """The reason that was given for it, where its name doesn't say it."""
    if act.part != "why" or (act.act == "pause" and f"act-{act.value}" in w):
        return ""
    return ": " + texts.plain(act.value, 100)


def _target(w: Translations, act: Act, here: str) -> str:
    target = act.target
    if act.act in _OF_SERVERS:
        server = w("audit-here") if target == here else texts.plain(target, 60)
        return f"{server}: {_changed(act)}" if act.part else server
    if found := _ROLE.fullmatch(target):
        return f"<@&{found[1]}>"
    return person(target) if _MEMBER.fullmatch(target) else texts.plain(target, 120)


def _changed(act: Act) -> str:
    """What was changed, with channels and roles as Discord shows them."""
    shown = texts.plain(act.value, 100)
    kind = {"channels": "#", "reports": "#", "defaults": "#", "roles": "@&", "buttons": "@&"}.get(act.part)
    if kind:
        shown = _ID.sub(lambda found: f"<{kind}{found[1]}>", shown)
    return f"{texts.plain(act.part, 40)} {shown}"


def _listed(w: Translations, lines: list[str], count: int, none: str) -> discord.Embed:
    embed = discord.Embed(description="\n".join(lines) or w(none), colour=Colour.RUNNING)
    if count > len(lines):
        embed.set_footer(text=w("admin-more", count=count - len(lines)))
    return embed
