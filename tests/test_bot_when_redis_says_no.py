"""The bot as a process, while Redis says no: it starts, delivers, tells members, and never ends from it."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

import aiohttp
import pytest
import redis

from loopback.commands import Zosma
from loopback.discord.server import DiscordServer
from loopback.fleet import until
from loopback.played_worker import PlayedWorker, png
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue import keys
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

TAKES_NO_WRITES = {
    "OOM": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "NOREPLICAS": (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    "READONLY": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
}


@pytest.fixture(name="parts")
async def _parts(tmp_path):
    """(Discord, Zosma's command, a plain client of its Redis, the queue)."""
    async with AsyncExitStack() as parts:
        discord = await parts.enter_async_context(DiscordServer())
        valkey = parts.enter_context(PrivateValkey(tmp_path / "valkey"))
        queue = await parts.enter_async_context(Queue(valkey.url))
        port = free_port()
        zosma = Zosma(
            tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(port), DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url,
        )  # fmt: skip
        admin = parts.enter_context(redis.Redis.from_url(valkey.url))
        yield discord, zosma, admin, queue, valkey.url, f"http://127.0.0.1:{port}"
    assert discord.violations == []


async def _readyz(address):
    async with aiohttp.ClientSession(address) as http, http.get("/readyz") as answer:
        return answer.status, (await answer.json())["redis"]


@pytest.mark.parametrize("code", TAKES_NO_WRITES)
async def test_it_starts_answers_members_in_words_and_is_well_again_afterwards(code, parts):
    discord, zosma, admin, _, url, address = parts
    on, off = TAKES_NO_WRITES[code]
    async with PlayedWorker(url) as worker:
        admin.execute_command(*on)
        async with zosma.running("bot") as bot:
            await bot.says("logged in to Discord")
            await discord.wait_connected()
            status, told = await _readyz(address)
            assert (status, code in told) == (503, True)
            handle = await discord.slash(discord.add_member("ann"), "imagine", {"prompt": "a cat"})
            await handle.wait_to_read("The queue can't be reached")

            admin.execute_command(*off)
            await worker.beat()

            async def well():
                return (await _readyz(address))[0] == 200

            await until(well)
            assert bot.process.returncode is None
        assert "Traceback" not in bot.text


async def test_while_redis_is_full_a_bot_that_starts_delivers(parts):
    discord, zosma, admin, queue, url, _ = parts
    async with PlayedWorker(url) as worker:
        async with zosma.running("bot") as bot:
            await bot.says("logged in to Discord")
            await discord.wait_connected()
            handle = await discord.slash(discord.add_member("ann"), "imagine", {"prompt": "a cat"})
            leased = await worker.take()
            await bot.kill()
        await worker.finish(leased)
        assert await queue.undelivered() == [leased.id]
        admin.config_set("maxmemory", "1")

        async with zosma.running("bot") as bot:
            await bot.says("logged in to Discord")
            await handle.wait_for(lambda message: any(file.filename.startswith("zosma-") for file in message.files))

            async def delivered():
                return not await queue.undelivered()

            await until(delivered)


async def test_shown_pictures_make_room_for_new_ones_and_unseen_ones_stay(parts):
    """A Redis so small that it would be full of shown pictures for a quarter of an hour."""
    discord, zosma, _, queue, url, _ = parts
    ann = discord.add_member("ann")
    async with PlayedWorker(url) as worker, zosma.running("bot", ZOSMA_PICTURES_MAX="1mb") as bot:
        worker.draw = lambda request, seed, *_: png(seed) + os.urandom(400_000)
        await bot.says("logged in to Discord")
        await discord.wait_connected()
        await worker.beat()  # a bot's start may take long
        unseen = await queue.submit(parse_request({"prompt": "a cat"}), Sender(owner="web", group="web"))
        await worker.finish(await worker.take())
        shown = []
        for _ in range(4):
            handle = await discord.slash(ann, "imagine", {"prompt": "a cat"})
            leased = await worker.take()
            await worker.finish(leased)
            await handle.wait_for(lambda message: message.attachments)
            shown.append(leased.id)

        async def stored(job_id):
            return bool((await queue.pictures(await queue.job(job_id)))[0])

        async def roomy():
            return [await stored(one) for one in shown] == [False, False, False, True]

        await until(roomy)
        assert await stored(unseen)
        await bot.says("room: pictures of")


async def test_while_redis_is_full_a_new_message_takes_the_place_of_one_out_of_reach(parts):
    """The delivery has to note what it posts, or it would never end, and nothing would become free."""
    discord, zosma, admin, queue, url, _ = parts
    async with PlayedWorker(url) as worker:
        async with zosma.running("bot") as bot:
            await bot.says("logged in to Discord")
            await discord.wait_connected()
            await worker.beat()  # a bot's start may take long
            await discord.slash(discord.add_member("ann"), "imagine", {"prompt": "a cat"})
            leased = await worker.take()
            await bot.kill()
        discord.fail_next("PATCH", "/messages/", 403, {"message": "Missing Access", "code": 50001}, times=2)
        await worker.finish(leased)
        admin.config_set("maxmemory", "1")

        async with zosma.running("bot") as bot:
            await discord.wait_for_message(predicate=lambda message: bool(message.files), timeout=60)

            async def delivered():
                return not await queue.undelivered()

            await until(delivered)
            assert len([one for one in discord.messages() if one.files]) == 1


async def test_junk_in_every_key_that_workers_write_does_not_end_it(parts):
    _, zosma, admin, _, url, address = parts
    async with PlayedWorker(url):
        for junk in (b"\xff", b"{", b"NaN"):
            admin.hset(keys.worker("gpu/played"), "about", junk)
            admin.zadd(keys.UNDELIVERED, {junk: 1})
            admin.zadd(keys.WAITING, {junk: 1})
            for table in (keys.SPEED, keys.LOADS, keys.PAUSED, keys.ACCURACY):
                admin.hset(table, "bias", junk)
        async with zosma.running("bot") as bot:
            await bot.says("logged in to Discord")
            for junk in (b"\xff", b"[]", b'{"event": []}', b'{"event": "settled", "id": {}}'):
                admin.publish(keys.EVENTS, junk)
            await bot.says("can't read")
            assert (await _readyz(address))[0] == 200
            assert bot.process.returncode is None
