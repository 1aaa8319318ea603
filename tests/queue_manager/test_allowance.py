"""What somebody has left, and what was made: counted once, when it is shown."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.client import Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.request import parse_request

ANN = Sender(owner="discord:1/2", group="discord:1", person="discord:user/2", roles=("role:9",))
ANN_BY_DM = Sender(owner="discord:dm/2", group="discord:1", person="discord:user/2", roles=("role:9",))


def finish(live):
    """Runs what waits."""
    while leased := live.fetch():
        live.settle(leased)


@pytest.fixture(name="live")
def _live(rig):
    """The verbs on the server's own clock, as `Queue.submit` has it."""
    rig.now = 0
    rig.worker("w1")
    return rig


def cat(**fields):
    return parse_request({"prompt": "a cat", "seed": 1, **fields})


async def test_nothing_was_used_at_first(queue, live):
    found = await queue.allowance(ANN)
    assert (found.waiting, found.running, found.spent_s, found.cooldown_s) == (0, 0, 0, 0)
    assert found.resets_at_s % 86_400 == 0


async def test_jobs_and_gpu_time_are_counted_over_all_places_as_the_limits_count_them(queue, live):
    await queue.admin.set_policy("me", "role:9", {"waiting": 5, "cooldown_s": 60})
    await queue.submit(cat(), ANN)
    leased = live.take()
    found = await queue.allowance(ANN_BY_DM)
    assert (found.waiting, found.running, found.policy.waiting) == (0, 1, 5)
    assert 55 < found.cooldown_s <= 60

    live.settle(leased)
    found = await queue.allowance(ANN_BY_DM)
    assert (found.running, found.spent_s > 0) == (0, True)


async def test_what_was_made_is_counted_once_when_it_is_shown(queue, live):
    job_id = await queue.submit(cat(), ANN, reply="{}")
    finish(live)
    assert (await queue.made(ANN.owner)).pictures == 0
    for _ in range(2):
        await queue.mark_delivered(await queue.job(job_id))

    for scope in (ANN.owner, ANN.group):
        made = await queue.made(scope)
        assert (made.jobs, made.pictures, made.checkpoints) == (1, 1, {"dream": 1})
        assert made.gpu_s > 0


async def test_cancelled_and_failed_jobs_count_for_nothing(queue, live):
    job_id = await queue.submit(cat(), ANN, reply="{}")
    live.settle(live.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    await queue.mark_delivered(await queue.job(job_id))
    assert (await queue.made(ANN.owner)).jobs == 0


async def test_erasing_forgets_ones_own_count_and_leaves_the_servers_which_names_nobody(queue, live, raw):
    job_id = await queue.submit(cat(), ANN, reply="{}")
    finish(live)
    await queue.mark_delivered(await queue.job(job_id))

    await queue.erase(ANN.owner)
    assert (await queue.made(ANN.owner)).pictures == 0
    assert (await queue.made(ANN.group)).pictures == 1
    (key,) = raw.keys(keys.made("*", 0).replace(":0:", ":*:"))
    assert b"/2" not in key
    assert 30 * 86_400 < raw.ttl(key) <= 31 * 86_400
