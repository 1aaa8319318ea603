"""The answer to "erase everything?"."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.privacy import erasure
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.remains import Remains


def _what_stays(w: Translations, remains: Remains) -> list[str]:
    """A line with reason and date for each thing that still names the member."""
    lines = []
    if remains.acts:
        lines.append(w("privacy-stays-audit", acts=remains.acts, since=f"<t:{remains.acts_since_s}:D>"))
    if remains.counted_until_s:
        lines.append(w("privacy-stays-counted", until=f"<t:{remains.counted_until_s}:f>"))
    if remains.limits:
        lines.append(w("privacy-stays-limits"))
    if remains.jobs_elsewhere:
        lines.append(w("privacy-stays-elsewhere", jobs=remains.jobs_elsewhere, servers=remains.servers_elsewhere))
    return lines


def add(router: Router, services: Services) -> None:
    """Registers the two buttons of `/privacy erase`."""

    async def erase(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        w = translations_of(interaction)
        if custom_id.args != (str(interaction.user.id),):  # shown to the member alone, so this is nobody's click
            await say(interaction, w("button-unknown"))
            return
        # At once, so that nobody presses again: the messages take a while.
        await interaction.response.edit_message(content=w("privacy-erasing"), view=None)
        with services.background.counted():
            try:
                gone = await erasure.erase(services, interaction)
            except QueueUnavailableError:
                await interaction.edit_original_response(content=w("privacy-broke-off"))
                return
        lines = [
            w("privacy-erased", jobs=gone.jobs, pictures=gone.pictures, cancelled=gone.cancelled,
              messages=gone.messages)
        ]  # fmt: skip
        if gone.left:
            lines.append(w("privacy-left", left=gone.left))
        lines += _what_stays(w, gone.remains)
        await interaction.edit_original_response(content="\n".join(lines))

    async def keep(interaction: discord.Interaction[Any], _: CustomId) -> None:
        await interaction.response.edit_message(content=translations_of(interaction)("privacy-kept"), view=None)

    router.add(Act.ERASE, erase)
    router.add(Act.KEEP, keep)
