"""Dangerous actions ask first: a message with Yes and No.

Yes works once, for the admin who asked, after a restart too, and only while they still have the right.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import discord

from zosma_bot.discord.core.permissions import is_admin
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin.action import Action, Args
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.buttons import Button, view_of
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import NO_MENTIONS, say
from zosma_bot.discord.ui.router import Router
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

log = logging.getLogger(__name__)

KIND = "question"
#: As long as Discord lets an ephemeral message be changed.
TTL_S = 15 * 60


async def ask(
    services: Services, interaction: discord.Interaction[Any], action: str, args: Args, question: str
) -> None:
    """Asks the admin whether the action shall be done.

    Raises:
      QueueUnavailableError: when the question can't be kept.
    """
    w = translations_of(interaction)
    key, by = secrets.token_hex(8), interaction.user.id
    await services.queue.documents.put(
        KIND, key, {"action": action, "args": args, "guild": interaction.guild_id, "by": by}, ttl_s=TTL_S
    )
    where = (str(by), key)
    rows = (
        (
            Button(str(CustomId(Act.ADMIN_YES, where)), w("admin-yes"), style=discord.ButtonStyle.danger),
            Button(str(CustomId(Act.ADMIN_NO, where)), w("admin-no")),
        ),
    )
    await say(interaction, question, view=view_of(rows))


def add(router: Router, services: Services, actions: Mapping[str, Action]) -> None:
    """Registers the two buttons; `actions` are those that can be confirmed, by the name given to `ask`."""

    async def yes(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        key = await _asked(interaction, custom_id)
        if key is None:
            return
        with services.background.counted():  # an action that has begun is not dropped when the bot closes
            await interaction.response.defer()
            question = await services.queue.documents.take(KIND, key)
            await _close(interaction, await _done(services, interaction, actions, question))

    async def no(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if key := await _asked(interaction, custom_id):
            await interaction.response.defer()
            await services.queue.documents.drop(KIND, key)
            await _close(interaction, translations_of(interaction)("admin-left"))

    router.add(Act.ADMIN_YES, yes)
    router.add(Act.ADMIN_NO, no)


async def _asked(interaction: discord.Interaction[Any], custom_id: CustomId) -> str | None:
    """The question's key, for the admin who was asked, while they are one; else None, and they have been told why."""
    w = translations_of(interaction)
    match custom_id.args:
        case (by, key) if key and by != str(interaction.user.id):
            await say(interaction, w("admin-not-asked"))
        case (_, key) if key and not is_admin(interaction):
            await say(interaction, w("not-permitted"))
        case (_, key) if key:
            return key
        case _:
            await say(interaction, w("button-unknown"))
    return None


async def _done(
    services: Services,
    interaction: discord.Interaction[Any],
    actions: Mapping[str, Action],
    question: dict[str, Any] | None,
) -> str:
    w = translations_of(interaction)
    action = actions.get(question["action"]) if question else None
    asked = (question["guild"], question["by"]) if question else None
    if question is None or action is None or asked != (interaction.guild_id, interaction.user.id):
        return w("admin-too-late")
    try:
        return await action(services, interaction, question["args"])
    except RequestRefusedError as error:
        return refusals.told(w, error)
    except QueueUnavailableError:
        return w("admin-unsure")


async def _close(interaction: discord.Interaction[Any], text: str) -> None:
    """Writes the outcome in the question's place, without the buttons."""
    await interaction.edit_original_response(content=text[:2000], view=None, allowed_mentions=NO_MENTIONS)
