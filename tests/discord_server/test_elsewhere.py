"""Places where only the bot's commands are: others' direct messages, and servers that it is not in."""

from __future__ import annotations

import aiohttp
import pytest

from loopback.discord.server import DiscordServer


@pytest.fixture(name="server")
async def _server():
    async with DiscordServer() as server:
        yield server


@pytest.mark.parametrize("kind", ["group", "foreign"])
async def test_the_bots_token_opens_nothing_there(server, kind):
    ann = server.add_member("ann")
    channel = server.add_group("friends", [ann]) if kind == "group" else server.add_foreign_guild("x").channels[0]
    headers = {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for method, path in (("GET", ""), ("GET", "/messages"), ("POST", "/messages"), ("PATCH", "/messages/1")):
            url = f"{server.api_url}/channels/{channel.id}{path}"
            async with session.request(method, url, json={"content": "x"}) as answer:
                assert answer.status == 403
                assert (await answer.json())["code"] == 50001


async def test_the_bot_is_told_of_no_such_server(server):
    guild = server.add_foreign_guild("x")
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session,
        session.get(f"{server.api_url}/guilds/{guild.id}") as answer,
    ):
        assert answer.status == 404
    assert guild.id not in server.world.guilds
