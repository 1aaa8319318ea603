"""Sets of large pictures on their way to Discord: how long from the result to the upload, and the bot's memory.

The bot is a process of its own, Discord and the worker are played here. Each set is 4 pictures of 2048² that compress
about as well as photographs, 9.5 MB each as a PNG; Discord takes files up to the limit of the row.

PYTHONPATH=tests uv run python bench/large_pictures.py [sets]
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from clockwork import picture
from loopback.discord.handle import InteractionHandle
from loopback.discord.server import DiscordServer
from loopback.played_worker import PlayedWorker
from whole_way import bot_at
from zosma_cli.valkey import PrivateValkey
from zosma_queue.request import Request
from zosma_queue.tasks import end

SIDE, COUNT, SETS = 2048, 4, 8
MB = 1024 * 1024
#: What Discord takes of a file: all of ours, and half of one.
LIMITS = (10 * MB, 4 * MB)
LOOK_EVERY_S = 0.02


class Photographer(PlayedWorker):
    """Has its pictures ready."""

    ready: list[bytes] = []  # noqa: RUF012 - the same for all

    def draw(self, request: Request, seed: int, checkpoint: str, parameters: str) -> bytes:
        """One of them."""
        return self.ready[seed % COUNT]


def resident(pid: int) -> float:
    """Megabytes of a process; 0 for one that is gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB
    return 0.0


def share(pid: int) -> float:
    """Megabytes of a process, where what several share counts for each in part."""
    with contextlib.suppress(OSError, IndexError):
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(told.partition("\nPss:")[2].split()[0]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """Its processes."""
    with contextlib.suppress(OSError):
        told = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        return [int(one) for one in " ".join(told).split()]
    return []


class Watch:
    """The most that the bot and its decoders held."""

    def __init__(self, bot: int) -> None:
        self.bot, self.most, self.most_all = bot, 0.0, 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            mine = resident(self.bot)
            self.most = max(self.most, mine)
            self.most_all = max(self.most_all, sum(map(share, (self.bot, *children(self.bot)))))
            await asyncio.sleep(LOOK_EVERY_S)


def bot_pid() -> int:
    """The bot is this process's child that runs `zosma bot`."""
    for pid in children(os.getpid()):
        if b"zosma_cli" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise SystemExit("the bot is gone")


async def measure(sets: int, limit: int) -> None:
    """Prints a row."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        valkey = stack.enter_context(PrivateValkey(folder / "valkey", durable=False))
        discord = await stack.enter_async_context(DiscordServer())
        discord.settings.upload_limit = limit
        worker = await stack.enter_async_context(Photographer(valkey.url))
        await stack.enter_async_context(bot_at(valkey.url, discord, str(folder)))
        member = discord.add_member("ann")
        watch = Watch(bot_pid())
        asked: list[InteractionHandle] = []
        beating = asyncio.create_task(_beat(worker))
        for number in range(sets):
            wish = {"prompt": f"a cat {number}", "width": SIDE, "height": SIDE, "count": COUNT, "seed": 4 * number}
            asked.append(await discord.slash(member, "imagine", wish))
        leased = [await worker.take() for _ in range(sets)]
        before = resident(watch.bot)
        watching = asyncio.create_task(watch.run())
        began = time.perf_counter()
        shown = [asyncio.create_task(_shown(one, began)) for one in asked]
        for one in leased:
            await worker.finish(one)
        taken = sorted(await asyncio.gather(*shown))
        await end(watching, beating)
        files = [len(file.data) for one in asked if one.message for file in one.message.files]
        print(
            f"{sets:>5} {limit // MB:>6} {taken[0]:>9.1f} {taken[-1]:>9.1f} {sum(files) / len(files) / 1e6:>9.1f}"
            f" {before:>8.0f} {watch.most:>8.0f} {watch.most_all:>14.0f}", flush=True,
        )  # fmt: skip


async def _beat(worker: PlayedWorker) -> None:
    while True:
        await worker.beat()
        await asyncio.sleep(1)


async def _shown(asked: InteractionHandle, began: float) -> float:
    await asked.wait_for(lambda shown: any(one.filename.startswith("zosma-") for one in shown.files), timeout=300)
    return time.perf_counter() - began


def main() -> None:
    """Prints a row for one set and for many, with each limit."""
    os.environ.pop("DISCORD_OPENAPI", None)
    sets = int(sys.argv[1]) if sys.argv[1:] else SETS
    Photographer.ready = [base64.b64decode(picture(SIDE, number)) for number in range(COUNT)]
    print(" sets  limit  first, s   last, s  MB a file   before  bot, MB  with decoders")
    for limit in LIMITS:
        for number in sorted({1, sets}):
            asyncio.run(measure(number, limit))


if __name__ == "__main__":
    main()
