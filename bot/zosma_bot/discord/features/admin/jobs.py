"""`/admin bump`, `cancel`, `clear`, `requeue`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.identity import owner_in
from zosma_bot.discord.core.member_jobs import title
from zosma_bot.discord.core.permissions import at_home, need_home, sees
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import job_actions
from zosma_bot.discord.features.admin.confirm import ask
from zosma_bot.discord.features.admin.group import Offers, begin, offering
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import slash
from zosma_queue.job import Job, State

Why = app_commands.Range[str, 1, 200]
JobId = app_commands.Range[str, 1, 60]
#: What `requeue` takes for all failed jobs.
ALL = "all"
#: Of a member's name, in a choice of 100 characters.
NAME_SHOWN_CHARS = 24
#: Jobs that an option looks through.
OFFERED = 100


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""

    @slash(root, "bump")
    async def bump(interaction: discord.Interaction[Any], job: JobId) -> None:
        await begin(interaction)
        need_home(services, interaction)
        await say(interaction, await job_actions.bump(services, interaction, {"job": job}))

    @slash(root, "cancel")
    async def cancel(interaction: discord.Interaction[Any], job: JobId, why: Why | None = None) -> None:
        await begin(interaction)
        await say(interaction, await job_actions.cancel(services, interaction, {"job": job, "why": why or ""}))

    @slash(root, "clear")
    async def clear(interaction: discord.Interaction[Any], member: discord.User, why: Why | None = None) -> None:
        await begin(interaction)
        w = translations_of(interaction)
        owner = owner_in(interaction, member.id)
        depth = await services.queue.admin.owner_depth(owner)
        question = w("ask-clear", member=member.mention, waiting=depth.waiting, running=depth.running)
        await ask(services, interaction, "clear", {"member": str(member.id), "why": why or ""}, question)

    @slash(root, "requeue")
    async def requeue(interaction: discord.Interaction[Any], job: JobId) -> None:
        await begin(interaction)
        if job.strip().casefold() not in (ALL, translations_of(interaction)("admin-all").casefold()):
            await say(interaction, await job_actions.requeue(services, interaction, {"job": job}))
            return
        count = len(await job_actions.failed(services, interaction))
        if not count:
            raise refused("admin-nothing-failed")
        key = "ask-requeue-fleet" if at_home(services, interaction) else "ask-requeue-server"
        await ask(services, interaction, "requeue-all", {}, translations_of(interaction)(key, count=count))

    async def dead(interaction: discord.Interaction[Any]) -> Offers:
        found = await _offers(services, State.FAILED)(interaction)
        return [(translations_of(interaction)("admin-all"), ALL), *found] if found else []

    bump.autocomplete("job")(offering(services, _offers(services, State.WAITING)))
    cancel.autocomplete("job")(offering(services, _offers(services, State.RUNNING, State.WAITING, State.DELAYED)))
    requeue.autocomplete("job")(offering(services, dead))


def _offers(services: Services, *states: State) -> Callable[[discord.Interaction[Any]], Coroutine[Any, Any, Offers]]:
    async def offers(interaction: discord.Interaction[Any]) -> Offers:
        w = translations_of(interaction)
        found = [job for state in states for job in await services.queue.admin.jobs(state, limit=OFFERED)]
        mine = [job for job in found if sees(services, interaction, job.owner)]
        texts_of = await services.queue.replies([job.id for job in mine])
        replies = {job_id: Reply.parse(text) for job_id, text in texts_of.items()}
        return [(_label(w, job, replies.get(job.id)), job.id) for job in mine]

    return offers


def _label(w: Translations, job: Job, reply: Reply | None) -> str:
    """A job in a choice, where Discord shows no mentions: whose it is, its words, where it is.

    What its member alone may see stays so, and what came by another way than Discord.
    """
    who = texts.cut(reply.user_name if reply and reply.user_name else job.owner.rpartition("/")[2], NAME_SHOWN_CHARS)
    rest = f" · {w(f'state-{job.state}')} · {job.error_kind or job.id}"
    words = title(w, job) if reply and not reply.private else w("admin-private-job")
    return f"{who}: {texts.cut(words, 100 - len(who) - len(rest) - 2)}{rest}"
