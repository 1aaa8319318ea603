"""Zoom out, extend to one side, make square: a picture goes on beyond its edges."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core import inpainting
from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.drawing import words_of
from zosma_bot.discord.core.identity import sender_of
from zosma_bot.discord.core.inpainting import Extend, first_possible, outpainted
from zosma_bot.discord.core.recipes import picture_of
from zosma_bot.discord.core.seen import seen
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.submit import Wanted, submit
from zosma_bot.discord.features.result.remix import is_private, known_or_read
from zosma_bot.discord.state.reply_record import Origin
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Handler, Router
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: What each act does, and how far the picture goes on; None: until it is square.
_ACTS: dict[Act, tuple[str, Extend | None]] = {
    Act.ZOOM_OUT: ("zoom", inpainting.ZOOM_OUT),
    Act.ZOOM_OUT_FAR: ("zoom", inpainting.ZOOM_OUT_FAR),
    Act.PAN_LEFT: ("pan", inpainting.PAN_LEFT),
    Act.PAN_RIGHT: ("pan", inpainting.PAN_RIGHT),
    Act.PAN_UP: ("pan", inpainting.PAN_UP),
    Act.PAN_DOWN: ("pan", inpainting.PAN_DOWN),
    Act.SQUARE: ("square", None),
}


def add(router: Router, services: Services) -> None:
    """Registers what the menu offers."""

    def press(deed: str, extend: Extend | None) -> Handler:
        async def pressed(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
            of = await may_use(services, interaction, custom_id)
            if of is None:
                return
            try:
                fields, sources = await _wanted(services, interaction, of, extend)
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, refusals.told(translations_of(interaction), error))
                return
            private = await is_private(services, interaction, of)
            origin = Origin(deed=deed, user_id=of.owner)
            await submit(services, interaction, fields, sources=sources, private=private, origin=origin)

        return pressed

    for act, how in _ACTS.items():
        router.add(act, press(*how))


async def _wanted(
    services: Services, interaction: discord.Interaction[Any], of: OfJob, extend: Extend | None
) -> Wanted:
    source = await picture_of(services, seen(interaction), of)
    recipe = await known_or_read(services, interaction, of)
    words = words_of(recipe.fields, of.number) if recipe else ""
    if recipe is None or not words:
        raise refused("recipe-gone")
    extend = extend or inpainting.squaring(source.width, source.height)
    if not any(extend):
        raise refused("square-already")
    possible = outpainted(recipe, words, source, extend, sender_of(interaction).everywhere)
    return await first_possible(services, possible)
