"""Whoever tries keys: slowed down by address, and named in the log; who has a right one notices nothing."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections import Counter

import aiohttp
import pytest

from zosma_bot.http import wicket as wickets
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.problems import Problem
from zosma_bot.http.wicket import FREE, PER_S, WAITING_MAX, Wicket, network_of

QUEUE = "/api/v1/queue"
ANN = "ann's long key text"
BOB = "bob's long key text"
KEYS = {ANN: "ann", BOB: "bob"}


class Time:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.fixture(name="time")
def _time():
    return Time()


@pytest.fixture(name="wicket")
def _wicket(time):
    return Wicket(clock=lambda: time.now, sleep=time.sleep)


@pytest.fixture(name="url")
async def _url(queue, hub, wicket):
    async with serve(make_app(queue, hub, KEYS, wicket=wicket), "127.0.0.1", 0) as url:
        yield url


def client(url, address="127.0.0.1"):
    return aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(local_addr=(address, 0), limit=0))


async def status(http, key, *, basic=False):
    given = f"Basic {b64encode(f'ann:{key}'.encode()).decode()}" if basic else f"Bearer {key}"
    async with http.get(QUEUE, headers={"Authorization": given}) as answer:
        return answer.status


@pytest.mark.parametrize("basic", [False, True])
async def test_a_thousand_tries_are_slowed_down_and_then_sent_away(url, time, caplog, basic):
    async with client(url) as http:
        found = Counter([await status(http, f"guess {number}", basic=basic) for number in range(1_000)])

    # The clock stands still, so this is what one moment lets through: ten at once, twenty after a pause.
    assert found == {401: FREE + WAITING_MAX, 429: 1_000 - FREE - WAITING_MAX}
    assert time.slept == pytest.approx([number / PER_S for number in range(1, WAITING_MAX + 1)])
    assert [record.getMessage() for record in caplog.records] == ["wrong keys from 127.0.0.1: 1"]


async def test_that_locks_nobody_out(url, time):
    async with client(url) as http, client(url, "127.0.0.2") as elsewhere:
        assert await status(http, BOB) == 200
        for number in range(100):
            await status(http, f"guess {number}")
        assert await status(http, BOB) == 200  # was right from there before
        assert await status(elsewhere, ANN) == 200  # comes from another address
        assert await status(http, ANN) == 429  # for the first time, from where keys are tried: after a pause
        time.now += WAITING_MAX / PER_S
        assert await status(http, ANN) == 200
        assert await status(http, ANN, basic=True) == 200
        async with http.get("/healthz") as answer:
            assert answer.status == 200


async def test_right_keys_are_never_counted(url, time):
    async with client(url) as http:
        assert Counter([await status(http, key) for key in (ANN, BOB) * 100]) == {200: 200}

    assert time.slept == []


async def test_a_try_that_waits_is_told_no_sooner_than_its_turn_with_a_real_clock(queue, hub):
    app = make_app(queue, hub, KEYS, wicket=Wicket())
    async with serve(app, "127.0.0.1", 0) as url, client(url) as http:
        began = asyncio.get_running_loop().time()
        found = Counter(await asyncio.gather(*(status(http, f"guess {number}") for number in range(FREE + 5))))
        assert found == {401: FREE + 5}
        assert asyncio.get_running_loop().time() - began > 4 / PER_S


async def test_a_key_that_was_taken_away_is_a_wrong_one_like_any_other(wicket, time):
    given = (None, "a key that was right")
    assert await wicket.judge("10.0.0.9", given, lambda _: "ann") == "ann"
    for _ in range(FREE + WAITING_MAX):
        assert await wicket.judge("10.0.0.9", given, lambda _: None) is None

    assert len(time.slept) == WAITING_MAX
    with pytest.raises(Problem):
        await wicket.judge("10.0.0.9", given, lambda _: None)


async def test_the_log_says_how_many_once_an_hour_and_never_the_key(wicket, time, caplog):
    with caplog.at_level(logging.WARNING):
        for minute in range(130):
            time.now = 1000.0 + 60 * minute
            await wicket.judge("10.0.0.9", ("ann", "a secret guess"), lambda _: None)
    said = [record.getMessage() for record in caplog.records]

    assert said == [f"wrong keys from 10.0.0.9: {number}" for number in (1, 60, 60)]


async def test_many_addresses_neither_flood_the_log_nor_the_memory(wicket, time, caplog, monkeypatch):
    monkeypatch.setattr(wickets, "REMEMBERED", 100)
    for number in range(2_000):
        await wicket.judge(f"10.0.{number // 250}.{number % 250}", (None, "a secret guess"), lambda _: None)

    assert len(caplog.records) == 1
    assert len(wicket._tries) == 100


async def test_a_whole_network_of_ipv6_is_one_address(wicket):
    for number in range(FREE + WAITING_MAX):
        await wicket.judge(f"2001:db8:1:2::{number:x}", (None, "guess"), lambda _: None)
    with pytest.raises(Problem) as refused:
        await wicket.judge("2001:db8:1:2:3:4:5:6", (None, "guess"), lambda _: None)

    assert refused.value.status == 429


@pytest.mark.parametrize(
    ("remote", "named"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "an unknown address"),
    ],
)
def test_an_address_is_what_one_client_can_have(remote, named):
    assert network_of(remote) == named
