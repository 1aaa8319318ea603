"""Very many servers, and very many jobs."""

from __future__ import annotations

import asyncio
import resource

import discord
import pytest

from loopback.crew import Crew
from loopback.discord.interaction import Callback
from loopback.sizes import sizes

SMALL = {"prompt": "a cat", "width": 64, "height": 64}
GUILDS = 10_000
#: discord.py keeps the roles and channels of each. What the played Discord needs, in the same process, is in this, too.
#: The real figure comes from bench/memory.py.
GUILD_MAX_KB = 100


def peak_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def test_with_ten_thousand_servers_it_starts_and_answers(server, bot, worker, until):
    for number in range(GUILDS):
        server.world.add_channel(server.world.add_guild(f"guild {number}"), "general")
    before_kb = peak_kb()
    client = await bot.start()

    async def all_known():
        return sum(1 for guild in client.guilds if guild.channels) == GUILDS + 1

    await until(all_known, 120)
    assert (peak_kb() - before_kb) / GUILDS < GUILD_MAX_KB
    assert server.gateway.identifies[0]["intents"] == discord.Intents(guilds=True).value
    # Nothing is asked of Discord, and nothing of Redis, for the sake of a server where nobody uses the bot.
    assert not server.requests_to("GET", "/guilds/")
    assert len(client.services.server_settings._known) == 0

    for guild in (server.guild, list(server.world.guilds.values())[-1]):
        await worker.beat()  # what came before takes longer than a silent worker is believed in
        asked = await server.slash(server.add_member("ann", guild=guild), "imagine", SMALL)
        answer = await asked.response(timeout=30)
        assert answer.type is Callback.DEFERRED_MESSAGE
        made = await worker.finish(await worker.take())
        shown = await asked.wait_for(lambda shown: shown.attachments)
        assert [file.data for file in shown.files] == made


@pytest.fixture(name="crew")
async def _crew(redis_url):
    async with Crew(redis_url, 4) as crew:
        yield crew


async def test_after_many_jobs_everything_is_as_small_as_before(server, client, crew, queue, until):
    members = [server.add_member(f"m{number}") for number in range(10)]

    async def round_of_jobs(first):
        wishes = [SMALL | {"seed": first + number} for number in range(30)]
        asked = [await server.slash(members[wish["seed"] % 10], "imagine", wish) for wish in wishes]
        for handle in asked:
            await handle.wait_for(lambda shown: shown.attachments, timeout=30)

        async def all_told():
            return not await queue.undelivered() and not client.deliveries._running

        await until(all_told)
        await asyncio.sleep(0)  # what has ended leaves its container in the loop's next turn

    await round_of_jobs(0)
    await queue.note_forecasts()
    before = sizes(client)
    for number in (1, 2):
        await round_of_jobs(1000 * number)
    await queue.note_forecasts()
    now = sizes(client)
    # What there is for each user of the moment (weakly held) and for each address may differ by a few.
    grown = {name: (before[name], now[name]) for name in now if now[name] > before[name] + 10}
    assert not grown
    for name in ("views", "message views", "forms", "deliveries", "watches", "withdrawn", "background", "locks"):
        assert now[name] == 0, name


async def test_a_submit_that_was_undone_is_not_remembered_for_ever(client, monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.delivery.manager.WITHDRAWN_MAX", 3)
    for number in range(10):
        await client.deliveries.withdraw(f"job-{number}")
    assert list(client.deliveries._withdrawn) == ["job-7", "job-8", "job-9"]
    client.deliveries.follow("job-9")
    assert not client.deliveries._running


async def test_channels_where_progress_was_shown_do_not_pile_up(client, monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.PLACES_MAX", 10)
    rate_limiter = client.deliveries._tools.rate_limiter
    for number in range(100):
        rate_limiter._progress_at[f"channel {number}"] = 0.0
        rate_limiter._check_progress("channel 1000", every_s=1.5)
        rate_limiter._progress_at.pop("channel 1000")
    assert len(rate_limiter._progress_at) <= 10
