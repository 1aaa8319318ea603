"""What the commands work with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import discord

from zosma_bot.discord.core.identity import home_of, sender_of
from zosma_bot.discord.delivery.manager import DeliveryManager
from zosma_bot.discord.state.background import BackgroundTasks
from zosma_bot.discord.state.fleet_cache import FleetCache
from zosma_bot.discord.state.member_settings import MemberSettingsStore
from zosma_bot.discord.state.server_settings import ServerSettings, ServerSettingsStore
from zosma_bot.discord.state.wildcards import WildcardStore
from zosma_bot.links import Links
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError

log = logging.getLogger(__name__)

#: Time for the checks before the first answer. Discord waits 3 s for it, members should not wait for more than one.
CHECKS_S = 0.8
#: Autocomplete and menus show nothing rather than come late.
CHOICES_S = 1.0
#: For what several reads of the queue are needed to answer at all.
LOOK_S = 2.0
#: A picture that a member has attached must be here within this time.
FETCH_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """What commands, buttons and forms reach for: the queue, the fleet, deliveries, and what the bot remembers."""

    queue: Queue
    fleet: FleetCache
    deliveries: DeliveryManager
    server_settings: ServerSettingsStore
    member_settings: MemberSettingsStore
    wildcards: WildcardStore
    links: Links
    background: BackgroundTasks = field(default_factory=BackgroundTasks)
    homes: frozenset[int] = frozenset()
    """Servers whose admins may steer the whole fleet; see `permissions`."""
    now: Callable[[], float] = time.time

    async def settings_here(self, interaction: discord.Interaction[Any]) -> ServerSettings:
        """The rules of the server that the interaction comes from; with ZOSMA_DMS=members, of the member's server.

        Raises:
          QueueUnavailableError: when Redis doesn't answer in time.
        """
        home = home_of(interaction)
        guild = home.guild_id if home and home.has_rules else interaction.guild_id
        return await self.background.within(CHECKS_S, self.server_settings.of(guild))

    async def catalogue(self) -> Catalogue:
        """What there is to choose from; nothing when Redis is away or slow."""
        try:
            return await self.background.within(CHOICES_S, self.fleet.catalogue())
        except QueueUnavailableError:
            return Catalogue()

    async def suited(self, interaction: discord.Interaction[Any], fields: dict[str, Any]) -> dict[str, Any]:
        """A request's fields, with what suits their checkpoint where nothing was said; unchanged when Redis is away."""
        try:
            return await self.background.within(CHOICES_S, self.queue.suited(fields, sender_of(interaction)))
        except QueueUnavailableError:
            return fields

    async def offered(self, interaction: discord.Interaction[Any]) -> Catalogue:
        """What there is to choose from here: without the checkpoints that this server's rules don't allow."""
        catalogue = await self.catalogue()
        try:
            held = await self.background.within(CHOICES_S, self.queue.admin.rules_for(sender_of(interaction).group))
        except QueueUnavailableError:
            return catalogue
        allowed = [rules.checkpoints for rules in held if rules.checkpoints]
        checkpoints = [
            one for one in catalogue.checkpoints if all(any(one.is_called(name) for name in names) for names in allowed)
        ]
        return replace(catalogue, checkpoints=tuple(checkpoints))
