"""A request in A1111's words."""

from __future__ import annotations

import pytest

from zosma_queue.fleet import Checkpoint
from zosma_queue.request import parse_request
from zosma_worker.webui.flavour import Flavour
from zosma_worker.webui.payload import txt2img_body

DREAM = Checkpoint(name="dream", title="dream.safetensors [0123456789]", hash="0123456789")
A1111 = Flavour(name="a1111")
FORGE = Flavour(name="forge", forge=True)


def body(flavour=A1111, **fields):
    request = parse_request({"prompt": "a cat", "seed": 5, **fields})
    return txt2img_body(request, DREAM, flavour, "task(job-1)")


def test_the_whole_body_of_a_plain_request():
    assert body() == {
        "prompt": "a cat",
        "negative_prompt": "",
        "width": 512,
        "height": 512,
        "steps": 20,
        "cfg_scale": 7.0,
        "seed": 5,
        "batch_size": 1,
        "n_iter": 1,
        "override_settings": {
            "sd_model_checkpoint": "dream.safetensors [0123456789]",
            "CLIP_stop_at_last_layers": 1,
        },
        "override_settings_restore_afterwards": False,
        "send_images": True,
        "save_images": False,
        "force_task_id": "task(job-1)",
    }


def test_several_pictures_are_made_one_after_the_other():
    made = body(count=4)

    assert (made["n_iter"], made["batch_size"]) == (4, 1)


def test_names_and_clip_skip_are_passed_on():
    made = body(sampler="Euler a", scheduler="Karras", clip_skip=2)

    assert (made["sampler_name"], made["scheduler"]) == ("Euler a", "Karras")
    assert made["override_settings"]["CLIP_stop_at_last_layers"] == 2


def test_clip_skip_is_left_out_for_servers_that_would_fail_on_it():
    made = body(Flavour(name="sdcpp", clip_option=False), clip_skip=2)

    assert list(made["override_settings"]) == ["sd_model_checkpoint"]


@pytest.mark.parametrize("flavour", [A1111, FORGE], ids=["a1111", "forge"])
def test_a_hires_pass_has_its_fields(flavour):
    made = body(flavour, hires={"scale": 1.5, "steps": 8, "denoise": 0.4, "upscaler": "Latent"}, cfg_scale=5)

    wanted = {
        "enable_hr": True, "hr_scale": 1.5, "hr_second_pass_steps": 8, "denoising_strength": 0.4,
        "hr_upscaler": "Latent",
    }  # fmt: skip
    if flavour.forge:
        wanted |= {"hr_additional_modules": ["Use same choices"], "hr_cfg": 5.0}
    assert {key: made.get(key) for key in wanted} == wanted
    assert ("hr_cfg" in made) is flavour.forge


def test_nothing_is_ever_null():
    for made in (body(), body(FORGE, hires={}), body(sampler="Euler", hires={"upscaler": None})):
        assert None not in made.values()
