"""Between Discord and the queue: an answer that is lost, a bot that dies; nobody is left with "thinking"."""

from __future__ import annotations

import asyncio
import itertools
from unittest.mock import AsyncMock

import pytest

from loopback.discord.state import Snowflakes
from loopback.played_worker import ABOUT
from zosma_bot.discord.core.submit import job_id_of
from zosma_bot.discord.delivery.unqueued import AFTER_S
from zosma_bot.discord.state.reply_record import Reply
from zosma_queue import calls
from zosma_queue.client import new_job_id
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import WorkerState
from zosma_queue.scripts import call

FOR_EVER = 1e10
CALLBACK = "^/interactions/.*/callback$"
LOST = "⚠️ The bot was interrupted before your request reached the queue, so nothing was started. Please ask again."


async def picture_of(asked, worker):
    """The message's last state, with its picture."""
    await worker.finish(await worker.take())
    return await asked.wait_for(lambda shown: bool(shown.attachments))


async def test_an_acknowledgement_whose_answer_is_lost_makes_one_job(server, client, worker, ann, queue):
    server.cut_next("POST", CALLBACK, after=True)

    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    await asked.wait_for(lambda shown: not shown.thinking)
    assert len(await queue.open_jobs()) == 1
    await picture_of(asked, worker)
    assert await queue.asked.before(FOR_EVER) == {}


async def test_an_acknowledgement_that_is_taken_and_answered_with_an_error(server, client, worker, ann, queue):
    """Discord's 502 says nothing of what became of the request."""
    server.cut_next("POST", CALLBACK, after=True)
    server.fail_next("POST", CALLBACK, 502)

    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    await picture_of(asked, worker)


async def test_the_id_of_the_first_answer_is_asked_for_again_when_the_line_is_cut(server, client, worker, ann):
    server.cut_next("POST", CALLBACK, after=True)
    server.cut_next("GET", "^/webhooks/.*/messages/@original$", times=2)

    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    await picture_of(asked, worker)


async def test_a_refusal_whose_answer_is_lost_is_told_all_the_same(server, client, worker, ann):
    server.cut_next("POST", CALLBACK, after=True)

    asked = await server.slash(ann, "imagine", {"prompt": "   "})

    shown = await asked.wait_for(lambda shown: "Prompt is empty" in shown.text)
    assert shown.ephemeral
    assert asked.followups == []


async def test_a_server_that_counts_its_ids_from_1_again_gets_new_jobs(server, client, worker, ann, queue, monkeypatch):
    for _ in range(2):
        numbers = itertools.count(1)
        with monkeypatch.context() as restarted:
            restarted.setattr(Snowflakes, "__call__", lambda _, numbers=numbers: next(numbers))
            asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
        assert asked.id == 1
        await picture_of(asked, worker)


async def test_two_tries_of_one_interaction_make_one_job(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.wait_for(lambda shown: not shown.thinking)
    [job_id] = await queue.open_jobs()

    assert job_id == job_id_of(asked)
    assert len(job_id) == len(new_job_id())
    assert abs(int(job_id[:12], 16) - int(new_job_id()[:12], 16)) < 60_000


async def test_who_asked_a_bot_that_died_before_the_queue_had_it_is_told_after_its_restart(
    server, bot, worker, ann, queue, until
):
    """Discord has taken the first answer and not said so yet: in this moment the bot is ended."""
    await bot.start()
    held = asyncio.Event()
    server.delay_next("POST", CALLBACK, held, after=True)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.wait_for(lambda shown: shown.thinking)
    await until(lambda: queue.asked.before(FOR_EVER))
    [(job_id, text)] = (await queue.asked.before(FOR_EVER)).items()
    await bot.die()
    held.set()

    at = Reply.parse(text).token_created_ms / 1000
    await bot.start(now=lambda: at + AFTER_S + 1)

    shown = await asked.wait_for(lambda shown: not shown.thinking)
    assert shown.text == LOST
    assert await queue.job(job_id) is None
    await until(lambda: nothing_asked(queue))


async def nothing_asked(queue):
    return not await queue.asked.before(FOR_EVER)


async def note(queue, ann, server, *, at_s=1000.0, **changes):
    """A request that somebody else's process has taken."""
    reply = Reply(
        application_id=server.application_id, token="gone", token_created_ms=int(at_s * 1000),
        channel_id=server.channel.id, user_id=ann.user.id,
    ).model_copy(update=changes)  # fmt: skip
    await queue.asked.note("job-x", reply.model_dump_json(), at_s=at_s, keep_s=900)


@pytest.mark.parametrize(("age_s", "left"), [(AFTER_S - 5, True), (AFTER_S + 5, False), (899.0, False)])
async def test_what_is_young_may_still_be_on_its_way_and_what_nobody_can_answer_is_forgotten(
    server, bot, ann, queue, age_s, left
):
    await note(queue, ann, server)
    client = await bot.start(now=lambda: 1000.0 + age_s)

    await client.deliveries.unqueued.tell()

    assert bool(await queue.asked.before(FOR_EVER)) is left


async def test_while_discord_is_out_of_order_it_is_told_later(server, bot, ann, queue):
    await note(queue, ann, server)
    client = await bot.start(now=lambda: 1000.0)
    client.deliveries.unqueued._now = lambda: 1000.0 + AFTER_S + 5
    server.cut_next("PATCH", "^/webhooks/", times=100)

    await client.deliveries.unqueued.tell()
    assert await queue.asked.before(FOR_EVER)

    server.faults.clear()
    await client.deliveries.unqueued.tell()
    assert await nothing_asked(queue)


async def test_junk_in_what_was_asked_is_forgotten(server, client, queue, raw):
    await queue.asked.note("job-y", '{"kind": "telegram"}', at_s=1.0, keep_s=900)
    raw.zadd("bot:{zosma}:asked", {"job-z": 1})

    await client.deliveries.unqueued.tell()

    assert await nothing_asked(queue)


@pytest.mark.parametrize(
    "lost",
    [("PATCH", "@original$"), ("POST", r"^/webhooks/\d+/[^/]+$"), ("DELETE", "@original$")],
    ids=lambda it: it[0],
)
async def test_a_refusal_by_the_queue_is_read_whichever_answer_of_discord_is_lost(
    server, client, worker, ann, queue, raw, lost
):
    check = queue.check

    async def then_smaller(*args, **options):
        await check(*args, **options)
        call(raw, calls.beat(worker.name, WorkerState.READY, loaded="dream", pixels=512 * 512, about=ABOUT))

    queue.check = then_smaller
    server.cut_next(*lost, after=True)

    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "size": "square 1024×1024"})

    told = await asked.wait_for_followup()
    assert "the most is 512x512, use a smaller size" in told.text
    await until_quiet(client)
    assert asked.message is None or "the most is 512x512" in asked.message.text
    assert await nothing_asked(queue)


