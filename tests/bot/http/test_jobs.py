"""The queue's own API: submit, come back, fetch, cancel."""

from __future__ import annotations

import pytest

from zosma_queue import calls

JOBS = "/api/v1/jobs"


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json()


async def test_a_job_is_submitted_followed_and_fetched(http, worker):
    status, job = await call(http, "POST", JOBS, json={"prompt": "a cat", "seed": 3})
    assert (status, job["state"], job["position"]) == (202, "waiting", 1)

    leased = await worker.take()
    await worker.progress(leased, 0.25, eta_s=9, preview=b"\xff\xd8preview")
    _, running = await call(http, "GET", f"{JOBS}/{job['id']}")
    assert (running["state"], running["progress"], running["eta_s"]) == ("running", 0.25, 9.0)
    async with http.get(f"{JOBS}/{job['id']}/preview") as answer:
        assert (answer.content_type, await answer.read()) == ("image/jpeg", b"\xff\xd8preview")

    images = await worker.finish(leased)
    _, done = await call(http, "GET", f"{JOBS}/{job['id']}")
    assert (done["state"], done["result"]["images"][0]["seed"]) == ("done", 3)
    async with http.get(done["result"]["images"][0]["url"]) as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", images[0])


async def test_the_position_is_that_of_the_fair_order(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    for _ in range(3):
        await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ann)

    _, job = await call(guarded, "POST", JOBS, json={"prompt": "a dog"}, headers=bob)

    assert job["position"] == 2


async def test_the_same_idempotency_key_is_the_same_job_of_the_same_caller(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key", "Idempotency-Key": "once"} for name in ("ann", "bob"))
    _, first = await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ann)
    _, again = await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ann)
    _, theirs = await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=bob)

    assert first["id"] == again["id"] != theirs["id"]


async def test_the_same_idempotency_key_with_another_body_is_refused(guarded, worker):
    ann = {"Authorization": "Bearer ann-key", "Idempotency-Key": "once"}
    _, first = await call(guarded, "POST", JOBS, json={"prompt": "a cat", "steps": 5}, headers=ann)
    status, refused = await call(guarded, "POST", JOBS, json={"prompt": "a dog", "steps": 5}, headers=ann)
    delayed, _ = await call(guarded, "POST", JOBS, json={"prompt": "a cat", "steps": 5, "delay_s": 9}, headers=ann)
    _, again = await call(guarded, "POST", JOBS, json={"steps": 5, "prompt": "a cat"}, headers=ann)

    assert (status, delayed, refused["field"]) == (422, 422, "Idempotency-Key")
    assert "sent before with another body" in refused["detail"]
    assert again["id"] == first["id"]


async def test_anothers_job_is_as_unknown_as_none(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    _, job = await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ann)

    assert (await call(guarded, "GET", f"{JOBS}/{job['id']}", headers=bob))[0] == 404
    assert (await call(guarded, "DELETE", f"{JOBS}/{job['id']}", headers=bob))[0] == 404
    assert (await call(guarded, "GET", f"{JOBS}/nonsense", headers=ann))[0] == 404


async def test_a_job_is_cancelled_waiting_running_or_too_late(http, worker):
    _, waiting = await call(http, "POST", JOBS, json={"prompt": "a cat"})
    assert await call(http, "DELETE", f"{JOBS}/{waiting['id']}") == (200, {"id": waiting["id"], "state": "cancelled"})

    _, job = await call(http, "POST", JOBS, json={"prompt": "a cat"})
    leased = await worker.take()
    assert (await call(http, "DELETE", f"{JOBS}/{job['id']}"))[1]["state"] == "cancelling"
    await worker.settle(leased, calls.cancelled())

    _, job = await call(http, "POST", JOBS, json={"prompt": "a cat"})
    await worker.finish(await worker.take())
    assert (await call(http, "DELETE", f"{JOBS}/{job['id']}"))[0] == 409


async def test_a_failed_job_says_why(http, worker):
    _, job = await call(http, "POST", JOBS, json={"prompt": "a cat"})
    await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))

    _, failed = await call(http, "GET", f"{JOBS}/{job['id']}")

    assert failed["error"] == {"kind": "oom", "text": "out of memory"}


