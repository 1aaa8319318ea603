"""How an end reaches its member when tokens, messages, channels, Discord or the bot itself are gone."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from PIL import Image

from loopback.delivering import SMALL, begin, delivered
from loopback.discord.errors import blocked_by_cloudflare
from loopback.discord.permissions import P
from loopback.discord.state import EPHEMERAL
from loopback.played_worker import png
from zosma_bot.discord.delivery.job_message import UPLOADS_AT_ONCE
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui.card import Attached
from zosma_queue import calls, keys
from zosma_queue.client import Sender
from zosma_queue.request import parse_request


def out_of_reach(server):
    """The message stands, and the bot may change it neither by its interaction nor by its own token."""
    server.fail_next("PATCH", "/messages/", 403, {"message": "Missing Access", "code": 50001}, times=2)


def pictures(server, channel=None):
    """The pictures that stand in a channel, by message that has any."""
    return [[file.data for file in shown.files] for shown in server.messages(channel) if shown.files]


@pytest.fixture(name="routes")
def _routes(queue, monkeypatch):
    """The ways by which ends were shown, as they are counted."""
    routes = []
    monkeypatch.setattr(queue, "on_delivered", routes.append)
    return routes


# -- fallbacks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", [False, True], ids=["401 50027", "404 10015"])
async def test_a_void_token_leaves_the_edit_to_the_bots_token(
    server, client, worker, ann, queue, until, routes, unknown
):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked, unknown=unknown)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]
    assert [file.data for file in asked.message.files] == made
    assert routes == ["bot"]


async def test_a_void_token_is_tried_once(server, client, worker, ann, queue, monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.PLACE_EVERY_S", 0.0)
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    for percent in (40, 60, 80):
        await worker.progress(leased, percent / 100)
        await asked.wait_for(lambda shown, percent=percent: f"{percent} %" in shown.text)

    assert server.invalid_requests == 1
    assert Reply.parse(await queue.reply(leased.id)).token == ""


NOT_NOW = {"code": 40006, "message": "This feature has been temporarily disabled server-side"}


@pytest.mark.parametrize(
    "body", [blocked_by_cloudflare().body, "<title>Attention Required! | Cloudflare</title>", NOT_NOW]
)
async def test_a_refusal_that_says_nothing_costs_neither_the_token_nor_the_message(
    body, server, client, worker, ann, queue, until
):
    _asked, leased = await begin(server, ann, worker)
    server.fail_next("PATCH", r"^/webhooks/", 403, body)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]
    assert not server.requests_to("PATCH", r"^/channels/")
    assert not server.requests_to("POST", r"^/channels/")


async def test_an_expired_token_is_not_tried_at_all(server, bot, worker, ann, queue, until):
    shift = 0.0
    await bot.start(now=lambda: time.time() + shift)
    _asked, leased = await begin(server, ann, worker)
    shift = 15 * 60
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]
    assert server.invalid_requests == 0
    assert server.requests_to("PATCH", r"^/channels/")


async def test_a_message_out_of_reach_is_replaced_by_one_new_one_that_pings_nobody(
    server, client, worker, ann, queue, until
):
    _asked, leased = await begin(server, ann, worker)
    out_of_reach(server)
    await worker.progress(leased, 0.5)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]
    (sent,) = server.requests_to("POST", r"^/channels/\d+/messages$")
    assert sent.json["allowed_mentions"] == {"parse": []}
    assert sent.json["enforce_nonce"]
    assert len(sent.json["nonce"]) <= 25
    assert f"<@{ann.id}>" in server.messages()[-1].content


async def test_a_message_whose_sending_was_not_confirmed_is_not_sent_twice(server, client, worker, ann, queue, until):
    _asked, leased = await begin(server, ann, worker)
    out_of_reach(server)
    server.cut_next("POST", r"^/channels/\d+/messages$", after=True)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]


async def test_a_message_sent_long_before_a_crash_is_found_again(server, bot, worker, ann, queue, until):
    shift = 0.0
    await bot.start(now=lambda: time.time() + shift)
    _asked, leased = await begin(server, ann, worker)
    out_of_reach(server)
    answered = asyncio.Event()
    server.delay_next("POST", r"^/channels/\d+/messages$", answered, after=True)
    made = await worker.finish(leased)
    await server.wait_for_message(predicate=lambda shown: shown.files)
    await bot.kill()
    answered.set()

    server.settings.nonce_window_s = 0
    shift = 10 * 60
    await bot.start(now=lambda: time.time() + shift)
    await delivered(queue, until)
    assert pictures(server) == [made]


async def test_a_closed_channel_leaves_a_direct_message(server, client, worker, ann, queue, until, routes):
    _asked, leased = await begin(server, ann, worker)
    out_of_reach(server)
    server.channel.overwrite(server.bot_member, deny=P.SEND_MESSAGES)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == []
    assert pictures(server, server.dm(ann)) == [made]
    assert routes == ["private"]


async def test_a_vanished_channel_leaves_a_direct_message(server, client, worker, ann, queue, until):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked, unknown=True)
    server.remove_channel(server.channel)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server, server.dm(ann)) == [made]


async def test_who_can_be_reached_nowhere_is_given_up_with_one_line(
    server, client, worker, ann, queue, until, routes, caplog
):
    _asked, leased = await begin(server, ann, worker)
    out_of_reach(server)
    server.channel.overwrite(server.bot_member, deny=P.SEND_MESSAGES)
    ann.user.closed = True
    await worker.finish(leased)
    await delivered(queue, until)

    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines == [f"job {leased.id}: its end (done) waits to be collected: every way is refused"]
    assert routes == ["none"]


# -- limits and outages -----------------------------------------------------------------------------------------


async def test_a_rate_limited_end_is_shown_all_the_same(server, client, worker, ann, queue, until):
    _asked, leased = await begin(server, ann, worker)
    server.limit_next("PATCH", r"^/webhooks/", 0.05, times=3)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]


async def test_an_end_outlasts_an_outage_of_discord(server, bot, worker, ann, queue, until):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        await server.accept_connections() if len(waits) == 2 else await asyncio.sleep(0)

    await bot.start(sleep=sleep)
    _asked, leased = await begin(server, ann, worker)
    await server.refuse_connections()
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server) == [made]
    assert waits[:2] == [1.0, 2.0]


async def test_an_undelivered_end_stays_owed_until_discord_confirms(server, client, worker, ann, queue, until):
    _asked, leased = await begin(server, ann, worker)
    confirmed = asyncio.Event()
    server.delay_next("PATCH", r"^/webhooks/", confirmed)
    await worker.finish(leased)
    await server.wait_for_request("PATCH", r"^/webhooks/", count=len(server.requests_to("PATCH", "^/webhooks/")))

    assert await queue.undelivered() == [leased.id]
    confirmed.set()
    await delivered(queue, until)


async def test_edits_come_no_faster_than_agreed_and_the_newest_state_wins(server, bot, worker, ann):
    await bot.start(edit_every_s=0.3)
    asked, leased = await begin(server, ann, worker)
    edits = len(asked.history)
    for percent in range(30, 95):
        await worker.progress(leased, percent / 100)
    await asked.wait_for(lambda shown: "94 %" in shown.text)

    assert len(asked.history) - edits <= 2


async def test_pictures_too_large_for_the_channel_are_made_smaller(
    server, client, worker, ann, queue, until, monkeypatch
):
    noise = io.BytesIO()
    Image.effect_noise((512, 512), 90).save(noise, "PNG")
    monkeypatch.setattr("loopback.played_worker.png", lambda seed, size, parameters: noise.getvalue())
    server.settings.upload_limit = 200_000
    assert len(noise.getvalue()) > 200_000

    asked, leased = await begin(server, ann, worker, width=512, height=512, seed=5)
    await worker.finish(leased)
    await delivered(queue, until)

    (file,) = asked.message.files
    assert file.filename == f"zosma-{leased.id}-1.webp"
    assert len(file.data) <= 200_000
    assert not [request for request in server.requests if request.status == 413]


@pytest.mark.parametrize(("status", "code"), [(413, 40005), (400, 50045)], ids=["request", "file"])
async def test_pictures_are_made_smaller_still_when_discord_takes_less_than_it_said(
    server, client, worker, ann, queue, until, status, code
):
    asked, leased = await begin(server, ann, worker)
    server.fail_next("PATCH", "^/webhooks/", status, {"message": "too large", "code": code})
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert [file.data for file in asked.message.files] == made


async def test_pictures_that_discord_takes_in_no_size_are_named_as_that(server, client, worker, ann, queue, until):
    asked, leased = await begin(server, ann, worker)
    server.fail_next("PATCH", "^/webhooks/", 413, {"message": "Request entity too large", "code": 40005}, times=3)
    await worker.finish(leased)
    await delivered(queue, until)

    assert "too large for Discord" in asked.message.text
    assert "seed" in asked.message.text


async def test_pictures_whose_time_is_over_are_named_as_that(server, bot, worker, ann, queue, until, raw):
    await bot.start()
    asked, leased = await begin(server, ann, worker, count=2)
    await bot.kill()
    made = await worker.finish(leased)
    raw.delete(keys.image(leased.id, leased.attempt, 0))
    await bot.start()
    await delivered(queue, until)

    assert [file.data for file in asked.message.files] == made[1:]
    assert "1 of 2 pictures are no longer stored" in asked.message.text


# -- the bot dies -----------------------------------------------------------------------------------------------


async def test_a_bot_killed_in_mid_job_delivers_once_in_the_same_message_after_its_restart(
    server, bot, worker, ann, queue, until
):
    await bot.start()
    asked, leased = await begin(server, ann, worker)
    await bot.kill()
    made = await worker.finish(leased)
    assert await queue.undelivered() == [leased.id]

    await bot.start()
    await delivered(queue, until)
    assert pictures(server) == [made]
    assert [file.data for file in asked.message.files] == made


async def test_a_restarted_bot_goes_on_telling_how_far_a_job_is(server, bot, worker, ann):
    await bot.start()
    asked, leased = await begin(server, ann, worker)
    await bot.kill()
    await bot.start()

    await worker.progress(leased, 0.75, preview=png(3))
    shown = await asked.wait_for(lambda shown: "75 %" in shown.text)
    assert [file.data for file in shown.files] == [png(3)]


async def test_a_closing_bot_finishes_the_edit_in_flight(server, bot, worker, ann, queue):
    await bot.start()
    _asked, leased = await begin(server, ann, worker)
    held = asyncio.Event()
    before = len(server.requests_to("PATCH", "^/webhooks/"))
    server.delay_next("PATCH", r"^/webhooks/", held)
    made = await worker.finish(leased)
    await server.wait_for_request("PATCH", r"^/webhooks/", count=before + 1)

    closing = asyncio.create_task(bot.close())
    await asyncio.wait([closing], timeout=0.25)  # the process's end cancels ten times a second
    assert not closing.done()
    held.set()
    await closing
    assert pictures(server) == [made]
    assert await queue.undelivered() == []


async def test_a_message_that_is_stopped_when_its_process_posts_again_is_gone_on_with(
    server, client, worker, ann, queue, until
):
    _, leased = await begin(server, ann, worker)
    held, before = asyncio.Event(), len(server.requests_to("PATCH", "^/webhooks/"))
    server.delay_next("PATCH", r"^/webhooks/", held)
    await worker.progress(leased, 0.5)
    await server.wait_for_request("PATCH", r"^/webhooks/", count=before + 1)
    client.deliveries.lead(posts=False, shared=True)
    client.deliveries.lead(posts=True, shared=False)
    for _ in range(3):  # its own looking is done by then
        assert await client.deliveries.sync() == 1
    held.set()
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server) == [made]


async def test_jobs_of_other_programs_are_left_alone(server, client, worker, queue):
    sender = Sender(owner="key:web", group="web")
    owed = await queue.submit(parse_request(SMALL), sender, reply='{"kind": "elsewhere"}')
    await queue.submit(parse_request(SMALL), sender)
    for _ in range(2):
        await worker.finish(await worker.take())
    await client.deliveries.sync()

    assert await queue.undelivered() == [owed]
    assert server.messages() == []


# -- where the bot itself is not --------------------------------------------------------------------------------


@pytest.fixture(name="elsewhere", params=["group", "foreign server"])
def _elsewhere(request, server, ann):
    """(member, channel) where only the bot's commands are."""
    if request.param == "group":
        return ann, server.add_group("friends", [ann, server.add_member("bob")])
    guild = server.add_foreign_guild("elsewhere")
    return server.add_member("ann", guild=guild, user=ann.user), guild.channels[0]


