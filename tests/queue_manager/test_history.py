"""What is kept of a member's jobs: their history, how long, and how they get or erase it. All on the server's clock."""

from __future__ import annotations

import json
import time

import pytest

from zosma_queue import calls, history, keys
from zosma_queue.client import Sender
from zosma_queue.errors import InfeasibleError, LimitError, RequestRefusedError
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
from zosma_queue.job import State
from zosma_queue.privacy import Erased
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

DAY_S = 24 * 3600
ANN = Sender(owner="discord:1/ann", group="discord:1")
BOB = Sender(owner="discord:1/bob", group="discord:1")


@pytest.fixture(name="live")
def _live(rig):
    """The verbs on the server's own clock, as `Queue.submit` has it."""
    rig.now = 0
    rig.worker("w1")
    return rig


def about(*checkpoints):
    """A worker that has these checkpoints, and starts from pictures too."""
    return Capabilities(webui="http://gpu:7860", flavour="a1111", host="gpu", samplers=("Euler a",), schedulers=(),
                 img2img=True, checkpoints=tuple(Checkpoint(name=one, title=one) for one in checkpoints))  # fmt: skip


def finish_all(live):
    """Runs what waits."""
    while leased := live.fetch():
        live.settle(leased)


def cat(**fields):
    return parse_request({"prompt": "a cat", "seed": 1, **fields})


def stored(raw, owner):
    """Everything in Redis that names the owner or one of their jobs, but what limits go by."""
    return sorted(
        key.decode() for key in raw.scan_iter("*")
        if (owner in key.decode() or any(part in key.decode() for part in (":job:", ":image:", ":reply:", ":input:")))
        and not any(part in key.decode() for part in (":spent:", ":cooldown:"))
    )  # fmt: skip


async def test_jobs_are_listed_newest_first_and_to_their_owner_alone(queue, live):
    ids = [await queue.submit(cat(), ANN) for _ in range(4)]
    await queue.submit(cat(), BOB)
    finish_all(live)

    assert [job.id for job in await queue.jobs_of(ANN.owner)] == ids[::-1]
    assert [job.id for job in await queue.jobs_of(ANN.owner, limit=2)] == ids[:1:-1]
    assert await queue.jobs_of("nobody") == []
    assert await queue.jobs_of(ANN.owner, limit=0) == []


async def test_what_was_noted_but_never_queued_or_is_forgotten_is_passed_over(queue, live, raw):
    # An older version noted a job before it was queued.
    first = await queue.submit(cat(), ANN)
    gone = await queue.submit(cat(), ANN)
    raw.zadd(keys.history(ANN.owner), {"crashed-before-it-was-queued": int(time.time() * 1000) + 1})
    raw.delete(keys.job(gone))

    assert [job.id for job in await queue.jobs_of(ANN.owner, limit=1)] == [first]


def flat(found):
    return [job_id for page in found for job_id in page]


async def pages(queue, *, limit, states=()):
    """The ids of each page, until there is no next one."""
    found, cursor = [], None
    while True:
        page = await queue.page_of(ANN.owner, limit=limit, states=states, cursor=cursor)
        found.append([job.id for job in page.jobs])
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 200])
@pytest.mark.parametrize("scan", [1, 2, 7, 2000])
async def test_pages_together_are_the_whole_list_each_job_once(queue, live, monkeypatch, limit, scan):
    monkeypatch.setattr(history, "SCAN_MAX", scan)
    ids = [await queue.submit(cat(), ANN) for _ in range(7)]
    await queue.submit(cat(), BOB)

    found = await pages(queue, limit=limit)

    assert flat(found) == ids[::-1]
    assert all(len(page) == limit for page in found[:-1]) or scan < limit


async def test_pages_hold_the_wanted_states_alone(queue, live):
    ids = [await queue.submit(cat(), ANN) for _ in range(6)]
    taken = live.fetch().id
    await queue.cancel(ids[3])

    assert flat(await pages(queue, limit=2, states=(State.RUNNING, State.CANCELLED))) == [ids[3], taken]
    assert flat(await pages(queue, limit=2, states=(State.FAILED,))) == []


async def test_a_page_goes_on_where_the_one_before_ended_whatever_came_or_went_meanwhile(queue, live, raw):
    ids = [await queue.submit(cat(), ANN) for _ in range(6)]
    page = await queue.page_of(ANN.owner, limit=2)
    newer = await queue.submit(cat(), ANN)
    assert newer not in ids

    after = await queue.page_of(ANN.owner, limit=2, cursor=page.next)
    assert [job.id for job in after.jobs] == ids[3:1:-1]
    raw.zrem(keys.history(ANN.owner), ids[2])  # the one that the cursor names has been forgotten
    rest = await queue.page_of(ANN.owner, limit=10, cursor=after.next)
    assert {job.id for job in rest.jobs} >= {ids[0], ids[1]}


