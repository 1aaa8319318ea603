"""`/help`, `/me` and `/stats` over real sockets."""

from __future__ import annotations

import re

import pytest

from zosma_bot.discord.features.guide import TOPICS
from zosma_queue.needs import Lane


async def said(server, member, command, options=None, **where):
    asked = await server.slash(member, command, options or {}, **where)
    await asked.response()
    assert asked.message.ephemeral
    return asked.message.text


async def made(server, worker, member, **options):
    asked = await server.slash(member, "imagine", {"prompt": "a cat", "width": 64, "height": 64, **options})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)


@pytest.mark.parametrize("locale", ["en-US", "de", "fr", "es-ES"])
@pytest.mark.parametrize("topic", TOPICS)
async def test_every_topic_has_its_words_also_in_direct_messages(server, client, topic, locale):
    member = server.add_member("ann")
    member.locale = locale
    text = await said(server, member, "help", {"topic": topic}, dm=True)
    assert len(text) < 2000
    meant = r"\{(3::)?\w+\|\w+\}|\{2\$\$a\|b\|c\}|\{prompt\}|`\{`"
    assert "{" not in re.sub(meant, "", text)


async def test_help_begins_at_the_beginning(server, client, ann):
    assert "`/imagine prompt:a lighthouse at dusk`" in await said(server, ann, "help")


async def test_help_names_no_command_that_is_not_there(server, client):
    known = {command.name for command in client.tree.get_commands()}
    for topic in TOPICS:
        text = await said(server, server.add_member(f"m-{topic}"), "help", {"topic": topic})
        named = {part.split()[0].split("`")[0] for part in text.split("`/")[1:]}
        assert named <= known


async def test_me_says_what_is_left_where_one_stands_and_what_was_made(server, client, worker, ann, queue):
    await queue.admin.set_policy(
        "me", "default", {"waiting": 3, "running": 1, "daily_gpu_s": 600, "cooldown_s": 0.5, "lane": Lane.RELAX}
    )
    await made(server, worker, ann, count=2)
    asked = await server.slash(ann, "imagine", {"prompt": "a dog"})
    await asked.response()
    text = await said(server, ann, "me")
    assert "**Being made:** 0 of 1 at once" in text
    assert "of 10 min; it resets <t:" in text
    assert "**Lane:** relax" in text
    assert "**Made in the last 30 days:** 2 pictures in 1.5 s of GPU time" in text
    assert "**Most used:** dream (2)" in text


async def test_me_without_limits_speaks_of_none(server, client, worker, ann):
    text = await said(server, ann, "me")
    assert text.splitlines() == [
        "**Waiting:** 0",
        "**Being made:** 0",
        "**GPU time today:** 0.0 s",
        "**Made in the last 30 days:** nothing yet",
    ]


async def test_stats_are_of_this_server_and_name_nobody(server, client, worker, ann):
    assert "Nothing was made here" in await said(server, ann, "stats")
    await made(server, worker, ann)
    await made(server, worker, server.add_member("bob"), checkpoint="anime", count=3)
    there = server.add_guild("elsewhere")
    await made(server, worker, server.add_member("cleo", guild=there))

    text = await said(server, ann, "stats")
    assert "4 pictures in 3.0 s" in text
    assert "**Most used:** anime (3), dream (1)" in text
    assert str(ann.id) not in text
    assert "<@" not in text


async def test_stats_in_direct_messages_are_of_the_members_own_server(server, client, worker, ann):
    await made(server, worker, ann)
    assert "1 picture" in await said(server, ann, "stats", dm=True)


async def test_redis_away_is_told(server, client, worker, ann, valkey_asleep):
    async with valkey_asleep():
        assert "queue can't be reached" in await said(server, ann, "me")
        assert "queue can't be reached" in await said(server, ann, "stats")
