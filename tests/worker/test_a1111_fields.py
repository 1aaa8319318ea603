"""What only WebUIs of A1111's kind have: it finds a worker that has it, and reaches the WebUI as it was sent."""

from __future__ import annotations

import pytest

from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import Checkpoint
from zosma_queue.messages import decode_request, encode_request
from zosma_queue.needs import needs_of
from zosma_queue.request import parse_request
from zosma_worker.webui.flavours import A1111, Forge, KoboldCpp, Order, SDCpp, SDNext

DREAM = Checkpoint(name="dream", title="dream.safetensors")
START = "0" * 20


def asked(**fields):
    return parse_request({"prompt": "a cat", "seed": 5, **fields})


def body(flavour, request):
    return flavour.call(Order(request=request, checkpoint=DREAM, task="t")).body


def can(flavour, request):
    return set(needs_of(request).tokens) <= set(flavour.about("http://gpu", "gpu", (DREAM,)).tokens())


def test_fields_and_scripts_stand_in_the_call_as_they_were_sent():
    extras = {"restore_faces": True, "alwayson_scripts": {"ADetailer": {"args": [True, {"ad_model": "face.pt"}]}}}
    request = decode_request(encode_request("job", asked(a1111=extras)))

    assert {name: body(A1111(), request)[name] for name in extras} == extras


def test_a_hires_pass_to_a_size_is_asked_for_as_one():
    sent = body(A1111(), asked(hires={"width": 1024, "height": 0}))

    assert (sent["hr_resize_x"], sent["hr_resize_y"], sent["enable_hr"]) == (1024, 0, True)


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({"a1111": {"restore_faces": True}}, {A1111}),
        ({"a1111": {"tiling": True}}, {A1111}),
        ({"a1111": {"hr_prompt": "a dog"}}, {A1111, Forge}),
        ({"a1111": {"distilled_cfg_scale": 2.0}}, {Forge}),
        ({"img2img": {"image": START, "resize_mode": 3}}, {A1111, Forge}),
        ({"a1111": {"alwayson_scripts": {"adetailer": {"args": [True]}}}}, set()),
    ],
)
def test_only_who_has_it_can_do_it(fields, who):
    flavours = (A1111, Forge, SDNext, SDCpp, KoboldCpp)

    assert {one for one in flavours if can(one(), asked(**fields))} == who


@pytest.mark.parametrize(
    "extras",
    [
        {"outdir_samples": "x"},
        {"batch_size": 99},
        {"prompt": "another"},
        {"alwayson_scripts": 5},
        {"alwayson_scripts": {"x": {"args": ["A" * 40_000]}}},
    ],
)
def test_nothing_else_travels_that_way(extras):
    with pytest.raises(RequestRefusedError) as refused:
        asked(a1111=extras)

    assert refused.value.field == "a1111"
