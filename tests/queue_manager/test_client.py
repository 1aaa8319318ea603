"""The queue as the bot sees it, where no other test looks."""

from __future__ import annotations

import asyncio
import itertools
import threading

import pytest
import redis

from zosma_queue import keys
from zosma_queue.client import Queue
from zosma_queue.connections import BOT_CONNECTIONS
from zosma_queue.errors import QueueUnavailableError


@pytest.fixture(name="config")
def _config(raw: redis.Redis):
    """Changes settings of the server for one test."""
    before = {
        name: raw.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory", "maxmemory-policy")
    }
    yield raw.config_set
    for name, value in before.items():
        raw.config_set(name, value)


async def test_a_redis_that_could_lose_jobs_is_told_so(queue, config):
    config("appendonly", "no")
    config("maxmemory", "1gb")
    config("maxmemory-policy", "allkeys-lru")

    risks = await queue.risks()

    assert [risk.split()[0] for risk in risks] == ["appendonly", "maxmemory-policy"]
    assert all("set `" in risk for risk in risks)


@pytest.mark.parametrize(("synced", "risks"), [("no", ["appendfsync"]), ("everysec", []), ("always", [])])
async def test_a_log_that_reaches_the_disk_some_day_is_a_risk(synced, risks, queue, config):
    config("appendonly", "yes")
    config("appendfsync", synced)

    assert [risk.split()[0] for risk in await queue.risks()] == risks


async def test_a_redis_that_keeps_everything_has_no_risks(queue, config):
    config("appendonly", "yes")
    config("maxmemory-policy", "allkeys-lru")  # without a limit nothing is ever thrown away

    assert await queue.risks() == []


async def test_a_redis_that_hides_its_settings_is_left_alone(raw, valkey):
    raw.execute_command("ACL", "SETUSER", "bot", "reset", "on", ">pw", "~*", "&*", "+@all", "-config")
    try:
        async with Queue(valkey.url_for("bot", "pw")) as queue:
            assert await queue.risks() == []
    finally:
        raw.execute_command("ACL", "DELUSER", "bot")


async def test_every_question_to_a_redis_that_is_away_is_one_error():
    async with Queue("redis://127.0.0.1:1/0") as queue:
        for question in (queue.ping(), queue.risks(), queue.depth(), queue.workers(), queue.job("x"), queue.place("x"),
                         queue.undelivered(), queue.admin.policies(), queue.admin.pauses(), queue.sweep()):  # fmt: skip
            with pytest.raises(QueueUnavailableError):
                await question


async def test_more_questions_at_once_than_there_are_connections_wait_their_turn(queue, raw):
    await asyncio.gather(*(queue.job(f"job-{number}") for number in range(300)))
    bots = [one for one in raw.client_list() if one["name"] == "zosma-bot"]
    assert 0 < len(bots) <= BOT_CONNECTIONS


async def test_a_hundred_who_ask_for_their_place_at_once_are_answered_from_one_look(queue, raw):
    await queue.place("job-0")
    raw.config_resetstat()
    await asyncio.gather(*(queue.place(f"job-{number}") for number in range(100)))
    # Each look asks the server for its time once. Who comes while one is under way waits for the next.
    assert 1 <= raw.info("commandstats")["cmdstat_time"]["calls"] <= 2


async def test_a_job_that_goes_from_one_set_to_another_is_never_missed(queue, raw):
    places = (keys.DELAYED, keys.WAITING, keys.LEASES, keys.UNDELIVERED)
    over = threading.Event()

    def move() -> None:
        for before, after in itertools.cycle(itertools.pairwise((*places, places[0]))):
            if over.is_set():
                return
            with raw.pipeline(transaction=True) as pipe:
                pipe.zrem(before, "job-1").zadd(after, {"job-1": 1}).execute()

    raw.zadd(places[0], {"job-1": 1})
    moving = asyncio.create_task(asyncio.to_thread(move))
    try:
        for _ in range(200):
            assert await queue.untold() == ["job-1"]
    finally:
        over.set()
        await moving
