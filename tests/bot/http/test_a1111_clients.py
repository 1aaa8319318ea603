"""What real client programs send, by the shape of their requests, and what A1111 itself makes of it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from base64 import b64decode, b64encode
from urllib.parse import urljoin

import aiohttp
import pytest
from PIL import Image

from loopback.played_worker import ABOUT, png
from loopback.raw_client import answered, request
from zosma_bot.http import a1111, waiting
from zosma_bot.http.app import make_app, serve
from zosma_queue import calls, keys
from zosma_queue.controlnet import ControlNet, ControlType, Module, Slider
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.messages import decode_request
from zosma_queue.needs import needs_of

TXT2IMG = "/sdapi/v1/txt2img"
IMG2IMG = "/sdapi/v1/img2img"
OPTIONS = "/sdapi/v1/options"
INTERRUPT = "/sdapi/v1/interrupt"
SKIP = "/sdapi/v1/skip"


def sent(seed=1):
    return b64encode(png(seed, (96, 64))).decode()


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json()


async def made(http, worker, body, path=TXT2IMG, **options):
    """The request that reached the worker, and the answer."""
    options = options or {"json": body}
    asked = asyncio.create_task(call(http, "POST", path, **options))
    leased = await worker.take()
    await worker.finish(leased)
    status, answer = await asked
    assert status == 200, answer
    return decode_request(leased.body), answer


def small_jpeg():
    out = io.BytesIO()
    Image.new("RGB", (48, 32)).save(out, "JPEG")
    return out.getvalue()


async def is_waited_for(http, leased):
    """Returns once the bot knows which job the request has become: a worker may have it before that."""
    while (await call(http, "GET", "/sdapi/v1/progress"))[1]["state"]["job"] != leased.id:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def refused(http, body, path=TXT2IMG):
    status, answer = await call(http, "POST", path, json=body)
    return status, answer.get("field")


# 1. Dify: requests.post(url, data=json.dumps(...))


@pytest.mark.parametrize("without", [{"skip_auto_headers": ["Content-Type"]}, {"headers": {"Content-Type": ""}}])
async def test_a_body_without_content_type_is_json(without, http, worker):
    data = json.dumps({"prompt": "a cat", "steps": 4}).encode()
    asked, _ = await made(http, worker, None, data=data, **without)

    assert (asked.prompt, asked.steps) == ("a cat", 4)


async def test_what_is_sent_as_something_else_is_told_as_what(http):
    # curl -d '{"prompt": "a cat"}'
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, answer = await call(http, "POST", TXT2IMG, data=b'{"prompt": "a cat"}', headers=headers)

    assert (status, answer["errors"]) == (
        422,
        "the body is sent as application/x-www-form-urlencoded: send it as JSON, with the header Content-Type:"
        " application/json",
    )


async def test_a_body_in_latin_1_is_told_as_such(http):
    # Windows PowerShell's Invoke-RestMethod, where its -ContentType names no charset.
    headers = {"Content-Type": "application/json"}
    status, answer = await call(http, "POST", TXT2IMG, data='{"prompt": "Bär"}'.encode("latin-1"), headers=headers)

    assert (status, answer["errors"]) == (
        422, "the body is not JSON: it is no UTF-8 (byte 0xe4 at 13), send it as such",
    )  # fmt: skip


async def test_a_vendors_kind_of_json_is_json(http, worker):
    headers = {"Content-Type": "application/vnd.api+json; charset=utf-8"}
    asked, _ = await made(http, worker, None, data=b'{"prompt": "a cat"}', headers=headers)

    assert asked.prompt == "a cat"


@pytest.mark.parametrize("header", [b"Origin: http://localhost", b"Sec-Fetch-Site: same-origin"])
async def test_a_browser_that_says_no_content_type_is_refused(queue, hub, header):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        port = int(url.rsplit(":", 1)[1])
        status, _ = await answered(port, request("POST", TXT2IMG.encode(), header, host=b"localhost", body=b"{}"))

    assert status == 422


# 2. aiyabot: styles: ["None"]


@pytest.mark.parametrize("styles", [["None"], [""], [None], ["no such style"], [], None])
async def test_styles_that_there_are_not_are_taken_no_notice_of(http, worker, styles):
    asked, answer = await made(http, worker, {"prompt": "a cat", "styles": styles})
    assert (asked.styles, answer["parameters"]["styles"]) == ((), [])


async def test_styles_that_there_are_reach_the_worker(http, worker):
    asked, _ = await made(http, worker, {"prompt": "a cat", "styles": ["None", "Misty"]})
    assert asked.styles == ("misty",)


# 3. AndBobs: restore_faces: true; node-sd-webui: hires to a size


async def test_what_the_fleet_has_of_a1111s_fields_reaches_the_worker(http, worker):
    asked, _ = await made(
        http,
        worker,
        {"prompt": "a cat", "restore_faces": True, "tiling": "true", "seed_resize_from_w": 640},
    )
    assert asked.a1111 == {"restore_faces": True, "tiling": True, "seed_resize_from_w": 640}


@pytest.mark.parametrize(
    ("sampler", "reaches"),
    [("Euler a", True), ("DPM++ 2M", False), ("DPM++ 2M Karras", False), ("dpm++ 2m", False), ("", True)],
)
async def test_eta_reaches_the_worker_for_samplers_that_have_a_use_for_it(http, worker, sampler, reaches):
    # The example in A1111's own description has `"eta": 0`, and clients have it from there. "": the worker's own.
    asked, answer = await made(http, worker, {"prompt": "a cat", "eta": 0, "sampler_name": sampler})
    assert asked.a1111 == ({"eta": 0.0} if reaches else {})
    assert answer["parameters"]["eta"] == 0


async def test_eta_reaches_the_worker_for_a_second_pass_whose_sampler_has_a_use_for_it(http, worker):
    hires = {"enable_hr": True, "hr_sampler_name": "Euler a"}
    asked, _ = await made(http, worker, {"prompt": "a cat", "eta": 0, "sampler_name": "DPM++ 2M", **hires})
    assert asked.a1111["eta"] == 0.0


async def test_a_field_that_nobody_has_is_to_be_left_out_and_not_replaced(http, worker):
    _, answer = await call(http, "POST", TXT2IMG, json={"prompt": "a cat", "s_churn": 0.5})
    assert answer["errors"].endswith("leave it out")


async def test_no_cache_on_the_way_keeps_what_changes(http, worker):
    for path in ("/sdapi/v1/progress", "/sdapi/v1/sd-models", "/api/v1/queue", "/metrics", "/no-such-thing"):
        async with http.get(path) as answer:
            assert answer.headers["Cache-Control"] == "no-store"


async def test_the_hires_passs_own_fields_do_too(http, worker):
    hires = {
        "enable_hr": True,
        "hr_prompt": "a large cat",
        "hr_sampler_name": "Euler a",
        "hr_scheduler": "Use same scheduler",
    }
    asked, _ = await made(http, worker, {"prompt": "a cat", **hires})
    assert asked.a1111 == {"hr_prompt": "a large cat", "hr_sampler_name": "Euler a"}


@pytest.mark.parametrize(
    ("resize", "size"),
    [
        ({"hr_resize_x": 1024, "hr_resize_y": 768}, (1024, 768)),
        ({"hr_resize_x": 2048}, (2048, 1024)),
        ({"hr_resize_y": 768}, (1536, 768)),
    ],
)
async def test_a_hires_pass_to_a_size_is_made_in_that_size(http, worker, resize, size):
    body = {"prompt": "a cat", "width": 1024, "height": 512, "enable_hr": True, **resize}
    asked, _ = await made(http, worker, body)
    assert asked.output_size == size


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"s_churn": 0.5}, "s_churn"),
        ({"refiner_checkpoint": "dream", "refiner_switch_at": 0.8}, "refiner_checkpoint"),
        ({"enable_hr": True, "hr_checkpoint_name": "anime"}, "hr_checkpoint_name"),
        ({"alwayson_scripts": {"ControlNet": {"args": [{"enabled": True, "module": "canny"}]}}}, "alwayson_scripts"),
        ({"script_name": "X/Y/Z plot", "script_args": [1]}, "script_name"),
    ],
)
async def test_what_nobody_has_is_refused_by_its_name(http, worker, fields, field):
    assert await refused(http, {"prompt": "a cat", **fields}) == (422, field)


async def test_a_request_goes_to_the_worker_that_has_what_it_uses(http, worker, redis_url):
    await worker.beat(about=ABOUT.model_copy(update={"fields": ()}))
    assert await refused(http, {"prompt": "a cat", "tiling": True}) == (422, "tiling")
    assert (await made(http, worker, {"prompt": "a cat", "tiling": False}))[0].a1111 == {}


# 4. SillyTavern: hires "None", VAE "None"; kobold-lite: sd_vae ""


async def test_none_and_nothing_mean_not_set(http, worker):
    body = {
        "prompt": "a cat", "enable_hr": True, "hr_upscaler": "None", "scheduler": "", "refiner_checkpoint": "None",
        "script_name": "None", "hr_checkpoint_name": "Use same checkpoint", "hr_sampler_name": "Use same sampler",
        "hr_scheduler": "Use same scheduler", "override_settings": {"sd_vae": "None", "sd_model_checkpoint": ""},
    }  # fmt: skip
    asked, _ = await made(http, worker, body)
    assert (asked.hires.upscaler, asked.scheduler, asked.vae, asked.a1111) == (None, None, None, {})


async def test_a_mask_of_nothing_is_none(http, worker):
    asked, _ = await made(http, worker, {"init_images": [sent()], "mask": ""}, IMG2IMG)
    assert asked.img2img.mask is None


# 5. kobold-lite: override_settings at A1111's own defaults


async def test_overrides_at_a1111s_defaults_ask_for_nothing(http, worker):
    overrides = {
        "eta_noise_seed_delta": 0, "ddim_discretize": "uniform", "img2img_fix_steps": False, "sd_hypernetwork": "None",
        "sd_vae": "Automatic", "CLIP_stop_at_last_layers": 1, "face_restoration_model": "CodeFormer",
        "samples_format": "png",        "token_merging_ratio": 0.0, "enable_batch_seeds": True,
    }  # fmt: skip
    asked, _ = await made(http, worker, {"prompt": "a cat", "override_settings": overrides})
    assert (asked.vae, asked.clip_skip) == (None, 1)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"outdir_samples": "/srv/x"}, "disk or process"),
        ({"directories_filename_pattern": "[date]"}, "disk or process"),
        ({"sd_hypernetwork": "anime"}, "A1111's default 'None'"),
        ({"img2img_fix_steps": "maybe"}, "true or false"),
        ({"eta_noise_seed_delta": 0.5}, "whole number"),
        ({"eta_noise_seed_delta": [31337]}, "a number"),
        ({"randn_source": "C" * 101}, "at most 100 characters"),
        ({"sgm_noise_multiplier": True}, "no GPU here offers"),
        ({"forge_additional_modules": "ae"}, "a list of files' names"),
        ({"sd_model_chekpoint": "dream"}, "sd_model_checkpoint"),
    ],
)
async def test_other_overrides_are_refused_by_name_with_the_reason(http, worker, overrides, says):
    status, answer = await call(http, "POST", TXT2IMG, json={"prompt": "a", "override_settings": overrides})
    assert (status, answer["field"]) == (422, f"override_settings.{next(iter(overrides))}")
    assert says in answer["errors"]


async def test_an_option_that_the_fleet_has_reaches_the_worker(http, worker):
    overrides = {"eta_noise_seed_delta": 31337.0, "face_restoration_model": "GFPGAN", "samples_format": "jpg"}
    asked, answer = await made(http, worker, {"prompt": "a cat", "override_settings": overrides})

    passed = {"eta_noise_seed_delta": 31337, "face_restoration_model": "GFPGAN"}
    assert asked.a1111 == {"override_settings": passed}
    assert answer["parameters"]["override_settings"] == overrides


async def test_a_vae_that_is_named_in_forges_way_too_is_one_vae(http, worker):
    """SillyTavern sends both to whichever WebUI it is."""
    overrides = {"sd_vae": "soft.safetensors", "forge_additional_modules": ["soft.safetensors"]}
    asked, _ = await made(http, worker, {"prompt": "a cat", "override_settings": overrides})

    assert (asked.vae, asked.a1111) == ("soft.safetensors", {})


async def test_forges_modules_are_files_of_the_fleet_by_their_names(http, worker):
    path = {"forge_additional_modules": ["C:\\forge\\VAE\\soft.safetensors"]}
    asked, _ = await made(http, worker, {"prompt": "a cat", "override_settings": path})
    assert (asked.vae, asked.a1111) == ("soft.safetensors", {})

    two = {"forge_additional_modules": ["soft.safetensors", "/etc/passwd"]}
    assert await refused(http, {"prompt": "a cat", "override_settings": two}) == (
        422, "override_settings.forge_additional_modules",
    )  # fmt: skip


# 5. Programs that have a picture painted anew in tiles: script_name "SD upscale"


def in_tiles(*args, **fields):
    return {"init_images": [sent()], "prompt": "a cat", "script_name": "SD upscale", "script_args": [*args], **fields}


async def test_sd_upscale_is_a_request_for_so_many_pictures_of_that_size(http, worker):
    body = in_tiles(None, 16, "r-esrgan 4x+", 1.5, n_iter=2, batch_size=4, denoising_strength=0.2, seed=7, width=64)

    asked, answer = await made(http, worker, body, IMG2IMG)

    assert (asked.count, asked.output_size, asked.img2img.denoising_strength) == (2, (144, 96), 0.2)
    assert (asked.sd_upscale.upscaler, asked.sd_upscale.overlap) == ("R-ESRGAN 4x+", 16)
    assert (asked.width, len(answer["images"])) == (64, 2)
    assert answer["parameters"]["script_args"] == [None, 16, "r-esrgan 4x+", 1.5]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"script_args": []}, "script_args"),
        ({"script_args": [None, 64, 0, 2]}, "script_args"),
        ({"script_args": [None, 64, "None", 2]}, "script_args"),
        ({"script_args": [None, 64, "Lanczos", 2, 1]}, "script_args"),
        ({"script_args": "SD"}, "script_args"),
        ({"script_args": [None, 64, "nobody's", 2]}, "script_args"),
        ({"script_args": [None, 64, "Lanczos", 5]}, "script_args"),
        ({"script_args": [None, 64, "Lanczos", "far"]}, "script_args"),
        ({"script_args": [None, -1, "Lanczos", 2]}, "script_args"),
        ({"script_args": [None, 150, "Lanczos", 2]}, "script_name"),
        ({"script_args": [None, 63, "Lanczos", 4], "width": 64, "height": 64}, "script_name"),
        ({"script_args": [None, 16, "Lanczos", 2], "mask": sent(2)}, "script_name"),
        ({"script_args": [None, 16, "Lanczos", 2], "init_images": [sent(), sent()], "batch_size": 2}, "init_images"),
        ({"script_name": "Loopback", "script_args": [4]}, "script_name"),
    ],
)
async def test_a_script_whose_pictures_nobody_can_foretell_is_refused(http, worker, fields, field):
    assert await refused(http, {**in_tiles(), **fields}, IMG2IMG) == (422, field)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SD upscale", "send it to img2img"),
        ("x/y/z PLOT", "by numbers"),
        ("Prompts from file or textbox", "for each line"),
        ("Ultimate SD upscale", "send it to img2img"),
        ("Loopback", "send a request for each picture"),
    ],
)
async def test_a_refused_script_says_why_and_what_to_do(http, worker, name, told):
    _, answer = await call(http, "POST", TXT2IMG, json={"prompt": "a", "script_name": name})
    assert (answer["field"], told in answer["errors"]) == ("script_name", True), answer


def by_ultimate(*changes, **fields):
    """As a Discord bot, an app and a desktop program send it: all 18 arguments, most of them at their defaults."""
    args = [None, 512, 0, 8, 32, 64, 0.275, 32, 3, True, 1, False, 8, 0, 2, 2048, 2048, 2.0]
    for place, value in changes:
        args[place] = value
    script = {"script_name": "Ultimate SD upscale", "script_args": args}
    return {"init_images": [sent()], "prompt": "a cat", **script, **fields}


async def test_ultimate_sd_upscales_number_is_that_of_our_own_list_of_upscalers(http, worker):
    _, listed = await call(http, "GET", "/sdapi/v1/upscalers")
    names = [one["name"] for one in listed]
    assert names == ["None", "Lanczos", "R-ESRGAN 4x+"]
    body = by_ultimate((8, names.index("R-ESRGAN 4x+")), n_iter=2, denoising_strength=0.2, seed=7)

    asked, answer = await made(http, worker, body, IMG2IMG)

    assert (asked.count, asked.output_size, asked.img2img.denoising_strength) == (1, (192, 128), 0.2)
    tiled = asked.ultimate_sd_upscale
    assert (tiled.upscaler, tiled.redraw_mode, tiled.padding, tiled.seams_fix_type) == ("R-ESRGAN 4x+", 1, 32, 0)
    assert (asked.width, asked.height, len(answer["images"])) == (512, 512, 1)
    assert "upscale:R-ESRGAN 4x+" in needs_of(asked).tokens
    assert answer["parameters"]["script_args"] == body["script_args"]


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ([(14, 0)], (640, 480)),  # as the request says
        ([(14, 1), (15, 1080), (16, 1440)], (1080, 1440)),
        ([(14, 2), (17, 1.875)], (192, 128)),
        ([(14, 2.0), (17, "3")], (320, 192)),
    ],
)
async def test_ultimate_sd_upscale_takes_its_size_in_three_ways(http, worker, changes, size):
    body = by_ultimate((8, 1), *changes, width=640, height=480)
    assert (await made(http, worker, body, IMG2IMG))[0].ultimate_sd_upscale.size == size


async def test_ultimate_sd_upscale_with_none_only_resizes_and_its_seams_are_understood(http, worker):
    asked, _ = await made(http, worker, by_ultimate((1, 0), (2, 256), (8, 0), (13, 3)), IMG2IMG)

    tiled = asked.ultimate_sd_upscale
    assert (tiled.upscaler, tiled.seams_fix_type, tiled.seams_fix_denoise, tiled.seams_fix_mask_blur) == (
        None, 3, 0.275, 8,
    )  # fmt: skip
    assert (asked.width, asked.height) == (256, 256)


async def test_ultimate_sd_upscales_upscaler_may_be_named(http, worker):
    asked, _ = await made(http, worker, by_ultimate((8, "r-esrgan 4x+")), IMG2IMG)
    assert asked.ultimate_sd_upscale.upscaler == "R-ESRGAN 4x+"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"script_args": []}, "must be these 18"),
        ({"script_args": [None, 512]}, "must be these 18"),
        (by_ultimate((8, 3)), "0 None, 1 Lanczos, 2 R-ESRGAN 4x+"),
        (by_ultimate((8, -1)), "0 None, 1 Lanczos"),
        (by_ultimate((8, None)), "upscaler among"),
        (by_ultimate((8, "nobody's")), "is not known here"),
        (by_ultimate((8, 1), (14, 3)), "target_size_type"),
        (by_ultimate((8, 1), (1, "wide")), "tile_width"),
        (by_ultimate((8, 1), (1, 0)), "between 64 and 2048"),
        (by_ultimate((8, 1), (13, 4)), "between 0 and 3"),
        (by_ultimate((8, 1), (17, 17)), "between 1 and 16"),
        (by_ultimate((8, 1), (17, 1e99)), "between 1 and 16"),
        (by_ultimate((8, 1), mask=sent(2)), "without a mask"),
    ],
)
async def test_an_ultimate_sd_upscale_that_cannot_be_made_is_refused(http, worker, fields, told):
    status, answer = await call(http, "POST", IMG2IMG, json={**by_ultimate(), **fields})
    assert (status, told in answer["errors"]) == (422, True), answer


async def test_a_tile_of_a_size_that_cannot_be_is_refused_by_its_own_name(http, worker):
    body = by_ultimate((8, 1), (1, 5000), width=512)
    _, answer = await call(http, "POST", IMG2IMG, json=body)
    assert (answer["field"], "tile_width" in answer["errors"]) == ("script_args", True), answer


async def test_ultimate_sd_upscale_is_refused_by_name_where_no_webui_has_it(http, worker):
    fields = tuple(name for name in ABOUT.fields if name != "Ultimate SD upscale")
    await worker.beat(about=ABOUT.model_copy(update={"fields": fields}))

    status, answer = await call(http, "POST", IMG2IMG, json=by_ultimate((8, 1)))
    assert (status, answer["field"], "Ultimate SD upscale" in answer["errors"]) == (422, "script_name", True), answer


# 6. npm stable-diffusion-api: alwayson_scripts without arguments


@pytest.mark.parametrize(
    "scripts",
    [
        {"ControlNet": {"args": []}},
        {"ADetailer": {"args": [False]}, "animatediff": {"args": [False]}},
        {"ControlNet": {"args": [{"enabled": False, "module": "none"}, {}]}},
        {"ControlNet": {}},
        {"roop": {"args": None}},
        {"ADetailer": {"args": [True, False, {"ad_model": "None"}, {"ad_model": "None"}]}},
        {},
    ],
)
async def test_scripts_that_are_off_are_off(http, worker, scripts):
    assert (await made(http, worker, {"prompt": "a cat", "alwayson_scripts": scripts}))[0].a1111 == {}


async def test_a_script_that_a_worker_has_reaches_it_with_its_arguments(http, worker):
    scripts = {"ADetailer": {"args": [True, {"ad_model": "face_yolov8n.pt"}]}, "ControlNet": {"args": []}}
    asked, _ = await made(http, worker, {"prompt": "a cat", "alwayson_scripts": scripts})

    assert asked.a1111 == {"alwayson_scripts": {"ADetailer": scripts["ADetailer"]}}
    assert (await call(http, "GET", "/sdapi/v1/scripts"))[1] == {
        "txt2img": ["adetailer"], "img2img": ["adetailer", "sd upscale", "ultimate sd upscale"],
    }  # fmt: skip


def with_script(**unit):
    return {"prompt": "a cat", "alwayson_scripts": {"ADetailer": {"args": [True, {"enabled": True, **unit}]}}}


async def test_pictures_among_a_scripts_arguments_reach_the_worker(http, worker):
    """ControlNet's: plain, as a data URL, and with a mask beside."""
    large = b64encode(png(3, (512, 512))).decode()
    body = with_script(image={"image": large, "mask": "data:image/png;base64," + sent(4)}, model="canny [abc]")
    body["alwayson_scripts"]["ADetailer"]["args"].append(sent(5))
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json=body))
    leased = await worker.take()
    request_ = decode_request(leased.body)
    await worker.finish(leased)
    status, _ = await asked

    assert status == 200
    assert [worker.inputs[one] for one in request_.inputs] == [png(3, (512, 512)), png(4, (96, 64)), png(5, (96, 64))]
    assert len(json.dumps(request_.a1111)) < 400


