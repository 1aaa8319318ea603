"""What a WebUI's answer must be, beyond a 200."""

from __future__ import annotations

import base64
import io
import json
import struct
import time
import zlib

import pytest
from PIL import Image

from loopback import hostile
from loopback.webui import encoded, good_answer, picture
from zosma_queue.fleet import Checkpoint
from zosma_queue.request import parse_request
from zosma_queue.sandbox import Limits, Sandbox
from zosma_worker.errors import BadAnswer
from zosma_worker.webui.flavours import SDCpp
from zosma_worker.webui.pictures import verify

DREAM = Checkpoint(name="dream", title="dream.safetensors [0123456789]", hash="0123456789")


def request(**fields):
    return parse_request({"prompt": "a cat", "width": 64, "height": 64, "seed": 5, **fields})


def answer(count=1, *, text=True, **info):
    """A good answer, with these values in its info; None takes one out."""
    body = {"prompt": "a cat", "width": 64, "height": 64, "steps": 20, "seed": 5, "n_iter": count, "batch_size": 1}
    made = good_answer(body, "dream", text=text)
    told = {**json.loads(made["info"]), **info}
    return {**made, "info": json.dumps({key: value for key, value in told.items() if value is not None})}


def kind_of(given, **fields):
    with pytest.raises(BadAnswer) as error:
        verify(given, request(**fields), DREAM)
    return error.value.kind


def test_good_pictures_pass_untouched():
    given = answer(2)

    checked = verify(given, request(count=2), DREAM)

    assert [encoded(data) for data in checked.data] == given["images"]
    assert [(one.index, one.seed) for one in checked.pictures] == [(0, 5), (1, 6)]


def test_a_grid_before_and_extra_images_after_are_left_out():
    given = answer(2)
    own = list(given["images"])
    info = json.loads(given["info"])
    info |= {"index_of_first_image": 1, "infotexts": ["the grid", *info["infotexts"]]}
    given = {"images": [encoded(picture(128, 64, 1)), *own, encoded(picture(8, 8, 2))], "info": json.dumps(info)}

    checked = verify(given, request(count=2), DREAM)

    assert [encoded(data) for data in checked.data] == own
    assert checked.info["index_of_first_image"] == 0
    assert len(checked.info["infotexts"]) == 2
    assert "Seed: 5" in checked.pictures[0].parameters


def test_a_picture_too_many_is_a_fault():
    assert kind_of(answer(2)) == "wrong-count"


def test_a_png_without_an_infotext_gets_one():
    checked = verify(answer(text=False), request(), DREAM)

    with Image.open(io.BytesIO(checked.data[0])) as image:
        assert image.info["parameters"] == checked.pictures[0].parameters == checked.info["infotexts"][0]


def test_a_png_without_an_infotext_and_no_info_gets_a_composed_one():
    given = {"images": [encoded(picture(64, 64, 1, text=""))], "info": ""}

    checked = verify(given, request(sampler="Euler a"), DREAM)

    assert "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5" in checked.pictures[0].parameters
    assert checked.pictures[0].bytes == len(checked.data[0]) > len(picture(64, 64, 1))


def test_a_webp_is_told_by_its_bytes_and_stays_as_it_is():
    data = picture(64, 64, 1, fmt="WEBP")

    checked = verify({**answer(), "images": [encoded(data)]}, request(), DREAM)

    assert (checked.pictures[0].format, checked.data) == ("webp", (data,))


def test_a_jpeg_gets_its_infotext_and_keeps_its_pixels():
    data = picture(64, 64, 1, fmt="JPEG")

    checked = verify({**answer(), "images": [encoded(data)]}, request(), DREAM)

    assert checked.pictures[0].format == "jpeg"
    with Image.open(io.BytesIO(checked.data[0])) as image, Image.open(io.BytesIO(data)) as plain:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be") == checked.pictures[0].parameters
        assert image.tobytes() == plain.tobytes()


def test_an_infotext_that_belongs_to_another_picture_is_replaced_in_text_and_file():
    given = answer()
    given["images"] = [encoded(picture(64, 64, 1, text="a dog\nSteps: 20, Seed: 99, Model: dream"))]

    checked = verify({**given, "info": ""}, request(), DREAM)

    with Image.open(io.BytesIO(checked.data[0])) as image:
        assert image.info["parameters"] == checked.pictures[0].parameters
    assert "Seed: 5" in checked.pictures[0].parameters
    assert "99" not in checked.pictures[0].parameters


def test_a_checkpoint_is_also_told_by_the_infotext_alone():
    told = answer(sd_model_name=None, infotexts=["a cat\nSteps: 20, Seed: 5, Model: anime"])

    assert kind_of(told) == "wrong-checkpoint"


@pytest.mark.parametrize("nonsense", [{"all_subseeds": 5}, {"extra_generation_params": []}, {"version": 3}])
def test_nonsense_in_info_is_as_good_as_nothing(nonsense):
    checked = verify(answer(**nonsense), request(), DREAM)

    assert checked.info["all_subseeds"] == [-1]
    assert checked.info["extra_generation_params"] == {}
    assert isinstance(checked.info["version"], str)


def test_a_data_url_is_taken_for_what_it_holds():
    given = answer()
    given["images"] = [f"data:image/png;base64,{given['images'][0]}"]

    assert verify(given, request(), DREAM).pictures[0].format == "png"


@pytest.mark.parametrize("name", ["dream", "Dream", "dream.safetensors", "dream.safetensors [0123456789]"])
def test_the_checkpoints_name_may_be_written_in_any_of_its_ways(name):
    assert verify(answer(sd_model_name=name), request(), DREAM).info["sd_model_name"] == name


