"""Discord took the first answer, and its word for it never came: one job all the same, and no "thinking" for ever."""

from __future__ import annotations

import asyncio

import aiohttp

CALLBACK = "/interactions/.*/callback"


async def test_a_defer_whose_acknowledgement_was_cut_off_ends_as_one_picture(server, client, worker, ann):
    server.cut_next("POST", CALLBACK, after=True)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    made = await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made
    assert len(server.messages()) == 1
    assert [one.status for one in server.requests_to("POST", CALLBACK)] == [None, 400]


async def test_a_defer_that_discord_took_and_called_an_error_ends_as_one_picture(server, client, worker, ann):
    """What discord.py tries again by itself is answered with 40060."""
    server.faults.add("POST", CALLBACK, 1, status=500, body={"message": "", "code": 0}, after=True)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)
    assert len(server.messages()) == 1


async def test_a_defer_that_was_cut_off_before_it_arrived_is_sent_again(server, client, worker, ann):
    server.cut_next("POST", CALLBACK)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)


async def test_an_answer_in_words_whose_acknowledgement_was_lost_is_said_once(server, client, worker, ann, caplog):
    server.cut_next("POST", CALLBACK, after=True)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "checkpoint": "nonsense"})

    await server.wait_for_request("POST", CALLBACK, 2)
    await asked.response()
    assert "not known here" in asked.message.text
    assert asked.followups == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_what_another_bot_has_answered_is_left_to_it(server, client, worker, queue, ann, until, caplog):
    """The other bot refused, say: what it told the member must not become a picture."""
    caplog.set_level("INFO", "zosma_bot")
    mine = asyncio.Event()
    server.delay_next("POST", CALLBACK, mine)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await server.wait_for_request("POST", CALLBACK)
    said = {"type": 4, "data": {"content": "no pictures today", "flags": 64}}
    async with aiohttp.ClientSession() as http:
        address = f"{server.api_url}/interactions/{asked.id}/{asked.token}/callback"
        async with http.post(address, json=said) as answer:
            assert answer.status == 204
    mine.set()

    async def left() -> bool:
        return any("another bot has answered" in record.message for record in caplog.records)

    await until(left)
    assert await queue.open_jobs() == []
    assert asked.message.text == "no pictures today"


async def test_the_same_interaction_asked_for_twice_is_one_job(server, bot, queue, worker, ann):
    """Two bots with one token both hear it."""
    await bot.start()
    other = type(bot)(server, queue, bot._hub)
    await other.start()
    try:
        asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
        leased = await worker.take()
        await asked.wait_for(lambda shown: not shown.thinking)
        assert await queue.open_jobs() == [leased.id]
        await worker.finish(leased)
        await asked.wait_for(lambda shown: shown.attachments)
        assert len(server.messages()) == 1
    finally:
        await other.close()
