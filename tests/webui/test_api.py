"""Lists, options, authentication and the shape of refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from webui.client import SMALL, Client, Pause, base64_of, image, within
from zosma_webui.app import WebUI
from zosma_webui.painting import Motif, paint

Start = Callable[..., Awaitable[Client]]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("sd-models", {"title", "model_name", "hash", "sha256", "filename", "config"}),
        ("samplers", {"name", "aliases", "options"}),
        ("schedulers", {"name", "label", "aliases", "default_rho", "need_inner_model"}),
        ("upscalers", {"name", "model_name", "model_path", "model_url", "scale"}),
        ("latent-upscale-modes", {"name"}),
        ("prompt-styles", {"name", "prompt", "negative_prompt"}),
    ],
)
async def test_every_item_of_a_list_has_the_keys_that_a1111_gives(webui: Client, path: str, keys: set[str]) -> None:
    items = await webui.get(f"/sdapi/v1/{path}")
    assert items
    assert all(set(item) == keys for item in items)


@pytest.mark.parametrize("path", ["loras", "sd-vae", "hypernetworks", "face-restorers", "realesrgan-models"])
async def test_lists_of_things_that_a_stand_in_lacks_are_empty(webui: Client, path: str) -> None:
    assert await webui.get(f"/sdapi/v1/{path}") == []


async def test_the_other_reads_answer_in_a1111s_shape(webui: Client) -> None:
    assert set(await webui.get("/sdapi/v1/embeddings")) == {"loaded", "skipped"}
    assert await webui.get("/sdapi/v1/scripts") == {"txt2img": [], "img2img": []}
    assert set(await webui.get("/sdapi/v1/memory")) == {"ram", "cuda"}
    assert await webui.get("/internal/ping") == {}
    assert await webui.get("/internal/pending-tasks") == {"size": 0, "tasks": []}


async def test_posts_without_a_result_answer_json_all_the_same(webui: Client) -> None:
    assert await webui.post("/sdapi/v1/interrupt") == {}
    for path in ("skip", "refresh-checkpoints", "refresh-loras"):
        assert await webui.post(f"/sdapi/v1/{path}") is None


async def test_the_server_says_that_it_is_a_stand_in(webui: Client) -> None:
    assert "stand-in" in await webui.get("/")
    assert "no diffusion model" in (await webui.get("/sdapi/v1/options"))["zosma_stand_in"]
    assert (await webui.draw())["info"]["version"].startswith("zosma-webui ")


async def test_the_title_of_a_checkpoint_holds_its_short_hash(webui: Client) -> None:
    first, second = await webui.get("/sdapi/v1/sd-models")
    assert first["title"] == f"dreamscape.safetensors [{first['hash']}]"
    assert (second["model_name"], first["sha256"][:10]) == ("photo_realistic", first["hash"])


async def test_options_that_were_posted_are_read_back(webui: Client) -> None:
    assert await webui.post("/sdapi/v1/options", {"CLIP_stop_at_last_layers": 2}) is None
    options = await webui.get("/sdapi/v1/options")
    assert options["CLIP_stop_at_last_layers"] == 2
    assert await webui.post("/sdapi/v1/options", options) is None  # Open WebUI sends the whole object back


async def test_an_unknown_option_is_a_key_error_and_changes_nothing(webui: Client) -> None:
    status, body = await webui.call("POST", "/sdapi/v1/options", {"samples_format": "jpg", "no_such_option": 1})
    assert (status, body["error"], body["errors"]) == (500, "KeyError", "'no_such_option'")
    assert (await webui.get("/sdapi/v1/options"))["samples_format"] == "png"


async def test_an_unknown_checkpoint_in_options_is_a_runtime_error(webui: Client) -> None:
    status, body = await webui.call("POST", "/sdapi/v1/options", {"sd_model_checkpoint": "nope"})
    assert status == 500
    assert body == {"error": "RuntimeError", "detail": "", "body": "", "errors": "model 'nope' not found"}


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"prompt": None}, 500, "AssertionError"),
        ({"negative_prompt": None}, 500, "TypeError"),
        ({"width": 0}, 500, "RuntimeError"),
        ({"height": -64}, 500, "RuntimeError"),
        ({"width": 65536, "height": 65536}, 500, "OutOfMemoryError"),
        ({"steps": 0}, 500, "ZeroDivisionError"),
        ({"steps": -1}, 500, "RuntimeError"),
        ({"batch_size": 0}, 500, "IndexError"),
        ({"n_iter": 0}, 500, "IndexError"),
        ({"override_settings": {"no_such_option": 1}}, 500, "KeyError"),
        ({"enable_hr": True, "hr_upscaler": "nope"}, 500, "Exception"),
        ({"enable_hr": True, "hr_checkpoint_name": "nope"}, 500, "Exception"),
        ({"refiner_checkpoint": "nope"}, 500, "RuntimeError"),
        ({"script_name": "nope"}, 422, "HTTPException"),
        ({"alwayson_scripts": {"nope": {"args": []}}}, 422, "HTTPException"),
    ],
)
async def test_what_a1111_fails_on_fails_here(webui: Client, changes: dict[str, Any], status: int, error: str) -> None:
    seen, body = await webui.fails(**changes)
    assert (seen, body["error"]) == (status, error)
    assert set(body) == {"error", "detail", "body", "errors"}
    assert (await webui.progress())["state"]["job_count"] == 0
    await webui.draw()  # and the next request is served


async def test_out_of_memory_begins_as_torch_words_it(webui: Client) -> None:
    _, body = await webui.fails(width=65536, height=65536)
    assert body["errors"].startswith("CUDA out of memory. Tried to allocate ")


async def test_a_wrong_type_is_422_and_names_the_field(webui: Client) -> None:
    status, body = await webui.fails(width="abc")
    assert (status, body["detail"][0]["loc"]) == (422, ["body", "width"])
    assert set(body["detail"][0]) == {"loc", "msg", "type"}


@pytest.mark.parametrize("body", [b"{", b"[1]", b""])
async def test_a_body_that_is_no_json_object_is_422(webui: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    status, answer = await webui.call("POST", "/sdapi/v1/txt2img", data=body, headers=headers)
    assert (status, isinstance(answer["detail"], list)) == (422, True)


async def test_a_body_of_another_type_is_422(webui: Client) -> None:
    status, _ = await webui.call("POST", "/sdapi/v1/txt2img", data=b"{}", headers={"Content-Type": "text/plain"})
    assert status == 422


async def test_unknown_addresses_and_verbs_answer_as_fastapi_does(webui: Client) -> None:
    assert await webui.call("GET", "/sdapi/v1/nothing") == (404, {"detail": "Not Found"})
    async with webui.session.get("/sdapi/v1/txt2img") as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_numbers_in_strings_and_unknown_keys_are_accepted(webui: Client) -> None:
    assert (await webui.draw(steps="3", no_such_field=1))["info"]["steps"] == 3


async def test_basic_auth_covers_the_api_but_not_what_a1111_leaves_open(start: Start) -> None:
    stranger = await start(auth="ann:secret")
    status, body = await stranger.call("GET", "/sdapi/v1/options")
    assert (status, body["detail"], body["error"]) == (401, "Not authenticated", "HTTPException")
    assert (await stranger.call("GET", "/zosma/faults"))[0] == 401
    assert (await stranger.call("GET", "/sdapi/v1/nothing"))[0] == 404
    for path in ("/internal/ping", "/sdapi/v1/loras", "/"):
        assert (await stranger.call("GET", path))[0] == 200


async def test_a_wrong_password_is_told_apart_from_none(start: Start) -> None:
    wrong = await start(login=("ann", "guess"), auth="ann:secret")
    status, body = await wrong.call("GET", "/sdapi/v1/options")
    assert (status, body["detail"]) == (401, "Incorrect username or password")
    right = await start(login=("ann", "secret"), auth="ann:secret")
    assert (await right.draw())["images"]


async def test_png_info_reads_back_what_a_picture_says(webui: Client) -> None:
    answer = await webui.draw(negative_prompt="rain, fog", prompt="a castle\nat night")
    told = await webui.post("/sdapi/v1/png-info", {"image": answer["images"][0]})
    assert told["info"] == answer["info"]["infotexts"][0]
    values = told["parameters"]
    assert (values["Prompt"], values["Negative prompt"]) == ("a castle\nat night", "rain, fog")
    assert (values["Seed"], values["Size-1"], values["Stand-in"]) == ("7", "64", "built-in WebUI, no diffusion model")


async def test_png_info_of_a_plain_picture_is_empty_and_of_rubbish_an_error(webui: Client) -> None:
    plain = base64_of(paint(Motif("x", "", 1, 16, 16, "m")))
    assert await webui.post("/sdapi/v1/png-info", {"image": plain}) == {"info": "", "items": {}, "parameters": {}}
    status, body = await webui.call("POST", "/sdapi/v1/png-info", {"image": "bm90IGFuIGltYWdl"})
    assert (status, body["detail"]) == (500, "Invalid encoded image")


async def test_a_picture_is_enlarged_by_a_factor_or_to_a_size(webui: Client) -> None:
    small = base64_of(paint(Motif("x", "", 1, 40, 24, "m")))
    body = {"image": f"data:image/png;base64,{small}", "upscaler_1": "Lanczos", "upscaling_resize": 3}
    answer = await webui.post("/sdapi/v1/extra-single-image", body)
    assert image(answer["image"]).size == (120, 72)
    body = {"image": small, "resize_mode": 1, "upscaling_resize_w": 64, "upscaling_resize_h": 64}
    answer = await webui.post("/sdapi/v1/extra-single-image", body)
    assert (image(answer["image"]).size, set(answer)) == ((64, 64), {"image", "html_info"})


@pytest.mark.parametrize(
    ("changes", "status"), [({"upscaling_resize": 0}, 422), ({"upscaler_1": "nope"}, 500), ({"image": ""}, 500)]
)
async def test_an_upscale_that_makes_no_sense_is_refused(webui: Client, changes: dict[str, Any], status: int) -> None:
    body = {"image": base64_of(paint(Motif("x", "", 1, 16, 16, "m"))), **changes}
    assert (await webui.call("POST", "/sdapi/v1/extra-single-image", body))[0] == status


def test_a_server_without_models_or_with_one_twice_is_refused() -> None:
    for models in ([], ["a", "a.safetensors"]):
        with pytest.raises(ValueError, match="model"):
            WebUI(models)


async def test_reads_answer_while_a_job_runs_and_another_waits(start: Start) -> None:
    pause = Pause(before=2)
    client = await start(sleep=pause)
    jobs = [client.later(force_task_id="one")]
    await within(5, pause.reached.wait())
    jobs.append(client.later(force_task_id="two"))
    while (await client.get("/internal/pending-tasks"))["tasks"] != ["two"]:
        pass
    told = await client.post("/internal/progress", {"id_task": "two"})
    assert (told["queued"], told["active"], told["textinfo"]) == (True, False, "In queue: 1/1")
    assert (await client.post("/internal/progress", {"id_task": "one"}))["active"]
    pause.go.set()
    for job in jobs:
        await within(5, job)
    told = await client.post("/internal/progress", {"id_task": "one"})
    assert (told["completed"], told["active"], told["queued"]) == (True, False, False)


async def test_a_failed_task_is_never_marked_as_completed(webui: Client) -> None:
    await webui.fails(force_task_id="bad", steps=0)
    told = await webui.post("/internal/progress", {"id_task": "bad"})
    assert (told["active"], told["completed"]) == (True, False)  # A1111's flaw, which workers must live with
    await webui.draw()
    assert not (await webui.post("/internal/progress", {"id_task": "bad"}))["active"]


async def test_null_is_refused_only_where_a1111_refuses_it(webui: Client) -> None:
    assert (await webui.fails(sampler_index=None))[0] == 422
    assert (await webui.fails(send_images=None))[0] == 422
    nulls = dict.fromkeys(("hr_checkpoint_name", "scheduler", "script_name", "eta", "styles", "tiling"))
    assert (await webui.draw(**nulls))["parameters"]["prompt"] == SMALL["prompt"]
