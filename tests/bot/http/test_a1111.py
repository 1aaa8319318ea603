"""The fleet as one AUTOMATIC1111 WebUI."""

from __future__ import annotations

import asyncio
import io
import json
from base64 import b64decode

import pytest

from loopback.fleet import until
from zosma_bot.http import waiting
from zosma_queue import calls, keys
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState
from zosma_queue.messages import decode_request

TXT2IMG = "/sdapi/v1/txt2img"


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json(), answer.headers


async def test_txt2img_blocks_and_answers_as_a1111_does(http, worker):
    asked = asyncio.create_task(
        call(http, "POST", TXT2IMG, json={"prompt": "a cat", "seed": 7, "steps": 5, "n_iter": 2})
    )
    images = await worker.finish(await worker.take())
    status, answer, _ = await asked

    assert status == 200
    assert [b64decode(image) for image in answer["images"]] == images
    assert (
        answer["parameters"] | {"prompt": "a cat", "seed": 7, "steps": 5, "sampler_name": "DPM++ 2M"}
        == answer["parameters"]
    )
    info = json.loads(answer["info"])
    assert (info["prompt"], info["seed"], info["all_seeds"], info["sd_model_name"]) == ("a cat", 7, [7, 8], "dream")
    assert "Seed: 8" in info["infotexts"][1]
    assert info["index_of_first_image"] == 0


async def test_the_job_of_a_client_that_waits_is_read_when_it_has_ended_and_not_at_each_word_of_progress(
    http, worker, hub, raw, monkeypatch
):
    read, looks = Queue.job, []

    async def counted(self, job_id):
        looks.append(job_id)
        return await read(self, job_id)

    async def looked():
        return looks

    monkeypatch.setattr(Queue, "job", counted)
    monkeypatch.setattr(waiting, "LOOK_AGAIN_S", 3600.0)
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat"}))
    leased = await worker.take()
    await until(looked)
    with hub.watch(leased.id) as hears:
        for _ in range(5):
            raw.publish(keys.EVENTS, json.dumps({"event": "progress", "id": leased.id}))
            assert await hears.changed(5)
    await worker.finish(leased)

    assert (await asked)[0] == 200
    assert looks == [leased.id] * 2


async def test_a1111s_fields_reach_the_worker_in_our_words(http, worker):
    body = {
        "prompt": "a cat", "negative_prompt": "dog", "width": 640, "height": 448, "steps": None, "cfg_scale": 5,
        "sampler_index": "Euler a", "scheduler": "automatic", "seed": -1, "batch_size": 2, "n_iter": 2, "styles": [],
        "enable_hr": True, "hr_scale": 1.5, "denoising_strength": 0.4, "hr_upscaler": "Latent",
        "hr_checkpoint_name": None, "script_name": None, "alwayson_scripts": {}, "eta": 1.0, "save_images": True,
        "override_settings": {"sd_model_checkpoint": "anime.safetensors [9876543210]", "CLIP_stop_at_last_layers": 2},
    }  # fmt: skip
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json=body))
    leased = await worker.take()
    request = decode_request(leased.body)
    await worker.finish(leased)
    await asked

    assert (request.width, request.height, request.steps, request.cfg_scale) == (640, 448, 50, 5.0)
    assert (request.sampler, request.scheduler, request.count) == ("Euler a", None, 4)
    assert (request.checkpoint, request.clip_skip) == ("anime", 2)
    assert (request.hires.scale, request.hires.denoise, request.hires.upscaler) == (1.5, 0.4, "Latent")
    assert request.seed >= 0


