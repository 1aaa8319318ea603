"""Limits of Discord's that last longer than discord.py is to wait: what they have room for is sent."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import discord
import discord.http
import pytest

from loopback.delivering import begin, delivered
from loopback.discord.ratelimits import Verdict
from zosma_bot.discord.api import endpoints
from zosma_bot.discord.api.buckets import TokensLine
from zosma_bot.discord.api.endpoints import PATIENCE_S
from zosma_bot.discord.delivery.job_message import RETRY_MIN_S
from zosma_bot.settings import BotSettings


@pytest.fixture(name="bucket")
async def _bucket(monkeypatch):
    monkeypatch.setattr(discord.http, "Ratelimit", discord.http.Ratelimit)  # as it was, afterwards
    endpoints.use(BotSettings())
    client = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=PATIENCE_S)
    return client.http.get_ratelimit("a bucket")


def heard(bucket, remaining):
    headers = {"X-Ratelimit-Limit": "2", "X-Ratelimit-Remaining": str(remaining), "X-Ratelimit-Reset-After": "600"}
    bucket.update(SimpleNamespace(headers=headers))


async def test_what_a_long_limit_has_room_for_is_sent(bucket):
    async with bucket:
        heard(bucket, 1)
    async with bucket:
        assert (bucket.outgoing, bucket.remaining) == (1, 0)


async def test_whoever_finds_no_room_is_not_kept_for_as_long_as_it_lasts(bucket):
    async with bucket:
        heard(bucket, 0)
        with pytest.raises(discord.RateLimited) as held:
            await bucket.acquire()
    assert held.value.retry_after > PATIENCE_S


async def test_the_last_answer_that_a_limit_lets_through_is_known_at_once_and_the_next_one_waits():
    lock = asyncio.Lock()
    async with asyncio.timeout(10):
        async with TokensLine(lock) as line:
            line.delay_by(3600.0)
    assert lock.locked()
    async with TokensLine(free := asyncio.Lock()) as line:
        line.delay_by(0.01)
    async with asyncio.timeout(10), TokensLine(free):
        pass
    assert not free.locked()


async def test_a_used_up_limit_of_the_first_answer_holds_no_command_up(server, client, worker, ann, monkeypatch):
    spent = {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "3600"}
    check = server.rate_limiter.check

    def told(method, template, params):
        return Verdict(spent) if template.endswith("/callback") else check(method, template, params)

    monkeypatch.setattr(server.rate_limiter, "check", told)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)


@pytest.mark.parametrize("page", [None, "<html>Too many requests</html>"], ids=["for an hour", "a page"])
async def test_a_limit_of_an_interactions_token_holds_nothing_up_and_the_end_is_tried_again(
    server, bot, worker, ann, queue, until, page
):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    await bot.start(sleep=sleep)
    asked, leased = await begin(server, ann, worker)
    server.limit_next("PATCH", "/webhooks/", 3600.0, page=page)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert [file.data for file in asked.message.files] == made
    assert RETRY_MIN_S in waited


async def test_a_limit_that_says_when_to_come_again_in_its_head_alone_is_waited_for(
    server, client, worker, ann, queue, until, caplog
):
    asked, leased = await begin(server, ann, worker)
    head = {"Retry-After": "0.01"}
    server.faults.add("PATCH", "/webhooks/", 1, status=429, body={"message": "You are limited."}, headers=head)
    made = await worker.finish(leased)
    await delivered(queue, until)
    assert [file.data for file in asked.message.files] == made
    assert 429 in {one.status for one in server.requests}
    assert "its end waits for Discord" not in caplog.text
