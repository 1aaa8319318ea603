"""`/admin rules show`, `export` and `import`."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import discord
from discord import app_commands

from zosma_bot.discord import rules_texts
from zosma_bot.discord.acts.ask import ask
from zosma_bot.discord.authority import group_of, refused
from zosma_bot.discord.commands.admin_base import begin
from zosma_bot.discord.commands.slash import slash
from zosma_bot.discord.deeds.import_file import bounds
from zosma_bot.discord.desk import FETCH_S, Desk, say
from zosma_bot.discord.language import Words, words_of
from zosma_bot.discord.limits import own_limits
from zosma_bot.discord.server_file import FILE_MAX_BYTES, PROBLEMS_SHOWN, Content, Reader, written


def add(rules: app_commands.Group, desk: Desk) -> None:
    """Registers the commands."""

    @slash(rules, "show")
    async def show(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        found, words = await asyncio.gather(desk.rules_here(interaction), desk.queue.admin.rules(group_of(interaction)))
        await say(interaction, rules_texts.rules(words_of(interaction), found, words.blocked, words.checkpoints))

    @slash(rules, "export")
    async def export(interaction: discord.Interaction[Any]) -> None:
        await begin(interaction)
        admin = desk.queue.admin
        found, words = await asyncio.gather(desk.rules_here(interaction), admin.rules(group_of(interaction)))
        data = written(found, words, own_limits(interaction, await admin.policies()))
        file = discord.File(io.BytesIO(data), filename=f"zosma-{interaction.guild_id}.json")
        await say(interaction, words_of(interaction)("export-here"), files=[file])

    @slash(rules, "import")
    async def replace(interaction: discord.Interaction[Any], file: discord.Attachment) -> None:
        await begin(interaction)
        w = words_of(interaction)
        data = await _fetched(file)
        reader = Reader(w, interaction.guild)
        content = reader.read(data, await bounds(desk, interaction))
        if reader.problems:
            more = len(reader.problems) - PROBLEMS_SHOWN
            lines = reader.problems[:PROBLEMS_SHOWN] + ([w("admin-more", count=more)] if more > 0 else [])
            await say(interaction, w("import-wrong", problems="\n".join(lines))[:2000])
            return
        if content == Content():
            raise refused("admin-import-empty")
        await ask(
            desk, interaction, "import", {"document": json.loads(data.decode("utf-8-sig"))}, _question(w, content)
        )


async def _fetched(file: discord.Attachment) -> bytes:
    if file.size > FILE_MAX_BYTES:
        raise refused("admin-import-large", most=f"{FILE_MAX_BYTES // 1024} KB")
    try:
        async with asyncio.timeout(FETCH_S):
            return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        raise refused("admin-import-unfetched") from None


def _question(w: Words, content: Content) -> str:
    """What will be in the place of what."""
    parts = []
    if content.rules is not None:
        parts.append(w("import-rules"))
    moderation = content.moderation or {}
    if "blocked" in moderation:
        parts.append(w("import-words", count=len(moderation["blocked"])))
    if "checkpoints" in moderation:
        parts.append(w("import-checkpoints", count=len(moderation["checkpoints"])))
    if content.limits is not None:
        parts.append(w("import-limits", count=len(content.limits)))
    return w("ask-import", parts=", ".join(parts))
