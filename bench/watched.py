"""What many messages that are being watched cost: how long Discord waits for an acknowledgement beside them.

The bot is a real `zosma bot` in a process of its own, with Discord's rate limits biting. Members ask for as many
pictures as there are to be messages, which all wait: the only worker gives signs of life, each with news of what it can
do, and takes nothing. Then others ask for one every `EVERY_S`.

PYTHONPATH=tests uv run python bench/watched.py [messages …] [--seconds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from loopback.discord.server import DiscordServer
from loopback.played_worker import PlayedWorker
from storm import at, bot_process, cpu_s
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue
from zosma_queue.tasks import end

MESSAGES = (0, 1_000, 4_000)
SECONDS, EVERY_S = 20.0, 0.2
MEMBERS, TOGETHER, GIVE_UP_S = 400, 20, 60.0
#: After the last was asked for.
SETTLE_S = 10.0
WISH = {"prompt": "a cat", "width": 64, "height": 64}


async def beating(worker: PlayedWorker) -> None:
    """Signs of life of a worker that takes nothing, each with news of what it can do."""
    while True:
        await worker.beat()
        await asyncio.sleep(2)


async def ask(server: DiscordServer, queue: Queue, number: int, members: list) -> None:
    """So many are asked for, and those again that the bot was too slow for."""
    asked = 0
    while (waiting := (await queue.depth()).waiting) < number:
        for _ in range(min(TOGETHER, number - waiting)):
            await server.slash(members[asked % len(members)], "imagine", WISH)
            asked += 1
        async with asyncio.timeout(GIVE_UP_S):
            while (await queue.depth()).waiting < min(waiting + TOGETHER, number):  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.05)
        server.requests.clear()


async def watched(redis_url: str, folder: str, messages: int, seconds: float) -> str:
    """A row of the table."""
    async with (
        DiscordServer(rate_limits="real") as server, Queue(redis_url) as queue, PlayedWorker(redis_url) as worker,
        bot_process(server, redis_url, folder) as bot,
    ):  # fmt: skip
        signs = asyncio.create_task(beating(worker))
        await server.wait_for_commands("imagine", timeout=30)
        members = [server.add_member(f"m{number}") for number in range(MEMBERS)]
        await ask(server, queue, messages, members)
        await asyncio.sleep(SETTLE_S if messages else 1)
        spent, began = cpu_s(bot.pid), time.monotonic()
        others, acks = [server.add_member(f"other {number}") for number in range(20)], []
        late = 0
        while time.monotonic() < began + seconds:
            handle = await server.slash(others[(len(acks) + late) % len(others)], "imagine", WISH)
            try:
                acks.append((await handle.response(timeout=5)).after_s)
            except TimeoutError:
                late += 1
            await asyncio.sleep(EVERY_S)
        took, spent = time.monotonic() - began, cpu_s(bot.pid) - spent
        await end(signs)
    acks.sort()
    return (
        f"| {messages:,} | {len(acks)} | {late} | {at(acks, 0.5)} | {at(acks, 0.95)} | {at(acks, 1)} |"
        f" {100 * spent / took:.0f} % |"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("messages", nargs="*", type=int, default=MESSAGES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    os.environ.pop("DISCORD_OPENAPI", None)
    print("| watched messages | asked beside them | too late | acknowledged p50 | p95 | max | bot, of a core |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for messages in asked.messages:
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey") as valkey:
            print(asyncio.run(watched(valkey.url, folder, messages, asked.seconds)), flush=True)


if __name__ == "__main__":
    main()
