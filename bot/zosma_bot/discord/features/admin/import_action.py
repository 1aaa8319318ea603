"""The action that puts a file's rules in the place of a server's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from zosma_bot.discord.core.identity import group_of
from zosma_bot.discord.core.permissions import at_home
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import role_limits
from zosma_bot.discord.features.admin.action import Action, Args
from zosma_bot.discord.features.admin.server_file import Content, Reader
from zosma_bot.discord.state import server_settings
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.moderation import ContentRules, parse_rules
from zosma_queue.policy import Policy


async def bounds(services: Services, interaction: discord.Interaction[Any]) -> Mapping[str, Policy] | None:
    """Within which limits this server must keep; None where its admins set everybody's."""
    return None if at_home(services, interaction) else await services.queue.admin.policies()


async def replace(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """All of the file or, when it no longer fits, nothing."""
    w = translations_of(interaction)
    reader = Reader(w, interaction.guild)
    content = reader.understood(args["document"], await bounds(services, interaction))
    if reader.problems:  # a role or channel that is gone since the question, or other limits of the owner's
        return w("import-wrong", problems="\n".join(reader.problems[:5]))
    guild_id = interaction.guild_id
    if guild_id is None:
        raise refused("admin-not-listed")
    await services.queue.admin.replace(
        texts.admin_name(interaction),
        group_of(interaction),
        document=_document(guild_id, content),
        rules=await _moderation(services, interaction, content),
        policies=await _policies(services, interaction, content),
    )
    services.server_settings.forget(guild_id)
    return w("import-done")


def _document(guild_id: int, content: Content) -> tuple[str, str, dict[str, Any]] | None:
    if content.rules is None:
        return None
    return server_settings.KIND, str(guild_id), content.rules.model_dump(mode="json", exclude_defaults=True)


async def _moderation(
    services: Services, interaction: discord.Interaction[Any], content: Content
) -> ContentRules | None:
    if content.moderation is None:
        return None
    known = await services.queue.admin.rules(group_of(interaction))
    return parse_rules(known.model_dump(mode="json") | content.moderation)


async def _policies(
    services: Services, interaction: discord.Interaction[Any], content: Content
) -> dict[str, Policy | None]:
    """This server's roles have the file's limits then, and no others."""
    if content.limits is None:
        return {}
    own = role_limits.own_limits(interaction, await services.queue.admin.policies())
    return dict.fromkeys(own) | {f"{role_limits.PREFIX}{role}": one for role, one in content.limits.items()}


ACTIONS: dict[str, Action] = {"import": replace}
