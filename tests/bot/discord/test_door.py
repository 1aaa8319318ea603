"""Which servers may use the bot, and who in direct messages: whoever may not is told, and nothing is queued."""

from __future__ import annotations

import pytest

from loopback.discord.permissions import P
from zosma_bot.settings import BotSettings
from zosma_queue.errors import SettingsError
from zosma_queue.settings import load


@pytest.fixture(name="stranger")
def _stranger(server):
    """In a server that the bot has been invited to and doesn't work for."""
    return server.add_member("stranger", guild=server.add_guild("Elsewhere"))


@pytest.fixture(name="opened")
async def _opened(server, bot, worker, stranger):
    """Starts a bot that works for the first server alone."""

    async def opened(**settings):
        return await bot.start(bot.settings(guilds=str(server.guild.id), **settings))

    return opened


async def told(server, member, **where):
    asked = await server.slash(member, "imagine", {"prompt": "a cat", "steps": 8}, **where)
    await asked.response()
    if asked.message.thinking:
        return (await asked.wait_for_followup()).text
    assert asked.message.ephemeral
    return asked.message.text


async def job_of(server, worker, queue, member, **where):
    await server.slash(member, "imagine", {"prompt": "a cat"}, **where)
    leased = await worker.take()
    await worker.finish(leased)
    return await queue.job(leased.id)


async def test_a_server_that_is_not_named_is_told_so_and_named_ones_are_served(
    server, opened, worker, queue, ann, stranger
):
    await opened()
    assert "not among those that this bot works for" in await told(server, stranger)
    assert await server.autocomplete(stranger, "imagine", focused="checkpoint", value="") == []
    assert (await queue.depth()).waiting == 0
    assert (await job_of(server, worker, queue, ann)).group == f"discord:{server.guild.id}"
    assert await server.autocomplete(ann, "imagine", focused="checkpoint", value="")


async def test_a_button_in_a_server_that_is_no_longer_named_does_nothing(server, bot, worker, queue, ann):
    await bot.start()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    await bot.close()
    await bot.start(bot.settings(guilds="12"))
    pressed = await server.click(ann, shown, "Again")
    await pressed.response()
    assert "not among those" in pressed.message.text
    assert (await queue.depth()).waiting == 0


async def test_servers_that_are_not_named_are_left_if_wished(server, opened, stranger, until):
    async def left():
        return stranger.guild.id not in server.world.guilds

    async def left_too():
        return late.id not in server.world.guilds

    await opened(leave_others=True)
    await until(left)
    late = server.add_guild("Another")
    await until(left_too)
    assert server.guild.id in server.world.guilds


async def test_without_the_wish_no_server_is_left(server, opened, ann, stranger):
    await opened()
    await told(server, stranger)
    assert not server.requests_to("DELETE", "/users/@me/guilds/")


async def test_closed_direct_messages_take_nothing(server, opened, queue, ann):
    await opened(direct_messages="off")
    assert "nothing in direct messages" in await told(server, ann, dm=True)
    assert (await queue.depth()).waiting == 0


async def test_for_members_only_a_strangers_direct_message_is_refused(server, opened, worker, queue, ann, stranger):
    await opened(direct_messages="members")
    assert "you are in none of them" in await told(server, stranger, dm=True)
    assert (await queue.depth()).waiting == 0
    assert (await job_of(server, worker, queue, ann, dm=True)).group == f"discord:{server.guild.id}"


async def test_a_members_direct_message_is_held_to_their_servers_words_and_limits(server, opened, queue, ann):
    role = server.add_role("guest")
    ann.roles.append(role)
    here = f"discord:{server.guild.id}"
    await queue.admin.set_rules("root", here, {"steps": 7})
    await opened()
    assert "at most 7" in await told(server, ann, dm=True)
    await queue.admin.set_rules("root", here, {})
    await queue.admin.set_policy("root", f"role:{role.id}", {"waiting": 1})
    first = await server.slash(ann, "imagine", {"prompt": "a cat"}, dm=True)
    await first.wait_for(lambda shown: "in line" in shown.text)
    assert "waiting" in await told(server, ann, dm=True)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"channels": [12]}, "can only be asked for in <#12>"),
        ({"roles": [13]}, "Only members with one of these roles"),
        ({"age_restricted_only": True}, "only be asked for in age-restricted channels"),
    ],
)
async def test_for_members_only_their_servers_rules_hold_in_direct_messages(server, opened, ann, rule, text):
    client = await opened(direct_messages="members")
    await client.services.server_settings.change(server.guild.id, lambda fields: fields | rule)
    assert text in await told(server, ann, dm=True)