async def test_the_queue_shows_depth_and_workers(http, worker):
    await call(http, "POST", JOBS, json={"prompt": "a cat"})
    await call(http, "POST", JOBS, json={"prompt": "a cat"})
    leased = await worker.take()

    _, queue = await call(http, "GET", "/api/v1/queue")

    assert (queue["waiting"], queue["running"], queue["failed"]) == (1, 1, 0)
    assert 0 <= queue["oldest_wait_s"] < 60
    assert queue["workers"] == [
        {
            "id": "gpu/played", "state": "busy", "reason": None, "webui": "http://gpu:7860", "flavour": "a1111",
            "checkpoint": "dream", "job": leased.id,
        }
    ]  # fmt: skip


async def test_a_picture_or_preview_that_is_not_there_is_not_found(http, worker):
    _, job = await call(http, "POST", JOBS, json={"prompt": "a cat"})

    assert (await call(http, "GET", f"{JOBS}/{job['id']}/preview"))[0] == 404
    assert (await call(http, "GET", f"{JOBS}/{job['id']}/images/0"))[0] == 404


async def test_pictures_that_were_fetched_give_way_when_room_is_needed_and_others_do_not(http, worker, queue):
    _, job = await call(http, "POST", JOBS, json={"prompt": "a cat", "count": 2})
    await worker.finish(await worker.take())
    first, second = (f"{JOBS}/{job['id']}/images/{index}" for index in (0, 1))

    async with http.get(first) as answer, http.head(second) as looked:
        assert (answer.status, looked.status) == (200, 200)
    assert (await queue.make_room(0)).jobs == 0
    async with http.get(second) as answer:
        assert answer.status == 200
    assert (await queue.make_room(0)).jobs == 1
    assert (await call(http, "GET", first))[0] == 404


async def test_inner_addresses_and_others_jobs_are_not_for_everybody(guarded, queue, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    _, job = await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ann)
    await worker.take()
    await queue.admin.pause("root", "worker:gpu/played")
    for who, sees in ((ann, job["id"]), (bob, None)):
        status, seen = await call(guarded, "GET", "/api/v1/queue", headers=who)
        [shown] = seen["workers"]
        assert (status, shown["job"], shown["busy"], shown["webui"]) == (200, sees, True, None)
        assert "played" not in str(seen)
    _, mine = await call(guarded, "GET", f"{JOBS}/{job['id']}", headers=ann)
    assert mine["worker"] == shown["id"] == seen["paused"][0]["scope"].removeprefix("worker:")


async def test_a1111s_names_are_hinted_at(http, worker):
    for given, ours in (("sampler_name", "sampler"), ("n_iter", "count"), ("hr_scale", "hires.scale")):
        status, answer = await call(http, "POST", JOBS, json={"prompt": "a cat", given: "x"})
        assert (status, answer["field"]) == (422, given)
        assert f"is called {ours} here" in answer["detail"]


async def test_a_caller_lists_their_own_jobs_by_state_page_by_page(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    ids = [(await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ann))[1]["id"] for _ in range(5)]
    await call(guarded, "POST", JOBS, json={"prompt": "theirs"}, headers=bob)
    await call(guarded, "DELETE", f"{JOBS}/{ids[1]}", headers=ann)

    _, first = await call(guarded, "GET", f"{JOBS}?limit=3", headers=ann)
    _, rest = await call(guarded, "GET", JOBS, params={"limit": 3, "cursor": first["next"]}, headers=ann)
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]
    assert rest["next"] is None
    _, one = await call(guarded, "GET", f"{JOBS}/{ids[0]}", headers=ann)
    assert rest["jobs"][-1]["position"] == one["position"] == 1

    _, some = await call(guarded, "GET", f"{JOBS}?state=cancelled,failed&state=done", headers=ann)
    assert [job["id"] for job in some["jobs"]] == [ids[1]]


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=lost", "state"), ("limit=0", "limit"), ("limit=201", "limit"), ("limit=%D9%A3", "limit"),
     ("cursor=7", "cursor"), ("cursor=%00.%00", "cursor"), ("limit=1e2", "limit")],
)  # fmt: skip
async def test_a_list_that_cant_be_made_is_refused_by_its_parameter(http, query, field):
    status, refused = await call(http, "GET", f"{JOBS}?{query}")
    assert (status, refused["field"]) == (422, field)