def test_another_checkpoint_is_a_fault_by_name_or_by_hash():
    assert kind_of(answer(sd_model_name="anime")) == "wrong-checkpoint"
    assert kind_of(answer(sd_model_name=None, sd_model_hash="ffffffffff")) == "wrong-checkpoint"


def test_another_sampler_is_a_fault_only_when_one_was_asked_for():
    assert kind_of(answer(sampler_name="DPM++ 2M"), sampler="Euler a") == "wrong-sampler"
    assert verify(answer(sampler_name="DPM++ 2M"), request(), DREAM).info["sampler_name"] == "DPM++ 2M"


def test_the_size_after_the_hires_pass_is_what_counts():
    given = answer()
    given["images"] = [encoded(picture(96, 96, 1))]

    assert verify(given, request(hires={"scale": 1.5}), DREAM).pictures[0].width == 96
    assert kind_of(given) == "wrong-size"
    assert kind_of(answer(), hires={"scale": 1.5}) == "wrong-size"


def test_a_bomb_is_refused_by_its_header():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")

    assert kind_of({**answer(), "images": [encoded(bomb)]}) in ("undecodable", "wrong-size")


def test_half_a_picture_is_undecodable():
    half = base64.b64decode(answer()["images"][0])[:-40]

    assert kind_of({**answer(), "images": [encoded(half)]}) == "undecodable"


def test_info_is_completed_with_all_of_a1111s_keys():
    checked = verify({**answer(), "info": "not json"}, request(negative_prompt="blur", clip_skip=2), DREAM)

    wanted = {
        "prompt": "a cat", "all_prompts": ["a cat"], "negative_prompt": "blur", "seed": 5, "all_seeds": [5],
        "width": 64, "steps": 20, "sd_model_name": "dream", "sd_model_hash": "0123456789", "clip_skip": 2,
        "index_of_first_image": 0, "styles": [],
    }  # fmt: skip
    assert {key: checked.info[key] for key in wanted} == wanted


@pytest.mark.parametrize("given", [None, [], "", {"images": None}, {"images": "x"}, {}])
def test_what_is_no_answer_is_told_as_such(given):
    assert kind_of(given) == "webui-broken"


HOSTILE = {
    "empty scans": lambda: hostile.empty_scans(side=64),
    "empty chunks": lambda: hostile.png(hostile.chunk(b"abCd") * 400),
    "words that unfold": hostile.text_bomb,
    "a WebP that moves": lambda: hostile.moving_webp(side=64),
    "a PNG that moves": lambda: hostile.moving_png(501),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_of_more_than_any_encoder_writes_is_none(name):
    began = time.monotonic()
    assert kind_of({**answer(), "images": [encoded(HOSTILE[name]())]}) == "undecodable"
    assert time.monotonic() - began < 5


def test_a_decoder_that_takes_too_long_is_killed(monkeypatch):
    slow = Sandbox("slow", Limits(wall_s=0.05))
    monkeypatch.setattr("zosma_worker.verify.DECODING", slow)
    out = io.BytesIO()
    Image.open(io.BytesIO(picture(64, 64, 5))).convert("RGB").save(out, "JPEG")
    given = {**answer(), "images": [encoded(out.getvalue())]}
    assert kind_of(given) == "undecodable"  # no process starts and decodes in 50 ms


ON_WINDOWS = Checkpoint(name="sd15_dream", title="sd15\\dream.safetensors [0123456789]", hash="0123456789")


def made_with(checkpoint, **info):
    verify(answer(**info), request(), checkpoint)


@pytest.mark.parametrize("name", ["dream", "sd15_dream", "sd15\\dream.safetensors", "sd15/dream"])
def test_a_checkpoint_in_a_folder_of_a_windows_webui_is_known_by_any_of_its_names(name):
    made_with(ON_WINDOWS, sd_model_name=name)
    made_with(ON_WINDOWS.model_copy(update={"hash": None, "title": "sd15\\dream.safetensors"}), sd_model_name=name)


def test_a_name_that_ends_in_brackets_is_not_taken_for_a_hash():
    made_with(Checkpoint(name="sub_model [v2]", title="sub/model [v2].safetensors"), sd_model_name="model [v2]")


def test_of_two_files_with_one_name_the_wrong_one_is_caught_by_its_hash():
    other = Checkpoint(name="xl_dream", title="xl/dream.safetensors [abcdefabcd]", hash="abcdefabcd")

    made_with(ON_WINDOWS, sd_model_name="dream", sd_model_hash="0123456789")
    with pytest.raises(BadAnswer, match="another checkpoint"):
        made_with(other, sd_model_name="dream", sd_model_hash="0123456789")


def test_hashes_of_different_kinds_say_nothing_and_the_name_decides():
    made_with(ON_WINDOWS, sd_model_name="dream", sd_model_hash="01234567")


@pytest.mark.parametrize(
    ("hires", "came_out"), [({"scale": 2.0}, (1152, 1024)), ({"scale": 1.5}, (864, 768)), (None, (576, 512))]
)
def test_the_size_of_a_picture_that_was_cut_is_told_as_that_of_its_first_pass(hires, came_out):
    asked = request(width=520, height=512, **({"hires": hires} if hires else {}))
    given = {"images": [encoded(picture(*came_out, 5))], "info": "{}"}

    [made] = verify(given, asked, DREAM, SDCpp()).pictures

    assert "Size: 576x512, Model" in made.parameters
    assert (made.width, made.height) == asked.output_size
