"""500 blocking clients and 500 event streams in one bot process, while members of a Discord ask too.

The bot is a real `zosma bot` in a process of its own; Discord, the workers and all clients are played in this one, and
Valkey is a third. Each blocking client asks for one picture after the other by `POST /sdapi/v1/txt2img`. Of the
streams, `ALL` follow everything that happens, `BUSY` submit a job, follow it to its end and take the next one, and the
rest follow jobs that are put off, which are cancelled together at the end. Nothing may be dropped: each client gets its
picture, each stream its job's end, and those that follow everything the end of every job.

uv run python bench/streams.py [seconds]
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loopback.crew import Crew
from loopback.discord.server import DiscordServer
from storm import at, bot_process, cpu_s
from zosma_cli.valkey import PrivateValkey

BLOCKING, STREAMS, ALL, BUSY = 500, 500, 20, 80
WORKERS, JOB_S = 8, 0.5
SECONDS = 60.0
#: Between two members' `/imagine`.
MEMBER_EVERY_S = 0.5
JOBS = "/api/v1/jobs"
SMALL = {"width": 64, "height": 64, "steps": 1}


@dataclass
class Seen:
    """What the clients have seen."""

    answers: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    ends: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    submitted: set[str] = field(default_factory=set)
    everything: list[set[str]] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)


async def events_of(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, dict]]:
    """A stream's events."""
    name = ""
    async for line in answer.content:
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        elif line.startswith(b"data: "):
            yield name, json.loads(line[6:])


async def block(http: aiohttp.ClientSession, seen: Seen, until: float) -> None:
    """One A1111 client."""
    while time.monotonic() < until:
        began = time.monotonic()
        async with http.post("/sdapi/v1/txt2img", json={"prompt": "a cat", **SMALL}) as answer:
            said = await answer.json()
            good = answer.status == 200 and len(said["images"]) == 1
            seen.answers["picture" if good else f"{answer.status} {said.get('error')}"] += 1
        seen.waits.append(time.monotonic() - began)


async def submit(http: aiohttp.ClientSession, seen: Seen, **fields: float) -> str:
    """Submits a job; its id."""
    while True:
        async with http.post(JOBS, json={"prompt": "a dog", **SMALL, **fields}) as answer:
            said = await answer.json()
        if answer.status == 202:
            seen.submitted.add(said["id"])
            return str(said["id"])
        seen.broken[f"submit: {answer.status} {said['code']}, tried again"] += 1
        await asyncio.sleep(1)


async def follow(http: aiohttp.ClientSession, seen: Seen, job: str) -> None:
    """Follows a job to its end."""
    ended, tries = False, 0
    while not ended and tries < 5:
        tries += 1
        async with http.get(f"{JOBS}/{job}/events") as stream:
            if stream.status != 200:  # as browsers and the Python client do
                seen.broken[f"stream: {stream.status}, tried again"] += 1
                await asyncio.sleep(1)
                continue
            async for name, _ in events_of(stream):
                seen.events[name] += 1
                ended = ended or name == "end"
    if not ended:
        seen.missing.append(job)


async def be_busy(http: aiohttp.ClientSession, seen: Seen, until: float) -> None:
    """One program that submits, and follows its job, again and again."""
    while time.monotonic() < until:
        await follow(http, seen, await submit(http, seen))


