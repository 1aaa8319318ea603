"""A hundred `/imagine` at once, over several workers, with Discord's limits biting."""

from __future__ import annotations

from collections import Counter

import pytest

from loopback.crew import Crew
from loopback.discord.interaction import Callback
from zosma_bot.discord.state import background

JOBS, MEMBERS, WORKERS = 100, 40, 4
#: Of the 10,000 invalid requests in ten minutes that get an address banned.
FAR_FROM_A_BAN = 10


@pytest.fixture(autouse=True)
def _in_any_time(monkeypatch):
    """How soon a storm is answered is measured by bench/storm.py: a loaded machine would refuse some in time."""
    monkeypatch.setattr(background, "BEHIND_S", 60.0)


@pytest.fixture(name="crew")
async def _crew(redis_url):
    async with Crew(redis_url, WORKERS) as crew:
        yield crew


async def test_a_storm_is_acknowledged_and_every_picture_shown_once(server, bot, crew, queue, until):
    await bot.start(edit_every_s=1.5)
    server.rate_limits = "real"
    members = [server.add_member(f"m{number}") for number in range(MEMBERS)]
    asked = []
    for number in range(JOBS):
        wish = {"prompt": f"cat {number}", "width": 64, "height": 64, "seed": number}
        asked.append(await server.slash(members[number % MEMBERS], "imagine", wish))

    for handle in asked:
        answer = await handle.response(timeout=30)
        assert answer.type is Callback.DEFERRED_MESSAGE

    async def all_told():
        return len(crew.made) == JOBS and not await queue.undelivered() and not await queue.open_jobs()

    await until(all_told, 120)
    for handle in asked:
        await handle.wait_for(lambda shown: shown.attachments)

    # Each set of pictures in its own message, and nowhere else.
    shown = [file.data for message in server.messages() for file in message.files]
    assert Counter(shown) == Counter(data for made in crew.made.values() for data in made)
    assert len(server.messages()) == JOBS
    assert sorted(crew.begun) == sorted(crew.made)
    assert all(crew.by_worker.values())
    assert server.violations == []
    assert server.invalid_requests < FAR_FROM_A_BAN


async def test_a_storm_under_refusals_loses_nothing(server, bot, crew, queue, until):
    await bot.start(edit_every_s=1.5)
    members = [server.add_member(f"m{number}") for number in range(MEMBERS)]
    server.limit_next("PATCH", "/webhooks/", 0.2, times=15)
    server.limit_next("PATCH", "/webhooks/", 0.2, scope="shared", times=15)
    server.fail_next("PATCH", "/webhooks/", 502, times=5)
    asked = []
    for number in range(MEMBERS):
        wish = {"prompt": f"cat {number}", "width": 64, "height": 64, "seed": number}
        asked.append(await server.slash(members[number], "imagine", wish))

    async def all_told():
        return len(crew.made) == MEMBERS and not await queue.undelivered()

    await until(all_told, 120)
    for handle in asked:
        await handle.wait_for(lambda shown: shown.attachments)
    shown = [file.data for message in server.messages() for file in message.files]
    assert Counter(shown) == Counter(data for made in crew.made.values() for data in made)
    assert server.invalid_requests <= 30
