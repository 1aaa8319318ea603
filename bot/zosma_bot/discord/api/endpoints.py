"""Which Discord discord.py talks to: Discord's own, or a compatible server named in the settings."""

from __future__ import annotations

import http
import json
from typing import Any

import aiohttp
import discord
import discord.http
import discord.webhook.async_
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.webhook.async_ import async_context
from yarl import URL

from zosma_bot.discord.api import buckets
from zosma_bot.discord.api.callbacks import CallbackAdapter
from zosma_bot.settings import BotSettings

#: discord.py waits out a limit while it holds what it sends; a longer one is tried again later, and holds nothing.
PATIENCE_S = 60.0

_DISCORDS_API = Route.BASE
_DISCORDS_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY


async def _json_or_text(response: aiohttp.ClientResponse) -> Any:
    """discord.py's reading of an answer, but also where the content type goes on: `application/json; charset=utf-8`.

    And limits are read in here, the same for all requests. One that says when to come again is waited for, by whatever
    proxy it came: without a `Via` discord.py takes it for Cloudflare's ban, and gives up. By an interaction's token it
    would wait for as long as it is told, and hold what it sends.

    Raises:
      RateLimited: when that would take too long.
      HTTPException: when it is no limit of Discord's.
    """
    text = await response.text(encoding="utf-8")
    told: Any = json.loads(text) if text and response.content_type == "application/json" else text
    if response.status == http.HTTPStatus.TOO_MANY_REQUESTS:
        wait_s = _wait_s(response, told)
        if wait_s is None:
            raise discord.HTTPException(response, told)
        told = {**told, "retry_after": wait_s}
        if wait_s > PATIENCE_S:
            raise discord.RateLimited(wait_s)
        response._cache["headers"] = headers = response.headers.copy()
        headers.setdefault("Via", "1.1 none")
    return told


def _wait_s(response: aiohttp.ClientResponse, told: Any) -> float | None:
    """When to come again, as the body says or else its header; None for an answer that is not of Discord's form."""
    if not isinstance(told, dict):
        return None
    try:
        return float(told.get("retry_after", response.headers.get("Retry-After", "")))
    except (TypeError, ValueError):
        return None


def use(settings: BotSettings) -> None:
    """Points discord.py, which keeps both addresses on its classes, at the settings' server."""
    Route.BASE = settings.discord_api_url or _DISCORDS_API
    DiscordWebSocket.DEFAULT_GATEWAY = (
        URL(settings.discord_gateway_url) if settings.discord_gateway_url else _DISCORDS_GATEWAY
    )
    buckets.use()
    # For this task and all that it starts.
    async_context.set(CallbackAdapter())  # type: ignore[no-untyped-call]
    for module in (discord.http, discord.webhook.async_):
        vars(module)["json_or_text"] = _json_or_text


async def find_gateway(client: discord.Client, settings: BotSettings) -> None:
    """Asks a server that is named by its API alone where its gateway is. Call it after login."""
    if settings.discord_api_url and not settings.discord_gateway_url:
        _, address, _ = await client.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(address).with_query(None)


def pin_gateway(client: discord.Client, settings: BotSettings, shard_id: int | None = None) -> None:
    """Keeps to the gateway that the settings name, also when READY tells another address to resume at."""
    if settings.discord_gateway_url:
        # The one way to a connection that clients with one and with several of them share.
        client._get_websocket(shard_id=shard_id).gateway = URL(settings.discord_gateway_url)