@pytest.mark.parametrize("cursor", ["5", "x.y", "1e3.a", "-1.a", "٣.a", "9" * 16 + ".a", "\ud800.a", "1."])
async def test_a_cursor_that_is_none_is_refused(queue, cursor):
    with pytest.raises(RequestRefusedError, match="next"):
        await queue.page_of(ANN.owner, limit=1, cursor=cursor)


async def test_a_refused_job_is_not_in_the_history(queue, live, raw):
    live.worker("w1", pixels=262_144)
    with pytest.raises(InfeasibleError):
        await queue.submit(cat(width=2048, height=2048), ANN)

    assert raw.zcard(keys.history(ANN.owner)) == 0


async def test_an_id_of_somebody_else_does_not_show_his_job(queue, live):
    await queue.submit(cat(), ANN, job_id="hers")
    await queue.submit(cat(), BOB, job_id="hers")

    assert await queue.jobs_of(BOB.owner) == []
    assert [job.id for job in await queue.jobs_of(ANN.owner)] == ["hers"]


async def test_the_history_is_bounded_in_number_and_time(queue, live, raw, monkeypatch):
    monkeypatch.setattr(history, "HISTORY_MAX", 200)
    for number in range(205):
        await queue.submit(cat(), ANN, job_id=f"{number:04d}")

    kept = raw.zrange(keys.history(ANN.owner), 0, -1)
    assert len(kept) == 200
    assert kept[-1] == b"0204"
    assert 29 * DAY_S < raw.ttl(keys.history(ANN.owner)) <= 30 * DAY_S


# -- how long jobs stay -----------------------------------------------------------------------------------------


async def test_a_finished_job_is_kept_for_a_month_without_its_pictures_and_the_webuis_own_words(queue, live, raw):
    await queue.submit(cat(), ANN, reply="{}")
    leased = live.take()
    image = keys.image(leased.id, 1, 0)
    raw.set(image, b"x", ex=DAY_S)
    told = calls.done(calls.Result.model_validate_json('{"pictures":[{"index":0,"format":"png","width":64,"height":64,'
        '"bytes":1,"seed":1,"parameters":"a cat\\nSteps: 20"}],"attempt":1,"checkpoint":"dream","sampler":"Euler a",'
        '"worker":"w","gpu_seconds":1,"info":{"prompt":"a cat"}}'))  # fmt: skip
    live.settle(leased, told)

    assert (await queue.job(leased.id)).result.info == {"prompt": "a cat"}
    await queue.mark_delivered(await queue.job(leased.id))

    assert 29 * DAY_S < raw.ttl(keys.job(leased.id)) <= 30 * DAY_S
    assert raw.ttl(image) <= 15 * 60
    job = await queue.job(leased.id)
    assert (job.request.prompt, job.result.pictures[0].parameters) == ("a cat", "a cat\nSteps: 20")
    assert job.result.info == {}


async def test_pictures_stay_for_as_long_as_is_said_at_delivery(queue, live, raw):
    await queue.submit(cat(), ANN, reply="{}")
    leased = live.take()
    raw.set(keys.image(leased.id, 1, 0), b"x", ex=60)
    live.settle(leased)

    await queue.mark_delivered(await queue.job(leased.id), keep_s=7200)
    assert 60 < raw.ttl(keys.image(leased.id, 1, 0)) <= 7200
    await queue.mark_delivered(await queue.job(leased.id), keep_s=0)
    assert await queue.pictures(await queue.job(leased.id)) == [None]


@pytest.mark.parametrize("keep_s", [3600, 90 * DAY_S])
async def test_another_retention_counts_from_delivery_and_never_loses_an_answer_that_is_owed(queue, live, raw, keep_s):
    job_id = await queue.submit(cat(), ANN, reply="{}", keep_s=keep_s)
    finish_all(live)
    assert raw.ttl(keys.job(job_id)) > 29 * DAY_S

    await queue.mark_delivered(await queue.job(job_id))

    assert keep_s - 60 < raw.ttl(keys.job(job_id)) <= keep_s
    assert keep_s - 60 < raw.ttl(keys.reply(job_id)) <= keep_s


async def test_another_retention_counts_from_the_end_where_nobody_is_told(queue, live, raw):
    job_id = await queue.submit(cat(), ANN, keep_s=3600)
    await queue.cancel(job_id)

    assert 3500 < raw.ttl(keys.job(job_id)) <= 3600


# -- export and erase -------------------------------------------------------------------------------------------


