"""No GPU is there: jobs wait for one, its machine is called, and who comes makes them; all by real processes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from base64 import b64decode
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
import redis
from aiohttp import web

from loopback.commands import Zosma
from loopback.discord.server import DiscordServer
from loopback.fleet import until
from loopback.webui import ScriptedWebUI
from zosma_bot.summoner import AGAIN_S
from zosma_bot.webhooks import EVENT_ID, SIGNATURE, signature
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue import keys
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState

SECRET = "a-secret-of-the-operators"
#: Writes down what it is told, as a command that wakes a machine would be told it.
_NOTE = """
import json, os, sys
told = {name: value for name, value in os.environ.items() if name.startswith(("ZOSMA_", "DISCORD_", "REDIS_"))}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(told) + "\\n")
print("on its way \\x1b[2J")
"""


class System:
    """A Discord, a Valkey, a WebUI, and what the operator's machines were called with."""

    def __init__(self, folder, discord, valkey, queue, webui, parts):
        self.discord, self.queue, self.webui, self.parts = discord, queue, webui, parts
        self.redis = parts.enter_context(redis.Redis.from_url(valkey.url))
        self.called = folder / "called.jsonl"
        self.called.touch()
        (folder / "note.py").write_text(_NOTE)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.note = f"{sys.executable} '{folder / 'note.py'}' '{self.called}'"
        self.zosma = Zosma(
            folder, REDIS_URL=valkey.url, ZOSMA_PORT=str(self.port), DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url,
        )  # fmt: skip

    async def bot(self, **env):
        before = len(self.discord.gateway.live_sessions)
        bot = await self.parts.enter_async_context(self.zosma.running("bot", **env))
        await bot.says("logged in to Discord")
        await self.discord.wait_connected(before + 1)
        return bot

    async def worker(self):
        """A worker that is ready."""
        worker = await self.parts.enter_async_context(self.zosma.running("worker", "--webui", self.webui.url))

        async def ready():
            return any(one.state is WorkerState.READY for one in await self.queue.workers())

        await until(ready, timeout=60)
        return worker

    async def was_here(self):
        """A worker comes, is remembered by the bot, and goes."""
        worker = await self.worker()
        await until(self._known, timeout=30)
        await worker.end(signal.SIGTERM)
        # The bot writes it down every few seconds; a short wait must not be over before it began.
        seconds, _ = self.redis.time()
        for place in self.redis.zrange(keys.LAST_FLEET_SEEN, 0, -1):
            self.redis.zadd(keys.LAST_FLEET_SEEN, {place: seconds * 1000})

    async def _known(self):
        return self.redis.exists(keys.LAST_FLEET)

    async def imagine(self):
        return await self.discord.slash(self.discord.add_member("ann"), "imagine", {"prompt": "a lighthouse"})

    def calls(self):
        """What the command was told, each time."""
        return [json.loads(line) for line in self.called.read_text().splitlines()]

    async def looked_for(self, what):
        """A bot process has looked whether to call since now."""
        seconds, micros = self.redis.time()
        now_ms = seconds * 1000 + micros // 1000

        async def looked():
            return int(self.redis.hget(keys.SUMMONS, f"{what}-looked") or 0) > now_ms

        await until(looked, timeout=30)


@pytest.fixture(name="system")
async def _system(tmp_path):
    async with AsyncExitStack() as parts:
        discord = await parts.enter_async_context(DiscordServer())
        valkey = parts.enter_context(PrivateValkey(tmp_path / "valkey"))
        queue = await parts.enter_async_context(Queue(valkey.url))
        webui = await parts.enter_async_context(ScriptedWebUI())
        yield System(tmp_path, discord, valkey, queue, webui, parts)
    assert discord.violations == []


