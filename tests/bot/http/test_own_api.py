"""What the own API can beside submit, look and cancel: made anew, put off, estimated; pictures as clients want them."""

from __future__ import annotations

import datetime
import io
import time
from base64 import b64encode

import pytest
from PIL import Image

from loopback.played_worker import ABOUT, png
from zosma_bot.http import views
from zosma_queue import calls
from zosma_queue.fleet import Trust, WorkerState

JOBS = "/api/v1/jobs"
ANN, BOB = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json()


async def submit(http, **fields):
    status, job = await call(http, "POST", JOBS, json={"prompt": "a cat", **fields})
    assert status == 202, job
    return job


async def finished(http, worker, **fields):
    job = await submit(http, width=256, height=128, **fields)
    images = await worker.finish(await worker.take())
    return job["id"], images


# -- made anew ----------------------------------------------------------------------------------------------------


async def test_a_failed_or_cancelled_job_is_made_anew_under_an_id_of_its_own_with_the_same_seed(http, worker):
    failed = await submit(http, seed=7, lane="relax")
    await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
    async with http.post(f"{JOBS}/{failed['id']}/retry") as answer:
        anew = await answer.json()
        assert (answer.status, answer.headers["Location"]) == (202, f"{JOBS}/{anew['id']}")
    assert (anew["state"], anew["request"]) == ("waiting", failed["request"])
    assert anew["id"] != failed["id"]
    assert (await call(http, "GET", f"/api/v1/admin/jobs/{anew['id']}"))[1]["lane"] == "relax"

    await call(http, "DELETE", f"{JOBS}/{anew['id']}")
    assert (await call(http, "POST", f"{JOBS}/{anew['id']}/retry"))[0] == 202


async def test_made_anew_twice_with_one_idempotency_key_is_one_job(http, worker):
    job = await submit(http)
    await call(http, "DELETE", f"{JOBS}/{job['id']}")
    key = {"Idempotency-Key": "again"}
    one, two = [await call(http, "POST", f"{JOBS}/{job['id']}/retry", headers=key) for _ in range(2)]
    assert one[1]["id"] == two[1]["id"]


async def test_what_is_open_done_or_anothers_is_not_made_anew(guarded, worker):
    _, job = await call(guarded, "POST", JOBS, json={"prompt": "a cat"}, headers=ANN)
    assert (await call(guarded, "POST", f"{JOBS}/{job['id']}/retry", headers=BOB))[0] == 404
    status, problem = await call(guarded, "POST", f"{JOBS}/{job['id']}/retry", headers=ANN)
    assert (status, problem["code"]) == (409, "not-failed")
    await worker.finish(await worker.take())
    assert (await call(guarded, "POST", f"{JOBS}/{job['id']}/retry", headers=ANN))[0] == 409


async def test_a_limit_holds_for_what_is_made_anew_too(http, queue, worker):
    job = await submit(http)
    await call(http, "DELETE", f"{JOBS}/{job['id']}")
    await submit(http)
    await queue.admin.set_policy("root", "default", {"waiting": 1})
    assert (await call(http, "POST", f"{JOBS}/{job['id']}/retry"))[0] == 429


# -- lanes and moments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_", ["rfc3339", "seconds"])
async def test_a_job_that_is_put_off_until_a_moment_begins_no_earlier(http, worker, as_):
    moment = time.time() + 3600
    written = datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat().replace("+00:00", "Z")
    job = await submit(http, not_before=moment if as_ == "seconds" else written)
    assert job["state"] == "delayed"
    _, seen = await call(http, "GET", f"/api/v1/admin/jobs/{job['id']}")
    assert abs(seen["run_at_ms"] / 1000 - moment) < 1


async def test_a_moment_that_is_past_is_now(http, worker):
    assert (await submit(http, not_before="2001-01-01T00:00:00+01:00"))["state"] == "waiting"


async def test_put_off_twice_is_refused(http, worker):
    status, problem = await call(http, "POST", JOBS, json={"prompt": "a", "delay_s": 1, "not_before": 5})
    assert (status, problem["field"]) == (422, "not_before")
    assert "leave one of them out" in problem["detail"]


