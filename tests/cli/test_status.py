"""`zosma status`, as an operator sees it: at a terminal of 80 and 200 columns, without colours, in a pipe, as JSON."""

from __future__ import annotations

import asyncio
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import sys
import termios
from contextlib import AsyncExitStack

import pyte
import pytest
from rich.console import Console

from loopback.played_worker import PlayedWorker
from zosma_cli.status import screen
from zosma_queue import calls
from zosma_queue.client import Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Trust, WorkerState
from zosma_queue.request import parse_request
from zosma_queue.tasks import end

ANN = Sender(owner="key:ann", group="key:ann")
NOWHERE = "http://127.0.0.1:9"
WAIT_S = 60
#: What changes colours.
SGR = rb"\x1b\[[0-9;]*m"


class Screen:
    """`zosma status` at a terminal of this size: what stands on it, and the bytes that came."""

    def __init__(self, zosma, columns, lines, *arguments, **env):
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.sent = b""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        env = {**zosma.env, "ZOSMA_SERVER": NOWHERE, "TERM": "xterm-256color", **env}
        env.pop("COLUMNS", None)
        self._command = (sys.executable, "-m", "zosma_cli", "status", *arguments)
        self._env, self._folder, self._master, self._slave = env, zosma.folder, master, slave

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            *self._command, cwd=self._folder, env=self._env, stdin=self._slave, stdout=self._slave, stderr=self._slave
        )
        os.close(self._slave)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        os.close(self._master)

    async def read(self):
        """More of what it says; False at its end."""
        try:
            data = await asyncio.to_thread(os.read, self._master, 65536)
        except OSError:  # nobody has the other side any more
            return False
        self.sent += data
        self._stream.feed(data)
        return bool(data)

    async def to_the_end(self):
        async with asyncio.timeout(WAIT_S):
            while await self.read():
                pass
            return await self.process.wait()

    async def shows(self, words):
        async with asyncio.timeout(WAIT_S):
            while words not in self.text:
                assert await self.read(), self.text

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()