@pytest.mark.parametrize(
    ("unit", "field"),
    [
        ({"image": "A" * 50_000}, "image"),
        ({"image": "/etc/passwd"}, "image"),
        ({"image": "http://10.0.0.1/a.png"}, "image"),
        ({"image": ["photo.png", "outputs/mask.png"]}, "image.0"),
        ({"batch_images": "outputs"}, "batch_images"),
        ({"source": "C:\\Users\\ann"}, "source"),
        ({"source": "\\\\nas\\share"}, "source"),
        ({"source": "~/pictures"}, "source"),
        ({"source": "file:///etc/passwd"}, "source"),
        ({"source": "../outputs"}, "source"),
        ({"source": "faces/../../outputs"}, "source"),
        ({"source": "faces\\.."}, "source"),
        ({"source": "zosma-input:" + "0" * 20}, "source"),
    ],
)
async def test_a_script_opens_no_file_and_no_address(http, worker, raw, unit, field):
    assert await refused(http, with_script(**unit)) == (422, f"alwayson_scripts.ADetailer.args.1.{field}")
    assert raw.zcard(keys.WAITING) == 0


async def test_controlnets_own_lists_are_there_where_somebody_has_it(http, worker):
    assert (await call(http, "GET", "/controlnet/model_list"))[0] == 404

    more = {"scripts": ("controlnet",), "controlnet_models": ("canny [abc]",), "controlnet_modules": ("none", "canny")}
    await worker.beat(about=ABOUT.model_copy(update=more))
    async with asyncio.timeout(60):
        while (await call(http, "GET", "/controlnet/version"))[0] == 404:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    unit = {"module": "canny", "model": "unheard-of"}

    assert await call(http, "GET", "/controlnet/model_list") == (200, {"model_list": ["canny [abc]"]})
    assert (await call(http, "GET", "/controlnet/module_list"))[1]["module_list"] == ["none", "canny"]
    body = {"prompt": "a", "alwayson_scripts": {"ControlNet": {"args": [unit]}}}
    status, answer = await call(http, "POST", TXT2IMG, json=body)
    assert (status, answer["field"]) == (422, "alwayson_scripts")
    assert "controlnet 'unheard-of'" in answer["errors"]