async def test_nobody_gets_before_the_lane_of_their_limits(http, queue, worker):
    await queue.admin.set_policy("root", "default", {"lane": "relax"})
    status, problem = await call(http, "POST", JOBS, json={"prompt": "a cat", "lane": "fast"})
    assert (status, problem["field"]) == (422, "lane")
    assert (await call(http, "GET", f"/api/v1/admin/jobs/{(await submit(http))['id']}"))[1]["lane"] == "relax"


# -- pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "kind"),
    [(None, "png"), ("*/*", "png"), ("image/*", "png"), ("image/webp", "webp"), ("image/jpeg", "jpeg"),
     ("image/avif,image/webp,image/png;q=0.5", "webp"), ("image/png;q=0, image/*;q=0.1", "webp"),
     ("text/html, */*;q=0.1", "png"), ("IMAGE/JPEG;Q=1", "jpeg"), ("image/avif,image/webp,image/*,*/*;q=0.8", "png")],
)  # fmt: skip
async def test_a_picture_comes_in_the_format_that_is_liked_best(http, worker, accept, kind):
    job, [original] = await finished(http, worker)
    headers = {"Accept": accept} if accept else {}
    async with http.get(f"{JOBS}/{job}/images/0", headers=headers, skip_auto_headers=["Accept"]) as answer:
        data = await answer.read()
        assert (answer.status, answer.content_type, answer.headers["Vary"]) == (200, f"image/{kind}", "Accept")
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == (kind.upper(), (256, 128))
    assert (data == original) == (kind == "png")


@pytest.mark.parametrize("accept", ["text/html", "image/avif", "image/*;q=0", "image/png;q=none"])
async def test_a_format_that_there_is_not_is_refused_with_those_that_there_are(http, worker, accept):
    job, _ = await finished(http, worker)
    status, problem = await call(http, "GET", f"{JOBS}/{job}/images/0", headers={"Accept": accept})
    assert (status, problem["code"]) == (406, "not-acceptable")
    assert "image/webp" in problem["detail"]


async def test_a_thumbnail_is_no_longer_than_asked_for_and_a_small_picture_stays_as_it_is(http, worker):
    job, _ = await finished(http, worker)
    for size, expected in ((64, (64, 32)), (2048, (256, 128))):
        async with http.get(f"{JOBS}/{job}/images/0?size={size}") as answer:
            assert answer.content_type == "image/webp"
            with Image.open(io.BytesIO(await answer.read())) as image:
                assert image.size == expected


@pytest.mark.parametrize("size", ["0", "15", "2049", "-1", "x", "", "1e2", "٣٢", "9" * 5000])
async def test_a_size_that_is_none_is_refused(http, worker, size):
    job, _ = await finished(http, worker)
    status, problem = await call(http, "GET", f"{JOBS}/{job}/images/0", params={"size": size})
    assert (status, problem["field"]) == (422, "size")