@pytest.fixture(name="fleet")
async def _fleet(queue, redis_url):
    """One GPU draws, one is free, one is sick and says strange things of itself."""
    names = ("box/10.0.0.1:7860/1", "box/10.0.0.2:7860/2", "box/\x1b[2Jsick:7860/3")
    async with (
        PlayedWorker(redis_url, names[0]) as first,
        PlayedWorker(redis_url, names[1], "anime") as second,
        PlayedWorker(redis_url, names[2]) as third,
    ):
        sick = (WorkerState.AWAY, third.about, "black pictures\n\x1b[31mred\u202e", Trust.QUARANTINED)
        await third.beat(*sick)
        await second.beat(WorkerState.AWAY)
        await queue.submit(parse_request({"prompt": "large"}), ANN)
        await first.settle(await first.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
        await queue.submit(parse_request({"prompt": "a secret lighthouse", "count": 2, "width": 640}), ANN)
        leased = await first.take()
        await first.progress(leased, 0.5, eta_s=12)
        await queue.admin.pause("cli", "lane:relax", "a new \x1b[2Jfan\nis built in")

        async def all_are_there():
            while True:
                await asyncio.gather(
                    first.beat(WorkerState.BUSY), second.beat(), third.beat(*sick),
                    queue.bots.stand("0123456789abcdef", hears=True),
                )  # fmt: skip
                await asyncio.sleep(0.5)

        beating = asyncio.create_task(all_are_there())
        yield
        await end(beating)


@pytest.mark.parametrize("columns", [80, 200])
async def test_at_a_terminal_all_stands_on_one_screen(zosma, fleet, redis_url, columns):
    async with Screen(zosma, columns, 30, REDIS_URL=redis_url) as screen:
        assert await screen.to_the_end() == 0
    lines = screen.text.splitlines()
    assert max(map(len, lines)) <= columns
    text = " ".join(screen.text.split())
    assert "Queue 0 waiting, 1 running" in text
    assert "1 failed for good: zosma queue dead" in text
    assert r"paused: lane:relax, by cli" in text
    assert r"a new \x1b[2Jfan is built in" in text
    assert "Faults 1 × the GPU ran out of memory" in text
    assert "Bot 0123456789abcdef posts, hears Discord none answers at http://127.0.0.1:9" in text
    assert re.search(r"Redis (Valkey|Redis) [\d.]+ at redis://127.0.0.1:\d+/0 answers in [\d.]+ ms; \d+ MB", text)
    assert [line.split()[0] for line in lines if line.startswith("box/")] == [
        r"box/\x1b[2Jsick:7860", "box/10.0.0.1:7860", "box/10.0.0.2:7860",
    ]  # fmt: skip
    assert "quarantined" in text
    assert r"\x1b[31mred\u202e" in text
    drawing = next(line for line in lines if line.startswith("box/10.0.0.1"))
    assert re.search(r"drawing +dream +50 % ━━━━╌╌╌╌ 12 s left", drawing)
    assert ("2 × 640×512  key:ann" in drawing) == (columns == 200)
    assert re.search(r"10.0.0.2:7860 +free +anime +0 done", screen.text)
    # Its own colours are all that a terminal is told; whose password it has, and what is drawn, nobody reads.
    assert re.search(SGR, screen.sent)
    assert b"\x1b" not in re.sub(SGR, b"", screen.sent)
    assert redis_url.partition("@")[0].rpartition(":")[2] not in screen.text
    assert "lighthouse" not in screen.text


async def test_without_colours_it_says_the_same(zosma, fleet, redis_url):
    async with Screen(zosma, 80, 30, REDIS_URL=redis_url, NO_COLOR="1") as screen:
        assert await screen.to_the_end() == 0
    assert not re.search(rb"\x1b\[[0-9;]*3[0-7]", screen.sent)  # bold and dim are no colours
    assert re.search(r"box/10.0.0.1:7860 +drawing", screen.text)


async def test_into_a_pipe_each_gpu_is_one_line_without_a_single_escape(zosma, fleet, redis_url):
    ran = await zosma("status", REDIS_URL=redis_url, ZOSMA_SERVER=NOWHERE)
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    sick = next(line for line in ran.out.splitlines() if "quarantined" in line)
    assert r"black pictures \x1b[31mred\u202e" in sick


async def test_a_program_reads_json(zosma, fleet, redis_url):
    ran = await zosma("status", "--json", REDIS_URL=redis_url, ZOSMA_SERVER=NOWHERE)
    found = json.loads(ran.out)
    assert (found["queue"]["running"], found["queue"]["failed"]) == (1, 1)
    assert found["last_hour"]["faults"] == {"oom": 1}
    assert found["server"] == {"address": NOWHERE, "version": None}
    assert [bot["posts"] for bot in found["bots"]] == [True]
    drawing = next(one for one in found["workers"] if one["state"] == "drawing")
    assert drawing["job"] | {"id": "", "started_ms": 0} == {
        "id": "", "started_ms": 0, "owner": "key:ann", "progress": 0.5, "eta_s": 12.0, "pictures": 2, "size": "640×512",
    }  # fmt: skip
    assert "@" not in ran.out


async def test_a_large_fleet_still_fits_the_screen_and_shows_trouble_first(zosma, queue, redis_url):
    workers = [PlayedWorker(redis_url, f"gpu-{number:02}/10.0.0.{number}:7860/1") for number in range(40)]
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)

        async def all_are_there():
            while True:
                for number, worker in enumerate(workers):
                    sick = number == 37
                    await worker.beat(WorkerState.AWAY if sick else WorkerState.READY, None, "hangs" if sick else "")
                await asyncio.sleep(0.5)

        beating = asyncio.create_task(all_are_there())
        screen = await stack.enter_async_context(Screen(zosma, 80, 24, REDIS_URL=redis_url))
        assert await screen.to_the_end() == 0
        await end(beating)
    assert screen.sent.count(b"\n") < 24
    assert screen.text.partition("Does\n")[2].startswith("gpu-37/10.0.0.37:7860")
    assert re.search(r"… and \d+ more, \d+ free: zosma queue workers", screen.text)


