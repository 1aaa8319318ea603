"""Who spends Discord's budget, and how little when too much of it was in vain."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from types import SimpleNamespace

import aiohttp
import pytest
from discord.http import Route
from yarl import URL

from loopback.discord.permissions import P
from zosma_bot.discord.api.rate_limits import (
    INVALID_WINDOW_S,
    REFUSAL_S,
    REQUESTS_PER_S,
    WINDOW_S,
    HeldBackError,
    Level,
    Priority,
    RateLimiter,
)
from zosma_bot.discord.delivery.fallbacks import is_passing

SMALL = {"prompt": "a cat", "width": 64, "height": 64}
CALLBACK, WEBHOOK, CHANNEL = "/interactions/1/t/callback", "/webhooks/1/t/messages/2", "/channels/1/messages/2"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(name="clock")
def _clock():
    return Clock()


@pytest.fixture(name="rate_limiter")
def _rate_limiter(clock):
    return RateLimiter(10, clock=clock)


async def ask(rate_limiter, path=WEBHOOK, *, priority=None, status=200, headers=None, base=None):
    """One request as the session tells of it."""
    context = SimpleNamespace()
    (start,) = rate_limiter.trace().on_request_start
    (end,) = rate_limiter.trace().on_request_end
    async with rate_limiter.spending(priority) if priority is not None else contextlib.nullcontext():
        await start(None, context, SimpleNamespace(url=URL((base or Route.BASE) + path)))
    await end(None, context, SimpleNamespace(response=SimpleNamespace(status=status, headers=headers or {})))


async def spoil(rate_limiter, times):
    """So many requests that Discord calls invalid."""
    for _ in range(times):
        await ask(rate_limiter, CALLBACK, status=403)


async def waits(coroutine):
    """The task, which must not be done at once."""
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not task.done()
    return task


# -- the budget -------------------------------------------------------------------------------------------------


async def test_acknowledgements_never_wait(rate_limiter):
    for _ in range(100):
        await ask(rate_limiter, CALLBACK)


async def test_no_more_than_agreed_goes_out_in_a_second_and_results_go_before_errors(clock):
    sent = []
    rate_limiter = RateLimiter(10, clock=clock)

    async def one(name, priority):
        await ask(rate_limiter, priority=priority)
        sent.append(name)

    for _ in range(10):
        await ask(rate_limiter)
    error = await waits(one("error", Priority.ERROR))
    first = await waits(one("first result", Priority.RESULT))
    second = await waits(one("second result", Priority.RESULT))
    clock.now += 1.0
    rate_limiter._let_go()
    await asyncio.gather(error, first, second)
    assert sent == ["first result", "second result", "error"]


async def test_one_who_gave_up_waiting_holds_up_nobody(rate_limiter, clock):
    for _ in range(10):
        await ask(rate_limiter)
    first, second = await waits(ask(rate_limiter)), await waits(ask(rate_limiter))
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    clock.now += 1.0
    rate_limiter._let_go()
    await second


async def test_the_waiting_go_on_by_themselves():
    rate_limiter = RateLimiter(5)
    started = asyncio.get_running_loop().time()
    for _ in range(6):
        await ask(rate_limiter)
    assert asyncio.get_running_loop().time() - started >= 0.99


async def test_progress_is_dropped_before_the_budget_is_spent(rate_limiter, clock):
    for _ in range(6):
        await ask(rate_limiter, priority=Priority.PROGRESS)
    with pytest.raises(HeldBackError) as dropped:
        await ask(rate_limiter, priority=Priority.PROGRESS)
    assert is_passing(dropped.value)
    await ask(rate_limiter, priority=Priority.RESULT)
    clock.now += 1.0
    await ask(rate_limiter, priority=Priority.PROGRESS)


async def test_previews_are_left_out_before_that(rate_limiter):
    assert rate_limiter.previews
    for _ in range(3):
        await ask(rate_limiter)
    assert not rate_limiter.previews
    await ask(rate_limiter, priority=Priority.PROGRESS)


async def progress_at(rate_limiter, place):
    """True when progress may go to a place."""
    try:
        async with rate_limiter.spending(Priority.PROGRESS, place):
            return True
    except HeldBackError:
        return False


async def test_progress_leaves_most_of_a_channels_own_limit_to_results(rate_limiter, clock):
    assert await progress_at(rate_limiter, "channel 1")
    assert not await progress_at(rate_limiter, "channel 1")
    assert await progress_at(rate_limiter, "channel 2")
    clock.now += 10
    async with rate_limiter.spending(Priority.RESULT, "channel 1"):
        assert not await progress_at(rate_limiter, "channel 1")
    assert await progress_at(rate_limiter, "channel 1")


async def test_results_for_one_channel_go_one_by_one_in_order(rate_limiter):
    order = []

    async def one(name, held):
        async with rate_limiter.spending(Priority.RESULT, "channel 1"):
            await held.wait()
            order.append(name)

    first, others = asyncio.Event(), asyncio.Event()
    others.set()
    tasks = [await waits(one("first", first)), await waits(one("second", others)), await waits(one("third", others))]
    async with rate_limiter.spending(Priority.RESULT, "channel 2"):
        assert order == []
    first.set()
    await asyncio.gather(*tasks)
    assert order == ["first", "second", "third"]
    assert not rate_limiter._locks


async def test_other_addresses_than_discords_api_are_not_counted(rate_limiter):
    for _ in range(100):
        await ask(rate_limiter, "/x", base="https://cdn.example", status=403)
    assert rate_limiter.invalid == 0


# -- invalid requests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "counted"),
    [
        (401, {}, True),
        (403, {}, True),
        (404, {}, False),
        (429, {"Via": "x"}, True),
        (429, {"Via": "x", "X-RateLimit-Scope": "user"}, True),
        (429, {"Via": "x", "X-RateLimit-Scope": "shared"}, False),
        (200, {}, False),
    ],
)
async def test_what_discord_counts_is_counted(rate_limiter, status, headers, counted):
    await ask(rate_limiter, status=status, headers=headers)
    assert rate_limiter.invalid == counted


async def test_ten_minutes_later_it_is_forgotten(rate_limiter, clock):
    await spoil(rate_limiter, 500)
    assert rate_limiter.level is Level.CAREFUL
    clock.now += INVALID_WINDOW_S
    assert rate_limiter.level is Level.FREE


async def test_from_500_on_there_is_no_progress(rate_limiter, clock):
    await spoil(rate_limiter, 500)
    clock.now += 1
    with pytest.raises(HeldBackError):
        await ask(rate_limiter, priority=Priority.PROGRESS)
    assert not rate_limiter.previews
    await ask(rate_limiter, priority=Priority.ERROR)
    await ask(rate_limiter, priority=Priority.ERROR)


async def test_from_2000_on_errors_are_slow_and_results_are_not(rate_limiter, clock):
    await spoil(rate_limiter, 2000)
    clock.now += 1
    await ask(rate_limiter, priority=Priority.ERROR)
    second = await waits(ask(rate_limiter, priority=Priority.ERROR))
    await ask(rate_limiter, priority=Priority.RESULT)
    await ask(rate_limiter, priority=Priority.RESULT)
    await ask(rate_limiter, CALLBACK)
    clock.now += 1
    rate_limiter._let_go()
    await second


async def test_from_5000_on_results_are_slow_too(rate_limiter, clock):
    await spoil(rate_limiter, 5000)
    clock.now += 1
    await ask(rate_limiter, priority=Priority.RESULT)
    second = await waits(ask(rate_limiter, priority=Priority.RESULT))
    await ask(rate_limiter, CALLBACK)
    clock.now += 1
    rate_limiter._let_go()
    await second


async def test_a_refused_token_is_tried_twice_a_minute_and_webhooks_go_on(rate_limiter, clock):
    await ask(rate_limiter, CHANNEL, status=401)
    with pytest.raises(HeldBackError):
        await ask(rate_limiter, CHANNEL)
    await ask(rate_limiter, WEBHOOK)
    clock.now += 30
    await ask(rate_limiter, CHANNEL)


async def test_a_void_interaction_says_nothing_of_the_bots_token(rate_limiter):
    await ask(rate_limiter, WEBHOOK, status=401)
    await ask(rate_limiter, CHANNEL)


async def test_cloudflares_ban_is_waited_out(rate_limiter, clock):
    await ask(rate_limiter, status=429, headers={"Retry-After": "120"})
    for path in (WEBHOOK, CHANNEL):
        with pytest.raises(HeldBackError) as held:
            await ask(rate_limiter, path)
        assert is_passing(held.value)
    clock.now += 120
    await ask(rate_limiter)


async def test_a_refusal_is_believed_for_five_minutes(rate_limiter, clock):
    rate_limiter.refused("user 1")
    assert rate_limiter.refuses("user 1")
    assert not rate_limiter.refuses("user 2")
    clock.now += REFUSAL_S
    assert not rate_limiter.refuses("user 1")


async def test_refusals_do_not_pile_up(rate_limiter, clock, monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.PLACES_MAX", 10)
    for number in range(100):
        rate_limiter.refused(f"user {number}")
        clock.now += REFUSAL_S / 5
    assert len(rate_limiter._refusals) <= 11


# -- in the session of a real client ----------------------------------------------------------------------------


async def test_it_sees_both_what_the_bots_token_and_what_interactions_ask(server, client, worker, ann, queue, until):
    rate_limiter = client.deliveries._tools.rate_limiter
    asked = await server.slash(ann, "imagine", SMALL)
    leased = await worker.take()
    await asked.wait_for(lambda shown: shown.text)
    server.kill_token(asked)
    await worker.progress(leased, 0.5)
    await asked.wait_for(lambda shown: "50 %" in shown.text)
    await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.files)
    assert rate_limiter.invalid == server.invalid_requests == 1


class Grants(deque):
    """When the limiter let each request go, by its own clock. The server reads late on a busy machine."""

    def __init__(self):
        super().__init__()
        self.all = []

    def append(self, at):
        self.all.append(at)
        super().append(at)


async def test_a_hundred_jobs_that_end_at_once_lose_nothing_under_discords_limits(
    server, bot, worker, queue, until, monkeypatch
):
    grants = Grants()

    class Watched(RateLimiter):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            self._sent = grants

    monkeypatch.setattr("zosma_bot.discord.client.RateLimiter", Watched)
    await bot.start(edit_every_s=1.5)
    server.rate_limits = "real"
    members = [server.add_member(f"m{number}") for number in range(20)]
    asked = []
    for number in range(100):
        asked.append(await server.slash(members[number % 20], "imagine", SMALL | {"seed": number}))
        await asked[-1].response()
    acknowledged = len(grants.all)  # those never wait
    made = {}
    for _ in range(100):
        leased = await worker.take()
        await worker.progress(leased, 0.5)
        (made[leased.id],) = await worker.finish(leased)

    async def all_shown():
        return not await queue.undelivered()

    await until(all_shown, 60)
    shown = [file.data for message in server.messages() for file in message.files]
    assert Counter(shown) == Counter(made.values())
    assert server.invalid_requests == 0
    assert len(grants.all) >= len(server.requests)  # none went past it
    busiest = grants.all[acknowledged:]
    assert len(busiest) >= 100  # every result
    for first, last in zip(busiest, busiest[REQUESTS_PER_S:], strict=False):
        assert last - first >= WINDOW_S


async def test_two_hundred_results_for_a_closed_channel_ask_it_in_vain_only_a_few_times(
    server, bot, worker, queue, until
):
    client = await bot.start(bot.settings(discord_requests_per_s=1000), edit_every_s=60.0)
    member = server.add_member("ann")
    handles = []
    for number in range(200):
        handles.append(await server.slash(member, "imagine", SMALL | {"seed": number}))
        await handles[-1].response()
        await worker.beat()  # on a slow machine this takes longer than a silent worker is believed in
    for handle in handles:
        server.kill_token(handle, unknown=True)
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    made = []
    for _ in range(200):
        made += await worker.finish(await worker.take())

    async def all_shown():
        return not await queue.undelivered()

    await until(all_shown, 120)
    shown = [file.data for message in server.messages(server.dm(member)) for file in message.files]
    assert Counter(shown) == Counter(made)
    # One edit and one post; everybody after them has heard of it.
    assert server.invalid_requests == 2
    assert client.deliveries._tools.rate_limiter.invalid == server.invalid_requests


async def test_a_request_of_the_session_is_really_held(server, client):
    rate_limiter = client.deliveries._tools.rate_limiter
    rate_limiter._no_token_until = float("inf")
    with pytest.raises(aiohttp.ClientError):
        await client.fetch_user(1)
    assert not server.requests_to("GET", "^/users/1$")


async def test_progress_does_not_hold_up_results_that_share_a_channels_limit(server, bot, worker, queue, until):
    await bot.start(edit_every_s=0.05)
    server.rate_limiter.limits["PATCH", "/channels/{channel_id}/messages/{message_id}"] = (5, 0.5)
    server.rate_limits = "real"
    handles = [await server.slash(server.add_member(f"m{n}"), "imagine", SMALL | {"seed": n}) for n in range(30)]
    leased = [await worker.take() for _ in handles]
    for handle in handles:
        await handle.response()
        server.kill_token(handle, unknown=True)
    for share in (0.1, 0.2, 0.3):
        for one in leased:
            await worker.progress(one, share)
    made = []
    for one in leased[:20]:
        made += await worker.finish(one)
        for other in leased[20:]:
            await worker.progress(other, 0.5)

    async def all_shown():
        return not await queue.undelivered()

    await until(all_shown, 30)
    shown = [file.data for message in server.messages() for file in message.files]
    assert Counter(shown) == Counter(made)
    assert server.invalid_requests == 0
    edits = server.requests_to("PATCH", r"^/channels/")
    # 20 results, and of some hundred chances for progress a few.
    assert len(edits) <= 20 + 6


# -- what is counted --------------------------------------------------------------------------------------------


async def test_each_answer_is_told_with_what_it_was_for_and_whose_limit_it_met(clock):
    told = []
    rate_limiter = RateLimiter(10, clock=clock, note=lambda *answer: told.append(answer))
    await ask(rate_limiter, CALLBACK)
    await ask(rate_limiter, priority=Priority.ERROR, status=404)
    await ask(rate_limiter, status=429, headers={"X-RateLimit-Scope": "shared", "Via": "1.1"})
    await ask(rate_limiter, status=429, headers={"X-RateLimit-Scope": 'odd"scope', "Via": "1.1"})

    assert told == [
        ("acknowledgement", 200, ""), ("error", 404, ""), ("result", 429, "shared"), ("result", 429, "other"),
    ]  # fmt: skip


# -- the gateway ------------------------------------------------------------------------------------------------


async def test_a_gateway_that_forgets_every_session_gets_no_thousand_identifies_a_day(rate_limiter, clock):
    said = 0
    for _ in range(86_400 // 5):
        clock.now += 5
        with contextlib.suppress(HeldBackError):
            rate_limiter.identifies()
            said += 1

    assert 600 < said < 800
    clock.now += 86_400
    for _ in range(100):
        rate_limiter.identifies()


async def test_the_client_asks_before_each_identify(client, monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.api.rate_limits.IDENTIFIES_FREE", 1)

    with pytest.raises(HeldBackError):
        await client.before_identify_hook(None, initial=True)
