"""Messages and places that time has changed: threads in the archive, messages of more than an hour, foreign servers."""

from __future__ import annotations

import contextlib

import pytest

from discord_server.clients import Client, Clock, Start, discord
from loopback.discord.permissions import P
from loopback.discord.server import DiscordServer


def code(refused: pytest.ExceptionInfo[discord.HTTPException]) -> tuple[int, int]:
    return refused.value.status, refused.value.code


async def test_a_thread_in_the_archive_takes_no_edit_until_it_is_taken_out(server: DiscordServer, start: Start) -> None:
    client = await start(Client())
    thread = server.add_thread("foxes")
    there = client.get_partial_messageable(thread.id, guild_id=server.guild.id)
    message = await there.send("one")
    thread.archived = True
    with pytest.raises(discord.HTTPException) as refused:
        await message.edit(content="two")
    assert code(refused) == (400, 50083)
    await client.http.edit_channel(thread.id, archived=False)
    await message.edit(content="two")

    thread.archived = True
    await there.send("three")
    assert not thread.archived
    assert [shown.content for shown in server.messages(thread)] == ["two", "three"]


async def test_a_locked_thread_is_opened_by_its_moderators_only(server: DiscordServer, start: Start) -> None:
    client = await start(Client())
    thread = server.add_thread("foxes")
    there = client.get_partial_messageable(thread.id, guild_id=server.guild.id)
    thread.archived = thread.locked = True
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.edit_channel(thread.id, archived=False)
    assert code(refused) == (403, 50013)
    with pytest.raises(discord.HTTPException) as refused:
        await there.send("one")
    assert code(refused) == (400, 50083)
    server.bot_member.roles.append(server.add_role("moderator", P.MANAGE_THREADS))
    await there.send("one")


async def test_who_may_not_write_in_threads_may_write_in_none(server: DiscordServer, start: Start) -> None:
    client = await start(Client())
    server.channel.overwrite(server.guild, deny=P.SEND_MESSAGES_IN_THREADS)
    thread = server.add_thread("foxes")
    await client.get_partial_messageable(server.channel.id).send("one")
    with pytest.raises(discord.Forbidden):
        await client.get_partial_messageable(thread.id, guild_id=server.guild.id).send("one")


async def test_messages_of_more_than_an_hour_have_a_limit_of_their_own(
    server: DiscordServer, start: Start, clock: Clock
) -> None:
    client = await start(Client(max_ratelimit_timeout=30.0))
    server.rate_limits = "real"
    server.rate_limiter.clock = clock
    server.settings.old_edits = (2, 600.0)
    message = await client.get_partial_messageable(server.channel.id).send("one")
    clock.advance(3601)
    for text in ("two", "three"):
        await message.edit(content=text)
    with pytest.raises(discord.RateLimited) as limited:
        await message.edit(content="four")
    assert limited.value.retry_after == pytest.approx(600, abs=5)
    assert server.requests[-1].response["code"] == 30046
    fresh = await client.get_partial_messageable(server.channel.id).send("new")
    await fresh.edit(content="newer")


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_server_that_allows_no_apps_of_its_members_shows_their_answers_to_them_alone(
    server: DiscordServer, start: Start, allowed: bool
) -> None:
    client = await start(Client())
    told: list[bool] = []

    @client.tree.command(description="x")
    async def hello(interaction: discord.Interaction) -> None:
        answer = await interaction.response.defer(thinking=True)
        told.append(bool(answer and answer.is_ephemeral()))
        with contextlib.suppress(discord.HTTPException):
            await interaction.followup.send("hi")

    await client.tree.sync()
    guild = server.add_foreign_guild("elsewhere")
    if not allowed:
        guild.channels[0].overwrite(guild, deny=P.USE_EXTERNAL_APPS)
    handle = await server.slash(server.add_member("ann", guild=guild), "hello")
    shown = await handle.wait_for(lambda shown: shown.text == "hi")
    assert told == [not allowed]
    assert shown.ephemeral is not allowed
