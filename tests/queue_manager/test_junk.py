"""Whatever a worker may write, junk in it is skipped, named once, counted, and stops nobody's work."""

from __future__ import annotations

import json

import pytest

from loopback.played_worker import PlayedWorker
from zosma_queue import keys, unreadable
from zosma_queue.client import Sender
from zosma_queue.job import State
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy
from zosma_queue.request import parse_request

ANN = Sender(owner="key:ann", group="key")
BOB = Sender(owner="key:bob", group="key")
JUNK = [
    b"",
    b"\xff\xfe",
    b"{",
    b"null",
    b"[]",
    b"7",
    b"NaN",
    b"inf",
    b"-1e999",
    b"9" * 400,
    b"x" * 100_000,
    b"[" * 50_000,
]
WORKER_FIELDS = ["state", "loaded", "job", "seen", "pixels", "reason", "about", "target"]
JOB_FIELDS = [
    "message", "state", "owner", "group", "class", "needs", "cost", "created", "attempt", "failures", "started",
    "progress", "eta", "result", "error", "seq", "skips", "skipped_since", "charged",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _counts():
    unreadable.forget()
    yield
    unreadable.forget()


async def look_everywhere(queue, job_id):
    """All that the bot reads; a key of another type is Redis's own refusal where it is all that was asked for."""
    await queue.workers()
    await queue.catalogue()
    await queue.job(job_id)
    await queue.place("another")
    await queue.in_order([])
    await queue.note_forecasts()
    await queue.jobs_of("key:ann")
    await queue.export("key:ann")
    await queue.load_s()
    await queue.pauses()
    await queue.open_jobs()
    await queue.undelivered()
    await queue.admin.overview()
    await queue.admin.stats()
    await queue.admin.accuracy()
    await queue.admin.running("queue")
    await queue.admin.owner_depth("ann")
    for state in (State.WAITING, State.RUNNING, State.FAILED, State.DELAYED):
        await queue.admin.jobs(state)


@pytest.fixture(name="busy")
async def _busy(queue, redis_url):
    """A queue with one job that runs and one that waits; gives (id that runs, id that waits)."""
    async with PlayedWorker(redis_url) as worker:
        for _ in range(2):
            await queue.submit(parse_request({"prompt": "a cat"}), ANN)
        leased = await worker.take()
        await worker.progress(leased, 0.5)
        waiting = next(one for one in await queue.open_jobs() if one != leased.id)
        yield leased.id, waiting


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:8])
@pytest.mark.parametrize("field", WORKER_FIELDS)
async def test_a_worker_that_tells_junk_hides_no_other(field, junk, queue, raw, redis_url, busy):
    async with PlayedWorker(redis_url, name="gpu/other"):
        raw.hset(keys.worker("gpu/played"), field, junk)

        await look_everywhere(queue, busy[0])

        assert "gpu/other" in [one.id for one in await queue.workers()]


@pytest.mark.parametrize("keys_of", [("worker",), ("can",), ("worker", "can")], ids=" and ".join)
async def test_what_is_no_worker_at_all_stops_neither_submits_nor_work(keys_of, queue, raw, busy, redis_url):
    for name in keys_of:
        key = getattr(keys, name)("gpu/junk")
        raw.delete(key)
        raw.set(key, "junk")
    raw.zadd(keys.WORKERS, {"gpu/junk": raw.zscore(keys.WORKERS, "gpu/played") - 1})  # it is asked first
    if "worker" not in keys_of:
        raw.hset(keys.worker("gpu/junk"), mapping={"state": "ready", "pixels": 10**9, "loaded": "dream"})

    other = await queue.submit(parse_request({"prompt": "a dog"}), ANN)
    await queue.sweep()
    await look_everywhere(queue, other)

    async with PlayedWorker(redis_url, name="gpu/other") as worker:
        assert (await worker.take()).id in (busy[1], other)


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:8])
@pytest.mark.parametrize("field", JOB_FIELDS)
async def test_a_job_full_of_junk_hides_no_other(field, junk, queue, raw, busy):
    for job_id in busy:
        raw.hset(keys.job(job_id), field, junk)
    other = await queue.submit(parse_request({"prompt": "a dog"}), ANN)

    for job_id in busy:
        await look_everywhere(queue, job_id)

    assert (await queue.job(other)).state is State.WAITING
    assert other in [job.id for job in await queue.jobs_of("key:ann")]


