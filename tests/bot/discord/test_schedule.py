"""Pictures that are to be made later, over real sockets."""

from __future__ import annotations

import time

import pytest

from loopback.discord.interaction import Callback
from zosma_queue import calls
from zosma_queue.job import State
from zosma_queue.needs import Lane
from zosma_queue.scripts import call


async def set_zone(server, member, zone="Berlin"):
    asked = await server.slash(member, "settings timezone", {"zone": zone})
    await asked.response()
    return asked.message.text


async def test_a_picture_for_later_waits_for_its_time_in_the_relax_lane(server, client, worker, ann, queue, raw):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "count": 4, "when": "in 2 h"})
    shown = await asked.wait_for(lambda shown: "Scheduled for" in shown.text)
    job = await queue.job((await queue.open_jobs())[0])

    assert (job.state, job.lane) == (State.DELAYED, Lane.RELAX)
    assert abs(job.run_at_ms / 1000 - time.time() - 7200) < 20
    assert f"<t:{job.run_at_ms // 1000}:f>" in shown.text
    call(raw, calls.sweep(now_ms=job.run_at_ms - 1000))
    assert (await queue.job(job.id)).state is State.DELAYED
    call(raw, calls.sweep(now_ms=job.run_at_ms))
    assert (await queue.job(job.id)).state is State.WAITING
    made = await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made


async def test_it_is_listed_and_cancelled_where_a_member_looks_for_their_jobs(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "when": "in 2 h"})
    await asked.wait_for(lambda shown: "Scheduled for" in shown.text)
    listed = await server.slash(ann, "jobs")
    await listed.response()
    (option,) = listed.message.components[0]["components"][0]["options"]
    assert ("Scheduled for" in listed.message.text, option["description"]) == (True, "scheduled")

    chosen = await server.select(ann, listed.message, listed.message.components[0]["components"][0]["custom_id"],
                                 [option["value"]])  # fmt: skip
    await chosen.response()
    pressed = await server.click(ann, chosen.message, "Cancel")
    await pressed.response()
    await asked.wait_for(lambda shown: "Cancelled. Nothing was charged" in shown.text)
    assert not await queue.open_jobs()


async def test_a_clock_is_that_of_the_members_own_time_zone(server, client, worker, ann, queue):
    assert "Your time zone:** Europe/Berlin, where it is" in await set_zone(server, ann)
    shown = await server.slash(ann, "settings show")
    await shown.response()
    assert "Europe/Berlin" in shown.message.text
    offered = await server.autocomplete(ann, "settings timezone", focused="zone", value="tokyo")
    assert offered[0]["value"] == "Asia/Tokyo"

    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "when": "tomorrow 8:00"})
    await asked.wait_for(lambda shown: "Scheduled for" in shown.text)
    job = await queue.job((await queue.open_jobs())[0])
    assert time.gmtime(job.run_at_ms / 1000)[4:6] == (0, 0)
    assert time.gmtime(job.run_at_ms / 1000).tm_hour in (6, 7)  # summer or winter


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("yesterday", "I don't understand “yesterday” as a time"),
        ("2020-01-01 08:00", "has already passed"),
        ("in 9 days", "is more than 7 days away"),
    ],
)
async def test_a_moment_that_cannot_be_is_refused_at_once(server, client, worker, ann, queue, when, words):
    await set_zone(server, ann)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "when": when})
    assert (await asked.response()).type is Callback.MESSAGE
    assert words in asked.message.text
    assert not await queue.open_jobs()


async def test_a_clock_without_a_time_zone_says_how_to_set_one(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "when": "22:00"})
    await asked.response()
    assert "/settings timezone" in asked.message.text


async def test_those_who_want_theirs_at_once_go_first(server, client, worker, ann, queue, raw):
    asked = await server.slash(ann, "imagine", {"prompt": "later", "when": "in 1 min"})
    await asked.wait_for(lambda shown: "Scheduled for" in shown.text)
    job = await queue.job((await queue.open_jobs())[0])
    bob = server.add_member("bob")
    call(raw, calls.sweep(now_ms=job.run_at_ms))  # by whose clock the worker has been silent for a minute
    await worker.beat()
    second = await server.slash(bob, "imagine", {"prompt": "now"})
    await second.wait_for(lambda shown: "in line" in shown.text)
    first = await worker.take()
    assert (await queue.job(first.id)).request.prompt == "now"