async def test_send_images_false_sends_none(http, worker):
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat", "send_images": False}))
    await worker.finish(await worker.take())

    assert (await asked)[1]["images"] == []


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"prompt": "x" * 10_000}, "prompt", "10,000 characters"),
        ({"prompt": "a", "width": 0}, "width", "between 64 and 2048"),
        ({"prompt": "a", "width": 100_000}, "width", "between 64 and 2048"),
        ({"prompt": "a", "steps": 0}, "steps", "between 1 and 150"),
        ({"prompt": "a", "n_iter": 0}, "n_iter", "1 or more"),
        ({"prompt": "a", "batch_size": "two"}, "batch_size", "whole number"),
        ({"prompt": "a", "batch_size": 17}, "batch_size × n_iter", "between 1 and 16"),
        ({"prompt": "a", "sampler_name": "Eular a"}, "sampler_name", "nearest are Euler a"),
        (
            {"prompt": "a", "override_settings": {"sd_model_checkpoint": "dreem"}},
            "override_settings.sd_model_checkpoint",
            "nearest are dream",
        ),
        (
            {"prompt": "a", "override_settings": {"sd_vae": "x.pt"}},
            "override_settings.sd_vae",
            "nearest are soft.safetensors",
        ),
        ({"prompt": "a", "override_settings": []}, "override_settings", None),
        ({"prompt": "a", "script_name": "x/y/z plot"}, "script_name", "send a request for each"),
        ({"prompt": "a", "enable_hr": True, "hr_scale": 9}, "hr_scale", "between 1 and 4"),
        ({"prompt": "a", "enable_hr": True, "hr_resize_x": 9000}, "hr_resize_x", "between 0 and 8192"),
    ],
)
async def test_what_is_wrong_is_named_in_a1111s_error_shape(http, worker, raw, body, field, says):
    if says is None:
        body, says, field = {"prompt": "a", "override_settings": [1]}, "must be an object", "override_settings"
    status, answer, _ = await call(http, "POST", TXT2IMG, json=body)

    assert status == 422
    assert answer["field"] == field
    assert says in answer["errors"]
    assert {"error", "detail", "body", "errors"} <= set(answer)
    assert raw.zcard(keys.WAITING) == 0


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"prompt": "a"}', "text/plain"),
        (b"\xff", "application/json"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(http, data, content_type):
    status, answer, _ = await call(http, "POST", TXT2IMG, data=data, headers={"Content-Type": content_type})

    assert status == 422
    assert "JSON" in answer["errors"]


async def test_no_worker_is_said_in_the_end_with_when_to_come_back(http):
    status, answer, headers = await call(http, "POST", TXT2IMG, json={"prompt": "a cat"})

    assert status == 503
    assert "no GPU is online" in answer["detail"]
    assert int(headers["Retry-After"]) > 0


async def test_a_worker_that_goes_away_before_it_began_is_said_within_three_seconds(http, worker, raw):
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat"}))
    leased = await worker.take()
    await worker.beat(WorkerState.AWAY)
    await worker.settle(leased, calls.release("webui-away", "its WebUI is away"))
    status, answer, _ = await asyncio.wait_for(asked, 10)

    assert status == 503
    assert "no GPU is online any more" in answer["detail"]
    assert raw.zcard(keys.WAITING) == 0


async def test_a_webui_that_breaks_and_leaves_nobody_is_said_within_three_seconds(http, worker):
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat"}))
    leased = await worker.take()
    await worker.beat(WorkerState.AWAY)
    broken = calls.retry("webui-broken", "the WebUI broke off with an error", backoff_ms=400, max_failures=3)
    await worker.settle(leased, broken)
    async with asyncio.timeout(3.5):
        status, answer, _ = await asked

    assert status == 503
    assert "no GPU is online any more (the WebUI broke off with an error)" in answer["detail"]


async def test_a_job_that_fails_is_answered_with_its_reason(http, worker):
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat"}))
    await worker.settle(await worker.take(), calls.fail("webui-error", "the WebUI sent a black picture"))
    status, answer, _ = await asked

    assert (status, answer["error"], answer["detail"]) == (503, "webui-error", "the WebUI sent a black picture")


async def test_a_client_that_hangs_up_cancels_its_job(http, worker, hub):
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat"}))
    leased = await worker.take()
    asked.cancel()

    with hub.watch(leased.id) as watch:
        while await worker.progress(leased, 0.5) is not calls.Lease.CANCEL:
            await watch.changed(5)


async def test_progress_is_about_the_callers_own_job(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    asked = asyncio.create_task(call(guarded, "POST", TXT2IMG, json={"prompt": "a cat", "steps": 10}, headers=ann))
    leased = await worker.take()
    await worker.progress(leased, 0.5, eta_s=3, preview=b"\xff\xd8preview")

    _, hers, _ = await call(guarded, "GET", "/sdapi/v1/progress", headers=ann)
    _, theirs, _ = await call(guarded, "GET", "/sdapi/v1/progress", headers=bob)
    _, bare, _ = await call(guarded, "GET", "/sdapi/v1/progress?skip_current_image=true", headers=ann)
    await worker.finish(leased)
    await asked

    assert (hers["progress"], hers["eta_relative"], hers["state"]["sampling_step"]) == (0.5, 3.0, 5)
    assert b64decode(hers["current_image"]) == b"\xff\xd8preview"
    assert bare["current_image"] is None
    assert (theirs["progress"], theirs["state"]["job_count"]) == (0.0, 0)


async def test_interrupt_ends_the_callers_own_job_and_nobody_elses(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    asked = asyncio.create_task(call(guarded, "POST", TXT2IMG, json={"prompt": "a cat"}, headers=ann))
    leased = await worker.take()

    await call(guarded, "POST", "/sdapi/v1/interrupt", headers=bob)
    assert await worker.progress(leased, 0.1) is calls.Lease.OK
    assert (await call(guarded, "POST", "/sdapi/v1/interrupt", headers=ann))[1] == {}
    assert await worker.progress(leased, 0.1) is calls.Lease.CANCEL
    await worker.settle(leased, calls.cancelled())
    assert (await asked)[0] == 200


async def test_a_checkpoint_set_by_options_holds_for_the_caller_alone(guarded, worker):
    ann, bob = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
    _, options, _ = await call(guarded, "GET", "/sdapi/v1/options", headers=ann)
    assert options["sd_model_checkpoint"] == "dream.safetensors [0123456789]"

    options["sd_model_checkpoint"] = "anime"
    assert await call(guarded, "POST", "/sdapi/v1/options", json=options, headers=ann)
    _, hers, _ = await call(guarded, "GET", "/sdapi/v1/options", headers=ann)
    _, theirs, _ = await call(guarded, "GET", "/sdapi/v1/options", headers=bob)
    assert hers["sd_model_checkpoint"] == "anime.safetensors [9876543210]"
    assert theirs["sd_model_checkpoint"] == "dream.safetensors [0123456789]"

    asked = asyncio.create_task(call(guarded, "POST", TXT2IMG, json={"prompt": "a cat"}, headers=ann))
    leased = await worker.take()
    assert decode_request(leased.body).checkpoint == "anime"
    await worker.finish(leased)
    await asked


async def test_the_lists_are_those_of_the_living_fleet(http, worker):
    _, models, _ = await call(http, "GET", "/sdapi/v1/sd-models")
    _, samplers, _ = await call(http, "GET", "/sdapi/v1/samplers")
    _, schedulers, _ = await call(http, "GET", "/sdapi/v1/schedulers")
    _, upscalers, _ = await call(http, "GET", "/sdapi/v1/upscalers")
    _, latent, _ = await call(http, "GET", "/sdapi/v1/latent-upscale-modes")
    _, loras, _ = await call(http, "GET", "/sdapi/v1/loras")
    _, vaes, _ = await call(http, "GET", "/sdapi/v1/sd-vae")
    _, styles, _ = await call(http, "GET", "/sdapi/v1/prompt-styles")

    assert [(one["title"], one["model_name"], one["hash"]) for one in models] == [
        ("dream.safetensors [0123456789]", "dream", "0123456789"),
        ("anime.safetensors [9876543210]", "anime", "9876543210"),
    ]
    assert [one["name"] for one in samplers] == ["DPM++ 2M", "Euler a"]
    assert [(one["name"], one["label"]) for one in schedulers] == [("karras", "Karras")]
    assert [one["name"] for one in upscalers] == ["None", "Lanczos", "R-ESRGAN 4x+"]
    assert latent == [{"name": "Latent"}]
    assert [(one["name"], one["alias"]) for one in loras] == [("lighthouses", "lighthouses")]
    assert [one["model_name"] for one in vaes] == ["soft.safetensors"]
    assert styles == [{"name": "misty", "prompt": "{prompt}, misty", "negative_prompt": ""}]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", TXT2IMG, 405)])
async def test_unknown_routes_and_verbs_are_answered_in_json(http, method, path, status):
    assert (await call(http, method, path))[0] == status


async def test_a_body_over_the_limit_is_refused(http):
    body = io.BytesIO(json.dumps({"prompt": "x" * 5_000_000}).encode())
    json_ = {"Content-Type": "application/json"}
    status, answer, _ = await call(http, "POST", "/sdapi/v1/options", data=body, headers=json_)

    assert (status, answer["error"]) == (413, "HTTPException")
    assert "at most 4,194,304 are possible" in answer["detail"]


async def test_what_an_admin_paused_is_waited_for_also_while_its_workers_are_down(http, queue, worker, monkeypatch):
    monkeypatch.setattr(waiting, "LOOK_AGAIN_S", 0.001)
    monkeypatch.setattr(waiting, "NOBODY_S", 0.0)
    await queue.admin.pause("root", "queue", "new fan")
    asked = asyncio.create_task(call(http, "POST", "/sdapi/v1/txt2img", json={"prompt": "a cat"}))
    while not await queue.open_jobs():  # noqa: ASYNC110 the job is in Redis, where nobody sets an event
        await asyncio.sleep(0)
    await worker.leave()
    for _ in range(20):
        _, progress, _ = await call(http, "GET", "/sdapi/v1/progress")
        assert progress["textinfo"] == "Paused by an admin"
    await worker.beat()
    await queue.admin.resume("root", "queue")
    await worker.finish(await worker.take())

    assert (await asked)[0] == 200


async def test_a_pause_that_outlasts_a_clients_patience_is_told_with_its_reason(http, queue, worker, monkeypatch):
    monkeypatch.setattr(waiting, "PAUSED_S", 0.0)
    await queue.admin.pause("root", "queue", "new fan")

    async with http.post("/sdapi/v1/txt2img", json={"prompt": "a cat"}) as answer:
        problem = await answer.json()

    assert (answer.status, problem["error"]) == (503, "Paused")
    assert problem["detail"] == "an admin has paused queue (new fan): try again later"
    assert await queue.open_jobs() == []
