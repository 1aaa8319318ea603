"""What the bot's memory does over many jobs, and what 10,000 servers cost it.

The bot runs in a process of its own and tells on SIGUSR1 how many entries each container has (discord.py's and our
own); its resident memory is the kernel's figure. Every job is the whole way: `/imagine`, progress, result, and now and
then the press of a button. Discord and the workers are played in this process, which forgets after each step.

uv run python bench/memory.py [jobs] [guilds]
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loopback.crew import Crew
from loopback.discord.server import DiscordServer
from loopback.sizes import sizes
from zosma_bot.discord.client import Zosma, client_class, run_discord
from zosma_bot.hub import Hub
from zosma_bot.settings import BotSettings
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue

STEPS, TOGETHER, MEMBERS, WORKERS = 8, 25, 40, 4


async def be_the_bot() -> None:
    """The child: a bot that tells its sizes when asked."""
    settings = BotSettings.model_validate(dict(os.environ))
    made: list[Zosma] = []

    def make(**needed: Any) -> Zosma:
        made.append(client_class(settings)(**needed))
        return made[-1]

    def tell() -> None:
        gc.collect()
        guilds = {"guilds": sum(1 for guild in made[-1].guilds if guild.channels)}
        print(json.dumps(sizes(made[-1]) | guilds), flush=True)

    async with Queue(os.environ["REDIS_URL"]) as queue:
        hub = Hub(queue)
        listening = asyncio.create_task(hub.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
        await run_discord(settings, queue, hub, make_client=make)
        listening.cancel()


class Child:
    """The bot's process as the bench sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def sizes(self) -> dict[str, int]:
        """What it holds now."""
        self._process.send_signal(signal.SIGUSR1)
        out = cast(asyncio.StreamReader, self._process.stdout)
        told: dict[str, int] = json.loads(await asyncio.wait_for(out.readline(), 60))
        return told

    @property
    def rss_mb(self) -> float:
        """Its resident memory."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def forget(server: DiscordServer) -> None:
    """The played Discord's own memory is not the subject, and its lookups must stay quick."""
    server.requests.clear()
    server.world.interactions.clear()
    server.world.all_messages.clear()
    server.world.attachments.clear()
    server.channel.messages.clear()
    for session in server.gateway.sessions.values():
        session.buffer.clear()


async def jobs(server: DiscordServer, members: list[Any], first: int, number: int) -> None:
    """So many jobs, `TOGETHER` at once."""
    for start in range(first, first + number, TOGETHER):
        asked = []
        for seed in range(start, start + TOGETHER):
            wish = {"prompt": f"cat {seed}", "width": 64, "height": 64, "seed": seed}
            asked.append(await server.slash(members[seed % MEMBERS], "imagine", wish))
        for handle in asked:
            shown = await handle.wait_for(lambda shown: bool(shown.attachments), timeout=60)
        pressed = [part for row in shown.components for part in row.get("components", ()) if part.get("label")]
        if pressed and start % (TOGETHER * 4) == first % (TOGETHER * 4):
            handle = await server.press(handle.interaction.member, shown.id, _parameters(pressed))
            await handle.wait_for(lambda shown: not shown.thinking)


def _parameters(buttons: list[Any]) -> str:
    """The button that only tells something."""
    named = [one["custom_id"] for one in buttons if "arameter" in str(one.get("label"))]
    return str((named or [buttons[0]["custom_id"]])[0])


async def measure(redis_url: str, total: int, guilds: int) -> None:
    """Prints a line for each step, and every container that has grown."""
    async with DiscordServer() as server, Crew(redis_url, WORKERS):
        for number in range(guilds):
            server.world.add_channel(server.world.add_guild(f"guild {number}"), "general")
        env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
        env |= {
            "REDIS_URL": redis_url, "DISCORD_TOKEN": server.token, "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url, "DISCORD_REQUESTS_PER_S": "10000",
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--bot", env=env, stdout=asyncio.subprocess.PIPE
        )
        child = Child(process)
        try:
            began = time.monotonic()
            await server.wait_connected(timeout=60)
            await server.wait_for_commands("imagine", timeout=60)
            before = await child.sizes()
            while before["guilds"] <= guilds:
                await asyncio.sleep(0.5)
                before = await child.sizes()
            print(f"{guilds + 1} servers known after {time.monotonic() - began:.1f} s, RSS {child.rss_mb:.1f} MB")
            members = [server.add_member(f"m{number}") for number in range(MEMBERS)]
            asked = await server.slash(members[0], "imagine", {"prompt": "a cat", "width": 64, "height": 64})
            print(f"acknowledged after {1000 * (await asked.response()).after_s:.0f} ms")
            await asked.wait_for(lambda shown: bool(shown.attachments), timeout=60)
            step = total // STEPS // TOGETHER * TOGETHER
            for number in range(STEPS if step else 0):
                await jobs(server, members, number * step, step)
                forget(server)
                now = await child.sizes()
                grown = {name: f"{before[name]} → {now[name]}" for name in now if now[name] > before[name]}
                print(f"after {(number + 1) * step} jobs: RSS {child.rss_mb:.1f} MB; {grown}", flush=True)
        finally:
            process.terminate()
            await process.wait()


def main() -> None:
    """Prints what happens."""
    if sys.argv[1:] == ["--bot"]:
        asyncio.run(be_the_bot())
        return
    os.environ.pop("DISCORD_OPENAPI", None)
    total, guilds = (int(one) for one in (sys.argv[1:] + ["2000", "0"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey") as valkey:
        asyncio.run(measure(valkey.url, total, guilds))


if __name__ == "__main__":
    main()
