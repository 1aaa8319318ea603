"""The forecast, held against the scripts: what it says must be what they do."""

from __future__ import annotations

import heapq
import random

import pytest
import redis.asyncio

from zosma_queue import calls, keys
from zosma_queue.fleet import WorkerState
from zosma_queue.forecast import places
from zosma_queue.needs import Lane
from zosma_queue.policy import Policy
from zosma_queue.request import PIXELS_MAX
from zosma_queue.scripts import call
from zosma_queue.snapshot import take_snapshot

from .conftest import result

LOAD_S = 8.0


async def forecast(redis_url, rig):
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        return places(await take_snapshot(client, 1000, now_ms=rig.now))


def play(rig, machines):
    """Runs the real scripts in virtual time, each job as long as predicted; gives job → (start, end) in seconds."""
    began = rig.now
    events = [(rig.now, index, worker) for index, worker in enumerate(machines)]
    held, seen, resting = {}, {}, []
    while events:
        rig.now, index, worker = heapq.heappop(events)
        for name, loaded in machines.items():
            state = WorkerState.BUSY if name in held else WorkerState.READY
            call(rig.client, calls.beat(name, state, loaded=loaded, pixels=PIXELS_MAX, now_ms=rig.now))
        if worker in held:
            leased, seconds = held.pop(worker)
            rig.settle(leased, calls.done(result(seconds, leased.attempt)))
            events.extend((rig.now, i, other) for i, other in resting)
            heapq.heapify(events)
            resting.clear()
        leased = rig.fetch(worker)
        if leased is None:
            resting.append((index, worker))
            continue
        row = rig.client.hgetall(keys.job(leased.id))
        checkpoint = rig.job(leased.id).request.checkpoint
        seconds = float(row[b"charged"]) + (LOAD_S if row[b"cold"] == b"1" else 0.0)
        machines[worker] = checkpoint or machines[worker]
        held[worker] = (leased, seconds)
        end = rig.now + seconds * 1000
        rig.client.zadd(keys.LEASES, {leased.id: 1e15})
        seen[leased.id] = ((rig.now - began) / 1000, (end - began) / 1000)
        heapq.heappush(events, (int(end), index, worker))
    return seen


@pytest.mark.parametrize("trial", range(25))
async def test_what_is_forecast_is_what_the_scripts_do(rig, redis_url, raw, trial):
    dice = random.Random(trial)
    raw.hset(keys.LOADS, "", LOAD_S)
    machines = {f"gpu{number}/webui/{number}": dice.choice([None, "dream", "anime"]) for number in range(1, 4)}
    call(rig.client, calls.leave("w1"))
    for name, loaded in machines.items():
        rig.worker(name, *dice.choice([("dream", "anime", "photo"), ("dream", "photo")]), loaded=loaded)
    capped = dice.choice("abcdefg")
    for _ in range(40):
        owner = dice.choice("abcde")
        wanted = dice.choice([None, "dream", "dream", "photo"])
        rig.submit(
            owner,
            group="big" if owner in "abc" else "small",
            cost=dice.choice([2.0, 4.0, 8.0]),
            lane=dice.choice([Lane.FAST, Lane.FAST, Lane.RELAX]),
            person="C" if owner in "cd" else "",
            policy=Policy(running=1 if owner == capped else 0, weight=2 if owner == "d" else 1),
            **({"checkpoint": wanted} if wanted else {}),
        )
    if dice.random() < 0.5:
        call(rig.client, calls.bump("admin", f"job-{dice.randrange(1, 41)}", now_ms=rig.now))

    expected = await forecast(redis_url, rig)
    seen = play(rig, machines)

    assert expected.keys() == seen.keys()
    for job, (start, end) in seen.items():
        assert expected[job].starts_in_s == pytest.approx(start, abs=0.2), job
        assert expected[job].ends_in_s == pytest.approx(end, abs=0.2), job


async def test_a_job_that_nobody_can_do_has_no_place_and_moves_nobody_back(rig, redis_url):
    rig.worker("w2", "photo")
    rig.submit("ann", checkpoint="photo", job_id="photo")
    rig.submit("bob", job_id="any")
    call(rig.client, calls.leave("w2"))

    expected = await forecast(redis_url, rig)

    assert list(expected) == ["any"]
    assert (expected["any"].position, expected["any"].starts_in_s) == (1, 0.0)


async def test_a_running_job_is_waited_for_as_long_as_its_webui_says(rig, redis_url):
    rig.submit("ann")
    rig.submit("bob", job_id="next")
    leased = rig.take()
    assert (await forecast(redis_url, rig))["next"].starts_in_s == 4.0

    rig.renew(leased, progress=0.5, eta_s=2.5)
    assert (await forecast(redis_url, rig))["next"].starts_in_s == 2.5


async def test_a_paused_queue_has_no_places(rig, redis_url):
    rig.submit("ann")
    call(rig.client, calls.pause("admin", "queue"))

    assert await forecast(redis_url, rig) == {}


async def test_an_empty_queue_has_no_places(rig, redis_url):
    assert await forecast(redis_url, rig) == {}
