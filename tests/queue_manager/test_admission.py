"""What a submit goes by is read once for each change of it, and is never older than what holds."""

from __future__ import annotations

import asyncio
import json

import pytest
import redis

from zosma_queue import calls, keys
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import (
    BlockedError,
    InfeasibleError,
    LimitError,
    NoWorkerError,
    RequestRefusedError,
)
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

ANN = Sender(owner="discord:1/ann", group="discord:1")


@pytest.fixture(name="live")
def _live(rig):
    """The verbs on the server's own clock, and one worker."""
    rig.now = 0
    rig.worker("w1")
    return rig


@pytest.fixture(name="knowing")
async def _knowing(queue, live):
    """A queue that has read fleet and rules a moment ago."""
    await queue.submit(cat(), ANN)
    return queue


def about(checkpoint):
    return Capabilities(
        webui="http://old:7860", flavour="a1111", host="old", samplers=("Euler a", "DPM++ 2M"), schedulers=(),
        checkpoints=(Checkpoint(name=checkpoint, title=checkpoint),),
    )  # fmt: skip


def cat(**fields):
    return parse_request({"prompt": "a cat", **fields})


def read_of(raw):
    """(workers' hashes, rules) that were read since the counters were set to zero."""
    stats = raw.info("commandstats")
    return stats.get("cmdstat_hgetall", {"calls": 0})["calls"]


async def test_nothing_is_read_for_a_submit_while_nothing_changes(knowing, raw):
    raw.config_resetstat()
    for _ in range(20):
        assert await knowing.submit(cat(checkpoint="dream"), ANN)

    assert read_of(raw) == 0


async def test_of_a_large_fleet_only_the_worker_that_changed_is_read(queue, live, raw):
    for number in range(30):
        live.worker(f"gpu{number}")
    await queue.submit(cat(), ANN)
    live.worker("gpu7", "dream", "brandnew")
    raw.config_resetstat()

    assert await queue.submit(cat(checkpoint="brandnew"), ANN)
    assert read_of(raw) == 2  # the versions, and that worker


async def test_a_worker_that_joins_is_known_at_once(knowing, live):
    live.worker("w2", "brandnew")
    assert await knowing.submit(cat(checkpoint="brandnew"), ANN)


async def test_what_a_worker_no_longer_has_is_refused_by_name_at_once(knowing, live):
    await knowing.submit(cat(checkpoint="anime"), ANN)
    live.worker("w1", "dream")
    with pytest.raises(RequestRefusedError, match="'anime' is not known here"):
        await knowing.submit(cat(checkpoint="anime"), ANN)


async def test_a_worker_that_went_away_or_left_is_counted_on_no_longer(knowing, live):
    live.beat("w1", WorkerState.AWAY)
    with pytest.raises(NoWorkerError):
        await knowing.submit(cat(), ANN)
    live.beat("w1", WorkerState.READY)
    await knowing.submit(cat(), ANN)
    call(live.as_worker, calls.leave("w1"))
    with pytest.raises(NoWorkerError):
        await knowing.submit(cat(), ANN)


async def test_a_worker_that_fell_silent_is_noticed_though_nobody_sweeps(knowing, raw):
    long_ago = raw.time()[0] * 1000 - calls.WORKER_TTL_MS - 1
    raw.zadd(keys.WORKERS, {"w1": long_ago})
    raw.zadd(keys.PROFILES, {raw.hget(keys.worker("w1"), "profile"): long_ago})
    raw.zadd(keys.ready(raw.hget(keys.worker("w1"), "profile").decode()), {"w1": long_ago})
    with pytest.raises(NoWorkerError):
        await knowing.submit(cat(), ANN)


async def test_a_silent_worker_that_was_swept_is_in_no_catalogue(knowing, live, raw):
    raw.zadd(keys.WORKERS, {"w1": raw.time()[0] * 1000 - calls.WORKER_TTL_MS - 1})
    live.sweep()
    assert (await knowing.catalogue()).ready == 0
    assert raw.hkeys(keys.VERSIONS) == [b""]


async def test_the_catalogue_knows_what_was_loaded_a_moment_ago(knowing, live):
    call(live.as_worker, calls.beat("w1", WorkerState.READY, loaded="anime", pixels=PIXELS_MAX))
    assert (await knowing.catalogue()).loaded == {"anime"}


async def test_a_smaller_limit_of_pixels_holds_at_once(knowing, live):
    large = {"width": 2048, "height": 2048}
    await knowing.submit(cat(**large), ANN)
    live.worker("w1", pixels=262_144)
    with pytest.raises(InfeasibleError, match="512x512"):
        await knowing.submit(cat(**large), ANN)


async def test_words_that_another_process_blocks_are_blocked_here_at_once(knowing, redis_url):
    async with Queue(redis_url) as other:
        await other.admin.set_rules("root", "", {"blocked": ["cat"]})
    with pytest.raises(BlockedError):
        await knowing.submit(cat(), ANN)


