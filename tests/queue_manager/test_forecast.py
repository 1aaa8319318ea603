"""The forecast of the order, held against the order itself."""

from __future__ import annotations

import random

import pytest
import redis.asyncio

from zosma_queue.forecast import Snapshot, places


@pytest.mark.parametrize("trial", range(20))
async def test_positions_are_the_order_in_which_jobs_really_go(rig, redis_url, trial):
    dice = random.Random(trial)
    for _ in range(12):
        owner = dice.choice("abcde")
        rig.submit(owner, group="big" if owner in "abc" else "small", cost=dice.choice([2, 4, 8]))
    for _ in range(dice.randrange(4)):
        rig.settle(rig.take())

    async with redis.asyncio.Redis.from_url(redis_url) as client:
        expected = places(await Snapshot.take(client, 100))

    order = []
    while leased := rig.fetch():
        order.append(leased.id)
    assert {job: place.position for job, place in expected.items()} == {job: n for n, job in enumerate(order, 1)}


async def test_an_empty_queue_has_no_places(rig, redis_url):
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert places(await Snapshot.take(client, 100)) == {}
