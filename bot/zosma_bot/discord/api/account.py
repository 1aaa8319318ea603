"""What a token leads to, asked for without connecting: the bot's account, its servers, what it may do there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import discord

from zosma_bot.discord.api import endpoints, login_errors
from zosma_bot.settings import BotSettings
from zosma_queue.errors import SettingsError, ZosmaError

#: What it needs where it posts; `send_messages_in_threads` besides in threads.
NEEDS = discord.Permissions(
    view_channel=True, send_messages=True, attach_files=True, embed_links=True, read_message_history=True
)
#: What an invitation asks for.
INVITED_WITH = NEEDS | discord.Permissions(send_messages_in_threads=True)
_SCOPES = ("bot", "applications.commands")


class DiscordAwayError(ZosmaError):
    """Raised when Discord doesn't answer, or not as it should."""


@dataclass(frozen=True)
class Lacking:
    """A channel that the bot sees, and where something is missing."""

    channel: str
    permissions: tuple[str, ...]
    """In Discord's words: "Attach Files"."""


class Account:
    """The bot that a token belongs to. `logged_in` gives one. Each method may raise `DiscordAwayError`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._client.user)

    @property
    def invite(self) -> str:
        """The address at which a server's admin takes it in."""
        return discord.utils.oauth_url(self._id, permissions=INVITED_WITH, scopes=_SCOPES)

    @property
    def endpoint(self) -> str | None:
        """Where Discord sends what members do, if the portal names an address for that: then the bot hears nothing."""
        application = self._client.application
        return application.interactions_endpoint_url if application else None

    @property
    def is_invitable(self) -> bool:
        """False where the portal demands more of an invitation than a link can bring."""
        application = self._client.application
        return not (application and application.bot_require_code_grant)

    @property
    def _id(self) -> int:
        if self._client.application_id is None or self._client.user is None:
            raise DiscordAwayError("Discord doesn't say which application the token belongs to")
        return self._client.application_id

    async def guilds(self) -> dict[int, str]:
        """id → name of the servers that it is in."""
        with _away():
            return {guild.id: guild.name async for guild in self._client.fetch_guilds(limit=None, with_counts=False)}

    async def commands(self, guild_id: int | None) -> frozenset[str]:
        """The names of its commands in a server, None: everywhere."""
        with _away():
            if guild_id is None:
                found = await self._client.http.get_global_commands(self._id)
            else:
                found = await self._client.http.get_guild_commands(self._id, guild_id)
        return frozenset(command["name"] for command in found)

    async def lacking(self, guild_id: int) -> list[Lacking]:
        """The server's text channels that it sees, and where it lacks something."""
        with _away():
            guild = await self._client.fetch_guild(guild_id)
            me = await guild.fetch_member(self._client.user.id if self._client.user else 0)
            channels = [one for one in await guild.fetch_channels() if isinstance(one, discord.TextChannel)]
        found = []
        for channel in channels:
            has = channel.permissions_for(me)
            lacks = [name for name, needed in NEEDS if needed and not getattr(has, name)]
            if lacks and has.view_channel:
                found.append(Lacking(channel.name, tuple(name.replace("_", " ").title() for name in lacks)))
        return found


@asynccontextmanager
async def logged_in(settings: BotSettings) -> AsyncIterator[Account]:
    """The account of the settings' token, for as long as the block runs. No gateway, nothing registered.

    Raises:
      SettingsError: when the token is refused, or the address is no Discord API.
      DiscordAwayError: when nobody answers.
    """
    if settings.discord_token is None:
        raise SettingsError("DISCORD_TOKEN is not set: create a bot in the Developer Portal and copy its token")
    endpoints.use(settings)
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except discord.NotFound as error:
            if settings.discord_api_url:
                raise login_errors.not_an_api(error, settings.discord_api_url) from None
            raise DiscordAwayError(str(error)) from None
        except Exception as error:
            if hopeless := login_errors.as_settings_error(error):
                raise hopeless from None
            if login_errors.is_away(error, was_connected=False):
                raise DiscordAwayError(str(error) or "no answer in time") from None
            raise
        yield Account(client)


@contextmanager
def _away() -> Iterator[None]:
    """Discord's errors as one of ours."""
    try:
        yield
    except Exception as error:
        if login_errors.is_away(error, was_connected=True):
            raise DiscordAwayError(str(error) or "no answer in time") from None
        raise
