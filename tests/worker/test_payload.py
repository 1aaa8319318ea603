"""A request in each WebUI's words."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from zosma_queue.fleet import Checkpoint
from zosma_queue.request import parse_request
from zosma_worker.errors import WebUIRefused
from zosma_worker.layout import laid_out
from zosma_worker.webui.flavours import A1111, Forge, KoboldCpp, Order, SDCpp, SDNext
from zosma_worker.webui.flavours.plain import _made

DREAM = Checkpoint(name="dream", title="dream.safetensors [0123456789]", hash="0123456789")
EVERY = [A1111, Forge, SDNext, SDCpp, KoboldCpp]


def order(**fields):
    request = parse_request({"prompt": "a cat", "seed": 5, **fields})
    return Order(request=request, checkpoint=DREAM, task="task(job-1)")


def body(flavour=None, **fields):
    return (flavour or A1111()).call(order(**fields)).body


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


def test_a_small_server_is_told_only_what_it_reads():
    assert body(SDCpp(), sampler="Euler a") == {
        "prompt": "a cat", "negative_prompt": "", "width": 512, "height": 512, "steps": 20, "cfg_scale": 7.0,
        "seed": 5, "batch_size": 1, "sampler_name": "Euler a",
    }  # fmt: skip


def test_several_pictures_are_made_one_after_the_other():
    made = body(count=4)

    assert (made["n_iter"], made["batch_size"]) == (4, 1)


@pytest.mark.parametrize("flavour", [SDCpp, KoboldCpp])
def test_where_one_call_makes_one_picture_there_are_as_many_calls_as_pictures(flavour):
    parts = flavour().parts(order(count=3).request)

    assert [(part.seed, part.count) for part in parts] == [(5, 1), (6, 1), (7, 1)]


def test_names_and_clip_skip_are_passed_on():
    made = body(sampler="Euler a", scheduler="Karras", clip_skip=2)

    assert (made["sampler_name"], made["scheduler"]) == ("Euler a", "Karras")
    assert made["override_settings"]["CLIP_stop_at_last_layers"] == 2


def test_clip_skip_is_left_out_for_servers_that_would_fail_on_it():
    flavour = A1111(options={"sd_model_checkpoint": "dream"})

    assert list(body(flavour, clip_skip=2)["override_settings"]) == ["sd_model_checkpoint"]
    assert flavour.clip_skip is False


@pytest.mark.parametrize("flavour", EVERY)
def test_nothing_is_ever_null(flavour):
    for made in (
        body(flavour()),
        body(flavour(), hires={}),
        body(flavour(), sampler="Euler", hires={"upscaler": None}),
    ):
        assert None not in made.values()


@pytest.mark.parametrize(
    ("size", "asked"), [((512, 512), (512, 512)), ((72, 64), (128, 64)), ((520, 1000), (576, 1024))]
)
def test_sizes_go_up_to_what_a_server_can_make(size, asked):
    request = order(width=size[0], height=size[1]).request

    assert KoboldCpp().made_size(request) == asked
    assert A1111().made_size(request) == size


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_a_picture_to_start_from_is_laid_out_in_the_middle_of_whole_blocks(mode):
    sent = Image.new("RGB", (40, 40), (255, 0, 0))
    sent.paste((0, 0, 255), (20, 0, 40, 40))
    out = io.BytesIO()
    sent.save(out, "PNG")

    with Image.open(io.BytesIO(laid_out(out.getvalue(), (72, 72), (128, 128), mode))) as image:
        corners = [image.getpixel(place) for place in ((0, 0), (127, 0), (0, 127), (127, 127))]

        assert image.size == (128, 128)
    assert corners == [(255, 0, 0), (0, 0, 255)] * 2


def test_what_a_sandbox_cannot_lay_out_is_a_refusal():
    place = {"size": (64, 64), "whole": (64, 64), "mode": 0}
    with pytest.raises(WebUIRefused):
        _made("start", place, b"no picture")
