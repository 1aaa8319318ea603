"""Pictures that callers send: img2img, inpainting and upscaling by A1111's addresses and by our own."""

from __future__ import annotations

import asyncio
import io
import json
from base64 import b64decode, b64encode

import pytest
from PIL import Image, PngImagePlugin

from zosma_bot import inputs
from zosma_bot.inputs import read_picture, upright
from zosma_queue import keys
from zosma_queue.errors import RequestRefusedError
from zosma_queue.messages import decode_request

IMG2IMG = "/sdapi/v1/img2img"
UPSCALE = "/sdapi/v1/extra-single-image"


def sent(size=(96, 64), fmt="PNG", **options):
    """A picture in base64."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(out, fmt, **options)
    return b64encode(out.getvalue()).decode()


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json()


async def answered(http, worker, path, body):
    """The request that reached the worker, and what the caller got."""
    asked = asyncio.create_task(call(http, "POST", path, json=body))
    leased = await worker.take()
    await worker.finish(leased)
    status, answer = await asked
    assert status == 200
    return decode_request(leased.body), answer


async def test_img2img_reaches_the_worker_with_its_picture_stored_apart(http, worker, raw):
    body = {
        "prompt": "a cat", "init_images": [sent()], "mask": f"data:image/png;base64,{sent()}", "mask_blur": None,
        "denoising_strength": 0.4, "inpainting_mask_invert": 1, "image_cfg_scale": 1.5, "width": 96, "height": 64,
        "styles": ["Misty"], "subseed": 3, "subseed_strength": 0.2,
        "override_settings": {"sd_vae": "soft.safetensors"},
    }  # fmt: skip
    request, answer = await answered(http, worker, IMG2IMG, body)

    assert request.img2img.model_dump(exclude={"image", "more_images", "mask"}) == {
        "denoising_strength": 0.4, "resize_mode": 0, "mask_blur": 4, "inpainting_fill": 0, "inpaint_full_res": True,
        "inpaint_full_res_padding": 0, "inpainting_mask_invert": True,
    }  # fmt: skip
    assert raw.get(keys.picture_input(request.img2img.image)) == b64decode(sent())
    assert raw.get(keys.picture_input(request.img2img.mask)) == b64decode(sent())
    assert raw.ttl(keys.picture_input(request.img2img.image)) > 80_000
    assert (request.styles, request.vae, request.subseed, request.subseed_strength) == (
        ("misty",), "soft.safetensors", 3, 0.2,
    )  # fmt: skip
    assert (answer["parameters"]["init_images"], answer["parameters"]["mask"]) == (None, None)
    assert json.loads(answer["info"])["prompt"] == "a cat"


async def test_upscaling_answers_as_a1111_does(http, worker):
    request, answer = await answered(http, worker, UPSCALE, {"image": sent(), "upscaling_resize": 3})

    assert (request.upscale.upscaler_1, request.upscale.size) == ("R-ESRGAN 4x+", (288, 192))
    assert answer["html_info"] == ""
    with Image.open(io.BytesIO(b64decode(answer["image"]))) as image:
        assert image.size == (288, 192)


async def test_upscaling_to_a_size_with_an_upscaler_of_ones_choice(http, worker):
    body = {
        "image": sent(), "resize_mode": 1, "upscaling_resize_w": 200, "upscaling_resize_h": 100,
        "upscaler_1": "lanczos", "upscaler_2": "None", "gfpgan_visibility": 0,
    }  # fmt: skip
    request, _ = await answered(http, worker, UPSCALE, body)

    assert (request.upscale.upscaler_1, request.upscale.size) == ("Lanczos", (200, 100))


async def test_our_own_address_takes_pictures_in_the_same_places(http, worker):
    fields = {"prompt": "a cat", "img2img": {"image": sent(fmt="JPEG")}}
    status, job = await call(http, "POST", "/api/v1/jobs", json=fields)

    assert status == 202
    request = decode_request((await worker.take()).body)
    assert job["request"]["img2img"]["image"] == request.img2img.image
    assert "base64" not in json.dumps(job)


async def test_our_own_way_takes_sd_upscale_with_the_size_of_the_picture_that_came(http, worker):
    tiles = {"upscaler": "lanczos", "overlap": 16, "source_width": 1, "source_height": 1}
    fields = {"prompt": "a cat", "width": 64, "height": 64, "img2img": {"image": sent()}, "sd_upscale": tiles}

    status, job = await call(http, "POST", "/api/v1/jobs", json=fields)
    assert status == 202, job
    request = decode_request((await worker.take()).body)

    assert (request.output_size, request.sd_upscale.upscaler) == ((192, 128), "Lanczos")
    status, problem = await call(http, "POST", "/api/v1/jobs", json={"prompt": "a cat", "sd_upscale": tiles})
    assert (status, problem["field"], "from one picture" in problem["detail"]) == (422, "sd_upscale", True), problem


@pytest.mark.parametrize(
    ("path", "body", "status", "field", "says"),
    [
        (IMG2IMG, {"prompt": "a"}, 404, "init_images", "Init image not found"),
        (IMG2IMG, {"prompt": "a", "init_images": []}, 404, "init_images", "Init image not found"),
        (IMG2IMG, {"prompt": "a", "init_images": [sent(), sent()]}, 422, "init_images", "batch_size must be as many"),
        (IMG2IMG, {"prompt": "a", "init_images": ["http://10.0.0.1/a.png"]}, 422, "init_images", "is an address"),
        (IMG2IMG, {"prompt": "a", "init_images": ["%%%"]}, 422, "init_images", "not base64"),
        (IMG2IMG, {"prompt": "a", "init_images": [5]}, 422, "init_images", "bytes in base64"),
        (IMG2IMG, {"prompt": "a", "init_images": ["bm90IGEgcGljdHVyZQ=="]}, 422, "init_images", "no whole PNG"),
        (IMG2IMG, {"prompt": "a", "init_images": [sent()[:60]]}, 422, "init_images", "no whole PNG"),
        (IMG2IMG, {"prompt": "a", "init_images": [sent((5000, 5000))]}, 422, "init_images", "5000x5000"),
        (IMG2IMG, {"prompt": "a", "init_images": [sent()], "mask": "file:///etc/passwd"}, 422, "mask", "is an address"),
        (
            IMG2IMG,
            {"prompt": "a", "init_images": [sent()], "denoising_strength": 2},
            422,
            "denoising_strength",
            "0 and 1",
        ),
        (IMG2IMG, {"prompt": "a", "init_images": [sent()], "resize_mode": 4}, 422, "resize_mode", "between 0 and 3"),
        (UPSCALE, {}, 422, "image", "bytes in base64"),
        (UPSCALE, {"image": sent(), "upscaling_resize": 100}, 422, "upscaling_resize", "between 1 and 8"),
        (UPSCALE, {"image": sent((4000, 4000)), "upscaling_resize": 4}, 422, "upscaling_resize", "16000x16000"),
        (UPSCALE, {"image": sent(), "upscaler_1": "ESRGNA"}, 422, "upscaler_1", "nearest are"),
        (UPSCALE, {"image": sent(), "codeformer_visibility": 0.5}, 422, "codeformer_visibility", "no GPU"),
        (UPSCALE, {"image": sent(), "resize_mode": 1, "upscaling_crop": False}, 422, "upscaling_crop", "no GPU"),
        (
            UPSCALE,
            {"image": sent(), "upscaler_2": "ESRGNA", "extras_upscaler_2_visibility": 0.5},
            422,
            "upscaler_2",
            "nearest are",
        ),
        (UPSCALE, {"image": sent(), "extras_upscaler_2_visibility": 2}, 422, "extras_upscaler_2_visibility", "0 and 1"),
        ("/api/v1/jobs", {"prompt": "a", "img2img": {"image": "x" * 20}}, 422, "img2img.image", "no whole PNG"),
        ("/api/v1/jobs", {"prompt": "a", "img2img": {}}, 422, "img2img.image", "is missing"),
        ("/api/v1/jobs", {"prompt": "a", "img2img": 5}, 422, "img2img", ""),
        ("/api/v1/jobs", {"prompt": "a", "hires": {}, "img2img": {"image": sent()}}, 422, "hires", "words alone"),
    ],
)
async def test_what_is_wrong_with_a_picture_is_told_by_the_callers_own_name_of_it(
    path, body, status, field, says, http, worker, raw
):
    found, answer = await call(http, "POST", path, json=body)

    assert (found, answer["field"]) == (status, field)
    assert says in (answer["errors"] if path.startswith("/sdapi/") else answer["detail"])
    assert raw.zcard(keys.WAITING) == 0


async def test_a_picture_over_the_limit_is_refused_before_it_is_decoded(http, worker, monkeypatch):
    monkeypatch.setattr(inputs, "INPUT_MAX_BYTES", 1000)
    status, answer = await call(http, "POST", IMG2IMG, json={"prompt": "a", "init_images": ["A" * 2000]})

    assert (status, answer["field"]) == (422, "init_images")
    assert "send a smaller picture" in answer["errors"]


async def test_bodies_with_pictures_may_be_larger_than_others(http, worker):
    noise = Image.effect_noise((1800, 1800), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert 5_000_000 < len(out.getvalue()) < 12_000_000
    large = b64encode(out.getvalue()).decode()

    body = io.BytesIO(json.dumps({"prompt": "a", "img2img": {"image": large}}).encode())
    headers = {"Content-Type": "application/json"}
    status, job = await call(http, "POST", "/api/v1/jobs", data=body, headers=headers)

    assert status == 202, job


async def test_a_picture_taken_sideways_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = await read_picture(sent((96, 64), "JPEG", exif=exif), "image", "ann")

    assert (picture.width, picture.height) == (64, 96)


async def test_webp_becomes_png_which_every_webui_reads():
    assert (await read_picture(sent(fmt="WEBP"), "image", "ann")).data.startswith(b"\x89PNG")


async def test_a_gif_is_no_picture_to_start_from():
    with pytest.raises(RequestRefusedError, match="no whole PNG, JPEG or WebP"):
        await read_picture(sent(fmt="GIF"), "image", "ann")


async def test_png_info_reads_what_a_picture_says_of_itself(http):
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", "a cat\nSteps: 4")

    _, told = await call(http, "POST", "/sdapi/v1/png-info", json={"image": sent(pnginfo=chunks)})
    _, silent = await call(http, "POST", "/sdapi/v1/png-info", json={"image": sent(fmt="JPEG")})

    assert (told["info"], silent["info"]) == ("a cat\nSteps: 4", "")


@pytest.mark.parametrize("name", ["refresh-checkpoints", "refresh-loras", "skip", "interrupt"])
async def test_what_clients_press_now_and_then_is_answered_in_json(name, http):
    assert (await call(http, "POST", f"/sdapi/v1/{name}"))[0] == 200


@pytest.mark.parametrize("name", ["hypernetworks", "face-restorers", "realesrgan-models", "embeddings", "memory",
                                  "cmd-flags", "scripts"])  # fmt: skip
async def test_lists_that_clients_need_are_there_without_a_worker(name, http):
    assert (await call(http, "GET", f"/sdapi/v1/{name}"))[0] == 200


async def test_a_picture_of_16_bits_is_brought_to_8_and_not_cut_off_at_white():
    deep = Image.new("I;16", (8, 4), 20_000)
    out = io.BytesIO()
    deep.save(out, "PNG")
    with Image.open(io.BytesIO((await upright(out.getvalue(), "image", "ann")).data)) as plain:
        assert plain.convert("RGB").getpixel((0, 0)) == (77, 77, 77)
