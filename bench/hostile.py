"""What an attacker of each kind can hold up, and for how long.

The bot is a real process on a private Valkey, with the loopback Discord in front. While it is attacked, a process of
its own asks `/healthz` again and again: the longest answer is the longest for which the bot's event loop stood still,
with the machine's own noise in it (first row); the least of three tries. Memory is the most that the bot, and the
processes in which it decodes, ever took in them beyond what they had before all attacks. The worker's reader of WebUIs
runs in a process of its own, and tells the same of itself.

The goal: nobody holds the event loop for more than 250 ms, and nobody takes more than 256 MB. What misses is marked.

uv run python bench/hostile.py
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image, PngImagePlugin

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loopback import hostile
from loopback.commands import Zosma
from loopback.discord.server import DiscordServer
from loopback.discord.state import Upload
from loopback.played_worker import PlayedWorker
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue.fleet import Checkpoint
from zosma_queue.request import parse_request
from zosma_worker.errors import BadAnswer, WebUIError
from zosma_worker.settings import Address
from zosma_worker.webui.client import Client
from zosma_worker.webui.pictures import verify

LOOP_MS, MEMORY_MB = 250, 256
POLL_S, SAMPLE_S = 0.01, 0.02
PATIENCE_S = 120
#: Each attack on the bot, of which the shortest standstill counts: what it causes comes back, noise doesn't.
TIMES = 3
JSON = {"Content-Type": "application/json"}
MB = 1 << 20


# -- measuring ------------------------------------------------------------------------------------------------------


def poll(port: int) -> None:
    """The child that asks `/healthz`: for each line that it reads it writes the longest answer since, in ms."""
    longest = [0.0]

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        while True:
            began = time.monotonic()
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
            except OSError:
                connection.close()
            longest[0] = max(longest[0], time.monotonic() - began)
            time.sleep(POLL_S)

    threading.Thread(target=ask, daemon=True).start()
    for _ in sys.stdin:
        found, longest[0] = longest[0], 0.0
        print(round(found * 1000), flush=True)


def memory_of(pid: int) -> int:
    """Resident bytes of a process and of its children."""
    total = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                total += memory_of(int(child))
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


class Watched:
    """The most memory that a process takes while the block runs, and how long that was."""

    def __init__(self, pid: int, first: int | None = None) -> None:
        self._pid = pid
        self._first = self._most = memory_of(pid) if first is None else first
        self._ended = threading.Event()

    def __enter__(self) -> Watched:
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began
        self._ended.set()
        self._thread.join()
        self.megabytes = max(0, self._most - self._first) // MB

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self._most = max(self._most, memory_of(self._pid))


def row(who: str, what: str, loop_ms: int, megabytes: int, seconds: float, goal: bool = True) -> None:
    """Prints one line of the table."""

    def mark(value: int, most: int) -> str:
        return f"**{value} (missed)**" if goal and value > most else str(value)

    loop, memory = mark(loop_ms, LOOP_MS), mark(megabytes, MEMORY_MB)
    print(f"| {who} | {what} | {loop} | {memory} | {seconds:.1f} |", flush=True)


# -- a member, a key's holder, the network: against the bot ---------------------------------------------------------


def worded(text: str) -> bytes:
    """A small PNG that says this of itself."""
    words, out = PngImagePlugin.PngInfo(), io.BytesIO()
    words.add_text("parameters", text, zip=True)
    Image.new("L", (8, 8)).save(out, "PNG", pnginfo=words)
    return out.getvalue()


def pictures() -> dict[str, bytes]:
    """Hostile pictures, and the heaviest honest one."""
    return {
        "a JPEG of 6,000 empty scans": hostile.empty_scans(),
        "a PNG of 950,000 empty chunks": hostile.empty_chunks(),
        "a PNG whose words unfold to 200 MB": hostile.text_bomb(),
        "a WebP of 5,000 frames of 4096²": hostile.moving_webp(),
        "a JPEG of 32 scans, 4096²": hostile.empty_scans(scans=31),
        "noise of 4096², progressive (honest)": hostile.noise(),
        "16,000 spaces as parameters": worded(" " * 16_000),
        "64,000 letters as parameters": worded("a" * 64_000),
    }


async def by_member(discord: DiscordServer, data: bytes) -> None:
    """Six times `/describe` and six times `/upscale`, at once."""
    mallory = discord.add_member("mallory")
    file = Upload("picture.png", data, "application/octet-stream")
    asked = []
    for command in ("describe", "upscale") * 6:
        asked.append(await discord.slash(mallory, command, {"image": file}))
    for handle in asked:
        with contextlib.suppress(TimeoutError):
            await handle.wait_for(lambda shown: not shown.thinking, timeout=PATIENCE_S)


async def prompts(discord: DiscordServer, text: str) -> None:
    """Six prompts as long as Discord lets them be."""
    mallory = discord.add_member("mallory")
    for _ in range(6):
        handle = await discord.slash(mallory, "imagine", {"prompt": text})
        await handle.response(timeout=PATIENCE_S)


async def by_http(url: str, path: str, body: bytes, times: int = 6) -> None:
    """The same body several times at once."""

    async def once(session: aiohttp.ClientSession) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(path, data=io.BytesIO(body), headers=JSON) as answer:
                await answer.read()

    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session:
        await asyncio.gather(*(once(session) for _ in range(times)))


async def half_sent(port: int) -> None:
    """1,100 requests of which only the first line comes."""
    opened = []
    for _ in range(1_100):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz HTTP/1.1\r\n")
            opened.append(writer)
    await asyncio.sleep(2)
    for writer in opened:
        writer.close()


async def against_the_bot() -> None:
    """All that a member, a key's holder and the network may do."""
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        discord = await parts.enter_async_context(DiscordServer())
        valkey = parts.enter_context(PrivateValkey(folder / "valkey"))
        port = free_port()
        zosma = Zosma(
            folder, REDIS_URL=valkey.url, ZOSMA_PORT=str(port), DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url,
        )  # fmt: skip
        worker = await parts.enter_async_context(PlayedWorker(valkey.url))
        bot = await parts.enter_async_context(zosma.running("bot"))
        await bot.says("logged in to Discord")
        await discord.wait_connected()
        poller = parts.enter_context(polling(port))
        parts.callback(poller.kill)

        first = memory_of(bot.process.pid)

        async def attack(who: str, what: str, run: Callable[[], Awaitable[None]], *, goal: bool = True) -> None:
            held, most = [], 0
            for _ in range(TIMES):
                await worker.beat()
                await asyncio.to_thread(longest, poller)
                with Watched(bot.process.pid, first) as watched:
                    await run()
                most = max(most, watched.megabytes)
                held.append(await asyncio.to_thread(longest, poller))
            row(who, what, min(held), most, watched.seconds, goal)

        await attack("nobody", "idle", lambda: asyncio.sleep(5), goal=False)
        for what, data in pictures().items():
            await attack(
                "a member", f"12 × {what} ({len(data) // 1000:,} kB)", lambda data=data: by_member(discord, data)
            )
        for what, text in {"half tags": "<lora:" * 660, "one word": "a" * 4_000}.items():
            await attack("a member", f"6 prompts of {what}", lambda text=text: prompts(discord, text))
        url = f"http://127.0.0.1:{port}"
        for what, data in pictures().items():
            body = json.dumps({"image": base64.b64encode(data).decode()}).encode()
            await attack(
                "a key's holder",
                f"6 × png-info with {what}",
                lambda body=body: by_http(url, "/sdapi/v1/png-info", body),
            )
        styles = b'{"prompt": "a", "styles": [' + b'"",' * 11_000_000 + b'""]}'
        await attack("a key's holder", "33 MB of empty styles", lambda: by_http(url, "/api/v1/jobs", styles, 1))
        deep = b'{"prompt": ' + b"[" * 500_000 + b"]" * 500_000 + b"}"
        await attack(
            "a key's holder", "500,000 lists inside one another", lambda: by_http(url, "/api/v1/jobs", deep, 2)
        )
        await attack("the network", "1,100 half-sent requests", lambda: half_sent(port))


