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


async def test_an_admin_gets_anybodys_pictures_and_the_audit_says_so(http, worker, queue):
    job = (await call(http, "POST", "/api/v1/jobs", json={"prompt": "a cat", "count": 2}))[1]["id"]
    made = await worker.finish(await worker.take())
    for index, data in enumerate(made):
        async with http.get(f"{ADMIN}/jobs/{job}/images/{index}") as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", data)
    assert [(act["act"], act["target"]) for act in (await call(http, "GET", f"{ADMIN}/audit"))[1]] == [
        ("pictures", job)
    ] * 2
    for path in (f"{job}/images/2", "ghost/images/0"):
        assert (await call(http, "GET", f"{ADMIN}/jobs/{path}"))[0] == 404


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
    await worker.settle(leased, calls.cancelled())
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


async def test_a_pause_names_the_worker_that_was_meant_and_refuses_an_unknown_one(http, worker):
    await worker.beat()
    _, paused = await call(http, "POST", f"{ADMIN}/pause", json={"scope": "worker:GPU:7860", "why": "new fan"})
    assert (paused["scope"], paused["changed"]) == ("worker:gpu", True)
    status, refused = await call(http, "POST", f"{ADMIN}/pause", json={"scope": "worker:moon"})
    assert (status, refused["field"]) == (422, "scope")
    assert "there are gpu/played" in refused["detail"]

    await worker.leave()
    _, resumed = await call(http, "POST", f"{ADMIN}/resume", json={"scope": "worker:gpu/played"})
    assert resumed == {"scope": "worker:gpu", "changed": True}


async def test_a_pause_is_seen_by_everybody_and_by_the_job_that_it_holds_back(guarded, queue, worker):
    _, job = await call(guarded, "POST", "/api/v1/jobs", json={"prompt": "a cat"}, headers=ANN)
    assert (job["position"], job["paused"]) == (1, False)
    await queue.admin.pause("root", "worker:gpu", "new fan")
    await queue.in_order([])  # takes a new snapshot

    _, seen = await call(guarded, "GET", "/api/v1/queue", headers=BOB)
    _, job = await call(guarded, "GET", f"/api/v1/jobs/{job['id']}", headers=ANN)

    assert [(pause["scope"], pause["why"]) for pause in seen["paused"]] == [
        (f"worker:{seen['workers'][0]['id']}", "new fan")
    ]
    assert "root" not in str(seen)
    assert (job["position"], job["paused"]) == (None, True)


async def test_the_running_jobs_of_a_scope_are_listed(http, worker):
    job = await submit(http)
    await worker.take()

    for scope, found in (("checkpoint:dream", [job]), ("worker:gpu:7860", [job]), ("checkpoint:anime", [])):
        _, jobs = await call(http, "GET", f"{ADMIN}/jobs", params={"state": "running", "scope": scope})
        assert [one["id"] for one in jobs] == found
    assert (await call(http, "GET", f"{ADMIN}/jobs?state=waiting&scope=queue"))[1]["field"] == "scope"


async def test_waiting_jobs_are_listed_as_they_will_run(http, worker):
    first, second = await submit(http), await submit(http)
    await call(http, "POST", f"{ADMIN}/jobs/{second}/bump")

    assert [job["id"] for job in (await call(http, "GET", f"{ADMIN}/jobs"))[1]] == [second, first]


@pytest.mark.parametrize("verb", ["retry", "bump", "cancel"])
async def test_a_job_that_is_none_is_told_from_one_in_another_state(http, verb):
    status, answer = await call(http, "POST", f"{ADMIN}/jobs/nosuch/{verb}")
    assert (status, answer["code"], answer["detail"]) == (404, "not-found", "no such job")


async def test_a_policy_of_nobody_is_refused_and_dropping_none_says_so(http):
    status, answer = await call(http, "PUT", f"{ADMIN}/limits/odd", json={"waiting": 1})
    assert (status, answer["field"]) == (422, "name")
    assert (await call(http, "PUT", f"{ADMIN}/limits/discord:1%2F2", json={"waiting": 1}))[0] == 200
    for changed in (True, False):
        answer = (await call(http, "DELETE", f"{ADMIN}/limits/discord:1%2F2"))[1]
        assert answer == {"name": "discord:1/2", "changed": changed}


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


async def test_rules_for_everybody_hold_for_http_and_are_shown(http, worker):
    assert (await call(http, "GET", f"{ADMIN}/rules"))[1]["blocked"] == []
    _, made = await call(http, "PUT", f"{ADMIN}/rules", json={"blocked": ["gory"], "steps": 20})
    assert (made["blocked"], made["steps"], made["age_restricted"]) == (["gory"], 20, False)

    for wanted, field in (({"prompt": "gory"}, "prompt"), ({"prompt": "a cat", "steps": 21}, "steps")):
        status, refused = await call(http, "POST", "/api/v1/jobs", json=wanted)
        assert (status, refused["field"]) == (422, field)
    status, refused = await call(http, "PUT", f"{ADMIN}/rules", json={"count": 99})
    assert (status, refused["field"]) == (422, "count")
    assert (await call(http, "GET", f"{ADMIN}/audit"))[1][0]["target"] == "everybody"


async def test_only_admins_set_rules(queue, hub):
    app = make_app(queue, hub, {"ann-key": "ann", "bob-key": "bob"}, ["ann"])
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        assert (await call(http, "PUT", f"{ADMIN}/rules", json={}, headers=BOB))[0] == 403
