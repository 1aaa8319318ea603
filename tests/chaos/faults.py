"""Everything that can be killed, cut or stopped, drawn from a seed: the same seed strikes the same blows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chaos.system import System
from loopback.s3 import SLOW_DOWN, lost_after

#: How long something stays dead or away, in seconds, at least and at most.
DOWN_S = (0.2, 3.0)
STILL_S = (1.0, 8.0)
DISCORD_S = (4.0, 12.0)
#: Long enough for the last sign of life to be too old, so that orders come in while there is no GPU at all.
NOBODY_S = (9.0, 16.0)


@dataclass(frozen=True)
class Blow:
    """One fault at one time."""

    at_s: float
    fault: str
    for_s: float
    which: int


@dataclass(frozen=True)
class Fault:
    """A kind of fault: what it strikes, how often it is drawn, how long it lasts, and what it does."""

    target: str
    weight: int
    span_s: tuple[float, float]
    strike: Callable[[System, Blow], Awaitable[None]]


async def _kill_worker(system: System, blow: Blow) -> None:
    worker = system.workers[blow.which % len(system.workers)]
    await worker.kill()
    await asyncio.sleep(blow.for_s)
    await worker.start()


async def _kill_fleet(system: System, blow: Blow) -> None:
    for worker in system.workers:
        await worker.kill()
    await asyncio.sleep(blow.for_s)
    for worker in system.workers:
        await worker.start()


async def _kill_bot(system: System, blow: Blow) -> None:
    await system.bot.kill()
    await asyncio.sleep(blow.for_s)
    await system.bot.start()


async def _end_bot(system: System, blow: Blow) -> None:
    await system.bot.end()
    await asyncio.sleep(blow.for_s)
    await system.bot.start()


async def _kill_redis(system: System, blow: Blow) -> None:
    await asyncio.to_thread(system.valkey.kill)
    await asyncio.sleep(blow.for_s)
    await asyncio.to_thread(system.valkey.start)


async def _still_redis(system: System, blow: Blow) -> None:
    with system.redis_stands_still():
        await asyncio.sleep(blow.for_s)


async def _crash_webui(system: System, blow: Blow) -> None:
    webui = system.webuis[blow.which % len(system.webuis)]
    await webui.crash()
    await asyncio.sleep(blow.for_s)
    await webui.start()


async def _discord_away(system: System, blow: Blow) -> None:
    async with system.discord.away():
        await asyncio.sleep(blow.for_s)


async def _discord_fails(system: System, blow: Blow) -> None:
    system.discord.fail_next("*", "/(webhooks|channels)/", 500 + blow.which % 4, times=10_000)
    await asyncio.sleep(blow.for_s)
    system.discord.faults.clear()


async def _discord_loses_answers(system: System, blow: Blow) -> None:
    system.discord.cut_next("*", "/(webhooks|channels|interactions)/", times=1 + blow.which % 5, after=True)
    await asyncio.sleep(blow.for_s)
    system.discord.faults.clear()


async def _drop_gateway(system: System, blow: Blow) -> None:
    await system.discord.drop_gateway((None, 1001, 4000, 4009)[blow.which % 4])


async def _kill_bucket(system: System, blow: Blow) -> None:
    await system.pictures.crash()
    await asyncio.sleep(blow.for_s)
    await system.pictures.start()


async def _still_bucket(system: System, blow: Blow) -> None:
    await system.pictures.stand_still(blow.for_s)


async def _bucket_refuses(system: System, blow: Blow) -> None:
    system.pictures.fault = SLOW_DOWN
    await asyncio.sleep(blow.for_s)
    system.pictures.fault = None


async def _bucket_loses_answers(system: System, blow: Blow) -> None:
    system.pictures.fault = lost_after(system.pictures)
    await asyncio.sleep(blow.for_s)
    system.pictures.fault = None


FAULTS = {
    "worker killed": Fault("worker", 10, DOWN_S, _kill_worker),
    "all workers killed": Fault("worker", 2, NOBODY_S, _kill_fleet),
    "bot killed": Fault("bot", 4, DOWN_S, _kill_bot),
    "bot ended": Fault("bot", 1, DOWN_S, _end_bot),
    "Redis killed": Fault("redis", 4, DOWN_S, _kill_redis),
    "Redis stands still": Fault("redis", 2, STILL_S, _still_redis),
    "WebUI crashes": Fault("webui", 3, DOWN_S, _crash_webui),
    "Discord away": Fault("discord", 2, DISCORD_S, _discord_away),
    "Discord answers 5xx": Fault("discord", 3, DISCORD_S, _discord_fails),
    "Discord's answers are lost": Fault("discord", 3, DISCORD_S, _discord_loses_answers),
    "gateway drops": Fault("discord", 1, DOWN_S, _drop_gateway),
}

#: Where pictures lie in a bucket.
BUCKET_FAULTS = {
    "bucket killed": Fault("bucket", 4, DOWN_S, _kill_bucket),
    "bucket stands still": Fault("bucket", 2, STILL_S, _still_bucket),
    "bucket says SlowDown": Fault("bucket", 3, STILL_S, _bucket_refuses),
    "bucket's answers are lost": Fault("bucket", 3, DOWN_S, _bucket_loses_answers),
}


def plan(seed: int, seconds: float, every_s: float, faults: Mapping[str, Fault]) -> list[Blow]:
    """The blows of a run, in order: each kind once at least when there is time, then by weight."""
    dice = random.Random(seed)
    count = int(seconds / every_s)
    names = list(faults)
    dice.shuffle(names)
    drawn = names[:count] + dice.choices(names, [faults[name].weight for name in names], k=max(count - len(names), 0))
    return [
        Blow((number + dice.random()) * every_s, name, dice.uniform(*faults[name].span_s), dice.randrange(100))
        for number, name in enumerate(drawn)
    ]
