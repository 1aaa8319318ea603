"""Buttons that show: parameters as a command to copy, pictures in a direct message."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import discord

from zosma_bot.discord.api.not_now import is_not_now
from zosma_bot.discord.core.button_owner import anybody
from zosma_bot.discord.core.parameters import show
from zosma_bot.discord.core.recipes import recipe_of, stored
from zosma_bot.discord.core.seen import seen
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.delivery.packing import ATTACHMENTS_MAX, MESSAGE_MAX_BYTES
from zosma_bot.discord.delivery.render import file_prefix, suffix_of
from zosma_bot.discord.delivery.shrink import Original, fit
from zosma_bot.discord.state.reply_record import UPLOAD_LIMIT
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.card import Attached
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: "Explicit content cannot be sent to the desired recipient(s)."
_EXPLICIT = 20009


def add(router: Router, services: Services) -> None:
    """Registers the buttons."""

    async def parameters(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        of = await anybody(services, interaction, custom_id)
        if of is None:
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            recipe = await recipe_of(services, seen(interaction), of)
        except RequestRefusedError as error:
            await say(interaction, refusals.told(w, error))
            return
        await show(services, interaction, recipe, number=of.number)

    async def send(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        of = await anybody(services, interaction, custom_id)
        if of is None:
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            files = await _files(services, interaction, of)
            message = seen(interaction)
            await interaction.user.send(message.jump_url if message else "", files=files)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, refusals.told(w, error))
        except discord.HTTPException as error:
            if error.code != _EXPLICIT and (error.status != 403 or is_not_now(error)):
                raise
            await say(interaction, w("send-explicit" if error.code == _EXPLICIT else "send-refused"))
        else:
            await say(interaction, w("sent-privately"))

    router.add(Act.PARAMETERS, parameters)
    router.add(Act.SEND, send)


async def _files(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> list[discord.File]:
    """All pictures of the job one by one, also where the message shows a grid; else what the message has."""
    found = await services.background.within(CHECKS_S, stored(services, of.job_id))
    originals = [
        Original(
            Attached(f"{file_prefix(of.job_id)}{number}.{suffix_of(one.made.format)}", one.data), one.made.parameters
        )
        for number, one in found.items()
    ]
    fitting = await asyncio.to_thread(fit, originals[:ATTACHMENTS_MAX], UPLOAD_LIMIT, total=MESSAGE_MAX_BYTES)
    if fitting:
        return [one.file() for one in fitting]
    message = seen(interaction)
    shown = [
        discord.File(io.BytesIO(await one.read()), filename=one.filename)
        for one in (message.pictures if message else ())
    ]
    if not shown:
        raise refused("picture-gone")
    return shown
