"""The menu and the buttons of `/jobs`: look at a job, fetch its pictures again, ask for it once more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from zosma_bot.discord.core import member_jobs
from zosma_bot.discord.core.button_owner import may_end
from zosma_bot.discord.core.member_jobs import JobEntry
from zosma_bot.discord.core.services import LOOK_S, Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.delivery import render, shrink
from zosma_bot.discord.delivery.packing import MESSAGE_MAX_BYTES
from zosma_bot.discord.state.reply_record import Outlet
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.buttons import view_of
from zosma_bot.discord.ui.card import Card
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import NO_MENTIONS, say
from zosma_bot.discord.ui.router import Handler, Router, chosen
from zosma_queue.errors import QueueUnavailableError

#: More pages than a member's jobs that are known can fill.
PAGES_MAX = 100

log = logging.getLogger(__name__)


def add(router: Router, services: Services) -> None:
    """Registers the buttons and menus of `/jobs`."""

    async def refresh(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        # Lists of before there were pages name the member alone.
        number = custom_id.args[1] if len(custom_id.args) > 1 else "0"
        page = min(int(number), PAGES_MAX) if number.isascii() and number.isdecimal() else 0
        try:
            found = await services.background.within(LOOK_S, member_jobs.jobs_here(services, w, interaction, page))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        view = member_jobs.list_view(w, found, interaction.user.id)
        await interaction.response.edit_message(embed=member_jobs.listed(w, found), view=view)

    async def choose(interaction: discord.Interaction[Any], _: CustomId) -> None:
        w = translations_of(interaction)
        if one := await _mine(services, interaction, OfJob(chosen(interaction) or "", interaction.user.id)):
            view = view_of(member_jobs.rows(w, one, interaction.user.id))
            await say(interaction, "", embed=member_jobs.detailed(w, one), view=view)

    def press(act: Callable[[Services, discord.Interaction[Any], JobEntry], Awaitable[None]]) -> Handler:
        async def pressed(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
            of = await may_end(services, interaction, custom_id)
            if of and (one := await _mine(services, interaction, of)):
                await act(services, interaction, one)

        return pressed

    router.add(Act.JOBS_REFRESH, refresh)
    router.add(Act.JOBS_MENU, choose)
    router.add(Act.JOBS_LOOK, press(_look_again))
    router.add(Act.JOBS_PICK_UP, press(_pick_up))
    router.add(Act.JOBS_RETRY, press(_retry))


async def _look_again(_: Services, interaction: discord.Interaction[Any], one: JobEntry) -> None:
    w = translations_of(interaction)
    view = view_of(member_jobs.rows(w, one, interaction.user.id))
    await interaction.response.edit_message(embed=member_jobs.detailed(w, one), view=view)


async def _pick_up(services: Services, interaction: discord.Interaction[Any], one: JobEntry) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        await _show_pictures(services, interaction, one)
    except QueueUnavailableError as error:
        await say(interaction, refusals.told(translations_of(interaction), error))


async def _retry(services: Services, interaction: discord.Interaction[Any], one: JobEntry) -> None:
    if one.job.request is None:
        await say(interaction, translations_of(interaction)("recipe-gone"))
        return
    # The very same, seed included: it has not been made yet.
    fields = one.job.request.model_dump(mode="json", exclude_defaults=True)
    await submit(services, interaction, fields, private=one.private)


async def _mine(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> JobEntry | None:
    """The member's job; None when it isn't to be had, and they have been told why."""
    w = translations_of(interaction)

    async def find() -> JobEntry | None:
        job = await services.queue.job(of.job_id)
        return await member_jobs.look(services, w, job) if job and member_jobs.is_mine(interaction, job) else None

    try:
        found = await services.background.within(LOOK_S, find())
    except QueueUnavailableError:
        await say(interaction, refusals.queue_away(w))
        return None
    if found is None:
        await say(interaction, w("jobs-forgotten"))
    return found


async def _show_pictures(services: Services, interaction: discord.Interaction[Any], one: JobEntry) -> None:
    """Shows a job's pictures to its member alone, as good as Discord takes them here."""
    w, job = translations_of(interaction), one.job
    hidden = one.reply.blocked if one.reply else ()
    stored = [None if index in hidden else data for index, data in enumerate(await services.queue.pictures(job))]
    if not any(stored):
        await say(interaction, w("jobs-pictures-gone"), embed=member_jobs.detailed(w, one))
        return
    origin = one.reply.origin if one.reply else None
    card = render.ended(w, job, OfJob(job.id, interaction.user.id), stored, origin=origin)
    card = await _fitting(w, one, card, interaction.filesize_limit)
    await interaction.followup.send(
        embed=card.embed(), files=card.files(), view=card.view() or discord.utils.MISSING, ephemeral=True,
        allowed_mentions=NO_MENTIONS,
    )  # fmt: skip
    if one.uncollected and (outlet := await Outlet.open(services.queue, job.id)):
        await outlet.change(uncollected=False)
        log.info("job %s: picked up", job.id, extra={"job": job.id})


async def _fitting(w: Translations, one: JobEntry, card: Card, limit: int) -> Card:
    if all(len(each.data) <= limit for each in card.pictures) or one.job.result is None:
        return card
    words = {f"{render.file_prefix(one.job.id)}{number}": made.parameters
             for number, made in enumerate(one.job.result.pictures, start=1)}  # fmt: skip
    originals = [shrink.Original(each, words[each.name.rsplit(".", 1)[0]]) for each in card.pictures]
    fitting = await asyncio.to_thread(shrink.fit, originals, limit, total=max(limit, MESSAGE_MAX_BYTES))
    return (
        replace(render.without_pictures(w, card, one.job), buttons=())
        if fitting is None
        else card.with_pictures(fitting)
    )