async def test_a_refusal_that_took_the_place_of_thinking_is_not_deleted(server, client, worker, ann, queue, raw):
    """The edit before it never reached Discord, which then lets the first follow-up take the place."""
    call(raw, calls.beat(worker.name, WorkerState.READY, loaded="dream", pixels=512 * 512, about=ABOUT))
    server.cut_next("PATCH", "@original$")

    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "size": "square 1024×1024"})

    await asked.wait_for(lambda shown: not shown.thinking)
    await until_quiet(client)
    told = [shown.text for shown in (asked.message, *asked.followups) if shown is not None and not shown.deleted]
    assert len(told) == 1
    assert "the most is 512x512" in told[0]


@pytest.mark.parametrize("queue_away", [False, True])
async def test_a_refusal_of_which_discord_takes_nothing_is_told_once_it_is_back(
    server, client, worker, ann, queue, raw, monkeypatch, queue_away
):
    monkeypatch.setattr("zosma_bot.discord.delivery.unqueued.AGAIN_S", 0.05)

    async def refuse(*_, **__):
        raise QueueUnavailableError("Redis is away")

    if queue_away:
        monkeypatch.setattr(queue, "submit", refuse)
        monkeypatch.setattr(queue.asked, "note", refuse)
    else:
        call(raw, calls.beat(worker.name, WorkerState.READY, loaded="dream", pixels=512 * 512, about=ABOUT))
        monkeypatch.setattr(queue, "check", AsyncMock(return_value=False))
    for method in ("PATCH", "POST"):
        server.cut_next(method, "^/webhooks/", times=1000)

    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "size": "square 1024×1024"})
    async with asyncio.timeout(60):
        while not client.deliveries.unqueued._refusing:  # noqa: ASYNC110 no bell rings for it
            await asyncio.sleep(0.01)
    assert asked.message.thinking
    server.faults.clear()

    told = await asked.wait_for(lambda shown: not shown.thinking)
    assert ("can't be reached" if queue_away else "the most is 512x512") in told.text
    await asyncio.gather(*client.deliveries.unqueued._refusing.values())
    assert await nothing_asked(queue)


async def test_a_refusal_that_is_not_told_at_the_end_is_left_to_the_next_process(
    server, bot, client, worker, ann, queue, raw, monkeypatch
):
    monkeypatch.setattr(queue, "check", AsyncMock(return_value=False))
    call(raw, calls.beat(worker.name, WorkerState.READY, loaded="dream", pixels=512 * 512, about=ABOUT))
    for method in ("PATCH", "POST"):
        server.cut_next(method, "^/webhooks/", times=1000)
    await server.slash(ann, "imagine", {"prompt": "a cat", "size": "square 1024×1024"})
    async with asyncio.timeout(60):
        while not client.deliveries.unqueued._refusing:  # noqa: ASYNC110 no bell rings for it
            await asyncio.sleep(0.01)

    await client.deliveries.unqueued.close()

    assert len(await queue.asked.before(FOR_EVER)) == 1


async def until_quiet(client):
    """Returns once the bot is at work for nobody."""
    async with asyncio.timeout(60):
        while client.services.background._tasks:  # noqa: ASYNC110 no bell rings for it
            await asyncio.sleep(0.01)