async def test_a_picture_that_the_client_has_is_not_sent_again(http, worker):
    job, _ = await finished(http, worker)
    tags = set()
    for path in ("0", "0?size=64", "0?size=65"):
        async with http.get(f"{JOBS}/{job}/images/{path}") as answer:
            tag = answer.headers["ETag"]
        tags.add(tag)
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            async with http.get(f"{JOBS}/{job}/images/{path}", headers={"If-None-Match": known}) as answer:
                assert (answer.status, answer.headers["ETag"], await answer.read()) == (304, tag, b"")
        async with http.get(f"{JOBS}/{job}/images/{path}", headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200
    assert len(tags) == 3


# -- fleet --------------------------------------------------------------------------------------------------------


async def test_the_catalogue_names_what_can_be_asked_for(http, worker):
    _, seen = await call(http, "GET", "/api/v1/catalogue")
    assert (seen["ready"], seen["load_s"], seen["samplers"]) == (1, None, list(ABOUT.samplers))
    assert seen["checkpoints"] == [
        {"name": "dream", "title": "dream.safetensors [0123456789]", "hash": "0123456789", "workers": 1,
         "loaded": True},
        {"name": "anime", "title": "anime.safetensors [9876543210]", "hash": "9876543210", "workers": 1,
         "loaded": False},
    ]  # fmt: skip
    await worker.leave()
    _, seen = await call(http, "GET", "/api/v1/catalogue")
    assert seen["ready"] == 0
    assert {(one["workers"], one["loaded"]) for one in seen["checkpoints"]} == {(0, False)}


async def test_the_workers_are_shown_without_inner_addresses(http, queue, worker):
    await worker.beat(WorkerState.AWAY, reason="http://gpu:7860 is gone", trust=Trust.QUARANTINED)
    await queue.admin.pause("root", "worker:gpu/played")
    _, seen = await call(http, "GET", "/api/v1/workers")
    assert seen["workers"] == [
        {"name": views.public_name(worker.name), "state": "away", "flavour": "a1111", "checkpoint": "dream",
         "quarantined": True, "paused": True, "checkpoints": 2, "max_pixels": 4096 * 4096},
    ]  # fmt: skip
    assert "played" not in str(seen)


# -- estimates ----------------------------------------------------------------------------------------------------


async def test_an_estimate_says_what_a_submit_then_finds_and_keeps_nothing(guarded, queue, worker):
    for _ in range(3):
        await call(guarded, "POST", JOBS, json={"prompt": "a cat", "steps": 40}, headers=ANN)
    wanted = {"prompt": "a dog", "steps": 30}
    _, estimate = await call(guarded, "POST", "/api/v1/estimate", json=wanted, headers=BOB)
    _, depth = await call(guarded, "GET", "/api/v1/queue", headers=BOB)
    _, job = await call(guarded, "POST", JOBS, json=wanted, headers=BOB)

    assert estimate["position"] == job["position"] == 2
    assert estimate["starts_in_s"] == pytest.approx(job["starts_in_s"], abs=0.2)
    assert estimate["ends_in_s"] == pytest.approx(job["ends_in_s"], abs=0.2)
    assert (await queue.job(job["id"])).cost == pytest.approx(estimate["cost_s"], abs=0.01)
    assert (estimate["workers"], estimate["refused"]) == ([views.public_name(worker.name)], None)
    assert depth["waiting"] == 3
    assert len(await queue.jobs_of("key:bob")) == 1


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [({"prompt": "a cat", "steps": 999}, "out-of-bounds", "steps"),
     ({"prompt": "a cat", "sampler_name": "Euler a"}, "unknown-field", "sampler_name"),
     ({"prompt": "a cat", "sampler": "Eulre"}, "unknown-name", "sampler"),
     ({"prompt": "a cat", "delay_s": "soon"}, "malformed", "delay_s"),
     ({"prompt": "a cat", "img2img": {"image": "!"}}, "not-base64", "img2img.image")],
)  # fmt: skip
async def test_an_estimate_of_what_would_be_refused_says_why(http, worker, body, code, field):
    status, estimate = await call(http, "POST", "/api/v1/estimate", json=body)
    assert (status, estimate["cost_s"], estimate["workers"]) == (200, None, [])
    assert (estimate["refused"]["code"], estimate["refused"]["field"]) == (code, field)


async def test_an_estimate_tells_of_limits_of_a_pause_and_of_nobody(http, queue, worker):
    body = {"prompt": "a cat"}
    await queue.admin.pause("root", "worker:gpu/played")
    _, held = await call(http, "POST", "/api/v1/estimate", json=body)
    assert (held["paused"], held["position"], held["refused"]) == (True, None, None)

    await queue.admin.resume("root", "worker:gpu/played")
    await queue.admin.set_policy("root", "default", {"waiting": 1})
    await submit(http)
    _, over = await call(http, "POST", "/api/v1/estimate", json=body)
    assert (over["refused"]["code"], over["refused"]["status"]) == ("limit-waiting", 429)
    assert over["cost_s"] > 0

    await worker.leave()
    _, nobody = await call(http, "POST", "/api/v1/estimate", json=body)
    assert nobody["refused"]["code"] == "no-worker"


async def test_an_estimate_counts_a_picture_that_is_made_larger_by_its_size_and_stores_nothing(http, raw, worker):
    sent = b64encode(png(1, (512, 512))).decode()
    body = {"upscale": {"image": sent, "upscaling_resize": 4}}
    _, estimate = await call(http, "POST", "/api/v1/estimate", json=body)
    assert estimate["cost_s"] == pytest.approx(0.3 + 4.194304 * 0.6, abs=0.01)
    assert raw.keys("*input*") == []
