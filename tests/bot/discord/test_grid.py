"""Sets of pictures as one."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from loopback.played_worker import png
from zosma_bot.discord.delivery import grid, shrink
from zosma_bot.discord.ui.card import Attached
from zosma_bot.inputs import infotext_of

PARAMETERS = "a cät\nSteps: 20, Seed: 5"


def made(count, size=(64, 48), **options):
    return [
        shrink.Original(Attached(f"zosma-j-{n}.png", png(n * 20, size), "a cat", **options), PARAMETERS)
        for n in range(1, count + 1)
    ]


def opened(attached):
    return Image.open(io.BytesIO(attached.data))


@pytest.mark.parametrize(
    ("count", "size", "sheet"),
    [
        (2, (64, 48), (64, 96)),
        (2, (48, 64), (96, 64)),
        (3, (64, 64), (128, 128)),
        (4, (64, 48), (128, 96)),
        (5, (64, 64), (192, 128)),
        (16, (32, 32), (128, 128)),
    ],
)
def test_a_set_is_laid_out_row_by_row_at_full_size(count, size, sheet):
    originals = made(count, size)
    with opened(grid.compose(originals)) as image:
        assert image.size == sheet
        columns = sheet[0] // size[0]
        for number in range(count):
            row, column = divmod(number, columns)
            corner = (column * size[0] + 1, row * size[1] + 1)
            assert image.getpixel(corner) == ((number + 1) * 20 % 256, (number + 1) * 20 // 256, 77)


def test_the_grid_is_one_of_its_jobs_files_and_says_how_it_was_made():
    sheet = grid.compose(made(4))
    assert (sheet.name, sheet.description) == ("zosma-j-grid.png", "a cat")
    with opened(sheet) as image:
        assert image.text["parameters"] == PARAMETERS + ", Grid: 4"


async def test_made_smaller_it_still_says_it():
    noise = io.BytesIO()
    Image.effect_noise((128, 128), 90).save(noise, "PNG")
    originals = [shrink.Original(Attached("zosma-j-1.png", noise.getvalue()), PARAMETERS)] * 4
    (fitting,) = shrink.fit([grid.as_original(originals)], 10_000, total=1_000_000)
    assert fitting.name == "zosma-j-grid.webp"
    assert await infotext_of(base64.b64encode(fitting.data).decode(), "image", "ann") == PARAMETERS + ", Grid: 4"


def test_words_that_are_no_parameters_are_left_alone():
    assert grid.parameters([shrink.Original(Attached("a-1.png", b""), "just a title")] * 2) == "just a title"


def test_a_sheet_beyond_the_limit_is_scaled_to_it(monkeypatch):
    monkeypatch.setattr(grid, "PIXELS_MAX", 64 * 48)
    with opened(grid.compose(made(4))) as image:
        assert image.size == (64, 48)


def test_one_hidden_picture_hides_the_sheet():
    assert grid.compose(made(2, spoiler=True)).spoiler
    assert not grid.compose(made(2)).spoiler


def test_a_single_picture_is_there_on_demand_as_it_was_made():
    originals = made(3)
    assert grid.single(originals, 3) is originals[2].attached
    for number in (0, 4):
        with pytest.raises(IndexError):
            grid.single(originals, number)