async def test_an_export_is_plain_json_of_all_ones_own_jobs(queue, live):
    done = await queue.submit(cat(checkpoint="dream"), ANN)
    finish_all(live)
    waiting = await queue.submit(cat(), ANN)
    await queue.submit(cat(), BOB)

    first, second = json.loads(json.dumps(await queue.export(ANN.owner)))

    assert (first["id"], first["state"], first["request"]["checkpoint"]) == (done, "done", "dream")
    assert first["result"]["pictures"][0]["seed"] == 1
    assert first["finished_ms"] >= first["started_ms"] >= first["created_ms"] > 0
    assert (second["id"], second["state"], second["result"]) == (waiting, "waiting", None)


async def test_erasing_leaves_nothing_of_an_owner_and_everything_of_others(queue, live, raw):
    done = await queue.submit(cat(), ANN, reply="{}")
    finish_all(live)
    raw.set(keys.image(done, 1, 0), b"x")
    await queue.mark_delivered(await queue.job(done))
    await queue.submit(cat(), ANN)
    await queue.submit(cat(), ANN, delay_ms=60_000)
    bobs = await queue.submit(cat(), BOB, reply="{}")

    erased = await queue.erase(ANN.owner)

    assert (erased.jobs, erased.pictures, erased.cancelled) == (3, 1, 2)
    assert await queue.export(ANN.owner) == []
    assert await queue.jobs_of(ANN.owner) == []
    assert stored(raw, ANN.owner) == sorted([keys.job(bobs), keys.reply(bobs)])
    assert [job.id for job in await queue.jobs_of(BOB.owner)] == [bobs]
    assert (await queue.depth()).waiting == 1
    assert raw.hget(keys.OPEN, ANN.owner) is None
    assert await queue.erase(ANN.owner) == Erased(jobs=0, pictures=0, cancelled=0)


async def test_a_running_job_is_stopped_and_forgotten_once_its_end_is_shown(queue, live, raw):
    await queue.submit(cat(), ANN, reply='{"token": "secret"}')
    leased = live.take()

    erased = await queue.erase(ANN.owner)
    assert (erased.jobs, erased.cancelled) == (1, 1)
    assert live.renew(leased) == calls.Lease.CANCEL
    assert live.settle(leased, calls.cancelled()) == State.CANCELLED

    assert raw.ttl(keys.job(leased.id)) <= 3600
    await queue.mark_delivered(await queue.job(leased.id))
    assert stored(raw, ANN.owner) == []


async def test_an_end_that_is_owed_is_shown_before_the_job_is_forgotten(queue, live, raw):
    job_id = await queue.submit(cat(), ANN, reply="{}")
    await queue.erase(ANN.owner)

    assert await queue.undelivered() == [job_id]
    job = await queue.job(job_id)
    assert job.state is State.CANCELLED
    assert 0 < raw.ttl(keys.job(job_id)) <= 3600
    assert 0 < raw.ttl(keys.reply(job_id)) <= 3600
    await queue.mark_delivered(job)
    assert await queue.job(job_id) is None
    assert await queue.reply(job_id) is None


async def test_a_failed_job_that_is_to_be_forgotten_gets_no_new_life(queue, live, raw):
    job_id = await queue.submit(cat(), ANN, reply="{}")
    live.settle(live.take(), calls.fail("refused", "no"))
    await queue.erase(ANN.owner)

    assert not await queue.admin.retry("root", job_id)
    await queue.mark_delivered(await queue.job(job_id))
    assert raw.zcard(keys.DEAD) == 0


async def test_erasing_is_no_way_around_a_cooldown_or_the_daily_limit(queue, live):
    await queue.admin.set_policy("root", "default", {"cooldown_s": 600})
    await queue.submit(cat(), ANN)
    finish_all(live)
    await queue.erase(ANN.owner)
    with pytest.raises(LimitError, match="too soon"):
        await queue.submit(cat(), ANN)

    await queue.admin.set_policy("root", "default", {"daily_gpu_s": 1})
    await queue.submit(cat(), BOB)
    finish_all(live)
    await queue.erase(BOB.owner)
    with pytest.raises(LimitError, match="used up"):
        await queue.submit(cat(), BOB)


async def test_what_no_history_lists_any_more_is_erased_too(queue, live, raw):
    job_id = await queue.submit(cat(), ANN)
    finish_all(live)
    raw.delete(keys.history(ANN.owner))

    assert (await queue.erase(ANN.owner)).jobs == 1
    assert raw.exists(keys.job(job_id)) == 0


async def test_the_picture_that_a_job_started_from_is_erased_with_it(queue, live, raw):
    call(raw, calls.beat("w1", WorkerState.READY, loaded=None, pixels=PIXELS_MAX,
                         about=about("dream")))  # fmt: skip
    image = await queue.keep_input(b"picture")
    await queue.submit(cat(img2img={"image": image}), ANN)
    finish_all(live)

    assert (await queue.erase(ANN.owner)).pictures == 1
    assert raw.exists(keys.picture_input(image)) == 0
