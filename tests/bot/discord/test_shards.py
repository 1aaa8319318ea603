"""One bot over several connections to the gateway, as Discord wants it of large ones."""

from __future__ import annotations

import asyncio

import discord
import pytest

from loopback.discord.permissions import P
from zosma_bot.discord.client import ShardedZosmaClient, ZosmaClient, run_discord
from zosma_queue.errors import SettingsError

SMALL = {"prompt": "a cat", "width": 64, "height": 64}


async def at_once(_):
    """In place of Discord's five seconds between two IDENTIFYs."""
    await asyncio.sleep(0)


@pytest.fixture(name="sharded")
async def _sharded(server, bot):
    """A bot over two connections, with guilds on both."""
    server.settings.shards = 2
    while len({shard_of(guild) for guild in server.world.guilds.values()}) < 2:
        server.add_guild("another")
        await asyncio.sleep(0.001)  # ids grow with the clock, and shards go by ids
    client = await bot.start(bot.settings(discord_shards="auto"), sleep=at_once)
    await server.wait_connected(2)
    return client


def shard_of(guild):
    return (guild.id >> 22) % 2


def guild_on(server, shard):
    return next(guild for guild in server.world.guilds.values() if shard_of(guild) == shard)


async def test_without_the_setting_there_is_one_connection(server, client):
    assert type(client) is ZosmaClient
    assert "shard" not in server.gateway.identifies[0]


async def test_as_many_connections_are_opened_as_discord_says(server, sharded):
    assert isinstance(sharded, ShardedZosmaClient)
    assert [identify["shard"] for identify in server.gateway.identifies] == [[0, 2], [1, 2]]
    assert {identify["intents"] for identify in server.gateway.identifies} == {discord.Intents(guilds=True).value}


@pytest.mark.parametrize("shard", [0, 1])
async def test_a_picture_goes_its_way_on_each_connection(server, sharded, worker, shard):
    member = server.add_member("ann", guild=guild_on(server, shard))
    asked = await server.slash(member, "imagine", SMALL)
    made = await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made


async def test_a_named_gateway_is_kept_for_resuming_on_each_connection(server, sharded):
    await sharded.wait_until_ready()
    assert {str(sharded._get_websocket(shard_id=shard).gateway) for shard in (0, 1)} == {server.gateway_url}


async def test_lost_connections_are_resumed(server, sharded, worker):
    await server.drop_gateway(4000)
    await server.wait_connected(2)
    assert {resume["session_id"] for resume in server.gateway.resumes} == set(server.gateway.sessions)
    asked = await server.slash(server.add_member("ann", guild=guild_on(server, 1)), "imagine", SMALL)
    await asked.response()


async def test_a_token_that_dies_ends_the_bot_in_plain_words(server, bot, sharded):
    await server.drop_gateway(4004)
    with pytest.raises(SettingsError, match="refused by Discord"):
        await bot._task
    bot._task = None


async def test_a_bot_in_too_many_servers_for_one_connection_is_told_what_to_set(server, bot, queue, hub):
    server.settings.shards, server.settings.shards_required = 2, True
    with pytest.raises(SettingsError, match="set DISCORD_SHARDS=auto"):
        await run_discord(bot.settings(), queue, hub)


async def test_more_connections_than_before_are_opened_when_discord_wants_them(server, bot, sharded, worker):
    server.settings.shards, server.settings.shards_required = 3, True
    await server.drop_gateway(4011)
    await server.wait_connected(3)
    assert server.gateway.identifies[-1]["shard"] == [2, 3]
    asked = await server.slash(server.add_member("ann"), "imagine", SMALL)
    await asked.response()


async def test_of_several_connections_none_makes_its_only_server_the_home_of_the_fleet(server, sharded, worker, said):
    for guild in list(server.world.guilds.values()):
        if guild is not server.guild:
            sharded._connection._guilds.pop(guild.id, None)  # as before the other connection's READY
    assert [guild.id for guild in sharded.guilds] == [server.guild.id]
    admin = server.add_member("admin", P.MANAGE_GUILD)
    asked = await said(admin, "admin pause", {"scope": "queue"})
    assert "ZOSMA_HOME_GUILDS" in asked.message.text


@pytest.mark.parametrize("value", ["auto", " Auto ", "AUTO"])
def test_auto_is_understood(bot, value):
    assert bot.settings(discord_shards=value).discord_shards == "auto"


@pytest.mark.parametrize("value", ["2", "yes", "automatic"])
def test_anything_else_is_refused_with_the_fix(bot, value):
    with pytest.raises(ValueError, match="must be auto"):
        bot.settings(discord_shards=value)