@pytest.mark.parametrize(
    "needs",
    [
        {"pixels": "many"}, {"pixels": None}, {"pixels": [1]}, {"tokens": [[1]]}, {"tokens": {"a": 1}},
        {"tokens": "abc"}, {"checkpoint": ["dream"]}, {"checkpoint": {"a": 1}}, {"checkpoint": 7}, {"avoid": ["gpu"]},
        {"avoid": 7},
    ],
    ids=str,
)  # fmt: skip
async def test_a_job_that_needs_nonsense_spoils_no_forecast(needs, queue, raw, busy):
    other = await queue.submit(parse_request({"prompt": "a dog"}), BOB)
    for job_id in busy:
        known = json.loads(raw.hget(keys.job(job_id), "needs"))
        raw.hset(keys.job(job_id), "needs", json.dumps({**known, **needs}))

    await look_everywhere(queue, busy[0])

    assert (await queue.place(other)) is not None
    assert [job.id for job in await queue.in_order([await queue.job(other)])] == [other]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:8])
@pytest.mark.parametrize(
    "key", ["SPEED", "LOADS", "ACCURACY", "STATS", "TAGS", "WEIGHTS", "CAPS", "RUNNING", "PAUSED", "DEPTH", "NEEDS"]
)
async def test_a_table_with_junk_in_it_is_read_without(key, junk, queue, raw, busy):
    name = getattr(keys, key)
    for field in (b"", b"bias", b"v", b"\xff", b"key:ann", b"fast_in_a_row"):
        raw.hset(name, field, junk)

    await look_everywhere(queue, busy[1])


@pytest.mark.parametrize("name", [b"\xff", b"", b"x" * 10_000])
@pytest.mark.parametrize("key", ["WORKERS", "WAITING", "LEASES", "DELAYED", "DEAD", "UNDELIVERED", "BUMPED"])
async def test_a_list_with_a_name_that_is_none_is_read_without(key, name, queue, raw, busy):
    raw.zadd(getattr(keys, key), {name: 4e12})

    await look_everywhere(queue, busy[1])
    await queue.admin.purge("root")
    assert await queue.admin.clear("root", "key:ann") == 2


@pytest.mark.parametrize("kind", ["worker", "can", "job"])
async def test_one_key_of_another_type_hides_no_other(kind, queue, raw, redis_url, busy):
    can = keys.can(raw.hget(keys.worker("gpu/played"), "profile").decode())
    key = {"worker": keys.worker("gpu/played"), "can": can, "job": keys.job(busy[1])}[kind]
    async with PlayedWorker(redis_url, name="gpu/other", loras=("another",)):
        waits = await queue.submit(parse_request({"prompt": "a dog"}), BOB)
        raw.delete(key)
        raw.rpush(key, "junk")

        await queue.admin.jobs(State.WAITING)
        await queue.jobs_of("key:ann")
        await queue.place("another")
        await queue.admin.owner_depth("ann")
        await queue.admin.overview()
        assert waits in [one["id"] for one in await queue.export("key:bob")]
        assert (await queue.admin.overview()).owners
        assert "gpu/other" in [one.id for one in await queue.workers()]

    assert unreadable.counts()[key] >= 1


@pytest.mark.parametrize("junk", JUNK[:8], ids=lambda junk: junk[:8])
async def test_a_document_that_is_none_is_as_if_it_were_not_there(junk, queue, raw):
    raw.set(keys.document("prefs", "ann"), junk)

    assert await queue.documents.get("prefs", "ann") is None
    assert await queue.documents.change("prefs", "ann", lambda found: {**found, "a": 1}) == {"a": 1}


async def test_what_is_skipped_is_named_once_and_counted(queue, raw, busy, caplog):
    raw.hset(keys.worker("gpu/played"), "pixels", "many")

    for _ in range(3):
        assert await queue.workers() == []

    assert unreadable.counts() == {keys.worker("gpu/played"): 3}
    assert caplog.text.count("can't read") == 1


def test_junk_under_ever_new_names_fills_no_memory():
    for number in range(2 * unreadable.KEYS_MAX):
        unreadable.note(f"key-{number}", "junk")

    assert len(unreadable.counts()) == unreadable.KEYS_MAX + 1


