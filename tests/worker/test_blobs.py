"""Pictures taken out of JSON: nothing else may read differently for it."""

from __future__ import annotations

import base64
import json
import os
import random

import pytest

from zosma_worker.bounds import ANSWER_MARKS_MAX, TooMuch, bounded_json
from zosma_worker.webui.blobs import BLOB_MIN_CHARS, QUOTES_MAX, json_with_blobs

PICTURE = os.urandom(60_000)
TEXT = base64.b64encode(PICTURE).decode()


def read(value, **options):
    return json_with_blobs(json.dumps(value, **options).encode(), ANSWER_MARKS_MAX)


def test_a_picture_comes_out_as_its_bytes_and_all_else_as_it_was():
    found = read({"images": [TEXT, "short", TEXT], "info": json.dumps({"a": [1, None, "ä"]}), "n": 1.5})

    assert found == {"images": [PICTURE, "short", PICTURE], "info": json.dumps({"a": [1, None, "ä"]}), "n": 1.5}


@pytest.mark.parametrize("head", ["data:image/png;base64,", "data:image/webp;charset=x;base64,"])
def test_the_head_of_an_address_is_no_part_of_the_picture(head):
    assert read([head + TEXT]) == [PICTURE]


@pytest.mark.parametrize("indent", [None, 2])
def test_white_space_between_changes_nothing(indent):
    assert read({"image": TEXT}, indent=indent) == {"image": PICTURE}


def test_a_bare_picture_is_one():
    assert read(TEXT) == PICTURE


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1] + "!", TEXT[:40_000] + "\n" + TEXT[40_000:], "a" * (BLOB_MIN_CHARS + 1) + "=b", TEXT[:-4] + "====",
        "ä" * BLOB_MIN_CHARS, "words " * BLOB_MIN_CHARS, "data:image/png;base64," + TEXT[:-1] + "!",
    ],
    ids=["a sign", "a line", "an end within", "too many ends", "letters", "words", "an address"],
)  # fmt: skip
def test_what_is_no_base64_stays_a_text(text):
    assert read([text]) == [text]


def test_slashes_that_are_escaped_are_left_to_the_reader_of_json():
    raw = json.dumps([TEXT]).replace("/", "\\/").encode()
    assert json_with_blobs(raw, ANSWER_MARKS_MAX) == [TEXT]


def test_json_within_a_text_stays_text():
    inner = json.dumps({"images": [TEXT]})
    assert read({"info": inner}) == {"info": inner}


def test_a_picture_as_a_name_is_no_value():
    with pytest.raises(ValueError, match="Expecting"):
        json_with_blobs(f'{{"a" "{TEXT}"}}'.encode(), ANSWER_MARKS_MAX)


@pytest.mark.parametrize(
    "raw",
    [
        f'["{TEXT}', f'"a"{TEXT}"b"', f'["{TEXT}"', f'["{TEXT}"]]', f'"{TEXT}""{TEXT}"', f'{TEXT}"', f"{TEXT}",
        f'[\\"{TEXT}\\"]',
    ],
)  # fmt: skip
def test_what_is_no_json_with_a_picture_in_it_is_none_without(raw):
    with pytest.raises(ValueError, match=r"."):
        json.loads(raw)
    with pytest.raises(ValueError, match=r"."):
        json_with_blobs(raw.encode(), ANSWER_MARKS_MAX)


def test_values_and_depth_are_bounded_as_ever():
    with pytest.raises(TooMuch, match="values"):
        read([TEXT, [1] * (ANSWER_MARKS_MAX + 1)])
    deep: list = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(TooMuch, match="inside one another"):
        read([TEXT, deep])


def test_quotes_without_end_are_left_to_the_bounds():
    many = f'["{TEXT}"{", " + json.dumps("") * QUOTES_MAX}]'
    with pytest.raises(ValueError, match=r"."):
        json_with_blobs(many.encode(), ANSWER_MARKS_MAX)
    assert json_with_blobs(json.dumps([""] * QUOTES_MAX + [TEXT]).encode(), ANSWER_MARKS_MAX)[-1] == TEXT


def test_half_a_letter_beside_a_picture_is_mended():
    assert json_with_blobs(f'["{TEXT}", "\\ud800x"]'.encode(), ANSWER_MARKS_MAX) == [PICTURE, "\ufffdx"]


def test_an_encoding_that_is_not_utf_8_reads_as_before():
    raw = json.dumps([TEXT]).encode("utf-16")
    assert json_with_blobs(raw, ANSWER_MARKS_MAX) == [TEXT]


def test_whatever_is_sent_reads_as_it_does_to_the_plain_reader():
    dice = random.Random(15)
    bits = ['"', "\\", TEXT, ",", "[", "]", "{", "}", ":", " ", "a", '"a"', '\\"', "1", "data:x;base64,", "null"]
    good = 0
    for _ in range(20_000):
        raw = "".join(dice.choices(bits, k=dice.randrange(1, 9))).encode()
        try:
            plain = bounded_json(raw, 100)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                json_with_blobs(raw, 100)
            continue
        good += 1
        assert _as_text(json_with_blobs(raw, 100)) == plain
    assert good > 500


def _as_text(found):
    if isinstance(found, bytes):
        return base64.b64encode(found).decode()
    if isinstance(found, dict):
        return {name: _as_text(value) for name, value in found.items()}
    return [_as_text(one) for one in found] if isinstance(found, list) else found
