"""What only WebUIs of A1111's kind have: it finds a worker that has it, and reaches the WebUI as it was sent."""

from __future__ import annotations

import base64

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


def test_a_scripts_pictures_stand_in_the_call_as_base64():
    args = [{"enabled": True, "image": {"image": f"zosma-input:{START}", "mask": None}, "module": "canny"}]
    request = decode_request(encode_request("job", asked(a1111={"alwayson_scripts": {"ControlNet": {"args": args}}})))
    order = Order(request=request, checkpoint=DREAM, task="t", inputs={START: b"a picture"})

    assert request.inputs == (START,)
    [unit] = A1111().call(order).body["alwayson_scripts"]["ControlNet"]["args"]
    assert unit["image"] == {"image": base64.b64encode(b"a picture").decode(), "mask": None}


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


def test_a_masks_two_blurs_are_sent_without_the_one_that_would_win():
    start = {"image": START, "mask": "1" * 20}
    request = asked(img2img=start, a1111={"mask_blur_x": 8, "mask_blur_y": 2})
    order = Order(request=request, checkpoint=DREAM, task="t", inputs={START: b"a", "1" * 20: b"b"})
    sent = A1111().call(order).body

    assert (sent["mask_blur_x"], sent["mask_blur_y"], "mask_blur" in sent) == (8, 2, False)


def with_options(flavour, **options):
    return flavour(options={"sd_model_checkpoint": "dream", **options})


def test_an_option_finds_a_webui_that_has_it():
    request = asked(a1111={"override_settings": {"eta_noise_seed_delta": 31337}})

    assert can(with_options(A1111, eta_noise_seed_delta=0), request)
    assert can(with_options(Forge, eta_noise_seed_delta=0), request)
    assert not can(with_options(A1111), request)
    assert not can(with_options(SDNext, eta_noise_seed_delta=0), request)


def test_an_option_is_put_back_by_the_next_request_and_by_all_after_it():
    webui = with_options(A1111, eta_noise_seed_delta=7, randn_source="GPU")
    plain = asked()
    strange = asked(a1111={"override_settings": {"eta_noise_seed_delta": 31337}})

    seen = [body(webui, one)["override_settings"].get("eta_noise_seed_delta") for one in (plain, strange, plain, plain)]

    assert seen == [None, 31337, 7, 7]


def test_a_webui_that_is_read_anew_keeps_the_operators_options_in_mind():
    home = {}
    request = asked(a1111={"override_settings": {"randn_source": "CPU"}})
    body(A1111(options={"randn_source": "NV"}, home=home), request)

    again = A1111(options={"randn_source": "CPU"}, home=home)

    assert body(again, asked())["override_settings"]["randn_source"] == "NV"


def test_forge_is_told_the_modules_that_were_asked_for():
    modules = ["ae.safetensors", "clip_l.safetensors"]
    webui = with_options(Forge, forge_additional_modules=["/m/VAE/own.safetensors"])

    sent = body(webui, asked(a1111={"forge_additional_modules": modules}))

    assert sent["override_settings"]["forge_additional_modules"] == modules
    assert "forge_additional_modules" not in sent
    assert {"vae:ae.safetensors", "vae:clip_l.safetensors", "field:forge_additional_modules"} <= set(
        needs_of(asked(a1111={"forge_additional_modules": modules})).tokens
    )


@pytest.mark.parametrize(
    "extras",
    [
        {"outdir_samples": "x"},
        {"batch_size": 99},
        {"prompt": "another"},
        {"alwayson_scripts": 5},
        {"alwayson_scripts": {"x": {"args": ["A" * 40_000]}}},
        {"override_settings": {"outdir_samples": "/srv"}},
        {"override_settings": {"sd_unet": "x"}},
        {"override_settings": {"eta_noise_seed_delta": 1.5}},
        {"override_settings": {"eta_noise_seed_delta": 10**400}},
        {"override_settings": {"img2img_fix_steps": 1}},
        {"override_settings": {"randn_source": "C" * 101}},
        {"override_settings": 5},
        {"forge_additional_modules": "ae.safetensors"},
    ],
)
def test_nothing_else_travels_that_way(extras):
    with pytest.raises(RequestRefusedError) as refused:
        asked(a1111=extras)

    assert refused.value.field == "a1111"