async def test_a_script_has_no_more_pictures_than_anybody_needs(http, worker):
    assert await refused(http, with_script(image=[sent()] * 9)) == (422, "alwayson_scripts")


# 7. webuiapi: the empty prompt is its default


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"prompt": "  "}, {"prompt": None}])
async def test_an_empty_prompt_is_a_prompt(http, worker, body):
    asked, answer = await made(http, worker, body)
    assert (asked.prompt, answer["parameters"]["prompt"]) == ("", "")


async def test_also_to_start_from_a_picture_and_to_paint_a_part_of_it_anew(http, worker):
    asked, _ = await made(http, worker, {"init_images": [sent()], "mask": sent(2)}, IMG2IMG)
    assert (asked.prompt, bool(asked.img2img.mask)) == ("", True)


async def test_our_own_api_wants_words(http, worker):
    assert (await refused(http, {"prompt": ""}, "/api/v1/jobs"))[0] == 422


# 8. POST options


async def test_what_is_set_by_options_outlives_the_bot_and_is_what_the_next_request_is_made_with(
    queue, hub, worker, monkeypatch
):
    options = {"sd_model_checkpoint": "anime", "CLIP_stop_at_last_layers": 2, "sd_vae": "soft.safetensors", "x": 1}
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        assert (await call(http, "POST", OPTIONS, json=options))[0] == 200
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        shown = (await call(http, "GET", OPTIONS))[1]
        asked, _ = await made(http, worker, {"prompt": "a cat"})
        own, _ = await made(http, worker, {"override_settings": {"sd_model_checkpoint": "dream", "sd_vae": "None"}})

    assert (shown["CLIP_stop_at_last_layers"], shown["sd_vae"]) == (2, "soft.safetensors")
    assert shown["sd_model_checkpoint"] == "anime.safetensors [9876543210]"
    assert (asked.checkpoint, asked.clip_skip, asked.vae) == ("anime", 2, "soft.safetensors")
    assert own.checkpoint == "dream"


