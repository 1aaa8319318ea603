"""A job is its worker's: another one that reads all there is to read can neither settle nor keep it."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.errors import ErrorKind
from zosma_queue.job import State
from zosma_queue.scripts import call
from zosma_queue.worker_queue import LeaseState, RedisWorkerQueue

from .conftest import result


@pytest.fixture(name="leased")
def _leased(rig):
    """A job that w1 has fetched with its secret."""
    rig.submit()
    return call(rig.client, calls.fetch("w1", token="only w1 knows", now_ms=rig.now))


def all_that_can_be_read(rig, leased):
    """What a thief may try as the secret: every text in the job's hash and that of its worker."""
    found = {*rig.client.hgetall(keys.job(leased.id)).values(), *rig.client.hgetall(keys.worker("w1")).values()}
    return ["", "w1", leased.id, str(leased.attempt), *(value.decode(errors="replace") for value in found)]


@pytest.mark.parametrize(
    "outcome",
    [calls.done(result()), calls.fail(ErrorKind.INTERNAL), calls.RELEASE, calls.cancelled()],
    ids=["done", "fail", "release", "cancelled"],
)
def test_another_worker_cannot_settle_it(rig, leased, outcome):
    for token in all_that_can_be_read(rig, leased):
        assert call(rig.client, calls.settle(leased.id, 1, outcome, token=token, now_ms=rig.now)) is None

    assert rig.job(leased.id).state is State.RUNNING
    own = calls.settle(leased.id, 1, calls.done(result()), token="only w1 knows", now_ms=rig.now)
    assert call(rig.client, own) is State.DONE


def test_another_worker_cannot_keep_it_or_say_how_far_it_is(rig, leased):
    for token in all_that_can_be_read(rig, leased):
        told = calls.renew(leased.id, 1, progress=0.9, preview=b"\xff\xd8", token=token, now_ms=rig.now)
        assert call(rig.client, told) is calls.Lease.LOST

    assert rig.job(leased.id).progress is None
    assert rig.client.get(keys.preview(leased.id)) is None
    assert call(rig.client, calls.renew(leased.id, 1, token="only w1 knows", now_ms=rig.now)) is calls.Lease.OK


def test_another_worker_cannot_take_a_finished_job_back_that_lost_its_lease(rig, leased):
    rig.later(7)
    rig.sweep()
    assert rig.job(leased.id).state is State.WAITING

    assert call(rig.client, calls.settle(leased.id, 1, calls.done(result()), now_ms=rig.now)) is None
    assert rig.job(leased.id).state is State.WAITING


async def test_workers_of_ours_each_have_a_secret_of_their_own(redis_url, raw, rig):
    rig.submit()
    async with RedisWorkerQueue(redis_url, "gpu/a/1") as one, RedisWorkerQueue(redis_url, "gpu/b/2") as other:
        leased = call(rig.client, calls.fetch("w1", token=one._token, now_ms=rig.now))
        assert await other.renew(leased.id, leased.attempt) is LeaseState.LOST
        assert await one.renew(leased.id, leased.attempt) is LeaseState.OK
