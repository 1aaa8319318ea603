"""Reading A1111's infotext."""

from __future__ import annotations

import pytest

from zosma_queue import infotext
from zosma_queue.request import parse_request

REAL = """a lighthouse at dusk, <lora:ink:0.8>
second line
Negative prompt: blurry, text
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Denoising strength: 0.5, Clip skip: 2, Hires upscale: 1.5, \
Hires steps: 10, Hires upscaler: Latent, Lora hashes: "ink: 1234, pen: 5678", Version: v1.10.1"""


def test_everything_that_makes_the_picture_again_is_read():
    fields = infotext.request_fields(REAL)
    request = parse_request(fields)
    assert request.prompt == "a lighthouse at dusk, <lora:ink:0.8>\nsecond line"
    assert request.negative_prompt == "blurry, text"
    assert (request.steps, request.sampler, request.scheduler, request.cfg_scale) == (20, "DPM++ 2M", "Karras", 7.0)
    assert (request.seed, request.width, request.height, request.clip_skip) == (965400086, 512, 768, 2)
    assert request.checkpoint == "v1-5-pruned-emaonly"
    assert (request.hires.scale, request.hires.steps, request.hires.denoise) == (1.5, 10, 0.5)
    assert request.hires.upscaler == "Latent"


def test_a_quoted_value_keeps_its_commas():
    assert infotext.pairs(REAL)["Lora hashes"] == "ink: 1234, pen: 5678"


def test_a_text_that_says_nothing_of_steps_and_seed_is_no_recipe():
    assert infotext.request_fields("a holiday picture: sun, sea, sand") == {}
    assert infotext.request_fields("") == {}


def test_a_prompt_whose_last_line_has_a_colon_stays_whole():
    assert infotext.words("a poster\ntitle: hello") == ("a poster\ntitle: hello", "")


def test_rubbish_in_a_value_is_left_out():
    fields = infotext.request_fields("x\nSteps: many, Seed: 5, CFG scale: nine, Size: big")
    assert fields == {"prompt": "x", "negative_prompt": "", "seed": 5}


MORE = "Template: a {cat|dog}, Steps and stones\nRating: safe"


def test_lines_after_the_parameters_change_nothing():
    assert infotext.request_fields(f"{REAL}\n{MORE}") == infotext.request_fields(REAL)
    assert infotext.words(f"{REAL}\n{MORE}") == infotext.words(REAL)


@pytest.mark.parametrize("size", ["9" * 5000 + "x1", "1x" + "9" * 5000, "٣x٣"])
def test_a_size_of_any_digits_is_rubbish_or_a_number(size):
    assert set(infotext.request_fields(f"x\nSteps: 20, Seed: 5, Size: {size}").get("prompt", "")) == {"x"}


def test_half_a_surrogate_pair_is_replaced():
    assert infotext.pairs('x\nSteps: 20, Seed: 5, Model: "\\ud800,a"')["Model"] == "?,a"


def of(**told):
    return "x\n" + ", ".join(
        f"{key.replace('_', ' ')}: {value}" for key, value in {"Steps": 20, "Seed": 5, **told}.items()
    )


@pytest.mark.parametrize(
    ("told", "size", "scale"),
    [
        ({"Size": "512x768", "Hires_upscale": "1.5"}, (512, 768), 1.5),
        ({"Size": "512x768", "Hires_resize": "1024x1536"}, (512, 768), 2.0),
        ({"Size": "512x768", "Hires_resize": "1024x0"}, (512, 768), 2.0),
        ({"Size": "512x768", "Hires_resize": "0x1536"}, (512, 768), 2.0),
        ({"Size": "1024x1536", "First_pass_size": "512x768"}, (512, 768), 2.0),
    ],
)
def test_a_hires_pass_is_read_however_it_is_told(told, size, scale):
    text = of(**told, Denoising_strength="0.4")
    fields = infotext.request_fields(text)
    assert (fields["width"], fields["height"]) == size
    assert fields["hires"] == {"scale": scale, "denoise": 0.4}
    assert infotext.not_asked_for(text) == ()
    assert parse_request(fields).output_size == (round(size[0] * scale), round(size[1] * scale))


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"Size": "512x512", "Hires_resize": "1024x512"}, ("hires",)),
        ({"Size": "512x512", "First_pass_size": "0x0"}, ("hires",)),
        ({"Denoising_strength": "0.5"}, ("img2img",)),
        ({"Denoising_strength": "0.5", "Mask_blur": "4"}, ("inpainting",)),
        ({"Refiner": "xl", "Refiner_switch_at": "0.8"}, ("Refiner",)),
        ({"ControlNet_0": '"Module: canny, Weight: 1"'}, ("ControlNet",)),
        ({"Face_restoration": "CodeFormer", "Tiling": "True", "ENSD": "31337"}, ("Face restoration", "Tiling", "ENSD")),
        ({"Tiling": "False", "ENSD": "0", "VAE_hash": "abc"}, ()),
        ({"VAE": "ft-mse"}, ("VAE",)),
    ],
)
def test_what_can_not_be_asked_for_is_named(told, names):
    assert infotext.not_asked_for(of(**told)) == names
    assert infotext.starts_from_picture(of(**told)) == (names in (("img2img",), ("inpainting",)))
