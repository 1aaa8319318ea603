"""`zosma demo`: the README's first command."""

from __future__ import annotations

import re

from PIL import Image


async def test_the_demo_leaves_a_picture_that_carries_its_parameters(zosma, tmp_path):
    ran = await zosma("demo", "a lighthouse at dusk", "--out", "pictures")

    assert ran.code == 0, ran.err
    [path] = (tmp_path / "pictures").iterdir()
    assert re.search(rf"{re.escape(path.name)}\s+seed \d+\s+\d+\.\d s", ran.out)
    with Image.open(path) as picture:
        parameters = picture.info["parameters"]
    assert parameters.startswith("a lighthouse at dusk\n")
    assert re.search(r"Steps: 20, Sampler: DPM\+\+ 2M, .*Seed: \d+, Size: 512x512", parameters)
    assert "stand-in" in parameters.casefold()
    assert not (tmp_path / "data").exists()


async def test_an_empty_prompt_is_refused_in_one_line(zosma):
    ran = await zosma("demo", "  ")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "zosma: prompt is empty: say what the picture should show\n"


async def test_a_folder_that_cannot_be_written_is_refused_before_anything_starts(zosma, tmp_path):
    (tmp_path / "file").write_text("")

    ran = await zosma("demo", "a cat", "--out", "file")

    assert ran.code == 2
    assert ran.err.startswith("zosma: --out 'file': can't write there")