async def test_who_has_set_nothing_gets_what_options_show_each_time(http, worker):
    shown = (await call(http, "GET", OPTIONS))[1]["sd_model_checkpoint"]
    first, _ = await made(http, worker, {"prompt": "a cat"})
    worker.loaded = "anime"
    await worker.beat()
    second, _ = await made(http, worker, {"prompt": "a cat"})

    assert (shown, first.checkpoint, second.checkpoint) == ("dream.safetensors [0123456789]", "dream", "dream")


async def test_an_option_that_the_fleet_has_is_set_for_the_callers_later_requests(http, worker):
    sent_back = {"eta_noise_seed_delta": 31337, "samples_format": "png", "outdir_samples": "/srv", "rho": 2}
    assert (await call(http, "POST", OPTIONS, json=sent_back))[0] == 200

    _, shown = await call(http, "GET", OPTIONS)
    asked, _ = await made(http, worker, {"prompt": "a"})
    itself = {"prompt": "a", "override_settings": {"eta_noise_seed_delta": 0}}
    plain, _ = await made(http, worker, itself)

    assert (shown["eta_noise_seed_delta"], "outdir_samples" in shown) == (31337, False)
    assert asked.a1111 == {"override_settings": {"eta_noise_seed_delta": 31337}}
    assert plain.a1111 == {}

    # Whoever has it may go; what is set then waits for them to come back.
    await worker.beat(about=ABOUT.model_copy(update={"fields": ()}))
    async with asyncio.timeout(60):
        while "eta_noise_seed_delta" in (await call(http, "GET", OPTIONS))[1]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await made(http, worker, {"prompt": "a"}))[0].a1111 == {}


@pytest.mark.parametrize(("name", "kind"), [("jpg", "JPEG"), ("JPEG", "JPEG"), ("webp", "WEBP"), ("png", "PNG")])
async def test_pictures_come_in_the_format_that_is_asked_for_with_their_text(http, worker, name, kind):
    body = {"prompt": "a cat", "n_iter": 2, "override_settings": {"samples_format": name}}
    _, answer = await made(http, worker, body)
    images = [Image.open(io.BytesIO(b64decode(image))) for image in answer["images"]]
    assert [image.format for image in images] == [kind, kind]
    if kind != "PNG":
        texts = [image.getexif().get_ifd(0x8769)[0x9286] for image in images]
        told = json.loads(answer["info"])["infotexts"]
        assert texts == [b"UNICODE\0" + text.encode("utf-16-be") for text in told]


async def test_the_format_may_be_chosen_for_all_later_requests(http, worker):
    assert (await call(http, "POST", OPTIONS, json={"samples_format": "webp"}))[0] == 200
    assert (await call(http, "GET", OPTIONS))[1]["samples_format"] == "webp"
    _, answer = await made(http, worker, {"prompt": "a cat"})
    _, own = await made(http, worker, {"prompt": "a cat", "override_settings": {"samples_format": "png"}})

    assert Image.open(io.BytesIO(b64decode(answer["images"][0]))).format == "WEBP"
    assert Image.open(io.BytesIO(b64decode(own["images"][0]))).format == "PNG"


@pytest.mark.parametrize("value", ["avif", 5, ["png"], {}])
async def test_a_format_that_there_is_not_is_refused_by_name(http, worker, value):
    status, answer = await call(http, "POST", OPTIONS, json={"samples_format": value})
    assert (status, answer["field"]) == (422, "samples_format")
    if value:
        body = {"prompt": "a", "override_settings": {"samples_format": value}}
        assert await refused(http, body) == (422, "override_settings.samples_format")


@pytest.mark.parametrize(("value", "passed"), [(0, None), (0.0, None), (31337.0, 31337)])
async def test_an_option_that_is_set_is_passed_as_one_in_a_body_would_be(http, worker, value, passed):
    """At A1111's default it asks for nothing: else whoever posts all options back needs a GPU that has them all."""
    assert (await call(http, "POST", OPTIONS, json={"eta_noise_seed_delta": value}))[0] == 200

    asked, _ = await made(http, worker, {"prompt": "a"})

    told = asked.a1111.get("override_settings", {}).get("eta_noise_seed_delta")
    assert (told, type(told)) == (passed, type(passed))
    assert (await call(http, "GET", OPTIONS))[1]["eta_noise_seed_delta"] == value


async def test_an_option_of_the_wrong_kind_is_not_set(http, worker):
    status, answer = await call(http, "POST", OPTIONS, json={"eta_noise_seed_delta": "many"})

    assert (status, answer["field"]) == (422, "eta_noise_seed_delta")


async def test_options_that_nobody_has_are_refused(http, worker):
    assert await refused(http, {"sd_model_checkpoint": "dreem"}, OPTIONS) == (422, "sd_model_checkpoint")
    assert await refused(http, {"sd_vae": "hard"}, OPTIONS) == (422, "sd_vae")
    assert await refused(http, {"CLIP_stop_at_last_layers": 99}, OPTIONS) == (422, "CLIP_stop_at_last_layers")
    assert (await refused(http, {"sd_model_checkpoint": "x" * 500_000}, OPTIONS)) == (422, "sd_model_checkpoint")


@pytest.mark.parametrize("more", [{}, {"send_images": False}])
async def test_a_redis_that_goes_when_the_pictures_are_read_takes_them_from_nobody(
    http, queue, worker, more, monkeypatch
):
    async def away(*_, **__):
        raise QueueUnavailableError("Redis can't be reached")

    monkeypatch.setattr(queue, "mark_delivered", away)
    _, answer = await made(http, worker, {"prompt": "a", **more})

    assert len(answer["images"]) == (not more)


# 9, 10. interrupt and progress


