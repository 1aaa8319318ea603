"""Channels, messages, limits, permissions and faults, by the real discord.py and by bare HTTP."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from discord_server.clients import Client, Clock, Start, discord
from loopback.discord.openapi import OpenApiChecker
from loopback.discord.permissions import P
from loopback.discord.ratelimits import RateLimits
from loopback.discord.server import DiscordServer


@pytest.fixture
async def channel(server: DiscordServer, start: Start) -> discord.PartialMessageable:
    """The channel as a connected client sees it."""
    client = await start(Client())
    return client.get_partial_messageable(server.channel.id)


@pytest.fixture
async def http(server: DiscordServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
        yield session


async def test_a_message_is_posted_edited_and_deleted(
    server: DiscordServer, channel: discord.PartialMessageable
) -> None:
    message = await channel.send("one", file=discord.File(io.BytesIO(b"bytes"), "one.txt"))
    assert await message.attachments[0].read() == b"bytes"
    await message.edit(content="two")
    fetched = await channel.fetch_message(message.id)
    assert (fetched.content, len(fetched.attachments)) == ("two", 1)
    assert [m.id async for m in channel.history()] == [message.id]
    await message.delete()
    assert server.messages() == []
    [posted] = server.requests_to("POST", "/messages$")
    assert posted.files == {0: ("one.txt", b"bytes")}
    assert (posted.auth, posted.status, posted.data["content"]) == ("bot", 200, "one")


async def test_an_enforced_nonce_gives_the_first_message_again(
    server: DiscordServer, channel: discord.PartialMessageable, clock: Clock
) -> None:
    first = await channel.send("one", nonce="job-1")
    assert (await channel.send("again", nonce="job-1")).id == first.id
    assert (await channel.send("other", nonce="job-2")).id != first.id
    clock.advance(server.settings.nonce_window_s + 1)
    assert (await channel.send("long after", nonce="job-1")).id != first.id
    assert [m.content for m in server.messages()] == ["one", "other", "long after"]


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"embed": discord.Embed(description="x" * 4097)}, "embeds.0.description"),
        ({"embeds": [discord.Embed(description="x" * 3001)] * 2}, "embeds"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ],
)
async def test_what_is_too_long_is_named_by_its_path(
    server: DiscordServer, channel: discord.PartialMessageable, arguments: dict[str, Any], where: str
) -> None:
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(**arguments)
    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert f"In {where}:" in str(refused.value)
    server.violations.clear()


def button_row(custom_id: str) -> dict[str, Any]:
    return {"type": 1, "components": [{"type": 2, "style": 1, "custom_id": custom_id, "label": "A"}]}


@pytest.mark.parametrize(
    ("components", "where"),
    [
        ([button_row(str(n)) for n in range(6)], "components"),
        ([{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "x" * 101, "label": "A"}]}], "0"),
        ([{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "x"}]}], "0"),
        ([{"type": 1, "components": [{"type": 2, "style": 5, "label": "A"}]}], "0"),
        ([{"type": 1, "components": [{"type": 3, "custom_id": "x", "options": []}]}], "0"),
        ([{"type": 1, "components": []}], "0"),
        ([{"type": 10, "content": "text without the flag"}], "0"),
    ],
)
async def test_wrong_components_are_refused(
    server: DiscordServer, http: aiohttp.ClientSession, components: list[Any], where: str
) -> None:
    status, body = await post(server, http, {"content": "x", "components": components})
    assert (status, body["code"]) == (400, 50035)
    assert where in str(body["errors"]["components"]) or where == "components"
    server.violations.clear()


async def post(server: DiscordServer, http: aiohttp.ClientSession, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    path = f"{server.api_url}/channels/{server.channel.id}/messages"
    async with http.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def test_a_file_over_the_limit_is_refused(server: DiscordServer, channel: discord.PartialMessageable) -> None:
    server.settings.upload_limit = 10
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(file=discord.File(io.BytesIO(b"x" * 11), "big.png"))
    assert (refused.value.status, refused.value.code) == (413, 40005)
    await channel.send(file=discord.File(io.BytesIO(b"x" * 10), "small.png"))


async def test_missing_permissions_and_places_have_their_codes(
    server: DiscordServer, channel: discord.PartialMessageable
) -> None:
    message = await channel.send("one")

    async def code_of(act: Any) -> int:
        with pytest.raises(discord.HTTPException) as refused:
            await act
        return refused.value.code

    foreign = channel.get_partial_message(server.say(server.add_member("alice"), "mine").id)
    assert await code_of(foreign.edit(content="x")) == 50005
    assert await code_of(foreign.delete()) == 50013
    server.channel.overwrite(server.guild, deny=P.ATTACH_FILES)
    assert await code_of(channel.send(file=discord.File(io.BytesIO(b"x"), "x.png"))) == 50013
    server.channel.overwrite(server.guild, deny=P.SEND_MESSAGES)
    assert await code_of(channel.send("two")) == 50013
    server.channel.overwrite(server.bot_member, allow=P.SEND_MESSAGES)
    await channel.send("two")
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    assert await code_of(channel.send("three")) == 50001
    server.channel.overwrite(server.bot_member)
    server.delete_message(message.id)
    assert await code_of(message.edit(content="x")) == 10008
    server.remove_channel(server.channel)
    assert await code_of(channel.send("four")) == 10003


async def test_a_direct_message_reaches_open_members_only(server: DiscordServer, start: Start) -> None:
    client = await start(Client())
    alice, bob = server.add_member("alice"), server.add_member("bob", closed=True)
    await (await client.fetch_user(alice.id)).send("hello")
    assert [m.content for m in server.messages(server.dm(alice))] == ["hello"]
    with pytest.raises(discord.Forbidden) as refused:
        await (await client.fetch_user(bob.id)).send("hello")
    assert refused.value.code == 50007


async def test_a_429_is_waited_out_and_tried_again(server: DiscordServer, channel: discord.PartialMessageable) -> None:
    server.limit_next("POST", "/messages$", 0.02, times=2)
    await channel.send("patience")
    assert [r.status for r in server.requests_to("POST", "/messages$")] == [429, 429, 200]
    assert server.invalid_requests == 2
    assert [m.content for m in server.messages()] == ["patience"]


async def test_a_bucket_counts_down_in_its_headers_and_then_refuses(
    server: DiscordServer, http: aiohttp.ClientSession
) -> None:
    server.rate_limits = "real"
    path = f"{server.api_url}/channels/{server.channel.id}/messages"
    remaining = []
    for number in range(5):
        async with http.post(path, json={"content": str(number)}) as answer:
            remaining.append(answer.headers["X-RateLimit-Remaining"])
    assert remaining == ["4", "3", "2", "1", "0"]
    async with http.post(path, json={"content": "six"}) as answer:
        body = await answer.json()
        assert (answer.status, body["global"]) == (429, False)
        assert 0 < body["retry_after"] <= 5
        assert answer.headers["X-RateLimit-Scope"] == "user"
    other = server.add_channel("other")
    async with http.post(f"{server.api_url}/channels/{other.id}/messages", json={"content": "x"}) as answer:
        assert answer.status == 200


def test_windows_reopen_and_the_global_limit_bites_over_all_buckets() -> None:
    now = 0.0
    limits = RateLimits("real", clock=lambda: now)
    template = "/channels/{channel_id}/messages"
    verdicts = [limits.check("POST", template, {"channel_id": "1"}) for _ in range(6)]
    assert [v.refused is None for v in verdicts] == [True] * 5 + [False]
    now = 5.0
    assert limits.check("POST", template, {"channel_id": "1"}).refused is None
    now = 10.0
    verdicts = [limits.check("POST", template, {"channel_id": str(n)}) for n in range(51)]
    assert [v.refused is None for v in verdicts] == [True] * 50 + [False]
    assert verdicts[-1].headers["X-RateLimit-Global"] == "true"
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    assert limits.check("POST", callback, {}).refused is None


async def test_a_scripted_error_happens_once(server: DiscordServer, channel: discord.PartialMessageable) -> None:
    server.fail_next("POST", "/messages$", 503, {"message": "Service Unavailable", "code": 0})
    with pytest.raises(discord.DiscordServerError):
        await channel.send("one")
    await channel.send("two")
    assert [m.content for m in server.messages()] == ["two"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_held_request_waits_for_its_event(
    server: DiscordServer, channel: discord.PartialMessageable, after: bool
) -> None:
    go_on = asyncio.Event()
    server.delay_next("POST", "/messages$", go_on, after=after)
    sending = asyncio.create_task(channel.send("slow"))
    [request] = await server.wait_for_request("POST", "/messages$")
    assert request.status is None
    assert len(server.messages()) == after
    go_on.set()
    await sending
    assert len(server.messages()) == 1


async def test_a_cut_connection_leaves_open_whether_it_took_effect(
    server: DiscordServer, channel: discord.PartialMessageable
) -> None:
    for after in (False, True):
        server.cut_next("POST", "/messages$", after=after)
        with pytest.raises(aiohttp.ClientConnectionError):
            await channel.send("cut")
        assert len(server.messages()) == after


async def test_commands_are_refused_for_what_discord_refuses(
    server: DiscordServer, http: aiohttp.ClientSession
) -> None:
    text = {"type": 3, "name": "a", "description": "A"}
    good = {"name": "imagine", "description": "Draw", "options": [text]}
    bad: list[dict[str, Any]] = [
        good | {"name": "Imagine"},
        good | {"name": "two words"},
        good | {"description": ""},
        good | {"description": "x" * 101},
        good | {"options": [text | {"name": f"o{n}"} for n in range(26)]},
        good | {"options": [text, text | {"name": "b", "required": True}]},
        good | {"options": [text, text]},
        good | {"options": [text | {"choices": [{"name": f"{n}", "value": f"{n}"} for n in range(26)]}]},
        good | {"options": [text | {"choices": [{"name": "1", "value": 1}]}]},
        good | {"options": [text | {"choices": [{"name": "1", "value": "1"}], "autocomplete": True}]},
        good | {"options": [text | {"min_value": 1}]},
        good | {"options": [text, {"type": 1, "name": "sub", "description": "S"}]},
        good | {"name_localizations": {"es": "imagina"}},  # Discord has es-ES and es-419
        good | {"name_localizations": {"fr": "Imagine"}},
        good | {"description_localizations": {"fr": "x" * 101}},
        good | {"options": [text, text | {"name": "b", "name_localizations": {"fr": "a"}}]},
        good | {"options": [text | {"choices": [{"name": "1", "value": "1", "name_localizations": {"fr": ""}}]}]},
        good
        | {
            "options": [
                text
                | {
                    "name": f"o{n}",
                    "description_localizations": {"fr": "x" * 100},
                    "choices": [{"name": f"{c}", "value": "x" * 20} for c in range(12)],
                }
                for n in range(23)
            ]
        },
    ]
    url = f"{server.api_url}/applications/{server.application_id}/commands"
    for body in bad:
        async with http.put(url, json=[body]) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50035), body
    async with http.put(url, json=[good, good]) as answer:
        assert answer.status == 400
    assert server.commands.all(None) == []
    async with http.put(url, json=[good]) as answer:
        [first] = await answer.json()
    async with http.put(url, json=[good | {"description": "Draw!"}]) as answer:
        [second] = await answer.json()
    assert first["id"] == second["id"]
    assert first["version"] != second["version"]
    server.violations.clear()


async def test_unknown_paths_and_missing_tokens_are_refused(server: DiscordServer, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{server.api_url}/nowhere") as answer:
        assert answer.status == 404
    async with aiohttp.ClientSession() as nobody, nobody.get(f"{server.api_url}/users/@me") as answer:
        assert (answer.status, await answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_attachments_are_served_under_their_address_only(
    server: DiscordServer, channel: discord.PartialMessageable, http: aiohttp.ClientSession
) -> None:
    message = await channel.send(file=discord.File(io.BytesIO(b"x"), "x.png"))
    url = message.attachments[0].url
    async with http.get(url) as answer:
        assert (await answer.read(), answer.content_type) == (b"x", "image/png")
    async with http.get(url.replace("x.png", "y.png")) as answer:
        assert answer.status == 404


async def test_waiting_names_what_was_there_instead(server: DiscordServer) -> None:
    server.say(server.add_member("alice"), "hello")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="hello"):
        await server.wait_for_message(predicate=lambda m: m.content == "goodbye", timeout=0.01)
    assert time.monotonic() - began < 1


def test_without_a_description_nothing_is_checked() -> None:
    checker = OpenApiChecker(None)
    assert not checker.active
    assert checker.check("POST", "/nowhere", {}, {}) == []
