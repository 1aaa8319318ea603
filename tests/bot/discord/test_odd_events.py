"""Events that tell less than discord.py wants, come late, or are new to it: each costs at most itself."""

from __future__ import annotations

import logging

import pytest

from loopback.discord import driver
from loopback.discord.payloads import interaction_json
from loopback.pictures import silent
from zosma_bot.discord.api.events import completed

#: Fields of an interaction that servers of before 2025 don't tell, or that are not promised.
LATER = (
    "channel", "attachment_size_limit", "context", "authorizing_integration_owners", "app_permissions", "entitlements",
    "version", "guild",
)  # fmt: skip


@pytest.fixture(name="tells")
def _tells(monkeypatch):
    """Changes what the server tells of each interaction."""

    def change(edit):
        def told(world, interaction):
            return edit(interaction_json(world, interaction))

        monkeypatch.setattr(driver, "interaction_json", told)

    return change


async def made(server, worker, member, **where):
    asked = await server.slash(member, "imagine", {"prompt": "a cat"}, **where)
    await worker.finish(await worker.take())
    return await asked.wait_for(lambda shown: shown.attachments)


async def test_an_interaction_that_tells_the_least_is_served(server, client, worker, ann, tells):
    def least(told):
        told["member"] = {"user": {"id": str(ann.id), "username": "ann"}}
        if "message" in told:
            told["message"] = {key: told["message"][key] for key in ("id", "flags")}
        return {key: value for key, value in told.items() if key not in LATER}

    tells(least)
    shown = await made(server, worker, ann)
    assert shown.channel_id == server.channel.id
    again = await server.click(ann, shown, "Again")
    assert (await again.response()).type.name == "DEFERRED_MESSAGE"


@pytest.mark.parametrize("kind", [0, 2, 5, 10, 11, 12, 13, 15, 16, 99])
def test_of_a_channel_its_id_and_type_are_enough(kind):
    told = completed({"channel_id": "7", "guild_id": "5", "channel": {"id": "7", "type": kind}})
    assert told["channel"]["type"] == (0 if kind == 99 else kind)
    assert told["channel"]["id"] == "7"


async def test_a_type_of_channel_that_is_new_to_discord_py_gets_its_answer(server, client, worker, ann):
    channel = server.add_channel("hologram")
    channel.kind = 99
    assert (await made(server, worker, ann, channel=channel)).channel_id == channel.id


@pytest.mark.parametrize("kind", [2, 13], ids=["voice", "stage"])
async def test_where_the_bot_is_not_the_chat_of_a_voice_channel_is_served(server, client, worker, ann, kind):
    guild = server.add_foreign_guild("elsewhere")
    guild.channels[0].kind = kind
    member = server.add_member("ann", guild=guild, user=ann.user)
    assert (await made(server, worker, member, channel=guild.channels[0])).attachments


async def test_where_the_bot_is_not_a_thread_is_served(server, client, worker, ann):
    guild = server.add_foreign_guild("elsewhere")
    member = server.add_member("ann", guild=guild, user=ann.user)
    assert (await made(server, worker, member, channel=server.add_thread("foxes", guild.channels[0]))).attachments


async def test_an_event_that_cannot_be_read_costs_nobody_the_connection(server, client, worker, ann, caplog):
    for _ in range(3):
        server.world.emit("CHANNEL_CREATE", {"guild_id": str(server.guild.id), "type": 0}, server.guild.id)
        server.world.emit("INTERACTION_CREATE", {"id": "1", "type": 2}, server.guild.id)
    assert (await made(server, worker, ann)).attachments
    assert len(server.gateway.identifies) == 1
    said = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert said == [
        "Discord's event CHANNEL_CREATE can't be read, and is passed over",
        "Discord's event INTERACTION_CREATE can't be read, and is passed over",
    ]


async def test_what_a_member_did_is_handled_once_though_discord_tells_of_it_twice(
    server, client, worker, ann, queue, monkeypatch
):
    emit = server.world.emit

    def twice(event, data, guild_id):
        emit(event, data, guild_id)
        emit(event, data, guild_id)

    monkeypatch.setattr(server.world, "emit", twice)
    first = await made(server, worker, ann)
    again = await server.click(ann, first, "Again")
    await worker.finish(await worker.take())
    second = await again.wait_for(lambda shown: shown.attachments)
    assert [one.attachments for one in server.messages()] == [first.attachments, second.attachments]
    assert first.attachments != second.attachments
    assert {one.status for one in server.requests_to("POST", "/callback$")} == {200}


async def test_a_thread_can_be_chosen_of_which_discord_tells_little(server, client, admin, said):
    thread = server.add_thread("foxes")
    asked = await said(admin, "admin channels allow", {"channel": thread})
    assert f"<#{thread.id}>" in asked.message.text


async def test_a_command_that_discord_py_cannot_read_is_answered_in_plain_words(server, client, ann, tells, caplog):
    def unread(told):
        for attachment in told["data"]["resolved"]["attachments"].values():
            del attachment["proxy_url"]
        return told

    tells(unread)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "image": silent()})
    await asked.response()
    assert "went wrong on our side" in asked.message.text
    assert "reading the command imagine failed" in caplog.text


async def test_roles_count_before_discord_has_told_of_their_server(server, bot, worker, ann):
    role = server.add_role("painter")
    ann.roles.append(role)
    server.gateway.untold.add(server.guild.id)
    client = await bot.start()
    await client.services.server_settings.change(server.guild.id, lambda fields: fields | {"roles": [role.id]})
    assert (await made(server, worker, ann)).attachments
    bob = await server.slash(server.add_member("bob"), "imagine", {"prompt": "a cat"})
    await bob.response()
    assert "Only members with one of these roles" in bob.message.text