async def follow_all(http: aiohttp.ClientSession, seen: Seen, stop: asyncio.Event) -> None:
    """One page that shows everything."""
    ends: set[str] = set()
    seen.everything.append(ends)
    async with http.get("/api/v1/events") as stream:
        reading = asyncio.create_task(_note(stream, seen, ends))
        await asyncio.wait({reading, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            seen.broken["a stream of everything ended"] += 1
        reading.cancel()


async def _note(stream: aiohttp.ClientResponse, seen: Seen, ends: set[str]) -> None:
    async for name, data in events_of(stream):
        seen.events[name] += 1
        if name == "end":
            ends.add(data["job"])


async def members(server: DiscordServer, until: float) -> tuple[list[float], int]:
    """Members ask; the seconds until each was acknowledged, and how many were so too late for Discord."""
    asking = [server.add_member(f"m{number}") for number in range(20)]
    acks, number = [], 0
    while time.monotonic() < until:
        handle = await server.slash(asking[number % len(asking)], "imagine", {"prompt": f"cat {number}", **SIZE})
        acks.append(asyncio.create_task(handle.response(timeout=10)))
        number += 1
        await asyncio.sleep(MEMBER_EVERY_S)
    done, _ = await asyncio.wait(acks)
    return sorted(ack.result().after_s for ack in done if not ack.exception()), sum(
        bool(ack.exception()) for ack in done
    )


SIZE = {"width": 64, "height": 64}


def rss_mb(pid: int) -> float:
    """A process's resident memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def lagging(until: float) -> list[float]:
    """How late this process's own loop woke: what is measured here is never more exact."""
    found = []
    while time.monotonic() < until:
        due = time.monotonic() + 0.1
        await asyncio.sleep(0.1)
        found.append(time.monotonic() - due)
    return sorted(found)


async def sized(pid: int, until: float) -> list[float]:
    """The bot's memory, ten times while it lasts."""
    step, found = (until - time.monotonic()) / 10, []
    while time.monotonic() < until:
        await asyncio.sleep(step)
        found.append(rss_mb(pid))
    return found


async def run(redis_url: str, folder: str, seconds: float) -> None:
    """Prints what was seen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    seen, stop = Seen(), asyncio.Event()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=120)
    async with (
        DiscordServer(rate_limits="real") as server, Crew(redis_url, WORKERS, job_s=JOB_S) as crew,
        bot_process(server, redis_url, folder, port=port) as bot,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector, timeout=timeout) as http,
    ):  # fmt: skip
        await server.wait_for_commands("imagine", timeout=30)
        watching = [asyncio.create_task(follow_all(http, seen, stop)) for _ in range(ALL)]
        put_off = [await submit(http, seen, delay_s=3600) for _ in range(STREAMS - ALL - BUSY)]
        resting = [asyncio.create_task(follow(http, seen, job)) for job in put_off]
        await asyncio.sleep(2)
        before = rss_mb(bot.pid)
        until, spent = time.monotonic() + seconds, cpu_s(bot.pid)
        (acks, late), sizes, lags, *_ = await asyncio.gather(
            members(server, until), sized(bot.pid, until), lagging(until),
            *(block(http, seen, until) for _ in range(BLOCKING)),
            *(be_busy(http, seen, until) for _ in range(BUSY)),
        )  # fmt: skip
        took, spent = time.monotonic() - until + seconds, cpu_s(bot.pid) - spent
        for job in put_off:
            async with http.delete(f"{JOBS}/{job}") as answer:
                await answer.read()
        await asyncio.gather(*resting)
        await asyncio.sleep(3)
        stop.set()
        await asyncio.gather(*watching)
        async with http.get("/metrics") as answer:
            lag = [line for line in (await answer.text()).splitlines() if "event_loop_lag_seconds_bucket" in line]
    lost = [len(seen.submitted - ends) for ends in seen.everything]
    print(
        f"{BLOCKING} blocking clients and {STREAMS} streams ({ALL} of everything) for {took:.0f} s; load "
        f"{' '.join(f'{one:.1f}' for one in os.getloadavg())} on {os.cpu_count()} processors"
    )
    print(
        f"pictures: {len(crew.made)}, {len(crew.made) / took:.0f} a second;"
        f" blocking clients' answers: {dict(seen.answers)}"
    )
    print(f"events: {dict(seen.events)}, {sum(seen.events.values()) / took:.0f} a second; broken: {dict(seen.broken)}")
    print(
        f"jobs followed: {len(seen.submitted)}, without an end: {len(seen.missing)}; ends not told to those who follow "
        f"everything: {max(lost)}"
    )
    waits = sorted(seen.waits)
    print(f"a blocking client's wait: p50 {at(waits, 0.5)}, p99 {at(waits, 0.99)}")
    print(
        f"Discord's acknowledgements: {len(acks)}, too late {late}, p50 {at(acks, 0.5)}, p99 {at(acks, 0.99)},"
        f" max {at(acks, 1)}"
    )
    print(
        f"the bot: {spent / took:.2f} processors, memory {before:.0f} MB before, then"
        f" {' '.join(f'{one:.0f}' for one in sizes)} MB"
    )
    print(f"this process's own loop was late by p50 {at(lags, 0.5)}, p99 {at(lags, 0.99)}, max {at(lags, 1)}")
    within = {float(line.split('"')[1]): float(line.split()[-1]) for line in lag}
    rows = ", ".join(f"{bound * 1000:g} ms {count:.0f}" for bound, count in within.items() if bound <= 0.1)
    print(f"the bot's loop, how often it was late by no more than: {rows}, of {max(within.values()):.0f}")


def main() -> None:
    """Runs it once."""
    os.environ.pop("DISCORD_OPENAPI", None)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder) / "valkey") as valkey:
        asyncio.run(run(valkey.url, folder, seconds))
        print("".join((Path(folder) / "bot.log").read_text().splitlines(keepends=True)[-5:]), file=sys.stderr)


if __name__ == "__main__":
    main()
