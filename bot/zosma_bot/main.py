"""The bot process: Discord client, queue manager and HTTP server in one event loop."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import secrets
import signal
from contextlib import suppress
from pathlib import Path

from zosma_bot.fleet_keeper import FleetKeeper
from zosma_bot.forecaster import Forecaster
from zosma_bot.greeter import Greeter
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.connections import Bounds, most_by_descriptors
from zosma_bot.http.doors import Doors
from zosma_bot.http.key_ring import say_if_nobody_may_call
from zosma_bot.hub import Hub
from zosma_bot.member_names import MemberNames
from zosma_bot.metrics import Metrics
from zosma_bot.room_keeper import RoomKeeper
from zosma_bot.settings import BotSettings
from zosma_bot.summoner import Summoner, signals_of
from zosma_bot.webhooks import Receivers
from zosma_queue import tracing
from zosma_queue.allocator import give_freed_memory_back
from zosma_queue.client import Queue
from zosma_queue.collector import collector_resting
from zosma_queue.connections import check_login
from zosma_queue.errors import SettingsError
from zosma_queue.hosts import in_image, is_loopback, say_if_inside
from zosma_queue.s3_pictures import check_bucket
from zosma_queue.sandbox import close_all
from zosma_queue.settings import address_of, given_in
from zosma_queue.sweeper import Sweeper
from zosma_queue.tasks import Survivor, run_together

log = logging.getLogger(__name__)


def run(settings: BotSettings) -> None:
    """Runs the bot until SIGINT or SIGTERM.

    Raises:
      SettingsError: when a setting turns out wrong: port taken, token refused, no Redis named, its password wrong, the
        pictures' bucket not there or not ours.
    """
    if settings.redis is None:
        raise SettingsError("REDIS_URL is not set: name the Redis to use, like redis://127.0.0.1:6379/0")
    check_login(settings)
    check_bucket(settings, reads=True)
    say_if_inside(settings.redis_variable, address_of(settings.redis))
    if in_image() and is_loopback(settings.host):
        log.warning(
            "ZOSMA_HOST=%s: in a container only the container itself reaches that, whatever -p says. Leave ZOSMA_HOST"
            " out (the image listens everywhere), or run it with --network host",
            settings.host,
        )
    give_freed_memory_back()
    with tracing.sent("zosma-bot", given_in(Path(".env"))):
        asyncio.run(_main(settings, settings.redis))


async def _main(settings: BotSettings, redis_url: str) -> None:
    async with Queue(redis_url, wait_for_gpu_s=settings.wait_for_gpu_s, results=settings.results) as queue:
        await say_if_nobody_may_call(queue.api_keys, settings)
        hub = Hub(queue)
        survivor = Survivor()
        doors = Doors(hosts=settings.allowed_hosts, origins=settings.cors_origins)
        bounds = Bounds(most=most_by_descriptors(Bounds.most))
        metrics, names = Metrics(queue, hub), MemberNames()
        app = make_app(
            queue, hub, settings.api_keys, settings.admins, doors=doors, bounds=bounds, faults=survivor.faults,
            metrics=metrics, only_loopback=settings.only_loopback, names=names.of,
            webhooks=Receivers(settings.webhook_hosts, settings.webhook_secret),
        )  # fmt: skip
        async with serve(app, settings.host, settings.port) as address:
            log.info("listening on %s, queue in %s", address, address_of(redis_url))
            jobs = [
                survivor.run("greeter", Greeter(queue, hub).run),
                survivor.run("events", hub.run),
                survivor.run("sweep", Sweeper(functools.partial(queue.sweep, f"bot {secrets.token_hex(4)}")).run),
                survivor.run("forecasts", Forecaster(queue).run),
                survivor.run("metrics", metrics.run),
                survivor.run("fleet", FleetKeeper(queue).run),
                survivor.run("room", RoomKeeper(queue, settings.pictures_max).run),
                _until_signal(),
            ]
            if signals_of(settings):
                jobs.append(survivor.run("summons", Summoner(queue, settings, metrics.calls).run))
            if settings.discord_token:
                with collector_resting():
                    from zosma_bot.discord.client import run_discord

                jobs.append(run_discord(settings, queue, hub, names=names, note=metrics.note_discord))
            else:
                log.info("DISCORD_TOKEN is not set: HTTP side only")
            try:
                await run_together(*(asyncio.create_task(job) for job in jobs))
            finally:
                close_all()
    log.info("stopped")


async def _until_signal() -> None:
    """Returns when the process is told to stop. Ctrl-C a second time ends it at once, whatever it still waits for."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if stopped.is_set():
            os._exit(1)  # what it had begun, its next start finds
        stopped.set()

    with suppress(NotImplementedError):  # Windows has no signal handlers in its event loop
        loop.add_signal_handler(signal.SIGTERM, stopped.set)
        loop.add_signal_handler(signal.SIGINT, interrupted)
    await stopped.wait()
