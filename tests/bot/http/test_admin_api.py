"""The admin API: who may use it, and what it does."""

from __future__ import annotations

import aiohttp
import pytest

from zosma_bot.http.app import make_app, serve
from zosma_queue import calls

ADMIN = "/api/v1/admin"
ANN, BOB = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json()


async def submit(http, prompt="a cat", **options):
    status, job = await call(http, "POST", "/api/v1/jobs", json={"prompt": prompt}, **options)
    assert status == 202
    return job["id"]


async def test_only_admins_keys_are_let_in(queue, hub):
    app = make_app(queue, hub, {"ann-key": "ann", "bob-key": "bob"}, ["ann"])
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        assert (await call(http, "GET", f"{ADMIN}/stats", headers=ANN))[0] == 200
        status, answer = await call(http, "GET", f"{ADMIN}/stats", headers=BOB)
        assert status == 403
        assert "ZOSMA_ADMINS" in answer["detail"]
        assert (await call(http, "GET", f"{ADMIN}/stats"))[0] == 401


async def test_with_keys_and_no_admins_nobody_is_let_in(guarded):
    assert (await call(guarded, "GET", f"{ADMIN}/stats", headers=ANN))[0] == 403


async def test_jobs_are_listed_with_owner_place_and_forecast(http, worker):
    first = await submit(http)
    await worker.take()
    second = await submit(http)

    _, running = await call(http, "GET", f"{ADMIN}/jobs?state=running")
    _, waiting = await call(http, "GET", f"{ADMIN}/jobs")

    assert [job["id"] for job in running] == [first]
    assert [(job["id"], job["owner"], job["lane"], job["position"]) for job in waiting] == [
        (second, "http:local", "fast", 1)
    ]
    assert waiting[0]["starts_in_s"] > 0
    assert (await call(http, "GET", f"{ADMIN}/jobs/{second}"))[1]["cost_s"] > 0
    assert (await call(http, "GET", f"{ADMIN}/jobs/ghost"))[0] == 404


@pytest.mark.parametrize(
    ("path", "field"), [("jobs?state=odd", "state"), ("jobs?state=done", "state"), ("jobs?limit=0", "limit")]
)
async def test_a_wrong_query_is_refused_by_field(http, path, field):
    status, answer = await call(http, "GET", f"{ADMIN}/{path}")

    assert (status, answer["field"]) == (422, field)


async def test_bump_cancel_and_clear(http, worker):
    await submit(http)
    late = await submit(http)
    assert (await call(http, "POST", f"{ADMIN}/jobs/{late}/bump"))[0] == 200
    leased = await worker.take()
    assert leased.id == late
    assert (await call(http, "POST", f"{ADMIN}/jobs/{late}/bump"))[0] == 409

    assert (await call(http, "POST", f"{ADMIN}/jobs/{late}/cancel"))[1]["state"] == "cancelling"
    assert (await call(http, "POST", f"{ADMIN}/jobs/ghost/cancel"))[0] == 404
    await worker.settle(leased, calls.CANCELLED)
    assert (await call(http, "POST", f"{ADMIN}/clear", json={"owner": "http:local"}))[1] == {"cancelled": 1}
    assert (await call(http, "POST", f"{ADMIN}/clear", json={}))[1]["field"] == "owner"


async def test_dead_jobs_are_listed_retried_and_purged(http, worker):
    job = await submit(http)
    await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
    _, dead = await call(http, "GET", f"{ADMIN}/jobs?state=failed")
    assert [(one["id"], one["error"]["text"]) for one in dead] == [(job, "out of memory")]

    assert (await call(http, "POST", f"{ADMIN}/jobs/{job}/retry"))[0] == 200
    assert (await call(http, "POST", f"{ADMIN}/jobs/{job}/retry"))[0] == 409
    await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
    assert (await call(http, "POST", f"{ADMIN}/purge", json={"ids": "all"}))[1]["field"] == "ids"
    assert (await call(http, "POST", f"{ADMIN}/purge", json={}))[1] == {"purged": 1}


async def test_pauses_are_set_shown_and_lifted(http):
    assert (await call(http, "POST", f"{ADMIN}/pause", json={"scope": "lane:relax", "why": "heat"}))[1]["changed"]
    _, [pause] = await call(http, "GET", f"{ADMIN}/pauses")
    assert (pause["scope"], pause["who"], pause["why"]) == ("lane:relax", "http:local", "heat")
    assert (await call(http, "POST", f"{ADMIN}/resume", json={"scope": "lane:relax"}))[1]["changed"]
    assert (await call(http, "POST", f"{ADMIN}/pause", json={"scope": "moon"}))[1]["field"] == "scope"
    _, acts = await call(http, "GET", f"{ADMIN}/audit")
    assert [act["act"] for act in acts] == ["resume", "pause"]


async def test_a_limit_is_set_enforced_with_429_and_dropped(http, worker):
    status, policy = await call(http, "PUT", f"{ADMIN}/limits/default", json={"waiting": 1})
    assert (status, policy["waiting"], policy["running"]) == (200, 1, 0)
    await submit(http)
    async with http.post("/api/v1/jobs", json={"prompt": "a cat"}) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert "try again in" in (await answer.json())["detail"]

    assert (await call(http, "PUT", f"{ADMIN}/limits/default", json={"waiting": -1}))[1]["field"] == "waiting"
    await call(http, "DELETE", f"{ADMIN}/limits/default")
    assert (await call(http, "GET", f"{ADMIN}/limits"))[1] == {}
    await submit(http)


async def test_workers_and_stats(http, worker):
    await submit(http)
    await worker.finish(await worker.take())

    _, [info] = await call(http, "GET", f"{ADMIN}/workers")
    _, stats = await call(http, "GET", f"{ADMIN}/stats")

    assert [one["name"] for one in info["about"]["checkpoints"]] == ["dream", "anime"]
    assert stats["done"] == 1
    assert stats["forecast"]["count"] == 0