async def test_interrupt_answers_the_running_request_with_the_picture_as_far_as_it_is(http, worker):
    first = {"prompt": "first", "seed": 5, "width": 96, "height": 64}
    running = asyncio.create_task(call(http, "POST", TXT2IMG, json=first))
    leased = await worker.take()
    waiting_one = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "second", "steps": 7}))
    while len(await worker._redis.zrange(keys.WAITING, 0, -1)) < 1:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await worker.progress(leased, 0.5, preview=small_jpeg())
    _, progress = await call(http, "GET", "/sdapi/v1/progress")
    assert (progress["progress"], progress["state"]["job"]) == (0.5, leased.id)
    assert await call(http, "POST", INTERRUPT) == (200, {})
    assert await worker.progress(leased, 0.6) is calls.Lease.CANCEL
    await worker.settle(leased, calls.cancelled())
    status, answer = await running

    assert status == 200
    (image,) = [Image.open(io.BytesIO(b64decode(image))) for image in answer["images"]]
    assert (image.format, image.size) == ("PNG", (96, 64))
    info = json.loads(answer["info"])
    assert (info["seed"], info["infotexts"], answer["parameters"]["prompt"]) == (5, [""], "first")
    await worker.finish(await worker.take())  # the other went on
    assert (await waiting_one)[0] == 200


async def test_a_preview_that_cant_be_made_larger_is_answered_as_it_is(http, worker):
    running = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "first"}))
    leased = await worker.take()
    await is_waited_for(http, leased)
    await worker.progress(leased, 0.5, preview=b"\xff\xd8half")
    await call(http, "POST", INTERRUPT)
    await worker.settle(leased, calls.cancelled())

    assert [b64decode(image) for image in (await running)[1]["images"]] == [b"\xff\xd8half"]


async def test_an_interrupted_request_tells_all_that_a1111_tells(http, worker):
    """sd-backend-client checks each field, and that its value is of A1111's kind."""
    running = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "first", "n_iter": 2}))
    leased = await worker.take()
    await is_waited_for(http, leased)
    await call(http, "POST", INTERRUPT)
    await worker.settle(leased, calls.cancelled())
    info = json.loads((await running)[1]["info"])

    assert {name: type(value) for name, value in info.items() if value is not None} == {
        **dict.fromkeys(("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds"), list),
        **dict.fromkeys(("infotexts", "styles"), list),
        **dict.fromkeys(("seed", "subseed", "width", "height", "steps", "batch_size", "clip_skip"), int),
        **dict.fromkeys(("seed_resize_from_w", "seed_resize_from_h", "index_of_first_image"), int),
        **dict.fromkeys(("prompt", "negative_prompt", "sampler_name", "sd_model_name", "sd_model_hash"), str),
        **dict.fromkeys(("job_timestamp", "version"), str),
        **dict.fromkeys(("subseed_strength", "cfg_scale"), float),
        **dict.fromkeys(("restore_faces", "is_using_inpainting_conditioning"), bool),
        "extra_generation_params": dict,
    }
    assert (len(info["all_prompts"]), len(info["all_seeds"]), info["infotexts"]) == (2, 2, [])


async def test_an_interrupt_that_comes_too_late_keeps_nothing_in_memory(queue, hub, worker, monkeypatch):
    parts, interrupt = [], a1111.A1111.interrupt

    async def noted(self, request_):
        parts.append(self)
        return await interrupt(self, request_)

    monkeypatch.setattr(a1111.A1111, "interrupt", noted)
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        running = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a"}))
        leased = await worker.take()

        async def preview(_):
            await worker.finish(leased)
            await running
            return b"half"

        await is_waited_for(http, leased)
        monkeypatch.setattr(queue, "preview", preview)
        assert await call(http, "POST", INTERRUPT) == (200, {})

    assert (await running)[0] == 200
    assert parts[0]._interrupted == {}


async def task_told(http, task="task(one)", **more):
    return (await call(http, "POST", "/internal/progress", json={"id_task": task, **more}))[1]


async def test_a_request_is_followed_by_the_name_that_its_client_gave_it(http, worker):
    running = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a", "force_task_id": "task(one)"}))
    leased = await worker.take()
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8)).save(jpeg, "JPEG")
    await worker.progress(leased, 0.5, preview=jpeg.getvalue())
    other = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "b", "force_task_id": "task(two)"}))
    while not await worker._redis.zcard(keys.WAITING):  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    now, later, nobody = [await task_told(http, task) for task in ("task(one)", "task(two)", "task(three)")]
    _, pending = await call(http, "GET", "/internal/pending-tasks")
    again = await task_told(http, id_live_preview=now["id_live_preview"])
    await worker.finish(leased)
    await running
    ended = await task_told(http)
    await worker.finish(await worker.take())
    await other

    assert (now["active"], now["queued"], now["completed"], now["progress"]) == (True, False, False, 0.5)
    assert b64decode(now["live_preview"].removeprefix("data:image/jpeg;base64,")) == jpeg.getvalue()
    assert again["live_preview"] is None
    assert (later["active"], later["queued"], later["textinfo"]) == (False, True, "In queue: 1")
    assert (nobody["active"], nobody["queued"], nobody["completed"]) == (False, False, False)
    assert pending == {"size": 2, "tasks": ["task(one)", "task(two)"]}
    assert (ended["active"], ended["completed"]) == (False, True)


async def test_the_name_of_a_request_is_short_for_it_is_remembered(http, worker, raw):
    assert await refused(http, {"prompt": "a", "force_task_id": "t" * 201}) == (422, "force_task_id")
    assert raw.zcard(keys.WAITING) == 0
    asked, _ = await made(http, worker, {"prompt": "a", "force_task_id": "t" * 200})
    assert asked.prompt == "a"


async def test_skip_ends_the_picture_at_hand_and_answers_with_all_of_them(http, worker):
    running = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "first", "n_iter": 2}))
    leased = await worker.take()
    await is_waited_for(http, leased)

    assert await call(http, "POST", SKIP) == (200, None)
    told = [await worker.progress(leased, 0.5), await worker.progress(leased, 0.6)]
    await worker.finish(leased)
    status, answer = await running

    assert told == [calls.Lease.SKIP, calls.Lease.OK]
    assert (status, len(answer["images"])) == (200, 2)


@pytest.mark.parametrize(("count", "told"), [(1, calls.Lease.CANCEL), (2, calls.Lease.OK)])
async def test_where_a_picture_cant_be_skipped_a_lone_one_is_interrupted(http, worker, count, told):
    await worker.beat(about=ABOUT.model_copy(update={"skips": False}))
    running = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "first", "n_iter": count}))
    leased = await worker.take()
    await is_waited_for(http, leased)

    assert await call(http, "POST", SKIP) == (200, None)

    assert await worker.progress(leased, 0.5) is told
    await worker.finish(leased) if told is calls.Lease.OK else await worker.settle(leased, calls.cancelled())
    assert (await running)[0] == 200


async def test_skip_leaves_what_waits_alone(http, worker):
    waiting_one = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "first"}))
    while not await worker._redis.zcard(keys.WAITING):  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    assert await call(http, "POST", SKIP) == (200, None)
    await worker.finish(await worker.take())

    assert (await waiting_one)[0] == 200


async def test_interrupt_with_nothing_to_interrupt_does_nothing(http, worker):
    assert await call(http, "POST", INTERRUPT) == (200, {})
    assert await call(http, "POST", "/sdapi/v1/skip") == (200, None)


async def test_without_keys_callers_are_told_apart_by_address(queue, hub, worker):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        here = aiohttp.ClientSession(url)
        there = aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(local_addr=("127.0.0.2", 0)))
        async with here, there:
            asked = asyncio.create_task(call(here, "POST", TXT2IMG, json={"prompt": "a cat"}))
            leased = await worker.take()
            assert (await call(there, "GET", "/sdapi/v1/progress"))[1]["state"]["job_count"] == 0
            assert await call(there, "POST", INTERRUPT) == (200, {})
            assert await worker.progress(leased, 0.5) is calls.Lease.OK
            await worker.finish(leased)
            assert (await asked)[0] == 200


async def test_two_programs_on_one_machine_stop_their_own_request_each(http, worker):
    tavern, webui = {"User-Agent": "node-fetch"}, {"User-Agent": "Python/3.11 aiohttp/3.9"}
    first = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "first"}, headers=tavern))
    running = await worker.take()
    second = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "second"}, headers=webui))
    while not await worker._redis.zcard(keys.WAITING):  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    await call(http, "POST", INTERRUPT, headers=webui)
    assert (await second)[0] == 200
    assert await worker.progress(running, 0.5) is calls.Lease.OK
    # A program that waits for nothing means what its machine waits for: somebody types it by hand.
    await call(http, "POST", INTERRUPT, headers={"User-Agent": "curl/8"})

    assert await worker.progress(running, 0.6) is calls.Lease.CANCEL
    await worker.settle(running, calls.cancelled())
    assert (await first)[0] == 200


