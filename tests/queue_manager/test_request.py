"""Requests: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pytest

from zosma_queue.cost import predict_gpu_seconds
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import DRAWN_SEED_MAX, PROMPT_MAX_CHARS, parse_request
from zosma_queue.tiles import Pieces


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "prompt", "prompt is missing"),
        ({"prompt": "   "}, "prompt", "prompt is empty: say what the picture should show"),
        ({"prompt": "x" * 10_000}, "prompt", f"has 10,000 characters, at most {PROMPT_MAX_CHARS:,} are possible"),
        ({"prompt": "x", "width": 0}, "width", "width is 0: it must be between 64 and 2048"),
        ({"prompt": "x", "height": 100_000}, "height", "height is 100000: it must be between 64 and 2048"),
        ({"prompt": "x", "steps": 151}, "steps", "between 1 and 150"),
        ({"prompt": "x", "steps": "many"}, "steps", "'many'"),
        ({"prompt": "x", "cfg_scale": -1}, "cfg_scale", "between 0 and 30"),
        ({"prompt": "x", "cfg_scale": float("nan")}, "cfg_scale", "cfg_scale is nan"),
        (
            {"prompt": "x", "seed": 2**53},
            "seed",
            "seed is 9007199254740992: it must be between -1 and 9007199254740991",
        ),
        ({"prompt": "x", "count": 17}, "count", "between 1 and 16"),
        ({"prompt": 5}, "prompt", "prompt is '5'"),
        ({"prompt": "x", "nonsense": 1}, "nonsense", "is no field of a request"),
        ({"prompt": "x", "hires": {"scale": 9}}, "hires.scale", "between 1 and 4"),
        ({"prompt": "x", "width": 2048, "height": 2048, "hires": {"scale": 4}}, "hires.scale", "8192x8192"),
        ({"prompt": "x", "width": 2048, "height": 2048, "count": 16, "hires": {}}, "count", "too many pictures"),
    ],
)
def test_a_bad_field_is_refused_by_name_with_the_fix(fields, field, says):
    with pytest.raises(RequestRefusedError) as refused:
        parse_request(fields)

    assert refused.value.field == field
    assert says in str(refused.value)


def test_an_open_seed_is_drawn_once_and_stays():
    pinned = parse_request({"prompt": "a cat"}).pinned()

    assert 0 <= pinned.seed <= DRAWN_SEED_MAX
    assert pinned.pinned().seed == pinned.seed


def test_sizes_go_down_to_the_latent_grid():
    pinned = parse_request({"prompt": "a cat", "width": 519, "height": 100}).pinned()

    assert (pinned.width, pinned.height) == (512, 96)


def test_white_space_around_a_prompt_means_nothing():
    assert parse_request({"prompt": "  a cat\n"}).prompt == "a cat"


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"prompt": "x", "img2img": {"image": "http://a/b.png"}}, "img2img.image", "img2img.image is"),
        ({"prompt": "x", "img2img": {"image": "0" * 20, "mask_blur": 99}}, "img2img.mask_blur", "between 0 and 64"),
        ({"prompt": "x", "hires": {}, "img2img": {"image": "0" * 20}}, "hires", "from words alone"),
        ({"prompt": "x", "subseed_strength": 2}, "subseed_strength", "between 0 and 1"),
        ({"prompt": "x", "styles": ["a"] * 11}, "styles", "styles"),
        ({"upscale": {"image": "0" * 20, "source_width": 4000, "source_height": 4000, "upscaling_resize": 4}},
         "upscale.upscaling_resize", "16000x16000"),
        ({"count": 2, "upscale": {"image": "0" * 20, "source_width": 9, "source_height": 9}}, "upscale", "one picture"),
    ],
)  # fmt: skip
def test_a_request_from_a_picture_is_refused_likewise(fields, field, says):
    with pytest.raises(RequestRefusedError) as refused:
        parse_request(fields)

    assert refused.value.field == field
    assert says in str(refused.value)


def test_upscaling_needs_no_words():
    request = parse_request({"upscale": {"image": "0" * 20, "source_width": 100, "source_height": 50}}).pinned()

    assert (request.prompt, request.output_size, request.inputs) == ("", (200, 100), ("0" * 20,))


def test_a_variation_keeps_its_seed_and_has_its_subseed_drawn_once():
    pinned = parse_request({"prompt": "a cat", "seed": 5, "count": 3, "subseed_strength": 0.5}).pinned()

    assert pinned.seeds == [5, 5, 5]
    assert 0 <= pinned.subseed == pinned.pinned().subseed


def test_a_seed_without_strength_stays_as_it_is():
    assert parse_request({"prompt": "a cat"}).pinned().subseed == -1


def in_tiles(**fields):
    tiles = {"upscaler": "Lanczos", "source_width": 1024, "source_height": 768, **fields.pop("tiles", {})}
    return parse_request({"prompt": "a cat", "img2img": {"image": "0" * 20}, "sd_upscale": tiles, **fields})


def test_sd_upscale_costs_what_its_tiles_cost():
    one = in_tiles()
    assert (one.output_size, one.pieces) == ((2048, 1536), [Pieces(5 * 4, 512, 512, 0.75)])

    whole, twice = predict_gpu_seconds(one), predict_gpu_seconds(in_tiles(count=2))
    tile = predict_gpu_seconds(parse_request({"prompt": "a cat", "img2img": {"image": "0" * 20}}))

    enlarging = 2048 * 1536 / 1e6 * 0.6
    assert whole == pytest.approx(20 * tile + enlarging)
    assert twice == pytest.approx(40 * tile + enlarging)
    assert not in_tiles(count=2).splits


def by_ultimate(**fields):
    tiles = {"source_width": 1000, "source_height": 760, **fields.pop("tiles", {})}
    return parse_request({"prompt": "a cat", "img2img": {"image": "0" * 20}, "ultimate_sd_upscale": tiles, **fields})


@pytest.mark.parametrize(
    ("tiles", "pieces"),
    [
        # 2048×1536: each of 4×3 tiles is seen with the 32 pixels around it, up to a multiple of 64.
        ({}, [(12, 576, 576, 0.75)]),
        ({"padding": 65}, [(12, 640, 640, 0.75)]),
        ({"redraw_mode": 1, "seams_fix_type": 1}, [(12, 576, 576, 0.75), (3, 96, 1536, 0.35), (2, 2048, 96, 0.35)]),
        ({"seams_fix_type": 2, "seams_fix_denoise": 0.5}, [(12, 576, 576, 0.75), (17, 512, 512, 0.5)]),
        ({"redraw_mode": 2, "seams_fix_type": 3}, [(23, 512, 512, 0.35)]),
        ({"target_width": 500, "target_height": 300, "seams_fix_type": 3}, [(1, 576, 576, 0.75)]),
        ({"redraw_mode": 2}, []),
    ],
)
def test_ultimate_sd_upscale_paints_these_pieces(tiles, pieces):
    assert by_ultimate(tiles=tiles).pieces == [Pieces(*one) for one in pieces]


def test_ultimate_sd_upscale_costs_what_its_pieces_cost():
    one, twice = by_ultimate(tiles={"seams_fix_type": 2}), by_ultimate(tiles={"seams_fix_type": 2}, count=2)

    enlarging = 2048 * 1536 / 1e6 * 0.6
    tiles = 12 * (0.3 + 576 * 576 / 1e6 * 20 * 0.75 * 0.4)
    seams = 17 * (0.3 + 512 * 512 / 1e6 * 20 * 0.35 * 0.4)
    assert one.output_size == (2048, 1536)
    assert predict_gpu_seconds(one) == pytest.approx(enlarging + tiles + seams)
    assert predict_gpu_seconds(twice) == pytest.approx(2 * predict_gpu_seconds(one))
    assert twice.splits


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"count": 16, "tiles": {"seams_fix_type": 3}}, "560 tiles"),
        ({"count": 16, "width": 2048, "height": 2048, "tiles": {"scale_factor": 1}}, "16 tiles"),
        ({"img2img": None}, "starts from one picture"),
        ({"img2img": {"image": "0" * 20, "mask": "0" * 20}}, "starts from one picture"),
        ({"sd_upscale": {"upscaler": "Lanczos"}}, "leave one of them out"),
        ({"width": 2048, "height": 2048, "tiles": {"scale_factor": 8}}, "_upscale.scale_factor: makes .* megapixels"),
        ({"tiles": {"redraw_mode": 2, "target_width": 8192, "target_height": 8192}}, "_upscale.target_width: makes "),
        ({"tiles": {"seams_fix_type": 4}}, "between 0 and 3"),
        ({"tiles": {"target_width": 1024}}, "name both, or neither"),
    ],
)
def test_ultimate_sd_upscale_is_bounded(fields, says):
    with pytest.raises(RequestRefusedError, match=says):
        by_ultimate(**fields)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"count": 16}, "320 tiles"),
        ({"tiles": {"overlap": 256}, "width": 256}, "larger than the overlap"),
        ({"tiles": {"source_width": 30, "scale_factor": 2}}, "larger than the overlap"),
        ({"img2img": None}, "starts from one picture"),
        ({"img2img": {"image": "0" * 20, "mask": "0" * 20}}, "starts from one picture"),
        ({"tiles": {"scale_factor": 4.5}}, "between 1 and 4"),
        ({"tiles": {"source_width": 1600, "source_height": 1600, "scale_factor": 4}}, "factor: makes .* megapixels"),
        ({"width": 2048, "height": 2048, "count": 16, "tiles": {"scale_factor": 1, "source_width": 2300}}, "tiles"),
    ],
)
def test_sd_upscale_is_bounded(fields, says):
    with pytest.raises(RequestRefusedError, match=says):
        in_tiles(**fields)
