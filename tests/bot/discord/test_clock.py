"""The host's clock is wrong: what members read, and how long tokens live, goes by Discord's."""

from __future__ import annotations

import re
import time

import pytest

from loopback.discord.server import DiscordServer
from zosma_bot.discord.api.discord_clock import DiscordClock

#: How far Discord's clock is ahead of the host's.
AHEAD_S = 20 * 60.0


@pytest.fixture(name="server")
async def _server():
    async with DiscordServer(now=lambda: time.time() + AHEAD_S) as server:
        yield server
        assert server.violations == []


async def test_a_forecast_counts_from_discords_now(server, client, worker, ann):
    for _ in range(8):  # one after the other, so that the last one waits
        asked = await server.slash(ann, "imagine", {"prompt": "a cat", "steps": 150, "count": 4})
        await asked.wait_for(lambda shown: not shown.thinking)
    shown = await asked.wait_for(lambda shown: "<t:" in shown.text)

    starts_at = int(re.search(r"<t:(\d+):R>", shown.text)[1])
    now = time.time() + AHEAD_S
    assert now < starts_at < now + 10 * 60


async def test_a_token_that_discord_has_just_given_is_used(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)

    assert server.requests_to("PATCH", "^/webhooks/")
    assert not server.requests_to("PATCH", "^/channels/")


class Times:
    """A host's two clocks, set by hand."""

    def __init__(self) -> None:
        self.host, self.monotonic = 1_000_000.0, 50.0


@pytest.fixture(name="times")
def _times():
    return Times()


@pytest.fixture(name="clock")
def _clock(times):
    return DiscordClock(host=lambda: times.host, monotonic=lambda: times.monotonic)


def test_until_discord_has_spoken_it_is_the_hosts_time(clock):
    assert clock() == 1_000_000.0


def test_a_host_whose_clock_is_set_while_it_runs_changes_nothing(clock, times):
    clock.hear("Thu, 01 Jan 2026 00:00:00 GMT")
    times.host += 3600
    times.monotonic += 10
    assert clock() == pytest.approx(1_767_225_600 + 10, abs=1)


def test_it_does_not_go_back_and_forth_with_every_answer(clock, times):
    clock.hear("Thu, 01 Jan 2026 00:00:00 GMT")
    before = clock()
    clock.hear("Thu, 01 Jan 2026 00:00:01 GMT")
    assert clock() == before
    clock.hear("Thu, 01 Jan 2026 00:01:00 GMT")
    assert clock() == pytest.approx(before + 60, abs=1)


@pytest.mark.parametrize("junk", [None, "", "yesterday", "Thu, 99 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 99999 00:00:00"])
def test_a_date_that_cannot_be_read_is_passed_over(clock, junk):
    clock.hear(junk)
    assert clock() == 1_000_000.0