# 11. numbers and words as A1111 reads them


async def test_numbers_are_read_as_a1111_reads_them(http, worker):
    body = {
        "prompt": 1984, "steps": 25.0, "width": 100.7, "height": "512", "cfg_scale": "7.5", "enable_hr": "false",
        "send_images": "false", "hr_second_pass_steps": 4.5, "seed": 7.0, "batch_size": True, "scheduler": "",
    }  # fmt: skip
    asked, answer = await made(http, worker, body)

    assert (asked.steps, asked.width, asked.height, asked.cfg_scale, asked.seed) == (25, 96, 512, 7.5, 7)
    assert (asked.hires, asked.count, answer["images"], asked.prompt) == (None, 1, [], "1984")


async def test_half_a_step_is_cut_off(http, worker):
    asked, _ = await made(http, worker, {"prompt": "a cat", "enable_hr": True, "hr_second_pass_steps": 4.5})
    assert asked.hires.steps == 4


async def test_the_apis_own_defaults_are_euler_and_fifty_steps(http, worker):
    await worker.beat(about=ABOUT.model_copy(update={"samplers": ("DPM++ 2M", "Euler")}))
    asked, answer = await made(http, worker, {"prompt": "a cat"})

    assert (asked.sampler, asked.steps, answer["parameters"]["sampler_name"]) == ("Euler", 50, "Euler")


@pytest.mark.parametrize("number", [1e308, 2**63, -1e30])
async def test_a_number_beyond_all_counting_is_told_in_few_digits(http, worker, number):
    status, answer = await call(http, "POST", TXT2IMG, json={"prompt": "a", "width": number})

    assert (status, answer["field"]) == (422, "width")
    assert answer["errors"].endswith("it must be a whole number of at most 18 digits")
    assert len(answer["errors"]) < 110


async def test_a_program_may_draw_its_seeds_as_large_as_javascript_does(http, worker):
    asked, answer = await made(http, worker, {"prompt": "a", "seed": 2**53 - 1})

    assert (asked.seed, json.loads(answer["info"])["seed"]) == (2**53 - 1, 2**53 - 1)


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
async def test_numbers_that_are_none_are_refused(http, worker, number):
    data = f'{{"prompt": "a cat", "cfg_scale": {number}}}'.encode()
    status, _ = await call(http, "POST", TXT2IMG, data=data, headers={"Content-Type": "application/json"})
    assert status == 422


# 12. what is answered


async def test_the_request_is_echoed_with_all_of_a1111s_fields_and_no_others(http, worker):
    _, answer = await made(http, worker, {"prompt": "a cat", "batch_size": 2, "password": "hunter2"})
    parameters = answer["parameters"]

    assert len(parameters) > 45
    assert "hunter2" not in json.dumps(answer)
    assert {name: parameters[name] for name in ("steps", "cfg_scale", "send_images", "alwayson_scripts", "n_iter")} == {
        "steps": 50, "cfg_scale": 7.0, "send_images": True, "alwayson_scripts": {}, "n_iter": 1,
    }  # fmt: skip
    assert json.loads(answer["info"])["batch_size"] == 2


@pytest.mark.parametrize("include", [False, True])
async def test_start_pictures_are_echoed_when_that_is_asked_for(http, worker, include):
    _, answer = await made(http, worker, {"init_images": [sent()], "include_init_images": include}, IMG2IMG)
    assert answer["parameters"]["init_images"] == ([sent()] if include else None)


async def test_png_info_takes_the_parameters_apart(http, worker):
    picture = b64encode(
        png(
            3, parameters="a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x48"
        )
    )
    _, told = await call(http, "POST", "/sdapi/v1/png-info", json={"image": picture.decode()})

    assert told["parameters"] == {
        "Prompt": "a cat", "Negative prompt": "dog", "Steps": "20", "Sampler": "Euler a", "CFG scale": "7", "Seed": "5",
        "Size": "64x48", "Size-1": "64", "Size-2": "48",
    }  # fmt: skip


# 12a. ControlNet's own addresses

DETECT = "/controlnet/detect"
WITH_CONTROLNET = ABOUT.model_copy(
    update={
        "scripts": ("controlnet",),
        "controlnet_models": ("None", "canny [abc]"),
        "controlnet_modules": ("none", "canny", "depth"),
        "controlnet": ControlNet(
            version=3,
            units=4,
            detects=True,
            modules={
                "canny": Module(sliders=(Slider(name="Resolution", value=512, min=64, max=2048), None)),
                "depth": Module(label="depth_midas"),
            },
            types={"Canny": ControlType(module_list=("none", "canny"), default_option="canny")},
        ),
    }
)


@pytest.fixture(name="looker")
async def _looker(http, worker):
    """A worker whose WebUI has ControlNet."""
    await worker.beat(about=WITH_CONTROLNET)
    async with asyncio.timeout(5):
        while (await call(http, "GET", "/controlnet/version"))[0] == 404:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return worker


def looks(**fields):
    """As the extension's own tests send it. (webuiapi says `controlnet_images`, which no ControlNet knows.)"""
    return {
        "controlnet_module": "canny", "controlnet_input_images": [sent()], "controlnet_processor_res": 512,
        "controlnet_threshold_a": 64, "controlnet_threshold_b": 64, **fields,
    }  # fmt: skip


async def test_detect_asks_a_preprocessor_as_a_job(http, looker):
    asked, answer = await made(http, looker, looks(), DETECT)

    detect = asked.detect
    assert (detect.module, detect.processor_res, detect.threshold_a, detect.threshold_b) == ("canny", 512, 64, 64)
    assert (detect.source_width, detect.source_height, asked.generates) == (96, 64, False)
    assert set(needs_of(asked).tokens) == {"detect", "detect:canny"}
    [image] = answer.pop("images")
    assert Image.open(io.BytesIO(b64decode(image))).size == (768, 512)
    assert answer == {"info": "Success"}


async def test_detect_looks_at_each_picture_and_tells_each_pose(http, looker):
    looker.pose = {"people": [], "canvas_width": 96}
    body = looks(controlnet_module="depth_midas", controlnet_input_images=[sent(1), sent(2)])
    asked = asyncio.create_task(call(http, "POST", DETECT, json=body))
    first, second = await looker.take(), await looker.take()
    images = await looker.finish(first) + await looker.finish(second)

    status, answer = await asked
    assert (status, [b64decode(image) for image in answer["images"]]) == (200, images)
    assert answer["poses"] == [looker.pose] * 2


@pytest.mark.parametrize("unset", [-1, -1.5, None])
async def test_what_the_extension_means_by_less_than_nothing_is_left_to_each_webui(http, looker, unset):
    own = {f"controlnet_{name}": unset for name in ("processor_res", "threshold_a", "threshold_b")}
    asked, _ = await made(http, looker, looks(**own, low_vram=True), DETECT)
    assert (asked.detect.processor_res, asked.detect.threshold_a, asked.detect.threshold_b) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"controlnet_module": "unheard-of"}, "controlnet_module"),
        ({"controlnet_module": 5}, "controlnet_module"),
        ({"controlnet_input_images": []}, "controlnet_input_images"),
        ({"controlnet_input_images": "a picture"}, "controlnet_input_images"),
        ({"controlnet_input_images": ["bm90IGEgcGljdHVyZQ=="]}, "controlnet_input_images"),
        ({"controlnet_input_images": ["http://example.org/a.png"]}, "controlnet_input_images"),
        ({"controlnet_input_images": [None]}, "controlnet_input_images"),
        ({"controlnet_input_images": ["x"] * 17}, "controlnet_input_images"),
        ({"controlnet_masks": ["x"]}, "controlnet_masks"),
        ({"controlnet_masks": {}}, None),
        ({"controlnet_masks": "x"}, "controlnet_masks"),
        ({"controlnet_processor_res": 4096}, "controlnet_processor_res"),
        ({"controlnet_processor_res": "far"}, "controlnet_processor_res"),
        ({"controlnet_threshold_a": 1e9}, "controlnet_threshold_a"),
    ],
)
async def test_a_detect_that_cannot_be_is_refused_by_its_own_words(http, queue, looker, fields, field):
    if field is None:  # nothing is none
        await made(http, looker, looks(**fields), DETECT)
        return
    assert await refused(http, looks(**fields), DETECT) == (422, field)
    assert await queue.open_jobs() == []


