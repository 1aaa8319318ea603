"""The report button: a form for the reason, a message to the moderators' channel, and their buttons under it."""

from __future__ import annotations

import io
import logging
import re
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord.core.button_owner import anybody
from zosma_bot.discord.core.permissions import is_moderator
from zosma_bot.discord.core.seen import SeenMessage, seen
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.ui import refusals, texts
from zosma_bot.discord.ui.buttons import Button, view_of
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import translations_for, translations_of
from zosma_bot.discord.ui.respond import NO_MENTIONS, say
from zosma_bot.discord.ui.router import Router, values_of
from zosma_queue.errors import QueueUnavailableError

log = logging.getLogger(__name__)

#: A snowflake: 64 bits are at most twenty digits.
ID = re.compile(r"[0-9]{1,20}")

WHY_MAX_CHARS = 500
#: Of a set, as many are shown to the moderators.
SHOWN = 4


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers the button, its form and the moderators' buttons."""

    async def press(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        of = await anybody(services, interaction, custom_id)
        if of is None:
            return
        modal = discord.ui.Modal(title=w("report-title")[:45], custom_id=of.custom_id(Act.REPORT_FORM))
        why = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph, custom_id="why", required=False, max_length=WHY_MAX_CHARS
        )
        modal.add_item(discord.ui.Label(text=w("report-why")[:45], component=why))
        modal.stop()
        await interaction.response.send_modal(modal)

    async def filled_in(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        of = await anybody(services, interaction, custom_id)
        if of is None:
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            told = await _tell(services, interaction, of, str(values_of(interaction).get("why", "")))
        except QueueUnavailableError:
            await say(interaction, refusals.queue_away(w))
            return
        await say(interaction, w("report-thanks" if told else "report-nowhere"))

    async def remove(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        found = await _reported(interaction, custom_id)
        if found is None:
            return
        # Discord waits 3 s for the first answer, and a deletion may have to wait for a rate limit.
        await interaction.response.defer()
        channel_id, message_id = found
        gone = await _remove(interaction, channel_id, message_id)
        w = translations_of(interaction)
        if gone:
            await services.queue.admin.note(texts.admin_name(interaction), "report-delete", str(message_id))
            await _close(interaction, w("report-deleted", member=f"<@{interaction.user.id}>"))
        else:
            await say(interaction, w("delete-refused"))

    async def dismiss(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if found := await _reported(interaction, custom_id):
            await interaction.response.defer()
            await services.queue.admin.note(texts.admin_name(interaction), "report-dismiss", str(found[1]))
            await _close(
                interaction, translations_of(interaction)("report-dismissed", member=f"<@{interaction.user.id}>")
            )

    router.add(Act.REPORT, press)
    router.add(Act.REPORT_FORM, filled_in)
    router.add(Act.REPORT_REMOVE, remove)
    router.add(Act.REPORT_DISMISS, dismiss)


async def _tell(services: Services, interaction: discord.Interaction[Any], of: OfJob, why: str) -> bool:
    """Posts the report; False when there is no channel for it. It is noted in the audit either way."""
    await services.queue.admin.note(texts.admin_name(interaction), "report", of.job_id)
    here = await services.settings_here(interaction)
    message = seen(interaction)
    if here.report_channel is None or message is None or interaction.guild_id is None:
        return False
    w = translations_for(interaction.guild_locale or interaction.locale)
    text = w("report-head", member=f"<@{interaction.user.id}>", owner=f"<@{of.owner}>", link=message.jump_url)
    if why.strip():
        text += "\n" + w("report-because", why=texts.plain(why, WHY_MAX_CHARS))
    where = (str(message.channel_id), str(message.id))
    rows = (
        (
            Button(str(CustomId(Act.REPORT_REMOVE, where)), w("report-delete"), "🗑️", discord.ButtonStyle.danger),
            Button(str(CustomId(Act.REPORT_DISMISS, where)), w("report-dismiss"), "✅"),
        ),
    )
    channel = interaction.client.get_partial_messageable(here.report_channel, guild_id=interaction.guild_id)
    # The pictures come along where that is possible. Without them it is still a report, and links to them.
    for with_pictures in (True, False):
        try:
            files = await _files(message) if with_pictures else []
            await channel.send(
                text,
                files=files,
                view=view_of(rows) or discord.utils.MISSING,
                nonce=str(interaction.id),  # Discord may have taken the first and not been able to say so
                allowed_mentions=NO_MENTIONS,
            )
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("a report could not be posted: %s", type(error).__name__)
        else:
            return True
    return False


async def _files(message: SeenMessage) -> list[discord.File]:
    return [
        discord.File(io.BytesIO(await one.read()), filename=one.filename, spoiler=True)
        for one in message.pictures[:SHOWN]
    ]


async def _reported(interaction: discord.Interaction[Any], custom_id: CustomId) -> tuple[int, int] | None:
    """Channel and message that a report's button is about, for moderators; None when they have been told why not."""
    w = translations_of(interaction)
    if not is_moderator(interaction):
        await say(interaction, w("moderators-only"))
        return None
    match custom_id.args:
        case (channel, message) if ID.fullmatch(channel) and ID.fullmatch(message):
            if _is_about(interaction, f"/{interaction.guild_id}/{channel}/{message}"):
                return int(channel), int(message)
    await say(interaction, w("button-unknown"))
    return None


def _is_about(interaction: discord.Interaction[Any], link: str) -> bool:
    """True when the button's own message is a report of ours that links there: what the button says is not believed."""
    report, us = interaction.message, interaction.client.user
    if report is None or us is None or report.author.id != us.id:
        return False
    head, _, _ = report.content.partition("\n")  # below it stands what the member wrote
    return head.endswith(link)


async def _remove(interaction: discord.Interaction[Any], channel_id: int, message_id: int) -> bool:
    channel = interaction.client.get_partial_messageable(channel_id, guild_id=interaction.guild_id)
    try:
        await channel.get_partial_message(message_id).delete()
    except discord.NotFound:
        return True  # somebody was quicker
    except discord.DiscordException:
        return False
    return True


async def _close(interaction: discord.Interaction[Any], verdict: str) -> None:
    """Writes the verdict under the report and takes its buttons and pictures away."""
    text = interaction.message.content if interaction.message else ""
    await interaction.edit_original_response(
        content=f"{text}\n{verdict}"[:2000], view=None, attachments=[], allowed_mentions=NO_MENTIONS
    )
