"""Which Discord discord.py talks to: Discord's own, or a compatible server named in the settings."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import discord
import discord.http
import discord.webhook.async_
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context
from yarl import URL

from zosma_bot.settings import BotSettings

#: "Interaction has already been acknowledged."
ALREADY_ANSWERED = 40060
_TRIES = 3

_DISCORDS_API = Route.BASE
_DISCORDS_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY


async def _json_or_text(response: aiohttp.ClientResponse) -> Any:
    """discord.py's reading of an answer, but also where the content type goes on: `application/json; charset=utf-8`."""
    text = await response.text(encoding="utf-8")
    return json.loads(text) if text and response.content_type == "application/json" else text


class _Adapter(AsyncWebhookAdapter):
    """discord.py's way to interactions, for answers whose acknowledgement isn't the usual one.

    Discord-compatible servers may say 204, as Discord itself does when nobody asks for more; discord.py would fail to
    read what it asked for, after the answer has been accepted. And the acknowledgement of an answer that Discord took
    may be lost on the way: discord.py would give up, and the member would see "thinking" for ever.
    """

    async def create_interaction_response(self, interaction_id: int, token: str, **options: Any) -> Any:
        """What was told, and without a word that much: which interaction it was, and whether it had been answered.

        `response_message_loading` is False, and no message is named, for one that had an answer before: of an earlier
        try of ours, or of another bot with the same token.
        """
        try:
            told = await self._answer(interaction_id, token, **options)
        except discord.HTTPException as error:
            if error.code != ALREADY_ANSWERED:
                raise
            return {"interaction": {"id": str(interaction_id), "response_message_loading": False}}
        if isinstance(told, dict) and "interaction" in told:
            return told
        return {"interaction": {"id": str(interaction_id), "response_message_loading": True}}

    async def _answer(self, interaction_id: int, token: str, **options: Any) -> Any:
        """The first answer, tried again at once when the line is cut: Discord takes it for three seconds, and once."""
        for _ in range(_TRIES - 1):
            try:
                return await super().create_interaction_response(interaction_id, token, **options)
            except (aiohttp.ClientError, OSError):
                for file in options["params"].files or ():
                    file.reset(seek=True)
        return await super().create_interaction_response(interaction_id, token, **options)


def use(settings: BotSettings) -> None:
    """Points discord.py, which keeps both addresses on its classes, at the settings' server."""
    Route.BASE = settings.discord_api_url or _DISCORDS_API
    DiscordWebSocket.DEFAULT_GATEWAY = (
        URL(settings.discord_gateway_url) if settings.discord_gateway_url else _DISCORDS_GATEWAY
    )
    # For this task and all that it starts.
    async_context.set(_Adapter())  # type: ignore[no-untyped-call]
    if settings.discord_api_url:
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
