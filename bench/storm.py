"""A hundred `/imagine` from forty members over four workers: how long Discord waits for the acknowledgement.

The bot is a real `zosma bot` in a process of its own, with Discord's rate limits biting; Discord and the workers are
played in this one, and Valkey is a third. The times are those on Discord's clock, from the member's act to the bot's
first answer as it arrives.

uv run python bench/storm.py
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loopback.crew import Crew
from loopback.discord.server import DiscordServer
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue

JOBS, MEMBERS, WORKERS = 100, 40, 4
#: What a job takes a GPU.
JOB_S = 0.5
#: Within which time the members ask; 0 is all at once.
WITHIN_S = (10.0, 1.0, 0.0)
GIVE_UP_S = 60.0


@contextlib.asynccontextmanager
async def bot_process(
    server: DiscordServer, redis_url: str, folder: str, *, port: int = 0
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`zosma bot`, as an operator starts it, connected."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
    env |= {
        "REDIS_URL": redis_url, "ZOSMA_PORT": str(port), "DISCORD_TOKEN": server.token,
        "DISCORD_API_URL": server.api_url, "DISCORD_GATEWAY_URL": server.gateway_url,
    }  # fmt: skip
    with (Path(folder) / "bot.log").open("ab") as out:
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_cli", "bot", cwd=folder, env=env, stdout=out, stderr=out
        )
    try:
        await server.wait_connected(timeout=30)
        yield bot
    finally:
        bot.terminate()
        await bot.wait()


def kind_of(method: str, path: str) -> str:
    """What a request is, without its ids."""
    if path.startswith("/interactions/"):
        return "acknowledgement"
    if path.startswith("/webhooks/"):
        return f"{method} by the interaction's token"
    return f"{method} " + re.sub(r"/\d+", "/…", path)


async def storm(redis_url: str, folder: str, within_s: float) -> str:
    """One storm; a row of the table."""
    async with (
        DiscordServer(rate_limits="real") as server, Queue(redis_url) as queue,
        Crew(redis_url, WORKERS, job_s=JOB_S) as crew, bot_process(server, redis_url, folder) as bot,
    ):  # fmt: skip
        await server.wait_for_commands("imagine", timeout=30)
        members = [server.add_member(f"m{number}") for number in range(MEMBERS)]
        before = len(server.requests)
        spent = cpu_s(bot.pid)
        began = time.monotonic()
        asked = []
        for number in range(JOBS):
            await asyncio.sleep(max(0.0, began + within_s * number / JOBS - time.monotonic()))
            wish = {"prompt": f"cat {number}", "width": 64, "height": 64, "seed": number}
            asked.append(await server.slash(members[number % MEMBERS], "imagine", wish))
        acks = [await handle.response(timeout=30) for handle in asked]
        for handle in asked:
            if handle.followups:
                raise SystemExit(f"refused: {handle.followups[0].text}")
            await handle.wait_for(lambda shown: bool(shown.attachments), timeout=GIVE_UP_S)
        last = time.monotonic() - began
        spent = cpu_s(bot.pid) - spent
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):  # what is shown is noted a moment later
                while await queue.undelivered():  # noqa: ASYNC110 Redis rings no bell for it
                    await asyncio.sleep(0.1)
        left = await queue.undelivered()
    waits = sorted(ack.after_s for ack in acks)
    shown = Counter(file.data for message in server.messages() for file in message.files)
    made = Counter(data for made in crew.made.values() for data in made)
    requests = server.requests[before:]
    kinds = Counter(kind_of(request.method, request.path) for request in requests)
    refused = Counter(request.status for request in requests if request.status >= 400)
    print(f"within {within_s:g} s: {dict(kinds)}; refused: {dict(refused)}; bot's CPU {spent:.1f} s", file=sys.stderr)
    lost, twice = sum((made - shown).values()), sum((shown - made).values())
    edits = sum(number for kind, number in kinds.items() if kind.startswith("PATCH"))
    return (
        f"| {f'{within_s:g} s' if within_s else 'all at once'} | {at(waits, 0.5)} | {at(waits, 0.99)} | {at(waits, 1)}"
        f" | {last:.1f} s | {lost} / {twice} / {len(left)} | {edits} | {refused[429]} | {spent:.1f} s |"
    )


def at(waits: list[float], share: float) -> str:
    """The quantile, in milliseconds."""
    return f"{1000 * waits[math.ceil(share * len(waits)) - 1]:.0f} ms"


def cpu_s(pid: int) -> float:
    """The CPU time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Prints the table."""
    # Discord's description is checked by the tests; here that would take the time that is measured.
    os.environ.pop("DISCORD_OPENAPI", None)
    print("| asked within | ack p50 | p99 | max | last picture after | lost / twice / left | edits | 429 | bot's CPU |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for within_s in WITHIN_S:
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey") as valkey:
            print(asyncio.run(storm(valkey.url, folder, within_s)), flush=True)


if __name__ == "__main__":
    main()
