"""`/admin bump`, `cancel`, `clear`, `requeue`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord import texts
from zosma_bot.discord.acts.ask import ask
from zosma_bot.discord.authority import at_home, need_home, owner_in, refused, sees
from zosma_bot.discord.commands.admin_base import Offers, begin, offering
from zosma_bot.discord.commands.slash import slash
from zosma_bot.discord.deeds import jobs
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.language import Words, words_of
from zosma_queue.job import Job, State

JobId = app_commands.Range[str, 1, 60]
#: What `requeue` takes for all failed jobs.
ALL = "all"
#: Jobs that an option looks through.
OFFERED = 100


def add(root: app_commands.Group, desk: Desk) -> None:
    """Registers the commands."""

    @slash(root, "bump")
    async def bump(interaction: discord.Interaction[Any], job: JobId) -> None:
        await begin(interaction)
        need_home(desk, interaction)
        await say(interaction, await jobs.bump(desk, interaction, {"job": job}))

    @slash(root, "cancel")
    async def cancel(interaction: discord.Interaction[Any], job: JobId) -> None:
        await begin(interaction)
        await say(interaction, await jobs.cancel(desk, interaction, {"job": job}))

    @slash(root, "clear")
    async def clear(interaction: discord.Interaction[Any], member: discord.User) -> None:
        await begin(interaction)
        w = words_of(interaction)
        owner = owner_in(interaction, member.id)
        waiting, running = (await desk.queue.admin.tally()).owners.get(owner, (0, 0))
        question = w("ask-clear", member=member.mention, waiting=waiting, running=running)
        await ask(desk, interaction, "clear", {"member": str(member.id)}, question)

    @slash(root, "requeue")
    async def requeue(interaction: discord.Interaction[Any], job: JobId) -> None:
        await begin(interaction)
        if job.strip().casefold() not in (ALL, words_of(interaction)("admin-all").casefold()):
            await say(interaction, await jobs.requeue(desk, interaction, {"job": job}))
            return
        count = len(await jobs.failed(desk, interaction))
        if not count:
            raise refused("admin-nothing-failed")
        key = "ask-requeue-fleet" if at_home(desk, interaction) else "ask-requeue-server"
        await ask(desk, interaction, "requeue-all", {}, words_of(interaction)(key, count=count))

    async def dead(interaction: discord.Interaction[Any]) -> Offers:
        found = await _offers(desk, State.FAILED)(interaction)
        return [(words_of(interaction)("admin-all"), ALL), *found] if found else []

    bump.autocomplete("job")(offering(desk, _offers(desk, State.WAITING)))
    cancel.autocomplete("job")(offering(desk, _offers(desk, State.RUNNING, State.WAITING, State.DELAYED)))
    requeue.autocomplete("job")(offering(desk, dead))


def _offers(desk: Desk, *states: State) -> Callable[[discord.Interaction[Any]], Coroutine[Any, Any, Offers]]:
    async def offers(interaction: discord.Interaction[Any]) -> Offers:
        w = words_of(interaction)
        found = [job for state in states for job in await desk.queue.admin.jobs(state, limit=OFFERED)]
        return [(_label(w, job), job.id) for job in found if sees(desk, interaction, job.owner)]

    return offers


def _label(w: Words, job: Job) -> str:
    """A job in a choice: Discord shows no mentions there, and the prompt may be nobody's business."""
    checkpoint = (job.request and job.request.checkpoint) or w("admin-any-checkpoint")
    what = job.error_kind or checkpoint
    return texts.cut(f"{job.id} · {w(f'state-{job.state}')} · {what}", 100)
