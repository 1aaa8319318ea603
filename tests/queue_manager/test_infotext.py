"""Reading A1111's infotext."""

from __future__ import annotations

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
