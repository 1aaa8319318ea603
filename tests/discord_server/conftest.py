"""A loopback Discord and a real discord.py client that is connected to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import yarl

from discord_server.clients import Client, Clock, Start, discord
from loopback.discord.server import DiscordServer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> AsyncIterator[DiscordServer]:
    async with DiscordServer(now=clock) as running:
        monkeypatch.setattr(discord.http.Route, "BASE", running.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(running.gateway_url))
        yield running
        assert {v.error for v in running.violations} == set()
        assert {v.error for v in running.own_violations} == set()


@pytest.fixture
async def start(server: DiscordServer) -> AsyncIterator[Start]:
    """Connects clients and closes them at the end."""
    running: list[tuple[Client, asyncio.Task[None]]] = []

    async def connect(client: Client) -> Client:
        running.append((client, asyncio.create_task(client.start(server.token))))
        await server.wait_connected(len(running))
        return client

    yield connect
    for client, task in running:
        await client.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