async def test_where_the_bot_is_not_the_interactions_message_shows_the_picture(
    server, client, worker, queue, until, elsewhere
):
    member, channel = elsewhere
    asked, leased = await begin(server, member, worker, channel=channel)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert [file.data for file in asked.message.files] == made
    assert pictures(server, channel) == [made]
    assert server.invalid_requests == 0


@pytest.mark.parametrize("code", [50013, 400001], ids=["no right", "no uploads in this server"])
async def test_where_the_bot_is_not_and_may_attach_nothing_the_picture_becomes_a_direct_message_and_its_message_says_so(
    server, client, worker, queue, until, elsewhere, code
):
    member, channel = elsewhere
    asked, leased = await begin(server, member, worker, channel=channel)
    server.fail_next("PATCH", "^/webhooks/", 403, {"message": "no", "code": code})
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert "can't attach files in this channel" in asked.message.text
    assert pictures(server, server.dm(member)) == [made]


async def test_where_the_bot_is_not_a_void_token_leaves_a_direct_message(
    server, client, worker, queue, until, elsewhere
):
    member, channel = elsewhere
    asked, leased = await begin(server, member, worker, channel=channel)
    server.kill_token(asked)
    made = await worker.finish(leased)
    await delivered(queue, until)

    assert pictures(server, channel) == []
    assert pictures(server, server.dm(member)) == [made]
    # The token, the edit and the post; the next job there asks no more.
    assert server.invalid_requests == 3
    asked, leased = await begin(server, member, worker, channel=channel)
    server.kill_token(asked, unknown=True)
    made += await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(member)) == [[one] for one in made]
    assert server.invalid_requests == 3


