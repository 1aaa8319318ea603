"""The bot's connection to Discord, with everything that hangs on it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

import aiohttp
import discord
from discord import InteractionType, app_commands

from zosma_bot.classifier import Classifier
from zosma_bot.discord import features
from zosma_bot.discord.api import endpoints, events, login_errors
from zosma_bot.discord.api.rate_limits import RateLimiter
from zosma_bot.discord.api.registering import NotTakenError, register
from zosma_bot.discord.core.door import Door
from zosma_bot.discord.core.error_handler import answer_error
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.delivery.fallbacks import Fallbacks
from zosma_bot.discord.delivery.job_message import EDIT_EVERY_S, LOOK_EVERY_S, Tools
from zosma_bot.discord.delivery.manager import CLOSE_GRACE_S, DeliveryManager
from zosma_bot.discord.state.fleet_cache import FleetCache
from zosma_bot.discord.state.member_settings import MemberSettingsStore
from zosma_bot.discord.state.open_messages import OpenMessages
from zosma_bot.discord.state.presence import STAND_EVERY_S, Presence
from zosma_bot.discord.state.server_settings import ServerSettingsStore
from zosma_bot.discord.state.wildcards import WildcardStore
from zosma_bot.discord.ui.language import CommandTranslator
from zosma_bot.discord.ui.router import Router, custom_id_of
from zosma_bot.hub import Hub
from zosma_bot.links import Links
from zosma_bot.member_names import MemberNames
from zosma_bot.settings import BotSettings
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError, SettingsError, ZosmaError
from zosma_queue.hourly import Hourly
from zosma_queue.tasks import end, set_within

log = logging.getLogger(__name__)

# We don't talk: no need to hear that the libraries for it are missing.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

LOGIN_RETRY_MIN_S, LOGIN_RETRY_MAX_S = 1.0, 60.0


#: Among several processes with one token it is settled within this time who handles an interaction.
CLAIM_S = 0.4
#: Discord takes one IDENTIFY in this time.
IDENTIFY_EVERY_S = 5.0
#: Commands that Discord doesn't take now are told it again this often.
REGISTER_AGAIN_S = 600.0


class Zosma(discord.Client):
    """What both kinds of client do. Needs no privileged intent: commands bring all that the bot has to know.

    `ws` is None in a client of several shards: use what both have.
    """

    def __init__(
        self,
        *,
        settings: BotSettings,
        queue: Queue,
        hub: Hub,
        rate_limiter: RateLimiter | None = None,
        edit_every_s: float = EDIT_EVERY_S,
        look_every_s: float = LOOK_EVERY_S,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`rate_limiter` outlives a login: Discord counts by address. Only tests change the times."""
        intents = discord.Intents.none()
        intents.guilds = True
        rate_limiter = rate_limiter or RateLimiter(settings.discord_requests_per_s)
        now = now or rate_limiter.discord_clock
        super().__init__(
            intents=intents,
            http_trace=rate_limiter.trace(),
            max_ratelimit_timeout=endpoints.PATIENCE_S,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        events.harden(self)
        self._settings = settings
        self._rate_limiter = rate_limiter
        self._sleep = sleep
        self.names = MemberNames()
        """What members are called; `run_discord` gives the process's own."""
        self.was_connected = False
        """True once Discord's gateway has taken it."""
        fleet, links = FleetCache(queue), Links(queue, settings.public_url)
        self.deliveries = DeliveryManager(
            Tools(
                queue=queue,
                hub=hub,
                fleet=fleet,
                fallbacks=Fallbacks(
                    self, rate_limiter=rate_limiter, now=now, note=lambda route: queue.on_delivered(route)
                ),
                rate_limiter=rate_limiter,
                links=links,
                classifier=Classifier(settings.classifier_url) if settings.classifier_url else None,
                grid=settings.grid,
                open_messages=OpenMessages(settings.data_dir and settings.data_dir.expanduser()),
                edit_every_s=edit_every_s,
                look_every_s=look_every_s,
                sleep=sleep,
                now=now,
            )
        )
        self.services = Services(
            queue=queue, fleet=fleet, deliveries=self.deliveries, server_settings=ServerSettingsStore(queue),
            member_settings=MemberSettingsStore(queue), wildcards=WildcardStore(queue), links=links,
            homes=settings.homes, now=now,
        )  # fmt: skip
        self.presence = Presence(queue)
        self._closing = asyncio.Event()
        self._standing: asyncio.Task[None] | None = None
        self._registering: asyncio.Task[None] | None = None
        self.door = Door(self, guilds=settings.served_guilds, homes=settings.homes, direct=settings.direct_messages)
        self.tree = Tree(self)
        self.router = Router()
        features.add(self.tree, self.router, self.services)

    async def setup_hook(self) -> None:
        """After login: commands and deliveries, neither of which needs the gateway."""
        await endpoints.find_gateway(self, self._settings)
        await self.tree.set_translator(CommandTranslator())
        await self._register_commands()
        await self._stand()
        self.deliveries.start()
        self._standing = asyncio.create_task(self._keep_standing(), name="presence")

    async def _stand(self) -> None:
        await self.presence.stand()
        self.deliveries.lead(posts=self.presence.posts, shared=self.presence.shared)

    async def _keep_standing(self) -> None:
        """Says again and again that this process is there, until it has closed."""
        while not await set_within(self._closing, STAND_EVERY_S):
            await self._stand()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Lets connections identify one after the other, and not too often in a day."""
        if not initial:
            await self._sleep(IDENTIFY_EVERY_S)
        self._rate_limiter.identifies()

    async def takes_up(self, interaction: discord.Interaction[Self]) -> bool:
        """True when what a member did is for this process to handle, and not for another with the same token."""
        # Ids may be counted from 1 again by a server that is only compatible; tokens never come again.
        name = hashlib.sha256(interaction.token.encode()).hexdigest()[:32]
        # Before the claim: once that is won nobody else will answer, though this process be told to end meanwhile.
        self.services.background.hold()
        try:
            return await self.services.background.within(CLAIM_S, self.presence.claims(name))
        except QueueUnavailableError:
            return True

    async def _register_commands(self) -> None:
        """The bot works without: Discord keeps the commands of its last start."""
        try:
            await register(self, self.tree, self._settings.discord_guild_id)
        except NotTakenError as error:
            log.error("Discord doesn't take the commands, which stay as they were; trying on: %s", error)
            self._registering = asyncio.create_task(self._keep_registering(), name="registering")

    async def _keep_registering(self) -> None:
        while not await set_within(self._closing, REGISTER_AGAIN_S):
            try:
                await register(self, self.tree, self._settings.discord_guild_id)
            except (ZosmaError, discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.info("Discord doesn't take the commands yet: %s", type(error).__name__)
            else:
                log.info("Discord has taken the commands")
                return

    async def on_interaction(self, interaction: discord.Interaction[Self]) -> None:
        """A button, menu or form: the command tree takes the rest."""
        self.names.learn(interaction.user.id, interaction.user.display_name)
        if interaction.type not in (InteractionType.component, InteractionType.modal_submit):
            return
        try:
            if await self.takes_up(interaction) and await self.door.opens(interaction):
                await self.router.route(interaction)
        except Exception as error:
            await answer_error(interaction, error, f"the button or form {custom_id_of(interaction)}")

    async def on_ready(self) -> None:
        """Leaves the servers that the bot was invited to while it was away, and that may not use it."""
        if self._settings.leave_others:
            await self.door.leave_others(self.guilds)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Leaves a server that may not use the bot as soon as it is invited there."""
        if self._settings.leave_others:
            await self.door.leave_others([guild])

    async def on_connect(self) -> None:
        """discord.py calls it after READY of the only connection."""
        self.was_connected = self.presence.hears = True
        if self.shard_count is None:
            endpoints.pin_gateway(self, self._settings)

    async def on_resumed(self) -> None:
        """The gateway is back, and tells what happened meanwhile."""
        self.presence.hears = True

    async def on_disconnect(self) -> None:
        """The gateway is lost."""
        self.presence.hears = False

    async def close(self) -> None:
        """Finishes what is being told to Discord, then hangs up. The rest is the next start's, or another process's."""
        self.presence.closing = True
        await asyncio.gather(self.services.background.close(CLOSE_GRACE_S), self.deliveries.close(CLOSE_GRACE_S))
        self._closing.set()
        if self._registering:
            await end(self._registering)
        if self._standing:
            await self._standing
            await self.presence.go()
        await super().close()


class Tree(app_commands.CommandTree[Zosma]):
    """The commands. A failed one is answered in plain words, to its member alone."""

    async def interaction_check(self, interaction: discord.Interaction[Zosma], /) -> bool:
        """Asked before every command and every offer of names: of several processes with one token, one handles it."""
        return await interaction.client.takes_up(interaction) and await interaction.client.door.opens(interaction)

    async def _call(self, interaction: discord.Interaction[Zosma]) -> None:
        """discord.py tells `on_error` of its own errors alone, and what it can't read of a command is none of them."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except Exception as error:
            await answer_error(interaction, error, f"reading the command {dict(interaction.data or {}).get('name')}")

    async def on_error(self, interaction: discord.Interaction[Zosma], error: app_commands.AppCommandError, /) -> None:
        """Passes whatever a command raises to the error handler."""
        name = interaction.command.qualified_name if interaction.command else "?"
        await answer_error(interaction, error, f"/{name}")


class ZosmaClient(Zosma):
    """One login over one connection."""


class ShardedZosmaClient(Zosma, discord.AutoShardedClient):
    """One login over as many connections as Discord wants, each with its share of the servers."""

    async def setup_hook(self) -> None:
        """Asks Discord how many there shall be. By itself discord.py would go to the gateway of that answer, too."""
        self.shard_count, _, _ = await self.http.get_bot_gateway()
        log.info("Discord wants %d connections", self.shard_count)
        await super().setup_hook()

    async def on_shard_connect(self, shard_id: int) -> None:
        """discord.py calls it after READY of one shard's connection."""
        endpoints.pin_gateway(self, self._settings, shard_id)


def client_class(settings: BotSettings) -> type[Zosma]:
    """The kind of client that the settings want."""
    return ShardedZosmaClient if settings.discord_shards else ZosmaClient


def command_names(settings: BotSettings) -> frozenset[str]:
    """The names of all commands that the bot registers."""
    queue = Queue(settings.redis or "redis://")  # asked nothing
    client = client_class(settings)(settings=settings, queue=queue, hub=Hub(queue))
    return frozenset(command.name for command in client.tree.get_commands())


async def run_discord(
    settings: BotSettings,
    queue: Queue,
    hub: Hub,
    *,
    names: MemberNames | None = None,
    make_client: Callable[..., Zosma] | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    note: Callable[[str, int, str], None] = lambda *_: None,
) -> None:
    """Runs the bot until cancelled. Discord may be away at the start and at any time later.

    `names` learns what members are called; `note` is told of each of Discord's answers, as by `RateLimiter`.

    Raises:
      SettingsError: when Discord refuses the token, the guild or the bot's rights: trying again can't help.
    """
    if settings.discord_token is None:
        raise SettingsError("DISCORD_TOKEN is not set: create a bot in the Discord Developer Portal and copy its token")
    endpoints.use(settings)
    login_errors.reconnect_soon()
    retry_s = LOGIN_RETRY_MIN_S
    said = Hourly()
    rate_limiter = RateLimiter(settings.discord_requests_per_s, note=note)
    while True:
        # A client can't log in twice: each try has its own.
        client = (make_client or client_class(settings))(
            settings=settings, queue=queue, hub=hub, rate_limiter=rate_limiter
        )
        client.names = names or client.names
        try:
            await _log_in(client, settings, settings.discord_token.get_secret_value())
            log.info("logged in to Discord as %s", client.user)
            await client.connect()
        except Exception as error:
            if hopeless := login_errors.as_settings_error(error, sharded=bool(settings.discord_shards)):
                raise hopeless from None
            passing = login_errors.is_away(error, was_connected=client.was_connected)
            # Whatever Discord sends, it must not end the HTTP side and the queue with it.
            if not passing and said.due(f"{type(error).__name__}: {error}"):
                log.exception("the Discord side failed, trying on")
            if client.was_connected:  # this outage is a new one
                said.forget()
                retry_s = LOGIN_RETRY_MIN_S
            if said.due("away"):
                log.warning("Discord can't be reached, trying on: %s", _in_short(error))
        finally:
            await _hang_up(client)
        await sleep(retry_s * random.uniform(0.5, 1.0))
        retry_s = min(retry_s * 2, LOGIN_RETRY_MAX_S)


async def _log_in(client: Zosma, settings: BotSettings, token: str) -> None:
    try:
        await client.login(token)
    except discord.NotFound as error:
        if settings.discord_api_url:
            raise login_errors.not_an_api(error, settings.discord_api_url) from None
        raise


async def _hang_up(client: Zosma) -> None:
    """Closes a client in its own time (`CLOSE_GRACE_S` at most), however often the caller is cancelled meanwhile."""

    async def close() -> None:
        await client.close()
        await asyncio.sleep(0)  # what it has told its own handlers last begins, while there still is a loop

    closing = asyncio.create_task(close())
    while not closing.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([closing])
    closing.result()


def _in_short(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
