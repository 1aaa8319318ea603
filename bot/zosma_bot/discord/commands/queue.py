"""`/queue`: how the queue and the GPUs are, for admins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord import texts
from zosma_bot.discord.card import Colour
from zosma_bot.discord.commands.slash import slash
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.language import Words, words_of
from zosma_queue.client import Depth
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import WorkerInfo
from zosma_queue.job import Job
from zosma_queue.settings import address_of

#: Below Discord's 25 fields and 6000 characters.
WORKERS_SHOWN = 15
ANSWER_S = 2.0


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers `/queue`."""

    # Discord hides the command by the first permission line; the second asks again, whatever a server has set up.
    @slash(tree, "queue")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.checks.has_permissions(manage_guild=True)
    async def queue(interaction: discord.Interaction[Any]) -> None:
        try:
            embed = await desk.chores.within(ANSWER_S, _report(desk, words_of(interaction)))
        except QueueUnavailableError:
            await say(interaction, texts.queue_away(words_of(interaction)))
            return
        await say(interaction, "", embed=embed)


async def _report(desk: Desk, w: Words) -> discord.Embed:
    depth, workers = await asyncio.gather(desk.queue.depth(), desk.queue.workers())
    ids = [worker.job for worker in workers[:WORKERS_SHOWN] if worker.job]
    jobs = await asyncio.gather(*(desk.queue.job(job_id) for job_id in ids))
    return report(w, depth, workers, {job.id: job for job in jobs if job})


def report(w: Words, depth: Depth, workers: Sequence[WorkerInfo], jobs: dict[str, Job]) -> discord.Embed:
    """What an admin sees."""
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
