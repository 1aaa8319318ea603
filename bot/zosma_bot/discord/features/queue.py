"""`/queue`: where a member's jobs stand, and how the GPUs are; the server's admins see all of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import member_jobs
from zosma_bot.discord.core.member_jobs import JobEntry
from zosma_bot.discord.core.permissions import at_home, is_admin
from zosma_bot.discord.core.scopes import scope_name
from zosma_bot.discord.core.services import LOOK_S, Services
from zosma_bot.discord.core.worker_names import WorkerNames
from zosma_bot.discord.ui import refusals, texts
from zosma_bot.discord.ui.card import Colour
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.admin import Pause
from zosma_queue.client import Depth
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import WorkerInfo, WorkerState
from zosma_queue.job import Job
from zosma_queue.last_fleet import Fleet
from zosma_queue.settings import address_of

#: Below Discord's 25 fields and 6000 characters.
WORKERS_SHOWN = 15
#: A member's own jobs.
JOBS_SHOWN = 10
PAUSES_SHOWN = 8


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers `/queue`."""

    @slash(tree, "queue")
    async def queue(interaction: discord.Interaction[Any]) -> None:
        w = translations_of(interaction)
        try:
            embed = await services.background.within(LOOK_S, _answer(services, w, interaction))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        await say(interaction, "", embed=embed)

    everywhere(queue)


async def _answer(services: Services, w: Translations, interaction: discord.Interaction[Any]) -> discord.Embed:
    depth, fleet, jobs, pauses = await asyncio.gather(
        services.queue.depth(),
        services.queue.fleet(),
        member_jobs.jobs_here(services, w, interaction),
        services.queue.admin.pauses(),
    )
    workers = fleet.workers
    own = own_jobs(w, [one for one in jobs.jobs if not one.job.state.ended])
    # Asked again at each use: what a server shows to whom is Discord's business, what we tell is ours.
    home = is_admin(interaction) and at_home(services, interaction)
    if pauses:
        names = WorkerNames(workers, [one.scope for one in pauses])
        pauses = pauses if home else [names.pause(one) for one in pauses]
        own = w("queue-paused", scopes=", ".join(paused(w, one) for one in pauses[:PAUSES_SHOWN])) + "\n" + own
    if not home:
        lines = (w("queue-depth", waiting=depth.waiting, running=depth.running), own, gpus(w, fleet))
        return discord.Embed(description="\n".join(lines), colour=Colour.RUNNING)
    ids = [worker.job for worker in workers[:WORKERS_SHOWN] if worker.job]
    running = await asyncio.gather(*(services.queue.job(job_id) for job_id in ids))
    embed = report(w, depth, workers, {job.id: job for job in running if job})
    embed.description = "\n".join(one for one in (embed.description, last_here(w, fleet), own) if one)
    return embed


def paused(w: Translations, pause: Pause) -> str:
    """What is paused, and why."""
    scope = scope_name(w, pause.scope)
    return f"{scope} ({texts.plain(texts.pause_reason(w, pause.why), 100)})" if pause.why else scope


def own_jobs(w: Translations, jobs: Sequence[JobEntry]) -> str:
    """Where a member's jobs stand, a line each."""
    if not jobs:
        return w("queue-none-of-yours")
    lines = [f"{one.line} · {texts.plain(member_jobs.title(w, one.job), 40)}" for one in jobs[:JOBS_SHOWN]]
    if len(jobs) > JOBS_SHOWN:
        lines.append(w("queue-more-of-yours", count=len(jobs) - JOBS_SHOWN))
    return "\n".join([w("queue-yours"), *lines])


def gpus(w: Translations, fleet: Fleet) -> str:
    """How many there are of each kind, for who only wants to know whether it goes on."""
    workers, last = fleet.workers, last_here(w, fleet)
    if not workers:
        return last or w("queue-no-gpus")
    states = Counter("held" if worker.is_held else worker.state for worker in workers)
    kinds = (
        (WorkerState.READY, "worker-free"),
        (WorkerState.BUSY, "worker-busy"),
        ("held", "worker-held"),
        (WorkerState.AWAY, "worker-away"),
    )
    return (
        w("queue-gpus", count=len(workers))
        + " · ".join(w(f"{key}.count", count=states[state]) for state, key in kinds if states[state])
        + (f"\n{last}" if last else "")
    )


def last_here(w: Translations, fleet: Fleet) -> str:
    """When a GPU was last here, while none can work; '' while one can, or where none is known to have been."""
    return w("queue-last-gpu", time=f"<t:{fleet.last_seen_ms // 1000}:R>") if fleet.last_seen_ms else ""


def report(w: Translations, depth: Depth, workers: Sequence[WorkerInfo], jobs: dict[str, Job]) -> discord.Embed:
    """What an admin sees in `/queue`."""
    embed = discord.Embed(description=texts.depth(w, depth), colour=Colour.RUNNING)
    for worker in workers[:WORKERS_SHOWN]:
        name = address_of(worker.about.webui).partition("://")[2] if worker.about else worker.id
        embed.add_field(
            name=texts.plain(name, 200), value=texts.worker(w, worker, jobs.get(worker.job or "")), inline=False
        )
    if not workers:
        embed.set_footer(text=w("workers-none"))
    elif len(workers) > WORKERS_SHOWN:
        embed.set_footer(text=w("workers-more", count=len(workers) - WORKERS_SHOWN))
    return embed
