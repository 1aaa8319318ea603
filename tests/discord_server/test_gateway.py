"""Connecting, losing and resuming the gateway with the real discord.py."""

from __future__ import annotations

import asyncio
import zlib

import aiohttp
import pytest

from discord_server.clients import Client, Clock, Start, discord, soon
from loopback.discord.server import DiscordServer


class Listener(Client):
    """Notes what arrives."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.seen: asyncio.Queue[str] = asyncio.Queue()
        self.resumed = asyncio.Event()
        self.is_up = asyncio.Event()

    async def on_ready(self) -> None:
        self.is_up.set()

    async def on_resumed(self) -> None:
        self.resumed.set()

    async def on_message(self, message: discord.Message) -> None:
        self.seen.put_nowait(message.content)


@pytest.fixture(autouse=True)
def quick_reconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py waits a random time, a second at the least, before it connects again."""
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda self: 0.0)


async def test_a_client_gets_ready_and_knows_guild_channel_and_itself(server: DiscordServer, start: Start) -> None:
    client = Listener()
    await start(client)
    await soon(client.is_up.wait())
    assert client.user is not None
    assert client.user.id == server.bot_member.id
    guild = client.get_guild(server.guild.id)
    assert guild is not None
    assert guild.me.id == client.user.id
    channel = guild.get_channel(server.channel.id)
    assert channel is not None
    assert channel.permissions_for(guild.me).attach_files
    assert server.gateway.identifies[0]["intents"] == discord.Intents.default().value


async def test_a_wrong_token_is_refused_by_rest_and_gateway(server: DiscordServer) -> None:
    async with Client() as client:
        with pytest.raises(discord.LoginFailure):
            await client.start("wrong")
    assert server.requests[-1].auth == "bad"
    assert server.invalid_requests == 1
    assert await close_code(server, {"token": "wrong", "intents": 0}) == 4004


async def test_a_privileged_intent_needs_the_portals_leave(server: DiscordServer, start: Start) -> None:
    intents = discord.Intents.default()
    intents.message_content = True
    async with Client(intents=intents) as client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(server.token)
    server.settings.privileged_intents = 1 << 15
    listener = Listener(intents=intents)
    await start(listener)
    server.say(server.add_member("alice"), "hello")
    assert await soon(listener.seen.get()) == "hello"


async def test_without_the_content_intent_what_others_write_arrives_empty(server: DiscordServer, start: Start) -> None:
    listener = Listener()
    await start(listener)
    alice = server.add_member("alice")
    server.say(alice, "hello")
    server.say(alice, f"<@{server.bot_member.id}> hello")
    assert await soon(listener.seen.get()) == ""
    assert (await soon(listener.seen.get())).endswith("hello")


@pytest.mark.parametrize("code", [None, 4000, 1001])
async def test_a_dropped_client_resumes_and_misses_nothing(
    server: DiscordServer, start: Start, code: int | None
) -> None:
    server.settings.privileged_intents = 1 << 15
    intents = discord.Intents.default()
    intents.message_content = True
    listener = Listener(intents=intents)
    await start(listener)
    alice = server.add_member("alice")
    await server.drop_gateway(code)
    server.say(alice, "while you were away")
    assert await soon(listener.seen.get()) == "while you were away"
    await soon(listener.resumed.wait())
    server.say(alice, "and after")
    assert await soon(listener.seen.get()) == "and after"
    assert len(server.gateway.resumes) == 1
    assert len(server.gateway.identifies) == 1


async def test_a_forgotten_session_makes_the_client_identify_again(server: DiscordServer, start: Start) -> None:
    listener = Listener()
    await start(listener)
    server.gateway.forget_sessions()
    await server.drop_gateway(4000)
    await server.wait_connected()
    assert len(server.gateway.resumes) == 1
    assert len(server.gateway.identifies) == 2


async def test_discord_can_ask_a_client_to_reconnect(server: DiscordServer, start: Start) -> None:
    listener = Listener()
    await start(listener)
    server.gateway.ask_to_reconnect()
    await soon(listener.resumed.wait())


async def test_frames_come_as_one_zlib_stream_when_asked_for(server: DiscordServer) -> None:
    url = f"{server.gateway_url}?v=10&encoding=json&compress=zlib-stream"
    stream = zlib.decompressobj()
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        assert b'"heartbeat_interval"' in stream.decompress(await ws.receive_bytes())
        await ws.send_json({"op": 1, "d": None})
        assert b'"op": 11' in stream.decompress(await ws.receive_bytes())
    assert server.gateway.heartbeats == 1


async def test_two_clients_both_get_every_event(server: DiscordServer, start: Start) -> None:
    """Two processes with one token: the accident behind most double posts."""
    one, two = Listener(), Listener()
    await start(one)
    await start(two)
    server.say(server.add_member("alice"), f"<@{server.bot_member.id}> hello")
    assert await soon(one.seen.get()) == await soon(two.seen.get())


async def test_an_invited_guild_and_a_new_channel_are_announced(server: DiscordServer, start: Start) -> None:
    client = Listener()
    joined: asyncio.Queue[discord.Guild] = asyncio.Queue()
    opened: asyncio.Queue[discord.abc.GuildChannel] = asyncio.Queue()
    client.on_guild_join = joined.put  # type: ignore[attr-defined]
    client.on_guild_channel_create = opened.put  # type: ignore[attr-defined]
    await start(client)
    await soon(client.is_up.wait())
    guild = server.add_guild("Elsewhere")
    assert (await soon(joined.get())).id == guild.id
    channel = server.add_channel("sketches", guild)
    assert (await soon(opened.get())).id == channel.id


async def test_refused_connections_come_back_on_the_same_port(server: DiscordServer, start: Start) -> None:
    listener = Listener()
    await start(listener)
    async with server.away(), aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(server.api_url + "/gateway")
    await soon(listener.resumed.wait())


@pytest.mark.parametrize(
    ("identify", "code"),
    [
        ({"intents": -1}, 4013),
        ({"intents": 0, "shard": [2, 2]}, 4010),
    ],
)
async def test_a_wrong_identify_is_closed_with_its_code(
    server: DiscordServer, identify: dict[str, object], code: int
) -> None:
    assert await close_code(server, {"token": server.token, **identify}) == code


async def close_code(server: DiscordServer, identify: dict[str, object]) -> int | None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.gateway_url}?v=10") as ws:
        await ws.receive_json()
        await ws.send_json({"op": 2, "d": identify})
        await ws.receive()
        return ws.close_code


async def test_the_clock_moves_only_when_told(server: DiscordServer, clock: Clock) -> None:
    before = server.say(server.add_member("alice"), "one")
    clock.advance(5)
    assert server.say(server.add_member("bob"), "two").at - before.at == 5
