"""The menu and the buttons of `/jobs`: look at a job, fetch its pictures again, ask for it once more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from zosma_bot.discord import mine, render, texts, upload
from zosma_bot.discord.acts.whose import may_end
from zosma_bot.discord.buttons import view_of
from zosma_bot.discord.card import Card
from zosma_bot.discord.custom_id import CustomId, OfJob
from zosma_bot.discord.desk import LOOK_S, Desk, say
from zosma_bot.discord.ladder import NO_MENTIONS
from zosma_bot.discord.language import Words, words_of
from zosma_bot.discord.mine import Mine
from zosma_bot.discord.packing import MESSAGE_MAX_BYTES
from zosma_bot.discord.reply import Outlet
from zosma_bot.discord.router import Handler, Router, chosen
from zosma_queue.errors import QueueUnavailableError

log = logging.getLogger(__name__)


def add(router: Router, desk: Desk) -> None:
    """Registers them."""

    async def refresh(interaction: discord.Interaction[Any], _: CustomId) -> None:
        w = words_of(interaction)
        try:
            found = await desk.chores.within(LOOK_S, mine.jobs_here(desk, w, interaction))
        except QueueUnavailableError:
            await say(interaction, texts.queue_away(w))
            return
        view = mine.list_view(w, found, interaction.user.id)
        await interaction.response.edit_message(embed=mine.listed(w, found), view=view)

    async def choose(interaction: discord.Interaction[Any], _: CustomId) -> None:
        w = words_of(interaction)
        if one := await _mine(desk, interaction, OfJob(chosen(interaction) or "", interaction.user.id)):
            view = view_of(mine.rows(w, one, interaction.user.id))
            await say(interaction, "", embed=mine.detailed(w, one), view=view)

    def press(act: Callable[[Desk, discord.Interaction[Any], Mine], Awaitable[None]]) -> Handler:
        async def pressed(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
            of = await may_end(interaction, custom_id)
            if of and (one := await _mine(desk, interaction, of)):
                await act(desk, interaction, one)

        return pressed

    router.add(mine.REFRESH, refresh)
    router.add(mine.MENU, choose)
    router.add(mine.LOOK, press(_look_again))
    router.add(mine.PICK_UP, press(_pick_up))
    router.add(mine.RETRY, press(_retry))


async def _look_again(_: Desk, interaction: discord.Interaction[Any], one: Mine) -> None:
    w = words_of(interaction)
    view = view_of(mine.rows(w, one, interaction.user.id))
    await interaction.response.edit_message(embed=mine.detailed(w, one), view=view)


async def _pick_up(desk: Desk, interaction: discord.Interaction[Any], one: Mine) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        await _show_pictures(desk, interaction, one)
    except QueueUnavailableError as error:
        await say(interaction, texts.refused(words_of(interaction), error))


async def _retry(desk: Desk, interaction: discord.Interaction[Any], one: Mine) -> None:
    if one.job.request is None:
        await say(interaction, words_of(interaction)("recipe-gone"))
        return
    # The very same, seed included: it has not been made yet.
    fields = one.job.request.model_dump(mode="json", exclude_defaults=True)
    await desk.take(interaction, fields, private=one.private)


async def _mine(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> Mine | None:
    """The member's job; None when it isn't to be had, and he has been told why."""
    w = words_of(interaction)

    async def find() -> Mine | None:
        job = await desk.queue.job(of.job_id)
        return await mine.look(desk, w, job) if job and mine.is_mine(interaction, job) else None

    try:
        found = await desk.chores.within(LOOK_S, find())
    except QueueUnavailableError:
        await say(interaction, texts.queue_away(w))
        return None
    if found is None:
        await say(interaction, w("jobs-forgotten"))
    return found


async def _show_pictures(desk: Desk, interaction: discord.Interaction[Any], one: Mine) -> None:
    """Shows a job's pictures to its member alone, as good as Discord takes them here."""
    w, job = words_of(interaction), one.job
    hidden = one.reply.blocked if one.reply else ()
    stored = [None if index in hidden else data for index, data in enumerate(await desk.queue.pictures(job))]
    if not any(stored):
        await say(interaction, w("jobs-pictures-gone"), embed=mine.detailed(w, one))
        return
    card = render.ended(w, job, OfJob(job.id, interaction.user.id), stored)
    card = await _fitting(w, one, card, interaction.filesize_limit)
    await interaction.followup.send(
        embed=card.embed(), files=card.files(), view=card.view() or discord.utils.MISSING, ephemeral=True,
        allowed_mentions=NO_MENTIONS,
    )  # fmt: skip
    if one.uncollected and (outlet := await Outlet.open(desk.queue, job.id)):
        await outlet.change(uncollected=False)
        log.info("job %s: picked up", job.id)


async def _fitting(w: Words, one: Mine, card: Card, limit: int) -> Card:
    if all(len(each.data) <= limit for each in card.pictures) or one.job.result is None:
        return card
    words = {f"{render.file_prefix(one.job.id)}{number}": made.parameters
             for number, made in enumerate(one.job.result.pictures, start=1)}  # fmt: skip
    originals = [upload.Original(each, words[each.name.rsplit(".", 1)[0]]) for each in card.pictures]
    fitting = await asyncio.to_thread(upload.fit, originals, limit, total=max(limit, MESSAGE_MAX_BYTES))
    return (
        replace(render.without_pictures(w, card, one.job), buttons=())
        if fitting is None
        else card.with_pictures(fitting)
    )