def longest(poller: subprocess.Popen[bytes]) -> int:
    """The longest answer of `/healthz` since the last call, in ms."""
    if poller.stdin is None or poller.stdout is None:
        raise TypeError("started without pipes")
    poller.stdin.write(b"\n")
    poller.stdin.flush()
    return int(poller.stdout.readline())


def polling(port: int) -> subprocess.Popen[bytes]:
    """The process that asks `/healthz`."""
    command = [sys.executable, __file__, "--poll", str(port)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


# -- a WebUI: against a worker --------------------------------------------------------------------------------------


def answers() -> dict[str, tuple[str, bytes | None, dict[str, str]]]:
    """What a hostile WebUI answers: path, body (None: endless), headers."""
    good = json.dumps([{"title": f"{n}.safetensors", "model_name": str(n)} for n in range(300_000)]).encode()
    made = {"images": [base64.b64encode(hostile.empty_scans(side=512)).decode()], "info": ""}
    folded = zlib.compress(bytes(64 * MB))
    return {
        "an endless answer to a generation": ("/sdapi/v1/txt2img", None, {}),
        "an endless list": ("/sdapi/v1/loras", None, {}),
        "compressed zeros": ("/sdapi/v1/txt2img", folded, {"Content-Encoding": "deflate"}),
        "300,000 checkpoints": ("/sdapi/v1/sd-models", good, {}),
        "11 million empty values": ("/sdapi/v1/samplers", b"[" + b"[]," * 11_000_000 + b"[]]", {}),
        "a picture of 6,000 empty scans": ("/sdapi/v1/txt2img", json.dumps(made).encode(), {}),
    }


async def as_the_worker(port: int, path: str) -> None:
    """The child: reads one answer as a worker does, and tells how its loop fared and whether it was taken."""
    late = [0.0]

    async def tick() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(POLL_S)
            late[0] = max(late[0], time.monotonic() - began - POLL_S)

    request = parse_request({"prompt": "a", "width": 512, "height": 512})
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    ticking = asyncio.create_task(tick())
    async with Client(Address(url=f"http://127.0.0.1:{port}")) as client:
        try:
            if path.endswith("img"):
                raw = await client.generate(path, {}, 16 * MB)
                answer = await asyncio.to_thread(client.decoded, raw)
                await asyncio.to_thread(verify, answer, request, Checkpoint(name="dream", title="dream"))
            else:
                await client.get(path)
        except (WebUIError, BadAnswer):
            pass
    ticking.cancel()
    print(round(late[0] * 1000), flush=True)


async def against_a_worker() -> None:
    """All that a WebUI may answer."""
    for what, (path, body, headers) in answers().items():

        async def answer(request: web.Request, body: Any = body, headers: Any = headers) -> web.StreamResponse:
            if body is not None:
                return web.Response(body=body, headers={"Content-Type": "application/json", **headers})
            stream = web.StreamResponse()
            await stream.prepare(request)
            with contextlib.suppress(ConnectionError):
                for _ in range(4_096):
                    await stream.write(bytes(MB))
            return stream

        app = web.Application()
        app.router.add_route("*", "/{any:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--worker", str(port), path,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        if process.stdout is None:
            raise TypeError("started without pipes")
        await process.stdout.readline()  # its imports are none of the attack
        with Watched(process.pid) as watched:
            out, _ = await process.communicate(b"\n")
        row("a WebUI", what, int(out), watched.megabytes, watched.seconds)
        await runner.cleanup()


async def main() -> None:
    """All attacks, one after the other."""
    print(f"| who | what | event loop, ms (goal {LOOP_MS}) | memory, MB (goal {MEMORY_MB}) | over after, s |")
    print("|---|---|---|---|---|")
    await against_the_bot()
    await against_a_worker()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--poll"]:
        poll(int(sys.argv[2]))
    elif sys.argv[1:2] == ["--worker"]:
        asyncio.run(as_the_worker(int(sys.argv[2]), sys.argv[3]))
    else:
        asyncio.run(main())
