"""`/me` and `/stats`: what a member has left and made, and what a server made. Nobody is named."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import member_jobs
from zosma_bot.discord.core.identity import NOWHERE, sender_of
from zosma_bot.discord.core.services import LOOK_S, Services
from zosma_bot.discord.ui import refusals, texts
from zosma_bot.discord.ui.card import Colour
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.allowance import Allowance, Made
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.needs import Lane

CHECKPOINTS_SHOWN = 5
#: A member's own jobs that have not ended.
JOBS_SHOWN = 5


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers both commands."""

    @slash(tree, "me")
    async def me(interaction: discord.Interaction[Any]) -> None:
        w = translations_of(interaction)
        try:
            left, made, page = await services.background.within(LOOK_S, _looked_up(services, w, interaction))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        open_ones = [one for one in page.jobs if not one.job.state.ended][:JOBS_SHOWN]
        lines = [*allowance(w, left), *made_lines(w, made)]
        lines += [f"{one.line}\n-# {texts.plain(member_jobs.title(w, one.job), 60)}" for one in open_ones]
        await say(interaction, "", embed=discord.Embed(description="\n".join(lines), colour=Colour.RUNNING))

    @slash(tree, "stats")
    async def stats(interaction: discord.Interaction[Any]) -> None:
        w, group = translations_of(interaction), sender_of(interaction).group
        if group == NOWHERE:
            await say(interaction, w("stats-elsewhere"))
            return
        try:
            made = await services.background.within(LOOK_S, services.queue.made(group))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        text = "\n".join((w("stats-title"), *made_lines(w, made))) if made.jobs else w("stats-none")
        await say(interaction, "", embed=discord.Embed(description=text, colour=Colour.RUNNING))

    everywhere(me)
    everywhere(stats)


async def _looked_up(
    services: Services, w: Translations, interaction: discord.Interaction[Any]
) -> tuple[Allowance, Made, member_jobs.Page]:
    sender = sender_of(interaction)
    return await asyncio.gather(
        services.queue.allowance(sender),
        services.queue.made(sender.owner),
        member_jobs.jobs_here(services, w, interaction),
    )


def allowance(w: Translations, left: Allowance) -> list[str]:
    """What a member may still do, a line each."""
    policy = left.policy
    lines = [
        w("me-waiting", count=left.waiting, most=policy.waiting),
        w("me-running", count=left.running, most=policy.running),
    ]
    spent = texts.seconds(w, left.spent_s)
    if policy.daily_gpu_s:
        most, reset = texts.seconds(w, policy.daily_gpu_s), f"<t:{left.resets_at_s}:R>"
        lines.append(w("me-gpu-of", span=spent, most=most, reset=reset))
    else:
        lines.append(w("me-gpu", span=spent))
    if policy.cooldown_s:
        cooling = w("me-cooldown", span=texts.span(w, left.cooldown_s))
        lines.append(cooling if left.cooldown_s else w("me-cooldown-none"))
    if policy.lane is Lane.RELAX:
        lines.append(w("me-lane-relax"))
    return lines


def made_lines(w: Translations, made: Made) -> list[str]:
    """How much was made, and with what."""
    if not made.jobs:
        return [w("made-nothing")]
    names = [
        w("made-checkpoint", name=texts.plain(name, 60), count=count)
        for name, count in list(made.checkpoints.items())[:CHECKPOINTS_SHOWN]
    ]
    lines = [w("made-line", pictures=made.pictures, span=texts.seconds(w, made.gpu_s))]
    return [*lines, w("made-checkpoints", names=", ".join(names))] if names else lines