async def test_where_the_bot_is_not_and_direct_messages_are_closed_the_pictures_wait(
    server, client, worker, queue, until, elsewhere, raw
):
    member, channel = elsewhere
    asked, leased = await begin(server, member, worker, channel=channel)
    server.kill_token(asked)
    member.user.closed = True
    made = await worker.finish(leased)
    await delivered(queue, until)
    await kept(queue, raw, leased, made)


async def test_in_direct_messages_a_void_token_leaves_the_edit_to_the_bots_token(
    server, client, worker, ann, queue, until
):
    asked, leased = await begin(server, ann, worker, dm=True)
    server.kill_token(asked)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(ann)) == [made]


async def test_a_direct_message_that_was_deleted_is_sent_anew(server, client, worker, ann, queue, until):
    asked, leased = await begin(server, ann, worker, dm=True)
    server.delete_message(asked)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(ann)) == [made]


# -- what nobody else may see -----------------------------------------------------------------------------------


async def begin_privately(server, bot, worker, ann, queue):
    """A running job whose message its member alone sees. The bot starts again, to read its record as it is then."""
    await bot.start()
    asked, leased = await begin(server, ann, worker)
    await bot.kill()
    asked.interaction.original.flags |= EPHEMERAL
    reply = Reply.parse(await queue.reply(leased.id)).model_copy(update={"private": True})
    await queue.set_reply(leased.id, reply.model_dump_json())
    await bot.start()
    return asked, leased


