"""The bot's Discord side over real sockets: a Discord on loopback, a real Valkey, and a worker that the test plays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import redis

with warnings.catch_warnings():
    # discord.py 2.7 imports `audioop`, which Python 3.11 and 3.12 call deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord  # noqa: F401

from loopback.discord.handle import InteractionHandle
from loopback.discord.permissions import P
from loopback.discord.server import DiscordServer
from loopback.discord.state import Member
from zosma_bot.discord.client import Zosma, client_class, run_discord
from zosma_bot.hub import Hub
from zosma_bot.settings import BotSettings
from zosma_queue.client import Queue
from zosma_queue.tasks import end


class Bot:
    """A bot that a test can start, close and kill."""

    def __init__(self, server: DiscordServer, queue: Queue, hub: Hub) -> None:
        self.queue = queue
        self._server = server
        self._hub = hub
        self._task: asyncio.Task[None] | None = None
        self.client: Zosma | None = None

    def settings(self, **changes: Any) -> BotSettings:
        """Settings that lead to the loopback."""
        values = {
            "discord_token": self._server.token,
            "discord_api_url": self._server.api_url,
            "discord_gateway_url": self._server.gateway_url,
        }
        return BotSettings.model_validate(values | changes)

    async def start(self, settings: BotSettings | None = None, **options: Any) -> Zosma:
        """Runs the bot until it stands in Discord."""
        settings = settings or self.settings()

        def make(**needed: Any) -> Zosma:
            self.client = client_class(settings)(**needed, **({"edit_every_s": 0.0} | options))
            return self.client

        running = run_discord(settings, self.queue, self._hub, make_client=make)
        self._task = asyncio.create_task(running)
        before = len(self._server.gateway.sessions)
        await self._server.wait_connected(before + 1, timeout=60)
        assert self.client is not None
        return self.client

    async def close(self) -> None:
        """Ends the bot as SIGTERM does, with a cancel that is repeated."""
        if self._task:
            await end(self._task)
            await asyncio.sleep(0)  # what discord.py has dispatched last begins
        self._task = None

    async def die(self) -> None:
        """Ends the bot while it is at work for somebody, with nothing finished and nothing said."""
        assert self.client is not None
        for task in list(self.client.services.background._tasks):
            task.cancel()
        await self.close()

    async def kill(self) -> None:
        """Ends the bot with nothing finished, as nearly as one process can."""
        assert self.client is not None
        for _, delivery in self.client.deliveries._running.values():
            delivery.cancel()
        await self.close()


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server
        assert server.violations == []
        assert server.own_violations == []


@pytest.fixture(name="bot")
async def _bot(server: DiscordServer, queue: Queue, hub: Hub) -> AsyncIterator[Bot]:
    """A bot that has not been started."""
    bot = Bot(server, queue, hub)
    yield bot
    await bot.close()


@pytest.fixture(name="client")
async def _client(bot: Bot) -> Zosma:
    """A bot in Discord that edits without a pause."""
    return await bot.start()


@pytest.fixture(name="ann")
def _ann(server: DiscordServer) -> Member:
    return server.add_member("ann")


@pytest.fixture(name="until")
def _until() -> Callable[..., Any]:
    """Waits for something that rings no bell: the queue's own state."""

    async def until(look: Callable[[], Any], timeout: float = 60.0) -> Any:
        async with asyncio.timeout(timeout):
            while not (found := await look()):  # noqa: ASYNC110 Redis rings no bell for it
                await asyncio.sleep(0.01)
        return found

    return until


@pytest.fixture(name="valkey_asleep")
def _valkey_asleep(raw: redis.Redis) -> Callable[[], contextlib.AbstractAsyncContextManager[None]]:
    """Stops Valkey's clock: it holds its connections and answers nothing."""

    @contextlib.asynccontextmanager
    async def asleep() -> AsyncIterator[None]:
        process = int(raw.info("server")["process_id"])  # type: ignore[index, arg-type]
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    return asleep


@pytest.fixture(name="admin")
def _admin(server: DiscordServer) -> Member:
    """Manages the server; no administrator."""
    return server.add_member("admin", P.MANAGE_GUILD)


@pytest.fixture(name="said")
def _said(server: DiscordServer) -> Callable[..., Any]:
    """What an admin command answers, to its admin alone, once it has been worked on."""

    async def said(
        member: Member, command: str, options: dict[str, Any] | None = None, **more: Any
    ) -> InteractionHandle:
        asked = await server.slash(member, command, options, **more)
        shown = await asked.wait_for(lambda shown: not shown.thinking)
        assert shown.ephemeral
        return asked

    return said
