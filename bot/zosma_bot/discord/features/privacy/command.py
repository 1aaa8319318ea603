"""`/privacy`: what is kept of a member, all of it as a file, and forgetting it."""

from __future__ import annotations

import io
import json
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core import attachments, recipes
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.delivery.shrink import OVERHEAD_BYTES
from zosma_bot.discord.features.privacy import erasure
from zosma_bot.discord.ui.buttons import Button, view_of
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import everywhere, group, slash
from zosma_bot.links import MASK_LIFE_S
from zosma_queue.allowance import MADE_DAYS
from zosma_queue.calls import INPUT_TTL_S
from zosma_queue.client import IMAGE_KEEP_MS, INPUT_UNUSED_TTL_S
from zosma_queue.history import HISTORY_TTL_S

_HOUR_S, _DAY_S = 3600, 24 * 3600
#: As long as a worker's pictures lie in the store when nobody is shown them.
PICTURE_HOURS = 24


def add(tree: app_commands.CommandTree[Any], services: Services) -> None:
    """Registers the group of commands."""
    privacy = everywhere(group("privacy"))

    @slash(privacy, "show")
    async def show(interaction: discord.Interaction[Any]) -> None:
        text = translations_of(interaction)(
            "privacy-shown", job_days=HISTORY_TTL_S // _DAY_S, picture_hours=PICTURE_HOURS,
            shown_minutes=IMAGE_KEEP_MS // 60_000, input_hours=INPUT_TTL_S // _HOUR_S,
            unused_minutes=INPUT_UNUSED_TTL_S // 60, recipe_days=recipes.KEPT_S // _DAY_S,
            mask_hours=MASK_LIFE_S // _HOUR_S, form_hours=attachments.ADDRESS_TTL_S // _HOUR_S, made_days=MADE_DAYS + 1,
        )  # fmt: skip
        await say(interaction, "", embed=discord.Embed(description=text))

    @slash(privacy, "export")
    async def export(interaction: discord.Interaction[Any]) -> None:
        w = translations_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        everything = await erasure.export(services, interaction)
        data = json.dumps(everything, ensure_ascii=False, indent=1).encode()
        if len(data) + OVERHEAD_BYTES > interaction.filesize_limit:
            await say(interaction, w("privacy-too-large"))
            return
        await say(interaction, w("privacy-exported"), files=[discord.File(io.BytesIO(data), filename="zosma.json")])

    @slash(privacy, "erase")
    async def erase(interaction: discord.Interaction[Any]) -> None:
        w = translations_of(interaction)
        me = (str(interaction.user.id),)
        rows = (
            (
                Button(str(CustomId(Act.ERASE, me)), w("privacy-erase-button"), "🧹", discord.ButtonStyle.danger),
                Button(str(CustomId(Act.KEEP, me)), w("privacy-keep-button")),
            ),
        )
        await say(interaction, w("privacy-ask"), view=view_of(rows))

    tree.add_command(privacy)
