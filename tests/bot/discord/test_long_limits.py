"""Limits of Discord's that last longer than discord.py is to wait: what they have room for is sent."""

from __future__ import annotations

from types import SimpleNamespace

import discord
import discord.http
import pytest

from zosma_bot.discord.api import endpoints
from zosma_bot.discord.client import PATIENCE_S
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
