"""Two bot processes with one token, as while one version replaces another: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack

import aiohttp
import pytest
import redis

from loopback.commands import Zosma
from loopback.crew import Crew
from loopback.discord.server import DiscordServer
from loopback.fleet import until
from loopback.played_worker import PlayedWorker
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue import keys
from zosma_queue.client import Queue

CALLBACK = "/interactions/.*/callback"


class Pair:
    """A Discord, a Valkey, and as many bot processes as a test starts."""

    def __init__(self, discord, zosma, valkey, queue, parts):
        self.discord, self.zosma, self.valkey, self.queue, self.parts = discord, zosma, valkey, queue, parts
        self.redis = parts.enter_context(redis.Redis.from_url(valkey.url))
        self.addresses = []

    async def bot(self):
        """One more bot process that hears Discord."""
        before = len(self.discord.gateway.live_sessions)
        port = free_port()
        bot = await self.parts.enter_async_context(self.zosma.running("bot", ZOSMA_PORT=str(port)))
        await bot.says("logged in to Discord")
        await self.discord.wait_connected(before + 1, timeout=30)
        self.addresses.append(f"http://127.0.0.1:{port}")
        return bot

    async def two(self):
        """Two of them that know of each other; the first one posts."""
        first, second = await self.bot(), await self.bot()
        await self.acquainted()
        return first, second

    async def acquainted(self):
        """Each has given a sign of life, and so heard of the other, since both are in Discord."""

        async def both():
            return len(self.redis.zrange(keys.HEARING, 0, -1)) == 2

        async def again():
            return all(score > since_ms for _, score in self.redis.zrange(keys.HEARING, 0, -1, withscores=True))

        await until(both)
        seconds, micros = self.redis.time()
        since_ms = seconds * 1000 + micros / 1000
        await until(again)

    def shown(self):
        """The messages that have pictures."""
        return [one for one in self.discord.messages() if any(file.filename.endswith("-1.png") for file in one.files)]


@pytest.fixture(name="pair")
async def _pair(tmp_path):
    async with AsyncExitStack() as parts:
        discord = await parts.enter_async_context(DiscordServer())
        valkey = parts.enter_context(PrivateValkey(tmp_path / "valkey"))
        queue = await parts.enter_async_context(Queue(valkey.url))
        zosma = Zosma(
            tmp_path, REDIS_URL=valkey.url, DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url,
        )  # fmt: skip
        yield Pair(discord, zosma, valkey, queue, parts)
    assert discord.violations == []


async def test_each_interaction_is_answered_once_and_each_picture_posted_once(pair):
    await pair.two()
    ann = pair.discord.add_member("ann")
    async with Crew(pair.valkey.url, 2) as crew:
        asked = [await pair.discord.slash(ann, "imagine", {"prompt": f"cat {number}"}) for number in range(10)]
        for one in asked:
            await one.wait_for(lambda message: message.attachments)
        pressed = await pair.discord.click(ann, asked[0].message, "Again")
        await pressed.wait_for(lambda message: message.attachments)

        assert len(crew.made) == len(pair.shown()) == 11
    assert len(pair.discord.requests_to("POST", CALLBACK)) == 11
    assert not pair.discord.requests_to("POST", "^/channels/")


async def test_http_is_served_by_both(pair):
    await pair.two()
    async with Crew(pair.valkey.url, 1), aiohttp.ClientSession() as http:
        for address in pair.addresses:
            body = {"prompt": "a cat", "width": 64, "height": 64}
            async with http.post(f"{address}/sdapi/v1/txt2img", json=body) as answer:
                assert (answer.status, len((await answer.json())["images"])) == (200, 1)


async def test_when_the_one_that_posts_is_killed_the_other_posts_within_five_seconds(pair):
    first, _ = await pair.two()
    async with PlayedWorker(pair.valkey.url) as worker:
        asked = await pair.discord.slash(pair.discord.add_member("ann"), "imagine", {"prompt": "a cat"})
        leased = await worker.take()
        await first.kill()
        killed = asyncio.get_running_loop().time()
        await worker.finish(leased)
        await asked.wait_for(lambda message: message.attachments)

        assert asyncio.get_running_loop().time() - killed < 5
        assert len(pair.shown()) == 1


async def test_an_upgrade_loses_no_interaction(pair):
    """Members go on asking while the old process is replaced."""
    old = await pair.bot()
    ann = pair.discord.add_member("ann")
    asked = []

    async def ask_on(stop):
        while not stop.is_set():
            asked.append(await pair.discord.slash(ann, "imagine", {"prompt": f"cat {len(asked)}"}))
            await asyncio.sleep(0.1)  # a member's pace

    async with Crew(pair.valkey.url, 2):
        stop = asyncio.Event()
        asking = asyncio.create_task(ask_on(stop))
        await pair.bot()
        await pair.acquainted()
        began = asyncio.get_running_loop().time()
        old.process.send_signal(signal.SIGTERM)
        await old.process.wait()
        took_s = asyncio.get_running_loop().time() - began
        before = len(asked)

        async def goes_on():
            return len(asked) > before + 10

        await until(goes_on)
        stop.set()
        await asking
        for one in asked:
            await one.wait_for(lambda message: message.attachments)

        async def nothing_is_owed():
            return not await pair.queue.undelivered()

        await until(nothing_is_owed)
    assert len(pair.shown()) == len(asked) > 20
    assert took_s < 30