@pytest.mark.parametrize("junk", [b"junk", b"null", b"[]", b"{}", b"\xff", b'{"tokens": 1, "pixels": 1}'])
@pytest.mark.parametrize("where", ["class", "pixels", "running", "cap", "weight"])
async def test_junk_keeps_no_lost_job_from_coming_back_and_no_new_one_out(where, junk, queue, raw, redis_url, busy):
    key, field = {
        "class": (keys.NEEDS, b"junk"),
        "pixels": (keys.worker("gpu/played"), b"pixels"),
        "running": (keys.RUNNING, b"key:bob"),
        "cap": (keys.CAPS, b"key:bob"),
        "weight": (keys.WEIGHTS, b"key"),
    }[where]
    raw.hset(key, field, junk)
    raw.zadd(keys.LEASES, {busy[0]: 1})  # its worker has been silent since 1970

    assert (await queue.sweep()).returned == 1

    async with PlayedWorker(redis_url, name="gpu/other"):
        assert await queue.job(await queue.submit(parse_request({"prompt": "a dog"}), BOB))


@pytest.mark.parametrize("junk", [*JUNK, b'{"blocked": 7}'], ids=lambda junk: junk[:8])
async def test_rules_that_cannot_be_read_take_nobody_elses_along(junk, queue, raw):
    raw.hset(keys.RULES, "discord:1", junk)
    raw.hset(keys.RULES, "discord:2", b'{"steps": 30}')
    raw.hset(keys.RULES, "", b'{"blocked": ["gory"]}')

    assert await queue.admin.rules_for("discord:2") == [ContentRules(blocked=("gory",)), ContentRules(steps=30)]
    assert (await queue.admin.rules_for("discord:1"))[0] == ContentRules(blocked=("gory",))


async def test_what_can_be_read_of_rules_and_limits_holds(queue, raw, caplog):
    raw.hset(keys.RULES, "discord:1", b'{"blocked": ["gory", 7, "vile"], "steps": 30, "count": -1, "of_later": true}')
    raw.hset(keys.POLICIES, "role:5", b'{"waiting": 2, "running": "many", "of_later": true}')

    for _ in range(2):
        rules, policies = await queue.admin.rules("discord:1"), await queue.admin.policies()
        assert rules == ContentRules(blocked=("gory", "vile"), steps=30)
        assert policies["role:5"] == Policy(waiting=2)
        raw.set(keys.RULES_VERSION, "another")

    assert caplog.text.count("can't read") == 2


async def test_an_owner_whose_jobs_lie_among_junk_can_have_them_all_erased(queue, raw, busy):
    raw.hset(b"{zosma}:job:\xff", "owner", "key:ann")
    raw.set(keys.job("junk"), "junk")

    assert len(await queue.export("key:ann")) == 2
    assert (await queue.erase("key:ann")).jobs == 2


INDEX = [
    "ALIKE", "BUCKETS", "BUCKET_LIKE", "FLEET", "HELD", "NEEDS", "PATIENCE", "SPECIAL", "STRANDED", "WANTED_TOKENS",
]  # fmt: skip


async def work_goes_on(queue, redis_url, waiting):
    """A worker of the same kind and one of another come, what waits and what is asked for now is made, time goes by."""
    await queue.sweep()
    async with (
        PlayedWorker(redis_url, name="gpu/same") as same,
        PlayedWorker(redis_url, name="gpu/other", loras=("another",)) as other,
    ):
        asked = await queue.submit(parse_request({"prompt": "a dog"}), BOB)
        await queue.sweep()
        made = [await same.take(), await other.take()]
        await same.finish(made[0])
        await other.finish(made[1])
        await queue.admin.pause("cli", "checkpoint:dream")
        await queue.admin.resume("cli", "checkpoint:dream")
    assert {one.id for one in made} == {waiting, asked}


@pytest.mark.parametrize("junk", [*JUNK[:10], b"-1"], ids=lambda junk: junk[:8])
@pytest.mark.parametrize("where", ["beside", "instead"])
@pytest.mark.parametrize("key", INDEX)
async def test_junk_in_the_index_stops_neither_submits_nor_work(key, where, junk, queue, raw, redis_url, busy):
    name = getattr(keys, key)
    for field in {b"junk", b"\xff"} if where == "beside" else set(raw.hkeys(name)):
        raw.hset(name, field, junk)

    await work_goes_on(queue, redis_url, busy[1])


@pytest.mark.parametrize("name", [b"\xff", b"", b"junk", b"fast.named.9!", b"a1111.x.y"])
async def test_a_bucket_or_profile_that_is_none_stops_neither_submits_nor_work(name, queue, raw, redis_url, busy):
    profile = raw.hget(keys.worker("gpu/played"), "profile").decode()
    raw.zadd(keys.PROFILES, {name: 4e12})
    raw.sadd(keys.serves(profile), name)
    raw.zadd(keys.ready(profile), {name: 4e12})
    raw.zadd(keys.idle(profile), {name: 4e12})

    await work_goes_on(queue, redis_url, busy[1])