def seen_in_the_channel(server):
    """Pictures that everybody saw at any time."""
    return [
        file.data
        for message in server.world.all_messages
        if message.channel is server.channel and not message.ephemeral
        for shown in message.history
        if not shown.ephemeral
        for file in shown.files
    ]


async def test_a_private_result_is_shown_in_its_private_message(server, bot, worker, ann, queue, until):
    asked, leased = await begin_privately(server, bot, worker, ann, queue)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert [file.data for file in asked.message.files] == made
    assert asked.message.ephemeral


@pytest.mark.parametrize("unknown", [False, True], ids=["401 50027", "404 10015"])
async def test_a_private_result_without_its_token_becomes_a_direct_message(
    server, bot, worker, ann, queue, until, unknown
):
    asked, leased = await begin_privately(server, bot, worker, ann, queue)
    server.kill_token(asked, unknown=unknown)
    await worker.progress(leased, 0.5)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(ann)) == [made]
    assert seen_in_the_channel(server) == []
    assert not server.requests_to("PATCH", r"^/channels/")
    assert not server.requests_to("POST", rf"^/channels/{server.channel.id}/")


async def test_a_private_result_that_its_member_dismissed_becomes_a_direct_message(
    server, bot, worker, ann, queue, until
):
    asked, leased = await begin_privately(server, bot, worker, ann, queue)
    server.delete_message(asked)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(ann)) == [made]
    assert seen_in_the_channel(server) == []


async def test_a_private_result_with_closed_direct_messages_waits(server, bot, worker, ann, queue, until, raw):
    asked, leased = await begin_privately(server, bot, worker, ann, queue)
    server.kill_token(asked)
    ann.user.closed = True
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert seen_in_the_channel(server) == []
    await kept(queue, raw, leased, made)


async def test_a_private_direct_message_that_was_not_confirmed_is_sent_once(server, bot, worker, ann, queue, until):
    asked, leased = await begin_privately(server, bot, worker, ann, queue)
    server.kill_token(asked)
    server.cut_next("POST", r"^/channels/\d+/messages$", after=True)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(ann)) == [made]