async def test_who_is_in_no_server_shares_one_group_with_all_such(server, opened, worker, queue, stranger):
    await opened()
    job = await job_of(server, worker, queue, stranger, dm=True)
    assert (job.owner, job.group) == (f"discord:dm/{stranger.id}", "discord:dm")


async def test_a_server_where_the_bot_is_installed_by_its_user_alone_gives_no_group_of_its_own(
    server, client, worker, queue, ann
):
    guild = server.add_foreign_guild("elsewhere")
    there = server.add_member("ann", guild=guild, user=ann.user)
    assert (await job_of(server, worker, queue, there, channel=guild.channels[0])).group == f"discord:{server.guild.id}"


async def test_who_presses_a_button_there_is_no_more_at_home_than_who_has_installed_the_bot(
    server, bot, worker, queue, ann
):
    await bot.start()
    guild = server.add_foreign_guild("elsewhere")
    there = server.add_member("ann", guild=guild, user=ann.user)
    asked = await server.slash(there, "imagine", {"prompt": "a cat"}, channel=guild.channels[0])
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    bob = server.add_member("bob", P.MANAGE_MESSAGES, guild=guild)
    await server.click(bob, shown, "Again")
    leased = await worker.take()
    assert (await queue.job(leased.id)).group == "discord:dm"
    await worker.finish(leased)
    await bot.close()

    await bot.start(bot.settings(direct_messages="off"))
    pressed = await server.click(bob, shown, "Again")
    await pressed.response()
    assert "direct messages" in pressed.message.text
    assert (await queue.depth()).waiting == 0


async def test_while_discord_does_not_say_who_is_a_member_nobody_slips_in(server, opened, queue, ann):
    await opened(direct_messages="members")
    server.limit_next("GET", "/members/", 600)
    assert "Discord is having problems" in await told(server, ann, dm=True)
    server.fail_next("GET", "/members/", status=500, times=9)
    assert "Discord" in await told(server, ann, dm=True)
    assert (await queue.depth()).waiting == 0


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"ZOSMA_DMS": "friends"}, r"^ZOSMA_DMS='friends' .*on \(everybody\), members .* or off"),
        ({"ZOSMA_DMS": "members"}, "ZOSMA_DMS=members needs ZOSMA_GUILDS"),
        ({"ZOSMA_LEAVE_OTHER_GUILDS": "on"}, "ZOSMA_LEAVE_OTHER_GUILDS=on needs ZOSMA_GUILDS"),
        ({"ZOSMA_GUILDS": "my server"}, "^ZOSMA_GUILDS=.* is no server's id"),
        ({"ZOSMA_GUILDS": "1", "ZOSMA_HOME_GUILDS": "2"}, "ZOSMA_HOME_GUILDS names 2"),
        ({"ZOSMA_GUILDS": "1", "DISCORD_GUILD_ID": "2"}, "DISCORD_GUILD_ID=2 is not in ZOSMA_GUILDS"),
    ],
)
def test_settings_that_contradict_each_other_end_the_bot_with_the_fix(given, text, monkeypatch):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=text):
        load(BotSettings, env_file=None)


def test_settings_that_fit_are_taken(monkeypatch):
    for name, value in {"ZOSMA_GUILDS": "12, 3", "ZOSMA_DMS": "Members", "ZOSMA_HOME_GUILDS": "3"}.items():
        monkeypatch.setenv(name, value)
    settings = load(BotSettings, env_file=None)
    assert (settings.served_guilds, settings.direct_messages, settings.leave_others) == ((12, 3), "members", False)
