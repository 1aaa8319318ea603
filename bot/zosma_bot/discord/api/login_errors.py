"""What goes wrong between discord.py and Discord as a whole: what only the owner can mend, and what time mends."""

from __future__ import annotations

import aiohttp
import discord
import discord.client
from discord.backoff import ExponentialBackoff

from zosma_queue.errors import SettingsError

#: discord.py waits at most 2^this seconds before it tries the gateway again. Its own 2^10 is a quarter of an hour.
RECONNECT_EXPONENT = 5

_TOKEN_REFUSED = 4004
_SHARDING_REQUIRED = 4011
_GATEWAY_REFUSALS = {
    4010: "the bot sent an invalid shard",
    _SHARDING_REQUIRED: "the bot is in so many servers that it needs several connections: set DISCORD_SHARDS=auto",
    4012: "the bot speaks a version of the gateway that is gone: update discord.py",
    4013: "the bot sent intents that Discord does not know: update discord.py",
    4014: "the bot asked for an intent that the Developer Portal does not allow it",
}


class _Backoff(ExponentialBackoff[bool]):
    def __init__(self, base: int = 1) -> None:
        super().__init__(base)
        self._max = RECONNECT_EXPONENT


def reconnect_soon() -> None:
    """Makes discord.py try a lost gateway again every half minute at least."""
    vars(discord.client)["ExponentialBackoff"] = _Backoff


def as_settings_error(error: Exception, *, sharded: bool = False) -> SettingsError | None:
    """The plain words for what no second try can mend; None for anything else. The token is never in them.

    When several connections are `sharded` and Discord wants more of them by now, a new login asks how many.
    """
    if isinstance(error, SettingsError):
        return error
    if isinstance(error, discord.LoginFailure) or (isinstance(error, discord.HTTPException) and error.status == 401):
        return _token_refused()
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return SettingsError(f"Discord refuses the connection: {_GATEWAY_REFUSALS[4014]}")
    if isinstance(error, discord.ConnectionClosed):
        if error.code == _TOKEN_REFUSED:
            return _token_refused()
        if error.code in _GATEWAY_REFUSALS and not (sharded and error.code == _SHARDING_REQUIRED):
            return SettingsError(f"Discord refuses the connection: {_GATEWAY_REFUSALS[error.code]}")
    return None


def not_an_api(error: discord.NotFound, api_url: str) -> SettingsError:
    """For a server that doesn't know the first thing it is asked at a login: the address is another one's."""
    return SettingsError(
        f"DISCORD_API_URL={api_url!r} is no Discord API (it answers 404 to a login): it must end as the server's API"
        " does, like http://host:port/api/v10"
    )


def is_away(error: Exception, *, was_connected: bool) -> bool:
    """True when Discord merely can't be reached."""
    if isinstance(error, AttributeError):
        # discord.py reads `self.ws.sequence` when its very first gateway connection fails.
        return not was_connected
    if isinstance(error, discord.HTTPException) and error.status == 400:
        return False
    return isinstance(error, discord.DiscordException | aiohttp.ClientError | OSError | TimeoutError)


def _token_refused() -> SettingsError:
    return SettingsError(
        "DISCORD_TOKEN (or BOT_TOKEN) was refused by Discord: copy the bot's token anew from the Developer Portal"
        " (Bot, Reset Token); it is neither the client secret nor the public key"
    )
