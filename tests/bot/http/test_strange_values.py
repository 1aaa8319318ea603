"""Every field of A1111's bodies and of our own with values of every kind: told what is wrong, and never a 500."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from loopback.played_worker import ABOUT
from zosma_bot.http.a1111_fields import DETECT, IMG2IMG, TXT2IMG, UPSCALE
from zosma_queue.controlnet import ControlNet
from zosma_queue.request import Request

STRANGE = (
    None, True, False, 0, -1, 1, 3.7, 10**30, -1e308, 1e308, "", "x", "NaN", "Infinity", "9" * 5_000, "x" * 5_000,
    "\u0000",
    "<lora:", "<lora:a:b:c>", "{{", [], [None], [[]], ["x"], [0.5], [{}], {}, {"a": 1}, {"": None},
    {"args": 5}, {"x": {"args": {}}},
)  # fmt: skip
BODIES = {
    "/sdapi/v1/txt2img": (TXT2IMG, {"prompt": "a", "enable_hr": True}),
    "/sdapi/v1/img2img": (IMG2IMG, {"prompt": "a", "init_images": ["x"], "mask": "x"}),
    "/sdapi/v1/extra-single-image": (UPSCALE, {"image": "x"}),
    "/sdapi/v1/extra-batch-images": ({**UPSCALE, "imageList": 0}, {"imageList": [{"data": "x"}]}),
    "/sdapi/v1/options": (("sd_model_checkpoint", "CLIP_stop_at_last_layers", "sd_vae"), {}),
    "/sdapi/v1/png-info": (("image",), {}),
    "/sdapi/v1/interrogate": (("image", "model"), {}),
    "/controlnet/detect": (DETECT, {"controlnet_input_images": ["x"]}),
    "/api/v1/jobs": ((*Request.model_fields, "delay_s"), {"prompt": "a"}),
    "/api/v1/admin/pause": (("scope", "why"), {"scope": "nobody"}),
    "/api/v1/admin/resume": (("scope",), {}),
    "/api/v1/admin/purge": (("ids",), {"ids": []}),
    "/api/v1/admin/clear": (("owner",), {}),
}
INNER = {
    "hires": ("scale", "steps", "denoise", "upscaler", "width", "height"),
    "img2img": ("image", "mask", "denoising_strength", "resize_mode", "mask_blur"),
    "upscale": ("image", "upscaling_resize", "resize_mode", "upscaler_1", "source_width"),
    "a1111": ("alwayson_scripts", "tiling", "eta"),
    "detect": ("image", "mask", "module", "processor_res", "threshold_a", "source_width"),
    "sd_upscale": ("upscaler", "scale_factor", "overlap", "source_width"),
    "ultimate_sd_upscale": ("upscaler", "scale_factor", "target_width", "padding", "seams_fix_type", "source_width"),
}


@pytest.fixture(autouse=True)
async def _full(http, queue, worker):
    """Whoever is all right comes too soon after this one: nobody here waits for a picture."""
    more = {"controlnet_modules": ("none", "canny"), "controlnet": ControlNet(detects=True)}
    await worker.beat(about=ABOUT.model_copy(update={"scripts": ("adetailer", "controlnet"), **more}))
    async with asyncio.timeout(10):
        while (await http.get("/controlnet/version")).status == 404:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await queue.admin.set_policy("root", "default", {"cooldown_s": 86_400})
    async with http.post("/api/v1/jobs", json={"prompt": "a"}) as answer:
        assert answer.status == 202


@pytest.mark.parametrize("path", BODIES)
async def test_no_value_of_no_field_is_an_error_of_ours(http, path, caplog):
    fields, rest = BODIES[path]
    await told(http, path, [{**rest, field: value} for field in fields for value in STRANGE], caplog)


@pytest.mark.parametrize("part", INNER)
async def test_nor_of_the_fields_inside_our_own(http, part, caplog):
    bodies = [{"prompt": "a", part: {field: value}} for field in INNER[part] for value in STRANGE]
    await told(http, "/api/v1/jobs", bodies, caplog)


@pytest.mark.parametrize("field", ["override_settings", "alwayson_scripts"])
async def test_nor_of_options_and_scripts(http, field, caplog):
    names = (
        "sd_vae",
        "sd_model_checkpoint",
        "CLIP_stop_at_last_layers",
        "eta_ddim",
        "randn_source",
        "upscaler_for_img2img",
        "ADetailer",
    )
    bodies = [{"prompt": "a", field: {name: value}} for name in names for value in STRANGE]
    await told(http, "/sdapi/v1/txt2img", bodies, caplog)


async def told(http, path, bodies, caplog):
    with caplog.at_level(logging.ERROR):
        for body in bodies:
            async with http.post(path, data=json.dumps(body), headers={"Content-Type": "application/json"}) as answer:
                said = await answer.text()
                assert answer.status < 500, (str(body)[:300], said[:300])
                assert len(said) < 20_000
    assert [record.getMessage() for record in caplog.records] == []