async def test_a_picture_that_is_far_too_long_for_a_preprocessor_is_refused_by_its_resolution(http, looker):
    strip = b64encode(png(1, (4, 400))).decode()
    body = looks(controlnet_input_images=[strip], controlnet_processor_res=2048)
    status, answer = await call(http, "POST", DETECT, json=body)
    assert (status, answer["field"]) == (422, "controlnet_processor_res"), answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DETECT, looks()),
        ("/sdapi/v1/interrogate", {"image": sent()}),
        ("/sdapi/v1/extra-single-image", {"image": sent(), "upscaler_1": "Lanczos"}),
    ],
)
async def test_an_interrupt_ends_what_makes_no_picture_from_words_with_a_word(http, looker, path, body):
    asked = asyncio.create_task(call(http, "POST", path, json=body))
    leased = await looker.take()
    await is_waited_for(http, leased)
    await call(http, "POST", INTERRUPT)
    await looker.settle(leased, calls.cancelled())

    status, answer = await asked
    assert (status, answer["error"]) == (409, "Cancelled"), answer


async def test_detect_is_not_there_where_nobody_has_controlnet(http, worker):
    assert (await call(http, "POST", DETECT, json=looks()))[0] == 404


async def test_detect_is_refused_where_no_controlnet_has_it(http, looker):
    without = WITH_CONTROLNET.controlnet.without_detect()
    await looker.beat(about=WITH_CONTROLNET.model_copy(update={"controlnet": without}))

    status, answer = await call(http, "POST", DETECT, json=looks())
    assert (status, answer["field"]) == (422, "controlnet_module")
    assert "'canny' is not known here: the fleet offers none" in answer["errors"]


async def test_a_refusal_of_the_webuis_own_reaches_the_client(http, looker):
    asked = asyncio.create_task(call(http, "POST", DETECT, json=looks()))
    await looker.settle(await looker.take(), calls.fail("refused", "the WebUI refused it: Module not supported"))

    status, answer = await asked
    assert (status, "Module not supported" in answer["errors"]) == (422, True)


async def test_controlnets_lists_tell_what_the_fleet_has(http, looker):
    told = {
        path: (await call(http, "GET", f"/controlnet/{path}"))[1]
        for path in ("version", "settings", "control_types", "module_list", "module_list?alias_names=true")
    }
    slider = {"name": "Resolution", "value": 512.0, "min": 64.0, "max": 2048.0}

    assert (told["version"], told["settings"]) == ({"version": 3}, {"control_net_unit_count": 4})
    assert told["control_types"]["control_types"] == {
        "Canny": {
            "module_list": ["none", "canny"], "model_list": [], "default_option": "canny", "default_model": "None",
        }
    }  # fmt: skip
    assert told["module_list"]["module_list"] == ["none", "canny", "depth"]
    assert told["module_list"]["module_detail"]["canny"] == {"model_free": False, "sliders": [slider, None]}
    assert told["module_list?alias_names=true"]["module_list"] == ["none", "canny", "depth_midas"]
    assert set(told["module_list?alias_names=true"]["module_detail"]) == {"none", "canny", "depth_midas"}


async def test_units_beyond_what_every_webui_has_room_for_are_a_need(http, looker):
    unit = {"enabled": True, "module": "none", "model": "None"}
    units = [unit, unit, {**unit, "enabled": False}, unit, {**unit, "enabled": False}]
    asked, _ = await made(http, looker, {"prompt": "a", "alwayson_scripts": {"ControlNet": {"args": units}}})
    assert "4 units of controlnet" in needs_of(asked).tokens

    body = {"prompt": "a", "alwayson_scripts": {"ControlNet": {"args": [unit] * 5}}}
    assert await refused(http, body) == (422, "alwayson_scripts")


async def test_our_own_way_asks_a_preprocessor_too_and_tells_its_pose(http, looker):
    looker.pose = {"people": []}
    detect = {"image": sent(), "module": "Canny", "processor_res": 64}
    status, job = await call(http, "POST", "/api/v1/jobs", json={"detect": detect})
    assert status == 202, job
    leased = await looker.take()
    assert decode_request(leased.body).detect.module == "canny"
    await looker.finish(leased)

    _, job = await call(http, "GET", f"/api/v1/jobs/{job['id']}")
    assert (job["state"], job["result"]["pose"], len(job["result"]["images"])) == ("done", {"people": []}, 1)
    both = {"detect": detect, "upscale": {"image": sent()}}
    status, problem = await call(http, "POST", "/api/v1/jobs", json=both)
    assert (status, problem["field"]) == (422, "detect"), problem


# 13. routes


async def test_extra_batch_images_makes_each_of_them_larger(http, worker):
    body = {"upscaling_resize": 2, "imageList": [{"data": sent(1), "name": "a"}, {"data": sent(2), "name": "b"}]}
    asked = asyncio.create_task(call(http, "POST", "/sdapi/v1/extra-batch-images", json=body))
    first, second = await worker.take(), await worker.take()
    images = await worker.finish(first) + await worker.finish(second)
    status, answer = await asked

    assert (status, [b64decode(image) for image in answer["images"]]) == (200, images)


async def test_when_one_of_them_fails_the_others_are_drawn_for_nobody(http, queue, worker):
    body = {"upscaling_resize": 2, "imageList": [{"data": sent(number)} for number in range(3)]}
    asked = asyncio.create_task(call(http, "POST", "/sdapi/v1/extra-batch-images", json=body))
    first = await worker.take()
    await worker.settle(first, calls.fail("webui-error", "no"))

    assert (await asked)[0] == 503
    assert await queue.open_jobs() == []


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/sdapi/v1/unload-checkpoint", {}),
        ("POST", "/sdapi/v1/reload-checkpoint", {}),
        ("GET", "/internal/ping", {}),
    ],
)
async def test_small_routes_are_there(http, worker, method, path, answer):
    assert await call(http, method, path) == (200, answer)


async def test_what_prompts_and_scripts_may_name_is_listed_as_the_fleet_has_it(http, worker):
    more = {"embeddings": ("EasyNegative",), "hypernetworks": ("ink",)}
    whole = "ab" * 32
    dream = ABOUT.checkpoints[0].model_copy(update={"sha256": whole})
    await worker.beat(about=ABOUT.model_copy(update={**more, "checkpoints": (dream,)}))
    listed = {
        name: (await call(http, "GET", f"/sdapi/v1/{name}"))[1]
        for name in ("embeddings", "hypernetworks", "realesrgan-models", "script-info", "sd-models")
    }

    assert list(listed["embeddings"]["loaded"]) == ["EasyNegative"]
    assert [one["name"] for one in listed["hypernetworks"]] == ["ink"]
    assert [one["name"] for one in listed["realesrgan-models"]] == ["R-ESRGAN 4x+"]
    assert [(one["name"], one["is_img2img"]) for one in listed["script-info"]] == [
        ("adetailer", False), ("adetailer", True), ("sd upscale", True), ("ultimate sd upscale", True),
    ]  # fmt: skip
    assert [one["sha256"] for one in listed["sd-models"]] == [whole]


async def test_a_hypernetwork_goes_to_who_has_it_and_is_refused_by_name_elsewhere(http, worker):
    assert (await call(http, "POST", TXT2IMG, json={"prompt": "a <hypernet:ink:0.5>"}))[1]["field"] == "hypernetwork"

    await worker.beat(about=ABOUT.model_copy(update={"hypernetworks": ("ink",)}))
    async with asyncio.timeout(60):
        while not (await call(http, "GET", "/sdapi/v1/hypernetworks"))[1]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    asked, _ = await made(http, worker, {"prompt": "a <hypernet:ink:0.5>"})
    assert "hypernet:ink" in needs_of(asked).tokens


async def test_the_pages_config_has_the_hires_upscalers(http, worker):
    _, config = await call(http, "GET", "/config")
    [props] = [one["props"] for one in config["components"] if one["props"]["elem_id"] == "txt2img_hr_upscaler"]
    assert props["choices"] == ["None", "Latent"]


async def test_interrogate_puts_a_picture_into_words(http, worker):
    asked, answer = await made(http, worker, {"image": sent(), "model": "clip"}, "/sdapi/v1/interrogate")
    assert (asked.interrogate.model, answer) == ("clip", {"caption": "a picture by clip"})


async def test_interrogate_takes_clip_where_no_model_is_named(http, worker):
    asked, _ = await made(http, worker, {"image": f"data:image/png;base64,{sent()}"}, "/sdapi/v1/interrogate")
    assert asked.interrogate.model == "clip"