# -- what could be shown nowhere --------------------------------------------------------------------------------


async def kept(queue, raw, leased, made):
    """The pictures of a job wait for a day to be collected."""
    assert Reply.parse(await queue.reply(leased.id)).uncollected
    assert await queue.pictures(await queue.job(leased.id)) == made
    left_s = raw.ttl(keys.image(leased.id, leased.attempt, 0))
    assert 23 * 3600 < left_s <= 24 * 3600


async def test_what_could_be_shown_nowhere_stays_stored_for_a_day(server, client, worker, ann, queue, until, raw):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    ann.user.closed = True
    made = await worker.finish(leased)
    await delivered(queue, until)
    await kept(queue, raw, leased, made)


async def test_what_was_shown_stays_stored_for_a_quarter_of_an_hour(server, client, worker, ann, queue, until, raw):
    _asked, leased = await begin(server, ann, worker)
    await worker.finish(leased)
    await delivered(queue, until)
    assert 800 < raw.ttl(keys.image(leased.id, leased.attempt, 0)) <= 900
    assert not Reply.parse(await queue.reply(leased.id)).uncollected


# -- in the middle of the job -----------------------------------------------------------------------------------


async def cancelling(queue, until, leased):
    """Waits until the running job is to end."""

    async def is_so():
        return (await queue.job(leased.id)).cancelling

    await until(is_so)


async def test_who_deletes_a_running_jobs_message_cancels_it_and_its_member_alone_is_told(
    server, client, worker, ann, queue, until
):
    asked, leased = await begin(server, ann, worker)
    server.delete_message(asked)
    await worker.progress(leased, 0.5)
    await cancelling(queue, until, leased)
    await worker.settle(leased, calls.cancelled())
    await delivered(queue, until)

    (told,) = server.messages()
    assert told.ephemeral
    assert f"A moderator deleted the message for this request in <#{server.channel.id}>" in told.text
    assert "so it was cancelled" in told.text
    assert server.messages(server.dm(ann)) == []
    assert not server.requests_to("POST", r"^/channels/\d+/messages$")


async def test_who_deletes_a_waiting_jobs_message_cancels_it(server, client, worker, ann, queue):
    """It is noticed when the message would have changed: here because the job ahead begins."""
    ahead = [await server.slash(server.add_member(name), "imagine", SMALL) for name in ("bob", "cleo")]
    for other in ahead:
        await other.wait_for(lambda shown: not shown.thinking)
    asked = await server.slash(ann, "imagine", SMALL)
    await asked.wait_for(lambda shown: "3rd in line" in shown.text)
    server.delete_message(asked)
    await worker.take()

    told = await asked.wait_for_followup()
    assert "so it was cancelled" in told.text
    assert len(await queue.open_jobs()) == 2


@pytest.mark.parametrize("unknown", [False, True], ids=["401 50027", "404 10015"])
async def test_with_a_void_token_who_asked_is_told_of_the_deletion_by_direct_message(
    server, client, worker, ann, queue, until, unknown
):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked, unknown=unknown)
    server.delete_message(asked)
    await worker.progress(leased, 0.5)
    await cancelling(queue, until, leased)
    await worker.settle(leased, calls.cancelled())
    await delivered(queue, until)

    assert server.messages() == []
    (told,) = server.messages(server.dm(ann))
    assert "so it was cancelled" in told.text


async def test_a_message_deleted_while_the_bot_is_away_does_not_come_back(server, bot, worker, ann, queue, until):
    await bot.start()
    asked, leased = await begin(server, ann, worker)
    await bot.close()
    server.delete_message(asked)
    await worker.finish(leased)
    await bot.start()
    await delivered(queue, until)

    (told,) = server.messages()
    assert told.ephemeral
    assert not told.files
    assert "the result is not posted" in told.text


async def test_a_message_deleted_while_the_picture_is_uploaded_does_not_come_back(
    server, client, worker, ann, queue, until
):
    asked, leased = await begin(server, ann, worker)
    held = asyncio.Event()
    before = len(server.requests_to("PATCH", "^/webhooks/"))
    server.delay_next("PATCH", r"^/webhooks/", held)
    await worker.finish(leased)
    await server.wait_for_request("PATCH", r"^/webhooks/", count=before + 1)
    server.delete_message(asked)
    held.set()
    await delivered(queue, until)

    assert pictures(server) == []
    assert pictures(server, server.dm(ann)) == []


