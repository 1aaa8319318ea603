"""How long the command line takes to list its commands, and bot and worker from their start until they are at work.

A bot's HTTP side is at work once it answers, its Discord side once it is connected and has acknowledged a member's
command; a worker once its WebUI has a job that is submitted when the fleet has it.

PYTHONPATH=tests uv run python bench/start.py [rounds]
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from clockwork import Clockwork, served
from figures import note
from loopback.discord.server import DiscordServer
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

ROUNDS = 7
#: A process that isn't at work by then won't be.
PATIENCE_S = 30.0
#: Between two looks.
LOOK_S = 0.005
HELP = "`zosma --help`"
NOT_KEPT = ("ZOSMA", "SD_", "REDIS", "DISCORD", "PYTHONDONTWRITEBYTECODE")


def ran(*arguments: str) -> float:
    """Seconds that a run of Python takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=env(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def env(**settings: str) -> dict[str, str]:
    """The environment with these settings of ours and no others."""
    return {name: value for name, value in os.environ.items() if not name.startswith(NOT_KEPT)} | settings


@asynccontextmanager
async def running(command: str, folder: Path, **settings: str) -> AsyncIterator[None]:
    """`zosma COMMAND` with these settings and no others."""
    with (folder / f"{command}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_cli", command, env=env(**settings), cwd=folder, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def worker(redis_url: str, folder: Path) -> dict[str, float]:
    """A worker, the first one that comes."""
    webui = Clockwork(512, 0.0)  # the size of the first look at whether pictures come out
    async with served(webui) as url, Queue(redis_url) as queue:
        began = time.perf_counter()
        async with running("worker", folder, REDIS_URL=redis_url, SD_API_HOST=url):
            while not (await queue.catalogue()).ready:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(LOOK_S)
            await queue.submit(parse_request({"prompt": "a cat"}), Sender(owner="ann", group="guild"))
            while not webui.arrived:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(LOOK_S)
    return {"`zosma worker`, until its WebUI has a job": webui.arrived[0] - began}


async def bot(redis_url: str, folder: Path) -> dict[str, float]:
    """A bot with both sides, one start after the commands were registered."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    found = {}
    async with DiscordServer() as discord, aiohttp.ClientSession() as http:
        settings = {
            "REDIS_URL": redis_url, "ZOSMA_PORT": str(port), "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url, "DISCORD_GATEWAY_URL": discord.gateway_url,
        }  # fmt: skip
        async with running("bot", folder, **settings):
            await discord.wait_for_commands("imagine", timeout=PATIENCE_S)
        began = time.perf_counter()
        async with running("bot", folder, **settings):
            await until_answered(http, f"{url}/healthz")
            found["`zosma bot`, until HTTP answers"] = time.perf_counter() - began
            await discord.wait_connected(timeout=PATIENCE_S)
            found["`zosma bot`, until Discord has it"] = time.perf_counter() - began
            asked = await discord.slash(discord.add_member("ann"), "imagine", {"prompt": "a cat"})
            await asked.response(timeout=PATIENCE_S)
            found["`zosma bot`, until a command is acknowledged"] = time.perf_counter() - began
    return found


async def until_answered(http: aiohttp.ClientSession, url: str) -> None:
    """Asks until somebody answers."""
    while True:
        try:
            async with http.get(url) as answer:
                answer.raise_for_status()
                return
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(LOOK_S)


async def at_work() -> dict[str, float]:
    """Both, on a Redis of their own."""
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey", durable=False) as valkey:
        async with asyncio.timeout(3 * PATIENCE_S):
            return await worker(valkey.url, Path(folder)) | await bot(valkey.url, Path(folder))


def once() -> dict[str, float]:
    """Everything, one after the other."""
    return {HELP: ran("-m", "zosma_cli", "--help")} | asyncio.run(at_work())


def main() -> None:
    """A row each; the first round warms the caches."""
    os.environ.pop("DISCORD_OPENAPI", None)
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled  # as what is installed is: compiled, by the first round
        taken = [once() for _ in range(rounds + 1)][1:]
    print("| what | seconds, p50 | least |\n|---|---|---|")
    for name in taken[0]:
        found = [one[name] for one in taken]
        print(f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} |")
        note(f"{name}, s", statistics.median(found))


if __name__ == "__main__":
    main()