async def test_it_is_watched_until_ctrl_c_and_the_terminal_is_left_as_it_was(zosma, queue, redis_url):
    async with (
        PlayedWorker(redis_url, "box/10.0.0.1:7860/1") as worker,
        Screen(zosma, 80, 24, "--watch", "--every", "0.5", REDIS_URL=redis_url) as screen,
    ):
        await screen.shows("0 waiting, 0 running")
        await queue.submit(parse_request({"prompt": "a cat"}), ANN)
        await screen.shows("1 waiting, 0 running")
        await worker.progress(await worker.take(), 0.75)
        await screen.shows("75 % ━━━━━━╌╌")
        screen.process.send_signal(signal.SIGINT)
        assert await screen.to_the_end() == 130
    assert screen.sent.endswith(b"\x1b[?25h\x1b[?1049l")  # the cursor is back, and so is what stood there before
    assert b"Traceback" not in screen.sent


async def test_a_watched_redis_that_goes_is_said_and_waited_for(zosma, queue, redis_url, valkey):
    async with zosma.running("status", "--watch", "--every", "0.5", REDIS_URL="redis://127.0.0.1:1/0") as watched:
        await watched.says(r"Redis can't be reached(.*\n)+.*Redis can't be reached")
        assert await watched.end() == 130
    assert "Traceback" not in watched.text


async def test_watched_by_a_program_it_is_an_object_a_line(zosma, queue, redis_url):
    async with zosma.running(
        "status", "--watch", "--every", "0.5", "--json", REDIS_URL=redis_url, ZOSMA_SERVER=NOWHERE
    ) as watched:
        await watched.says(r"\n.*\n")
        await watched.end()
    for line in watched.text.splitlines()[:2]:
        assert json.loads(line)["queue"]["waiting"] == 0


async def test_a_redis_that_is_away_or_not_named_is_one_line(zosma):
    away = await zosma("status", REDIS_URL="redis://127.0.0.1:1/0")
    assert (away.code, away.out, away.err.count("\n")) == (2, "", 1)
    assert "Redis" in away.err
    unnamed = await zosma("status")
    assert unnamed.code == 2
    assert "REDIS_URL is not set" in unnamed.err


async def test_a_worker_s_redis_user_is_told_what_it_may_not(zosma, queue, worker_url):
    ran = await zosma("status", REDIS_URL=worker_url)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "doesn't allow this to its user" in ran.err


def gpu(name, **said):
    usual = {"state": "free", "reason": "", "webui": "a1111", "checkpoint": "dream", "seen_ms": 1, "done": 120}
    return {"id": f"{name}/4f2a", **usual, "faults": 0, "job": None, **said}


LONG = "a-machine-with-a-long-name/192.168.100.200:17860"
AT_WORK = {
    "id": "01a20d25269c03befd51", "owner": "discord:1/2", "started_ms": 1, "progress": 0.4, "eta_s": 12.0,
    "pictures": 4, "size": "64×64",
}  # fmt: skip

FOUND = {
    "at_ms": 60_000, "bots": [], "server": {"address": NOWHERE, "version": None},
    "redis": {"address": "redis://r", "name": "", "took_ms": 1.0, "used_bytes": None, "most_bytes": None},
    "queue": {
        **dict.fromkeys(("waiting", "running", "delayed", "undelivered", "failed", "last_gpu_ms"), 0),
        "oldest_wait_s": None, "pauses": [],
    },
    "last_hour": {
        **dict.fromkeys(("done", "failed", "cancelled", "refused"), 0),
        "wait_half_s": None, "wait_95_s": None, "gpu_use": None, "faults": {},
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "lines"), [("b/1:1", 3), (LONG, 4)])
def test_a_long_name_is_whole_and_takes_a_line_of_its_own(name, lines):
    told = [
        gpu(name, state="drawing", checkpoint="realisticVisionV60B1_v51HyperVAE", job=AT_WORK),
        gpu("b/2:1", state="away", reason="it can't be reached"),
    ]
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)

    console.print(screen({**FOUND, "workers": told}, console))

    shown = out.getvalue().partition("\n \n")[2] or out.getvalue().partition("\n\n")[2]
    assert (len(shown.splitlines()), max(map(len, out.getvalue().splitlines())) <= 80) == (lines, True)
    text = " ".join(shown.split())
    assert all(whole in text for whole in (name, "realisticVisionV60B1_v51HyperVAE", "40 % ━━━╌╌╌╌╌ 12 s left"))
