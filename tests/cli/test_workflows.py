"""`zosma workflows`: what an operator sees of a workflow file before members do."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest
from PIL import Image

from loopback.comfyui.server import ScriptedComfyUI
from zosma_worker.comfyui.recipes import PACKAGED


async def zosma(*args, cwd, **variables):
    """(exit code, standard output, standard error) of the command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SD_API", "ZOSMA", "REDIS"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zosma_cli", "workflows", *args, cwd=cwd, env={**clean, **variables},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture(name="own")
def _own(tmp_path):
    """An operator's folder with one workflow."""
    graph = json.loads((PACKAGED / "sd15.json").read_text())
    graph["zosma"] = {
        "title": "Ink",
        "checkpoints": ["dream*"],
        "options": {"skip": {"input": "21.stop_at_clip_layer"}},
    }
    (tmp_path / "ink.json").write_text(json.dumps(graph))
    return tmp_path / "ink.json"


async def test_a_good_file_is_said_to_be_good(own, tmp_path):
    code, out, _ = await zosma("check", str(own), cwd=tmp_path)

    assert (code, out) == (0, f"{own}: good\n")


async def test_what_is_wrong_is_said_and_the_exit_code_is_2(own, tmp_path):
    graph = json.loads(own.read_text())
    del graph["52"]
    own.write_text(json.dumps(graph))

    code, out, _ = await zosma("check", cwd=tmp_path, ZOSMA_WORKFLOWS=str(tmp_path))

    assert (code, out) == (2, f"{own}: not offered: \n  has no output: add a PreviewImage\n")


async def test_with_a_server_what_it_lacks_is_said_too(own, tmp_path):
    async with ScriptedComfyUI() as comfyui:
        comfyui.lacking.add("KSampler")

        code, out, _ = await zosma("check", str(own), "--comfyui", comfyui.url, cwd=tmp_path)

    assert code == 2
    assert "node 50 (KSampler): this ComfyUI has no such node: install what brings it" in out


async def test_the_list_has_ours_and_theirs(own, tmp_path):
    async with ScriptedComfyUI() as comfyui:
        code, out, _ = await zosma("list", "--comfyui", comfyui.url, cwd=tmp_path, ZOSMA_WORKFLOWS=str(tmp_path))

    assert code == 0
    assert "ink: Ink; by name, for dream*: good (img2img, inpainting, latent, loras, model, resized)" in out
    assert "sdxl: SDXL; makes all pictures of sdxl/*" in out


async def test_a_picture_is_made_by_hand(own, tmp_path):
    async with ScriptedComfyUI() as comfyui:
        code, out, err = await zosma(
            "try", str(own), "a cat", "--comfyui", comfyui.url, "--size", "64x64", "--seed", "7", "--option", "skip=-2",
            "-o", "made.png", cwd=tmp_path,
        )  # fmt: skip

    assert (code, err) == (0, "")
    assert out.startswith("made.png: Steps: 20")
    with Image.open(tmp_path / "made.png") as image:
        assert image.size == (64, 64)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--size", "huge"), "width is 'huge'"),
        (("--checkpoint", "anime"), "the workflow is for other checkpoints: dream"),
        (("--option", "skp=1"), "'skp' is no option of the workflow ink: it has skip"),
    ],
)
async def test_what_a_workflow_does_not_take_is_said(more, words, own, tmp_path):
    async with ScriptedComfyUI() as comfyui:
        code, _, err = await zosma("try", str(own), "a cat", "--comfyui", comfyui.url, *more, cwd=tmp_path)

    assert (code, comfyui.prompts) == (2, [])
    assert words in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("check",), "no file is named, and ZOSMA_WORKFLOWS is not set"),
        (("check", "none.json"), "none.json: not offered"),
        (("try", "ink.json"), "no ComfyUI is named: give --comfyui"),
        (("try", "ink.json", "--comfyui", "http://127.0.0.1:1"), "127.0.0.1:1 doesn't answer"),
    ],
)
async def test_what_can_be_put_right_is_one_line_and_exit_code_2(args, words, own, tmp_path):
    code, out, err = await zosma(*args, cwd=tmp_path)

    assert code == 2
    assert words in out + err
    assert "Traceback" not in err
