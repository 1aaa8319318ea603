"""Ends in places that have changed: archived threads, messages of more than an hour, servers that show nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from loopback.delivering import begin, delivered
from loopback.discord.permissions import P
from loopback.played_worker import png
from zosma_bot.discord.delivery.render import file_prefix
from zosma_bot.discord.state.reply_record import Reply
from zosma_queue import calls
from zosma_queue.job import State


@pytest.fixture(name="hour")
def _hour(server, bot):
    """A bot, and a Discord, whose clock can be put forward."""

    class Clock:
        shift = 0.0

        def __call__(self):
            return time.time() + self.shift

    clock = Clock()
    server.world.now = clock
    return clock


@pytest.fixture(name="thread")
def _thread(server):
    return server.add_thread("foxes")


@pytest.mark.parametrize("token_works", [True, False], ids=["token", "no token"])
async def test_an_end_takes_its_thread_out_of_the_archive_and_stands_in_its_message(
    server, client, worker, ann, queue, until, thread, token_works
):
    asked, leased = await begin(server, ann, worker, channel=thread)
    if not token_works:
        server.kill_token(asked)
    thread.archived = True
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert [file.data for file in asked.message.files] == made
    assert len(server.messages(thread)) == 1
    assert not thread.archived


async def test_progress_leaves_a_thread_in_the_archive(server, client, worker, ann, thread):
    _asked, leased = await begin(server, ann, worker, channel=thread)
    thread.archived = True
    await worker.progress(leased, 0.5)
    await server.wait_for_request("PATCH", rf"^/channels/{thread.id}/messages/")
    await worker.progress(leased, 0.75)
    assert thread.archived
    assert server.requests_to("PATCH", rf"^/channels/{thread.id}$") == []


async def test_an_end_in_a_locked_thread_becomes_a_direct_message(server, client, worker, ann, queue, until, thread):
    asked, leased = await begin(server, ann, worker, channel=thread)
    server.kill_token(asked)
    thread.archived = thread.locked = True
    made = await worker.finish(leased)
    await delivered(queue, until)
    (sent,) = server.messages(server.dm(ann))
    assert [file.data for file in sent.files] == made
    assert thread.archived
    # The token and the archive, once each; what the lock refuses as bad does not count.
    assert server.invalid_requests == 2


async def test_in_a_thread_where_the_bot_may_not_write_the_answer_still_reaches_its_message(
    server, client, worker, ann, queue, until, thread
):
    server.channel.overwrite(server.bot_member, deny=P.SEND_MESSAGES_IN_THREADS)
    asked, leased = await begin(server, ann, worker, channel=thread)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert [file.data for file in asked.message.files] == made


async def test_where_the_bot_may_attach_nothing_the_picture_becomes_a_direct_message(
    server, client, worker, ann, queue, until, monkeypatch
):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.PLACE_EVERY_S", 0.0)
    server.channel.overwrite(server.bot_member, deny=P.ATTACH_FILES)
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    await worker.progress(leased, 0.5, preview=png(7, (64, 64)))
    await asked.wait_for(lambda shown: "50 %" in shown.text)
    made = await worker.finish(leased)
    await delivered(queue, until)
    (sent,) = server.messages(server.dm(ann))
    assert [file.data for file in sent.files] == made
    assert "can't attach files in this channel" in asked.message.text
    assert asked.message.labels == []
    # The token, a preview, the post: what the channel has refused is not asked for again.
    assert server.invalid_requests == 3


async def test_where_the_bot_may_show_no_embeds_its_words_are_plain(
    server, client, worker, ann, queue, until, monkeypatch
):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.PLACE_EVERY_S", 0.0)
    server.channel.overwrite(server.bot_member, deny=P.EMBED_LINKS)
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    await worker.progress(leased, 0.5)
    await asked.wait_for(lambda shown: "50 %" in shown.content)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert [file.data for file in asked.message.files] == made
    assert asked.message.content.startswith("> a cat")
    assert "64×64" in asked.message.content
    assert server.messages(server.dm(ann)) == []
    # What Discord leaves out is sent once in vain.
    assert [bool(one.json["embeds"]) for one in server.requests_to("PATCH", r"^/channels/")] == [True, False, False]


async def test_a_job_that_ends_without_a_picture_is_told_where_no_embed_is_shown(
    server, client, worker, ann, queue, until
):
    server.channel.overwrite(server.bot_member, deny=P.EMBED_LINKS)
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    await worker.settle(leased, calls.fail("black", "no"))
    await delivered(queue, until)
    assert "Only black came out" in asked.message.content


async def test_messages_of_more_than_an_hour_are_changed_seldom_and_ends_get_through(
    server, bot, worker, ann, queue, until, hour, monkeypatch
):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.PLACE_EVERY_S", 0.0)
    await bot.start(now=hour)
    server.rate_limits = "real"
    begun = [await begin(server, ann, worker) for _ in range(3)]
    hour.shift = 2 * 3600
    server.requests.clear()
    for share in (0.4, 0.5, 0.6):
        for _, leased in begun:
            await worker.progress(leased, share)
        await asyncio.sleep(0.05)  # each message looks at its job anew
    (edit,) = await server.wait_for_request("PATCH", r"^/channels/\d+/messages/")
    made = [await worker.finish(leased) for _, leased in begun[:2]]
    for (asked, _), pictures in zip(begun, made, strict=False):
        await asked.wait_for(lambda shown, pictures=pictures: [file.data for file in shown.files] == pictures)
    edits = server.requests_to("PATCH", r"^/channels/\d+/messages/")
    assert edits[0] is edit
    assert len(edits) == 3
    assert {one.status for one in edits} == {200}


async def test_an_end_that_discord_lets_wait_long_is_tried_again_and_holds_nothing_meanwhile(
    server, bot, worker, ann, queue, until, hour
):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        hour.shift += 600

    await bot.start(now=hour, sleep=sleep)
    server.rate_limits, server.settings.old_edits = "real", (0, 600.0)
    asked, leased = await begin(server, ann, worker)
    hour.shift = 2 * 3600
    tools = bot.client.deliveries._tools
    made = await worker.finish(leased)
    await server.wait_for_request("PATCH", r"^/channels/\d+/messages/", 2)
    assert not tools.uploads.locked()
    server.settings.old_edits = (3, 20.0)
    shown = await asked.wait_for(lambda shown: bool(shown.files))
    assert [file.data for file in shown.files] == made
    assert pauses


@pytest.mark.parametrize("fate", ["shown", "dismissed", "too late"])
async def test_where_a_server_shows_answers_to_their_member_alone_they_are_private(
    server, client, worker, ann, queue, until, fate
):
    guild = server.add_foreign_guild("elsewhere")
    guild.channels[0].overwrite(guild, deny=P.USE_EXTERNAL_APPS)
    member = server.add_member("ann", guild=guild, user=ann.user)
    asked, leased = await begin(server, member, worker)
    assert asked.message.ephemeral
    assert Reply.parse(await queue.reply(leased.id)).private
    if fate == "dismissed":
        server.delete_message(asked)
        await worker.progress(leased, 0.5)
    elif fate == "too late":
        server.kill_token(asked)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert (await queue.job(leased.id)).state is State.DONE
    shown = asked.message if fate == "shown" else server.messages(server.dm(member))[-1]
    assert [file.data for file in shown.files] == made
    assert shown.files[0].filename.startswith(file_prefix(leased.id))
