"""Redis: there, new enough, durable, fast, with room, and with workers behind it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from statistics import median
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from zosma_cli.doctor.findings import Finding, off, ok, warning, what_and_mend, wrong
from zosma_cli.tables import when
from zosma_queue.client import Queue
from zosma_queue.connections import bot_client, check_login
from zosma_queue.errors import QueueUnavailableError, SettingsError
from zosma_queue.fleet import OLDEST_PROTOCOL, WorkerState
from zosma_queue.last_fleet import Fleet
from zosma_queue.settings import Settings, address_of

PART = "Redis"
PINGS = 20
#: Redis 7 brought what our scripts use; every Valkey has it.
OLDEST_VERSION = (7, 0)
#: One step of a job asks several times.
SLOW_MS = 20.0
FULL_SHARE = 0.8
CLOCK_S = 5.0


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """What there is to say about the Redis of these settings, and about the workers that it knows."""
    url = settings.redis
    if url is None:
        yield off(PART, "REDIS_URL is not set: `zosma up` brings a Valkey of its own; bot and worker alone need one")
        return
    try:
        check_login(settings, must_answer=True)
    except SettingsError as error:
        yield wrong(PART, *what_and_mend(str(error)))
        return
    async with Queue(url) as queue:
        client = bot_client(url)
        try:
            async for finding in _server(client, address_of(url)):
                yield finding
        except RedisError as error:
            yield wrong(PART, f"{address_of(url)}: {error}")
            return
        finally:
            await client.aclose()
        try:
            for risk in await queue.risks():
                yield warning(PART, *what_and_mend(risk.replace("; ", ": ")))
            await queue.check_writable()
            for finding in _workers(await queue.fleet()):
                yield finding
        except QueueUnavailableError as error:
            yield wrong(PART, str(error), "give this login the rights of the README, or mend what Redis says")


async def _server(client: redis.asyncio.Redis, address: str) -> AsyncIterator[Finding]:
    begun, times = time.time(), []
    for _ in range(PINGS):
        asked = time.perf_counter()
        await client.ping()
        times.append((time.perf_counter() - asked) * 1000)
    took = median(times)
    try:
        about: dict[str, Any] = await client.info()
    except ResponseError:  # a login that may not ask
        about = {}
    name = "Valkey" if about.get("server_name") == "valkey" else "Redis"
    version = str(about.get("valkey_version") or about.get("redis_version") or "of an untold version")
    yield ok(PART, f"{name} {version} at {address} answers in {took:.1f} ms")
    told = str(about.get("redis_version", "7.0")).split(".")
    if tuple(int(part) for part in told[:2]) < OLDEST_VERSION:
        yield wrong(PART, f"version {version} is too old", "use Redis 7 or newer, or Valkey")
    if took > SLOW_MS:
        yield warning(PART, f"{took:.0f} ms for one question slow every job down", "move it nearer to the bot")
    seconds, _ = await client.time()
    apart = seconds - begun
    if abs(apart) > CLOCK_S:
        yield warning(PART, f"its clock and this machine's are {abs(apart):.0f} s apart", "set both by NTP")
    most, used = int(about.get("maxmemory", 0)), int(about.get("used_memory", 0))
    if most and used > most * FULL_SHARE:
        yield warning(PART, f"{used / most:.0%} of its maxmemory is used", "raise maxmemory, or set ZOSMA_PICTURES_MAX")


def _workers(fleet: Fleet) -> list[Finding]:
    if not fleet.workers:
        last = f"; the last one was ready {when(fleet.last_seen_ms)}" if fleet.last_seen_ms else ""
        return [warning("workers", f"none is there{last}", "on a machine with a WebUI: zosma worker")]
    findings = []
    for worker in fleet.workers:
        about = worker.about
        if about and about.protocol < OLDEST_PROTOCOL:
            findings.append(wrong("workers", f"{worker.id} is too old for this bot", "update it as the bot was"))
        elif worker.state is WorkerState.AWAY or worker.is_held:
            findings.append(warning("workers", f"{worker.id}: {worker.reason or worker.trust}"))
        else:
            many = f", {len(about.checkpoints)} checkpoints" if about else ""
            findings.append(ok("workers", f"{worker.id}: {worker.state}{many}"))
    return findings