async def test_a_deletion_that_nobody_can_be_told_of_ends_all_the_same(server, client, worker, ann, queue, until):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    ann.user.closed = True
    server.delete_message(asked)
    await worker.finish(leased)
    await delivered(queue, until)

    assert server.messages() == []


async def test_a_token_that_dies_between_upload_and_answer_leads_to_one_picture(
    server, client, worker, ann, queue, until
):
    asked, leased = await begin(server, ann, worker)
    server.cut_next("PATCH", r"^/webhooks/", after=True)
    made = await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.files)
    server.kill_token(asked)
    await delivered(queue, until)
    assert pictures(server) == [made]


async def test_a_channel_that_goes_before_the_end_of_a_void_token_asks_it_only_once(
    server, client, worker, ann, queue, until
):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    server.remove_channel(server.channel)
    await worker.progress(leased, 0.5)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert pictures(server, server.dm(ann)) == [made]
    assert len(server.requests_to("PATCH", r"^/channels/")) == 1


async def test_the_bots_own_token_refused_for_a_while_loses_nothing(server, bot, worker, ann, queue, until):
    client = await bot.start(sleep=lambda _: asyncio.sleep(0.01))
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    server.fail_next("PATCH", r"^/channels/", 401, {"message": "401: Unauthorized", "code": 0})
    made = await worker.finish(leased)
    await server.wait_for_request("PATCH", r"^/channels/")
    assert await queue.undelivered() == [leased.id]
    client.deliveries._tools.rate_limiter._no_token_until = 0.0
    await delivered(queue, until)
    assert pictures(server) == [made]


async def test_a_failure_is_told_in_a_direct_message_where_the_channel_is_closed(
    server, client, worker, ann, queue, until
):
    asked, leased = await begin(server, ann, worker)
    server.kill_token(asked)
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    await worker.settle(leased, calls.fail("oom", "CUDA out of memory"))
    await delivered(queue, until)
    (told,) = server.messages(server.dm(ann))
    assert "ran out of memory" in told.text


async def test_a_channel_that_is_slow_holds_up_no_other(server, bot, worker, ann, queue, until):
    shift = 0.0
    await bot.start(now=lambda: time.time() + shift)
    late = [await begin(server, ann, worker, seed=number) for number in range(UPLOADS_AT_ONCE + 2)]
    shift = 15 * 60
    held = asyncio.Event()
    server.delay_next("PATCH", r"^/channels/", held)
    made = []
    for _, leased in late:
        made += await worker.finish(leased)
    await server.wait_for_request("PATCH", r"^/channels/")

    asked = await server.slash(ann, "imagine", SMALL | {"seed": 99}, channel=server.add_channel("other"))
    others = await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.files)
    assert [file.data for file in shown.files] == others
    held.set()
    await delivered(queue, until)
    assert sorted(file for files in pictures(server) for file in files) == sorted(made)


async def test_of_large_results_only_so_many_bytes_are_on_their_way_and_small_ones_pass_them(
    server, client, worker, ann, monkeypatch
):
    monkeypatch.setattr("zosma_bot.discord.delivery.job_message.SMALL_MAX_BYTES", 2_000)
    client.deliveries._tools.large._most = 3_000
    sizes = {}
    monkeypatch.setattr("loopback.played_worker.png", lambda seed, *_: b"\x89PNG\r\n\x1a\n" + bytes(sizes[seed]))
    asked = []
    for seed, size in ((1, 2_500), (2, 2_500), (3, 100)):
        sizes[seed] = size
        asked.append(await begin(server, ann, worker, seed=seed))
    held = asyncio.Event()
    server.delay_next("PATCH", "^/webhooks/", held)
    before = len(server.requests_to("PATCH", "^/webhooks/"))
    await worker.finish(asked[0][1])
    await server.wait_for_request("PATCH", "^/webhooks/", before + 1)
    for _, leased in asked[1:]:
        await worker.finish(leased)

    await asked[2][0].wait_for(lambda shown: shown.files)
    assert len(server.requests_to("PATCH", "^/webhooks/")) == before + 2
    held.set()
    for handle, _ in asked[:2]:
        await handle.wait_for(lambda shown: shown.files)


def test_a_file_gives_up_its_bytes_once_discord_py_is_done_with_it():
    file = Attached("a.png", bytes(1_000_000)).file()
    for _ in range(2):  # tried again
        file.reset(seek=True)
        assert len(file.fp.read()) == 1_000_000
    file.close()
    assert file.fp.closed
