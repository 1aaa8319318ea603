"""Which Discord discord.py talks to: Discord's own, or a compatible server named in the settings."""

from __future__ import annotations

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from zosma_bot.settings import BotSettings

_DISCORDS_API = Route.BASE
_DISCORDS_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY


def use(settings: BotSettings) -> None:
    """Points discord.py, which keeps both addresses on its classes, at the settings' server."""
    Route.BASE = settings.discord_api_url or _DISCORDS_API
    DiscordWebSocket.DEFAULT_GATEWAY = (
        URL(settings.discord_gateway_url) if settings.discord_gateway_url else _DISCORDS_GATEWAY
    )


async def find_gateway(client: discord.Client, settings: BotSettings) -> None:
    """Asks a server that is named by its API alone where its gateway is. Call it after login."""
    if settings.discord_api_url and not settings.discord_gateway_url:
        _, address, _ = await client.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(address).with_query(None)


def pin_gateway(client: discord.Client, settings: BotSettings) -> None:
    """Keeps to the gateway that the settings name, also when READY tells another address to resume at."""
    if settings.discord_gateway_url:
        client.ws.gateway = URL(settings.discord_gateway_url)
