"""The bot process: Discord client, queue manager and HTTP server in one event loop."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress

from zosma_bot.forecaster import Forecaster
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_bot.settings import BotSettings
from zosma_queue.client import Queue
from zosma_queue.errors import SettingsError
from zosma_queue.settings import address_of
from zosma_queue.sweeper import Sweeper

log = logging.getLogger(__name__)


class _Stop(Exception):
    """Raised inside the task group when a signal ends the process."""


def run(settings: BotSettings) -> None:
    """Runs the bot until SIGINT or SIGTERM.

    Raises:
      SettingsError: when a setting turns out wrong: port taken, token refused, no Redis named.
    """
    if settings.redis is None:
        raise SettingsError("REDIS_URL is not set: name the Redis to use, like redis://127.0.0.1:6379/0")
    asyncio.run(_main(settings, settings.redis))


async def _main(settings: BotSettings, redis_url: str) -> None:
    try:
        await _run_all(settings, redis_url)
    except* _Stop:
        log.info("stopped")
    except* SettingsError as group:
        # One reason is enough, and the caller wants it bare.
        raise group.exceptions[0] from None


async def _run_all(settings: BotSettings, redis_url: str) -> None:
    async with Queue(redis_url) as queue:
        hub = Hub(queue)
        app = make_app(queue, hub, settings.api_keys, settings.admins)
        async with serve(app, settings.host, settings.port) as address, asyncio.TaskGroup() as tasks:
            log.info("listening on %s, queue in %s", address, address_of(redis_url))
            tasks.create_task(hub.run(), name="hub")
            tasks.create_task(Sweeper(queue.sweep).run(), name="sweeper")
            tasks.create_task(Forecaster(queue).run(), name="forecaster")
            tasks.create_task(_until_signal(), name="signals")
            if settings.discord_token:
                from zosma_bot.discord.client import run_discord

                tasks.create_task(run_discord(settings, queue, hub), name="discord")
            else:
                log.info("DISCORD_TOKEN is not set: HTTP side only")


async def _until_signal() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no signal handlers in its event loop
            loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    raise _Stop