async def test_a_model_for_words_that_nobody_has_is_refused_by_name(http, worker):
    body = {"image": sent(), "model": "deepdanbooru"}
    assert await refused(http, body, "/sdapi/v1/interrogate") == (422, "model")


async def test_interrogate_is_refused_by_name_where_nobody_offers_it(http, worker):
    await worker.beat(about=ABOUT.model_copy(update={"interrogators": ()}))
    status, answer = await call(http, "POST", "/sdapi/v1/interrogate", json={"image": sent()})
    assert (status, "interrogate is not possible" in answer["errors"]) == (422, True)


async def test_what_is_no_picture_is_not_put_into_words(http, queue, worker):
    assert await refused(http, {"image": "bm90IGEgcGljdHVyZQ=="}, "/sdapi/v1/interrogate") == (422, "image")
    assert await refused(http, {}, "/sdapi/v1/interrogate") == (422, "image")
    assert await queue.open_jobs() == []


# 3. and what besides the fleet may have: several start pictures, faces


async def test_several_start_pictures_go_to_who_takes_them_as_a_batch(http, worker):
    body = {"init_images": [sent(1), sent(2)], "batch_size": 3, "n_iter": 2}
    asked, answer = await made(http, worker, body, IMG2IMG)

    assert (asked.count, len(asked.img2img.images)) == (4, 2)
    assert (len(answer["images"]), json.loads(answer["info"])["batch_size"]) == (4, 2)


async def test_they_are_kept_in_their_order(http, queue, worker):
    asked = asyncio.create_task(
        call(http, "POST", IMG2IMG, json={"init_images": [sent(n) for n in range(3)], "batch_size": 3})
    )
    leased = await worker.take()
    images = decode_request(leased.body).img2img.images
    stored = [await queue._redis.get(keys.picture_input(one)) for one in images]
    await worker.finish(leased)
    assert (await asked)[0] == 200
    assert stored == [png(n, (96, 64)) for n in range(3)]


async def test_more_start_pictures_than_the_batch_has_room_for_are_refused(http, worker):
    assert await refused(http, {"init_images": [sent(), sent()]}, IMG2IMG) == (422, "init_images")


async def test_one_of_several_that_is_no_picture_is_refused_by_its_field(http, queue, worker):
    body = {"init_images": [sent(), "bm90IGEgcGljdHVyZQ=="], "batch_size": 2}
    assert await refused(http, body, IMG2IMG) == (422, "init_images")
    assert await queue.open_jobs() == []


async def test_several_are_refused_by_name_where_nobody_takes_them(http, worker):
    await worker.beat(about=ABOUT.model_copy(update={"several_starts": False}))
    assert await refused(http, {"init_images": [sent(), sent()], "batch_size": 2}, IMG2IMG) == (422, "init_images")


async def test_faces_are_restored_by_who_has_the_restorer(http, worker):
    body = {"image": sent(), "gfpgan_visibility": 1, "upscaler_1": "None"}
    asked, _ = await made(http, worker, body, "/sdapi/v1/extra-single-image")

    assert (asked.upscale.gfpgan_visibility, asked.output_size) == (1.0, (96, 64))
    assert (await call(http, "GET", "/sdapi/v1/face-restorers"))[1] == [{"name": "GFPGAN", "cmd_dir": None}]


async def test_two_upscalers_are_asked_for_together(http, worker):
    await worker.beat(about=ABOUT.model_copy(update={"fields": ("extras_upscaler_2_visibility",)}))
    body = {"image": sent(), "upscaler_1": "Lanczos", "upscaler_2": "r-esrgan 4x+", "extras_upscaler_2_visibility": 0.4}
    asked, _ = await made(http, worker, body, "/sdapi/v1/extra-single-image")

    assert (asked.upscale.upscaler_2, asked.upscale.extras_upscaler_2_visibility) == ("R-ESRGAN 4x+", 0.4)


async def test_a_second_upscaler_that_is_not_seen_is_none(http, worker):
    body = {"image": sent(), "upscaler_1": "Lanczos", "upscaler_2": "None", "extras_upscaler_2_visibility": 0}
    asked, _ = await made(http, worker, body, "/sdapi/v1/extra-single-image")

    assert asked.upscale.extras == ()


async def test_a_masks_blur_may_differ_by_direction(http, worker):
    await worker.beat(about=ABOUT.model_copy(update={"fields": ("mask_blur_x", "mask_blur_y", "mask_round")}))
    body = {"init_images": [sent()], "mask": sent(), "mask_blur_x": 8, "mask_blur_y": 2, "mask_round": False}
    asked, _ = await made(http, worker, body, IMG2IMG)
    assert asked.a1111 == {"mask_blur_x": 8, "mask_blur_y": 2, "mask_round": False}

    even, _ = await made(http, worker, {**body, "mask_blur_y": 8, "mask_round": True}, IMG2IMG)
    assert (even.img2img.mask_blur, even.a1111) == (8, {})


async def test_a_face_restorer_that_nobody_has_is_refused_by_its_field(http, worker):
    body = {"image": sent(), "codeformer_visibility": 1}
    assert await refused(http, body, "/sdapi/v1/extra-single-image") == (422, "codeformer_visibility")


async def test_a_slash_at_the_end_leads_on_with_the_body(http, worker):
    asked, _ = await made(http, worker, {"prompt": "a cat"}, TXT2IMG + "/")
    assert asked.prompt == "a cat"


async def test_it_leads_on_below_the_path_that_a_proxy_has_us_under(http):
    async with http.get("/sdapi/v1/samplers/?a=/b", allow_redirects=False) as answer:
        assert answer.status == 307
        whole = urljoin("http://proxy/sub/sdapi/v1/samplers/", answer.headers["Location"])
    assert whole == "http://proxy/sub/sdapi/v1/samplers?a=/b"


async def test_answers_are_compressed_and_heads_are_answered(queue, hub, worker):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        port = int(url.rsplit(":", 1)[1])
        many = ABOUT.model_copy(update={"loras": tuple(f"lora number {number}" for number in range(100))})
        await worker.beat(about=many)
        _, said = await answered(port, request("GET", b"/sdapi/v1/loras", b"Accept-Encoding: gzip"))
        head, _, body = said.partition(b"\r\n\r\n")
        assert b"Content-Encoding: gzip" in head
        assert len(json.loads(gzip.decompress(body))) == 100
        _, plain = await answered(port, request("GET", b"/sdapi/v1/loras"))
        assert len(json.loads(plain.partition(b"\r\n\r\n")[2])) == 100
        assert (await answered(port, request("HEAD", b"/sdapi/v1/samplers", sized=False)))[0] == 200


# 14. errors


async def test_a_wrong_field_is_told_as_fastapi_does_beside_our_own_sentence(http, worker):
    _, answer = await call(http, "POST", TXT2IMG, json={"prompt": "a", "steps": "many"})

    [found] = answer["detail"]
    assert (found["loc"], found["msg"]) == (["body", "steps"], "steps is 'many': it must be a whole number")
    assert (answer["errors"], answer["field"]) == (found["msg"], "steps")


@pytest.mark.parametrize("images", [[], None])
async def test_no_start_picture_is_a1111s_404(http, worker, images):
    status, answer = await call(http, "POST", IMG2IMG, json={"init_images": images})
    assert (status, answer["detail"]) == (404, "Init image not found")


# 15. an empty fleet


async def test_a_request_waits_for_a_first_worker(http, redis_url, monkeypatch, worker):
    await worker.leave()
    monkeypatch.setattr(waiting, "STARTING_S", 30.0)
    monkeypatch.setattr(waiting, "LOOK_FOR_WORKERS_S", 0.01)
    asked = asyncio.create_task(call(http, "POST", TXT2IMG, json={"prompt": "a cat"}))
    await asyncio.sleep(0.1)
    assert not asked.done()
    await worker.beat()
    await worker.finish(await worker.take())

    assert (await asked)[0] == 200


async def test_lists_keep_the_last_known_names(http, worker):
    before = [
        await call(http, "GET", f"/sdapi/v1/{name}") for name in ("sd-models", "samplers", "upscalers", "options")
    ]
    await worker.leave()
    after = [await call(http, "GET", f"/sdapi/v1/{name}") for name in ("sd-models", "samplers", "upscalers", "options")]

    assert before == after
