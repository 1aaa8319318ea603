"""`/admin rules show`, `export` and `import`."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord.core.identity import group_of
from zosma_bot.discord.core.services import FETCH_S, Services
from zosma_bot.discord.features.admin import rules_texts
from zosma_bot.discord.features.admin.confirm import ask
from zosma_bot.discord.features.admin.group import begin
from zosma_bot.discord.features.admin.import_action import bounds
from zosma_bot.discord.features.admin.role_limits import own_limits
from zosma_bot.discord.features.admin.server_file import FILE_MAX_BYTES, PROBLEMS_SHOWN, SIZES, Content, Reader, written
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import slash


def add(rules: app_commands.Group, services: Services) -> None:
    """Registers the commands."""

    @slash(rules, "show")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        found, words = await asyncio.gather(
            services.settings_here(interaction), services.queue.admin.rules(group_of(interaction))
        )
        await say(interaction, rules_texts.rules(translations_of(interaction), found, words))

    @slash(rules, "export")
    async def export(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        admin = services.queue.admin
        found, words = await asyncio.gather(services.settings_here(interaction), admin.rules(group_of(interaction)))
        data = written(found, words, own_limits(interaction, await admin.policies()))
        file = discord.File(io.BytesIO(data), filename=f"zosma-{interaction.guild_id}.json")
        await say(interaction, translations_of(interaction)("export-here"), files=[file])

    @slash(rules, "import")
    async def replace(interaction: discord.Interaction[Any], file: discord.Attachment) -> None:
        await begin(interaction)
        w = translations_of(interaction)
        data = await _fetched(file)
        reader = Reader(w, interaction.guild)
        content = reader.read(data, await bounds(services, interaction))
        if reader.problems:
            more = len(reader.problems) - PROBLEMS_SHOWN
            lines = reader.problems[:PROBLEMS_SHOWN] + ([w("admin-more", count=more)] if more > 0 else [])
            await say(interaction, w("import-wrong", problems="\n".join(lines))[:2000])
            return
        if content == Content():
            raise refused("admin-import-empty")
        await ask(
            services, interaction, "import", {"document": json.loads(data.decode("utf-8-sig"))}, _question(w, content)
        )


async def _fetched(file: discord.Attachment) -> bytes:
    if file.size > FILE_MAX_BYTES:
        raise refused("admin-import-large", most_kb=FILE_MAX_BYTES // 1024)
    try:
        async with asyncio.timeout(FETCH_S):
            return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        raise refused("admin-import-unfetched") from None


def _question(w: Translations, content: Content) -> str:
    """The question before an import: which rules take the place of which."""
    parts = []
    if content.rules is not None:
        parts.append(w("import-rules"))
    moderation = content.moderation or {}
    if "blocked" in moderation:
        parts.append(w("import-words", count=len(moderation["blocked"])))
    if "checkpoints" in moderation:
        parts.append(w("import-checkpoints", count=len(moderation["checkpoints"])))
    if SIZES[0] in moderation:
        parts.append(w("import-sizes"))
    if content.limits is not None:
        parts.append(w("import-limits", count=len(content.limits)))
    return w("ask-import", parts=", ".join(parts))
