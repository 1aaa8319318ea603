"""What the whole system adds to the GPU's time: a bot and a worker as real processes, a WebUI of known GPU time.

Each way is gone by turns with a bare aiohttp client that asks the same WebUI directly: whatever the machine does to one
it does to the other. The ways: `POST /sdapi/v1/txt2img`, until the answer is decoded; `/imagine` in a Discord on
loopback, until the upload has arrived there. What the member or the client waits beyond the GPU's time is what counts.
Valkey syncs its log once a second, as compose.yaml has it.

PYTHONPATH=tests uv run python bench/whole_way.py [rounds]
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from clockwork import Clockwork, bare_call, served, worker_at
from figures import note
from loopback.discord.server import DiscordServer
from loopback.discord.state import Member
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey

ROUNDS, WARM_UP = 30, 3
#: (side, pictures of one call).
SHAPES = ((512, 1), (1024, 1), (512, 4))
#: What the GPU takes for one call.
JOB_S = 0.2
#: Between two rounds: everybody is idle again.
PAUSE_S = 0.1


@dataclass
class Way:
    """Seconds beyond the GPU's time, of each round."""

    name: str
    taken: list[float] = field(default_factory=list)

    @property
    def row(self) -> str:
        """Milliseconds."""
        found = self.taken[WARM_UP:]
        p90 = statistics.quantiles(found, n=10)[8]
        return "".join(f"{1000 * one:9.1f}" for one in (statistics.median(found), p90, min(found), max(found)))


@asynccontextmanager
async def bot_at(redis_url: str, discord: DiscordServer, folder: str) -> AsyncIterator[str]:
    """A real bot process, once it answers and hears Discord; its address."""
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
    env |= {
        "REDIS_URL": redis_url, "ZOSMA_PORT": str(port), "DISCORD_TOKEN": discord.token, "ZOSMA_DATA_DIR": folder,
        "DISCORD_API_URL": discord.api_url, "DISCORD_GATEWAY_URL": discord.gateway_url,
    }  # fmt: skip
    command = (sys.executable, "-m", "zosma_cli", "bot")
    bot = await asyncio.create_subprocess_exec(*command, env=env, cwd=folder, stderr=asyncio.subprocess.DEVNULL)
    try:
        await discord.wait_connected(timeout=60)
        await discord.wait_for_commands("imagine", timeout=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        if bot.returncode is None:
            bot.terminate()
        await bot.wait()


async def over_http(session: aiohttp.ClientSession, url: str, side: int, count: int, seed: int) -> float:
    """Seconds from the request to the decoded answer."""
    fields = {"prompt": "a cat", "width": side, "height": side, "steps": 20, "batch_size": count, "seed": seed}
    began = time.perf_counter()
    answer = await bare_call(session, url, fields)
    taken = time.perf_counter() - began
    if len(answer.get("images", ())) != count:
        raise SystemExit(f"{url} answered with something else than {count} pictures: {str(answer)[:300]}")
    return taken


async def over_discord(discord: DiscordServer, member: Member, side: int, count: int, seed: int) -> float:
    """Seconds from `/imagine` to the upload."""
    wish = {"prompt": "a cat", "width": side, "height": side, "steps": 20, "count": count, "seed": seed}
    began = time.perf_counter()
    handle = await discord.slash(member, "imagine", wish)
    await handle.wait_for(lambda shown: any(one.filename.startswith("zosma-") for one in shown.files), timeout=60)
    return time.perf_counter() - began


async def measure(side: int, count: int, rounds: int) -> list[Way]:
    """The ways by turns."""
    webui = Clockwork(side, JOB_S, count)
    ways = bare, http, discord_way = Way("bare client"), Way("HTTP"), Way("Discord's upload")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        valkey = stack.enter_context(PrivateValkey(folder / "valkey", synced="everysec"))
        discord = await stack.enter_async_context(DiscordServer())
        url = await stack.enter_async_context(served(webui))
        await stack.enter_async_context(worker_at(url, valkey.url))
        bot = await stack.enter_async_context(bot_at(valkey.url, discord, str(folder)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        member = discord.add_member("ann")
        for seed in range(rounds + WARM_UP):
            bare.taken.append(await over_http(session, url, side, count, seed) - JOB_S)
            await asyncio.sleep(PAUSE_S)
            http.taken.append(await over_http(session, bot, side, count, seed) - JOB_S)
            await asyncio.sleep(PAUSE_S)
            discord_way.taken.append(await over_discord(discord, member, side, count, seed) - JOB_S)
            await asyncio.sleep(PAUSE_S)
    return list(ways)


def main() -> None:
    """Prints a row for each way and shape."""
    os.environ.pop("DISCORD_OPENAPI", None)
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    print(f"{rounds} rounds by turns, GPU {JOB_S * 1000:.0f} ms a call; milliseconds over the GPU's time")
    print("Valkey syncs once a second, as compose.yaml has it")
    print(f"{'':>10} {'':>18}{'p50':>9}{'p90':>9}{'min':>9}{'max':>9}")
    for side, count in SHAPES:
        for way in asyncio.run(measure(side, count, rounds)):
            print(f"{f'{side}² × {count}':>10} {way.name:>18}{way.row}", flush=True)
            note(f"{way.name}, {side}² × {count}, ms", 1000 * statistics.median(way.taken[WARM_UP:]))


if __name__ == "__main__":
    main()
