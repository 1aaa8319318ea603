"""Who is let in at all: the servers that may use the bot, and direct messages as far as its operator has opened them.

In direct messages (and in a server where the bot is only installed by its user) nobody answers for what is asked. There
a member is looked up in the servers that the bot works for: the first they are in pays, and its rules hold.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Literal

import aiohttp
import discord

from zosma_bot.discord.api.not_now import is_not_now
from zosma_bot.discord.core.identity import HOME, Home, is_elsewhere
from zosma_bot.discord.core.services import CHECKS_S
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say

log = logging.getLogger(__name__)

#: How long it is believed where somebody is a member, and with which roles.
MEMBER_S = 60.0
REMEMBERED = 10_000
#: So many servers are asked for a member, where the settings name none.
ASKED_MAX = 10

DirectMessages = Literal["on", "members", "off"]


class Door:
    """Lets interactions in, or tells their members why not."""

    def __init__(
        self,
        client: discord.Client,
        *,
        guilds: Iterable[int] = (),
        homes: Iterable[int] = (),
        direct: DirectMessages = "on",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`guilds`: ids of the servers that may use the bot, none for all; the first that a member is in pays."""
        self._client = client
        self._guilds = tuple(guilds)
        self._homes = tuple(homes)
        self._direct = direct
        self._clock = clock
        self._known: OrderedDict[int, tuple[float, Home | None]] = OrderedDict()

    async def opens(self, interaction: discord.Interaction[Any]) -> bool:
        """True when the interaction may go on; else its member has been told. Notes where they are at home."""
        why = await self._why_closed(interaction)
        if why is None:
            return True
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await say(interaction, translations_of(interaction)(why))
        return False

    async def _why_closed(self, interaction: discord.Interaction[Any]) -> str | None:
        """The key of the text that says why this is not served; None when it is."""
        if interaction.guild_id is not None and self._guilds and interaction.guild_id not in self._guilds:
            return "door-server"
        if not is_elsewhere(interaction):
            return None
        if self._direct == "off":
            return "door-off"
        try:
            home = await self._home_of(interaction.user.id)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("could not find out where a member belongs: %s", type(error).__name__)
            return "discord-away" if self._direct == "members" else None
        interaction.extras[HOME] = home
        return "door-members" if home is None and self._direct == "members" else None

    async def _home_of(self, user_id: int) -> Home | None:
        """The first of the bot's servers that somebody is a member of.

        Raises:
          HTTPException, ClientError, OSError, TimeoutError: when Discord didn't say in time.
        """
        known = self._known.get(user_id)
        if known and self._clock() - known[0] < MEMBER_S:
            return known[1]
        async with asyncio.timeout(CHECKS_S):
            found = await asyncio.gather(*(self._member(guild, user_id) for guild in self._candidates()))
        home = next((one for one in found if one), None)
        self._known[user_id] = self._clock(), home
        self._known.move_to_end(user_id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return home

    def _candidates(self) -> list[int]:
        """Always in the same order: nobody chooses who pays."""
        if self._guilds:
            return list(self._guilds)
        there = (*self._homes, *sorted(guild.id for guild in self._client.guilds))
        return list(dict.fromkeys(there))[:ASKED_MAX]

    async def _member(self, guild_id: int, user_id: int) -> Home | None:
        try:
            member = await self._client.http.get_member(guild_id, user_id)
        except (discord.NotFound, discord.Forbidden) as error:
            if is_not_now(error):
                raise
            return None  # no member there, or the bot is none
        roles = tuple(sorted(int(role) for role in member["roles"]))
        return Home(guild_id, roles, has_rules=self._direct == "members")

    async def leave_others(self, guilds: Iterable[discord.Guild]) -> None:
        """Leaves the servers that may not use the bot."""
        for guild in guilds:
            if self._guilds and guild.id not in self._guilds:
                log.info("leaving server %d, which ZOSMA_GUILDS doesn't name", guild.id)
                try:
                    await guild.leave()
                except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                    log.warning("could not leave server %d: %s", guild.id, type(error).__name__)
