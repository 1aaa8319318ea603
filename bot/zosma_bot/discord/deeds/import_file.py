"""The deed that puts a file's rules in the place of a server's own."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord import limits, rules, texts
from zosma_bot.discord.authority import at_home, group_of, refused
from zosma_bot.discord.deeds import Args, Deed
from zosma_bot.discord.desk import Desk
from zosma_bot.discord.language import words_of
from zosma_bot.discord.server_file import Content, Reader
from zosma_queue.moderation import Rules, parse_rules
from zosma_queue.policy import Policy


async def bounds(desk: Desk, interaction: discord.Interaction[Any]) -> dict[str, Policy] | None:
    """Within which limits this server must keep; None where its admins set everybody's."""
    return None if at_home(desk, interaction) else await desk.queue.admin.policies()


async def replace(desk: Desk, interaction: discord.Interaction[Any], args: Args) -> str:
    """All of the file or, when it no longer fits, nothing."""
    w = words_of(interaction)
    reader = Reader(w, interaction.guild)
    content = reader.understood(args["document"], await bounds(desk, interaction))
    if reader.problems:  # a role or channel that is gone since the question, or other limits of the owner's
        return w("import-wrong", problems="\n".join(reader.problems[:5]))
    guild_id = interaction.guild_id
    if guild_id is None:
        raise refused("admin-not-listed")
    await desk.queue.admin.replace(
        texts.admin_name(interaction),
        group_of(interaction),
        record=_record(guild_id, content),
        rules=await _moderation(desk, interaction, content),
        policies=await _policies(desk, interaction, content),
    )
    desk.rulebook.forget(guild_id)
    return w("import-done")


def _record(guild_id: int, content: Content) -> tuple[str, str, dict[str, Any]] | None:
    if content.rules is None:
        return None
    return rules.KIND, str(guild_id), content.rules.model_dump(mode="json", exclude_defaults=True)


async def _moderation(desk: Desk, interaction: discord.Interaction[Any], content: Content) -> Rules | None:
    if content.moderation is None:
        return None
    known = await desk.queue.admin.rules(group_of(interaction))
    return parse_rules(known.model_dump(mode="json") | content.moderation)


async def _policies(desk: Desk, interaction: discord.Interaction[Any], content: Content) -> dict[str, Policy | None]:
    """This server's roles have the file's limits then, and no others."""
    if content.limits is None:
        return {}
    own = limits.own_limits(interaction, await desk.queue.admin.policies())
    return dict.fromkeys(own) | {f"{limits.PREFIX}{role}": one for role, one in content.limits.items()}


DEEDS: dict[str, Deed] = {"import": replace}