async def test_limits_that_another_process_sets_hold_here_at_once(knowing, redis_url):
    async with Queue(redis_url) as other:
        await other.admin.set_policy("root", "default", {"waiting": 1})
        with pytest.raises(LimitError):
            await knowing.submit(cat(), ANN)
        await other.admin.drop_policy("root", "default")
    await knowing.submit(cat(), ANN)


async def test_a_key_with_limits_of_its_own_has_them_at_its_first_job(knowing, redis_url):
    async with Queue(redis_url) as other:
        policy = await other.admin.set_policy("root", "key:other", {"waiting": 1})
        await other.api_keys.create("root", "first", scopes=("admin",), policy=None, others=(), other_admin=True)
        await other.api_keys.create("root", "web", scopes=("submit",), policy=policy, others=(), other_admin=True)
    web = Sender(owner="key:web", group="key:web")
    await knowing.submit(cat(), web)
    with pytest.raises(LimitError):
        await knowing.submit(cat(), web)


async def test_who_is_asked_only_is_judged_by_what_holds_too(knowing, redis_url):
    async with Queue(redis_url) as other:
        await other.admin.set_rules("root", "", {"steps": 10})
    with pytest.raises(RequestRefusedError):
        await knowing.check(cat(steps=20), ANN)


async def test_rules_that_an_older_bot_wrote_hold_after_a_while(knowing, raw, monkeypatch):
    raw.hset(keys.RULES, "", json.dumps({"blocked": ["cat"]}))
    monkeypatch.setattr("zosma_queue.rulebook.TRUSTED_S", 0.0)
    monkeypatch.setattr("zosma_queue.copies.RECENT_S", 0.0)
    with pytest.raises(BlockedError):
        await knowing.submit(cat(), ANN)


async def test_a_queue_that_was_wiped_is_read_anew(knowing, live, raw):
    raw.flushall()
    live.worker("w1", "brandnew")
    assert await knowing.submit(cat(checkpoint="brandnew"), ANN)


async def test_a_worker_with_the_rights_of_an_older_version_is_seen(queue, live, raw, valkey):
    may = ["{zosma}:", "{zosma}:work*", "{zosma}:can:*", "{zosma}:index:*", "{zosma}:swept"]
    raw.acl_setuser("old", enabled=True, passwords=["+pw"], keys=may, channels=["*"], commands=["+@all"])
    with redis.Redis.from_url(valkey.url_for("old", "pw")) as old:
        call(old, calls.beat("w2", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=about("ofold")))
        assert await queue.submit(cat(checkpoint="ofold"), ANN)
        call(old, calls.beat("w2", WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=about("newer")))
        assert await queue.submit(cat(checkpoint="newer"), ANN)
    raw.acl_deluser("old")
    assert raw.hkeys(keys.VERSIONS) == [b"", b"w1"]


@pytest.mark.parametrize("junk", [b"\xff", b"", b"x 5", b"5", b"1" * 400 + b" 1", b"1 " + b"9" * 400])
async def test_junk_in_the_place_of_the_version_stops_nobody(knowing, live, raw, junk):
    raw.hset(keys.VERSIONS, "", junk)
    assert await knowing.submit(cat(), ANN)
    live.worker("w2", "brandnew")
    assert await knowing.submit(cat(checkpoint="brandnew"), ANN)


async def test_a_worker_of_whom_little_is_noted_takes_nothing(knowing, raw):
    raw.zadd(keys.WORKERS, {"half": raw.time()[0] * 1000})
    raw.hset(keys.worker("half"), "job", "job-1")
    half = next(one for one in await knowing.workers() if one.id == "half")
    assert (half.state, half.job) == (WorkerState.AWAY, "job-1")
    assert (await knowing.catalogue()).ready == 1


async def test_a_job_that_is_taken_up_again_is_its_workers_again(live):
    live.now = 10_000_000
    live.worker("w1")
    live.submit()
    leased = live.take()
    live.later(7)
    live.sweep()
    live.worker("w1")
    assert "job" not in {name.decode() for name in live.client.hkeys(keys.worker("w1"))}

    assert live.renew(leased) == "ok"
    assert live.client.hget(keys.worker("w1"), "job") == leased.id.encode()


async def test_jobs_of_one_process_are_sorted_by_their_ids(knowing):
    ids = [await knowing.submit(cat(), ANN) for _ in range(50)]
    assert sorted(ids) == ids
    assert {len(one) for one in ids} == {20}


@pytest.mark.parametrize("junk", [b"", b"\xff", b"x" * 10_000])
async def test_junk_in_the_place_of_the_rules_version_stops_nobody(knowing, raw, junk):
    raw.set(keys.RULES_VERSION, junk)
    assert await asyncio.wait_for(knowing.submit(cat(), ANN), 10)
