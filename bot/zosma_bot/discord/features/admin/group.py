"""What all commands below `/admin` share."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

import discord
from discord import app_commands

from zosma_bot.discord.core.permissions import is_admin
from zosma_bot.discord.core.services import CHOICES_S, Services
from zosma_bot.discord.ui.choices import labelled_choices
from zosma_bot.discord.ui.respond import defer
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: (label, value) of what an option offers.
Offers = list[tuple[str, str]]


Found = app_commands.AppCommandChannel | app_commands.AppCommandThread


class _Writable(app_commands.Transformer):
    """A channel in which people write, as Discord hands it over: it need not be in the bot's memory."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [kinds.text, kinds.voice, kinds.news, kinds.news_thread, kinds.public_thread, kinds.private_thread,
                kinds.stage_voice, kinds.forum]  # fmt: skip

    async def transform(self, _: discord.Interaction[Any], value: Any, /) -> Found:
        """The channel as Discord has resolved it."""
        return cast(Found, value)


AnyChannel = app_commands.Transform[Found, _Writable]


class AdminGroup(app_commands.Group):
    """Commands for admins. discord.py asks only the group that a command is in: each group must be one of these."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Asks again, whatever a server has set up in Discord about who sees these commands."""
        return is_admin(interaction)


async def begin(interaction: discord.Interaction[Any]) -> None:
    """Answers at once that it is being worked on, seen by the admin alone: what follows may take its time."""
    await defer(interaction, ephemeral=True)


def guild_of(interaction: discord.Interaction[Any]) -> int:
    """The server's id; these commands are used in servers only."""
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


def offering(
    services: Services, offers: Callable[[discord.Interaction[Any]], Coroutine[Any, Any, Offers]]
) -> Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    """An autocomplete that shows admins what fits, and nothing to anybody else: Discord checks no group for these."""

    async def offer(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        if not is_admin(interaction):
            return []
        try:
            found = await services.background.within(CHOICES_S, offers(interaction))
        except (QueueUnavailableError, RequestRefusedError):
            return []
        return labelled_choices(found, typed)

    return offer