@asynccontextmanager
async def receiver():
    """Takes webhooks: its address, and a queue of (headers, body)."""
    heard = asyncio.Queue()

    async def take(request):
        heard.put_nowait((request.headers.copy(), await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/wake", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/wake", heard
    finally:
        await runner.cleanup()


async def picture_by_http(system):
    body = {"prompt": "a lake", "steps": 4, "width": 64, "height": 64}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{system.url}/sdapi/v1/txt2img", json=body) as answer,
    ):
        found = await answer.json()
        assert answer.status == 200, found
        return b64decode(found["images"][0])


def has_picture(message):
    return any(re.fullmatch(r"zosma-\w+-\d+\.png", file.filename) for file in message.files)


async def test_jobs_wait_for_a_gpu_whose_machine_is_called_once_and_are_made_when_it_is_there(system):
    async with receiver() as (hook, heard):
        env = {
            "ZOSMA_WAKE_COMMAND": system.note, "ZOSMA_WAKE_WEBHOOK": hook, "ZOSMA_WEBHOOK_SECRET": SECRET,
        }  # fmt: skip
        first = await system.bot(**env)
        await system.was_here()

        asked = await system.imagine()
        shown = await asked.wait_for(lambda shown: "Waits for a GPU" in shown.text, timeout=30)
        assert re.search(r"the last one was here <t:\d+:R>", shown.text)
        headers, body = await asyncio.wait_for(heard.get(), 30)
        await first.says(r"wake: the command is done: on its way \\+x1b\[2J")
        await system.looked_for("wake")
        await first.end(signal.SIGTERM)
        second = await system.bot(**env)
        await system.looked_for("wake")
        by_http = asyncio.create_task(picture_by_http(system))

        async def two_wait():
            return system.redis.zcard(keys.WAITING) == 2

        await until(two_wait, timeout=30)
        async with aiohttp.ClientSession(system.url) as http:
            queue = await (await http.get("/api/v1/queue")).json()
            metrics = await (await http.get("/metrics")).text()
        await system.looked_for("wake")

        # Called once, although another process has begun to look and another job waits.
        [call] = system.calls()
        assert heard.empty()
        await system.worker()
        await asked.wait_for(has_picture, timeout=60)
        assert await asyncio.wait_for(by_http, 60)

        async def all_delivered():
            return system.redis.zcard(keys.UNDELIVERED) == 0

        await until(all_delivered, timeout=30)

    assert call["ZOSMA_SIGNAL"] == "wake"
    assert (call["ZOSMA_CALL"], call["ZOSMA_WAITING_JOBS"]) == ("1", "1")
    assert int(call["ZOSMA_WAITING_GPU_SECONDS"]) > 0
    assert not {"DISCORD_TOKEN", "REDIS_URL", "ZOSMA_WEBHOOK_SECRET"} & call.keys()
    event = json.loads(body)
    assert (event["type"], event["call"], event["waiting_jobs"]) == ("fleet.wake", 1, 1)
    assert headers[EVENT_ID] == event["id"]
    assert headers[SIGNATURE] == signature(SECRET, event["at_ms"] // 1000, body)
    assert queue["last_gpu_ms"]
    assert float(re.search(r"^zosma_waiting_gpu_seconds (\S+)", metrics, re.M)[1]) > 0
    assert "zosma_last_gpu_timestamp_seconds 0.0" not in metrics
    assert second.process.returncode is None
    assert AGAIN_S > 60  # the whole of this took less


async def test_a_job_that_nobody_comes_for_is_told_so_and_one_that_is_hung_up_on_is_cancelled(system):
    await system.bot(ZOSMA_WAIT_FOR_GPU="8s")
    await system.was_here()

    asked = await system.imagine()
    by_http = asyncio.create_task(picture_by_http(system))

    async def two_wait():
        return system.redis.zcard(keys.WAITING) == 2

    await until(two_wait, timeout=30)
    by_http.cancel()
    await asyncio.gather(by_http, return_exceptions=True)

    async def one_waits():
        return system.redis.zcard(keys.WAITING) == 1

    await until(one_waits, timeout=30)
    shown = await asked.wait_for(lambda shown: "No GPU came back in all that time" in shown.text, timeout=60)
    [failed] = system.redis.zrange(keys.DEAD, 0, -1)

    assert failed.decode() in str(shown)
    assert system.redis.hget(keys.job(failed.decode()), "error_kind") == b"no-gpu"
    assert system.redis.zcard(keys.WAITING) == 0


async def test_where_there_never_was_a_gpu_members_read_how_one_is_started(system):
    await system.bot()

    asked = await system.imagine()

    shown = await asked.wait_for(lambda shown: "zosma worker" in shown.text, timeout=30)
    assert shown.ephemeral


async def test_a_gpu_without_work_is_called_to_go_by_a_command_that_may_fail(system):
    broken = f"{sys.executable} -c 'import sys; sys.exit(\"it is asleep\")'"
    bot = await system.bot(ZOSMA_IDLE_COMMAND=broken, ZOSMA_IDLE_AFTER="1m")
    await system.worker()
    await system.looked_for("idle")
    for field in ("idle-since", "idle-looked"):
        system.redis.hset(keys.SUMMONS, field, int(system.redis.time()[0]) * 1000 - (59_000 if "since" in field else 0))

    await bot.says("idle: the command ended with 1: it is asleep; it is called again later")

    async with aiohttp.ClientSession(system.url) as http:
        metrics = await (await http.get("/metrics")).text()
    assert 'zosma_fleet_calls_total{outcome="failed",signal="idle",way="command"} 1.0' in metrics
