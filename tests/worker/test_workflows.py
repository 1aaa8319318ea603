"""Workflow files: what is one, what a server takes, and which checkpoint's pictures each makes."""

from __future__ import annotations

import copy
import json

import pytest

from loopback.comfyui.execution import validated
from loopback.comfyui.nodes import node, object_info, of
from loopback.comfyui.server import ScriptedComfyUI
from loopback.fleet import until
from zosma_queue.errors import RequestRefusedError, SettingsError
from zosma_queue.families import matches
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.settings import load
from zosma_worker.comfyui.graph import Lora, Picture, Second, build
from zosma_worker.comfyui.node_info import read_nodes
from zosma_worker.comfyui.recipes import PACKAGED, Library, bind, choose, choose_by_header
from zosma_worker.comfyui.workflow import WorkflowError, parse_workflow, read_workflow
from zosma_worker.settings import WorkerSettings

FILES = {
    "checkpoints": ["dream.safetensors", "sd3.5_large.safetensors", "flux/flux1-dev-fp8.safetensors"],
    "diffusion_models": ["flux1-dev.safetensors", "flux1-schnell.safetensors"],
    "text_encoders": [
        "clip_l.safetensors",
        "clip_g.safetensors",
        "t5xxl_fp16.safetensors",
        "qwen_3_4b.safetensors",
        "qwen_2.5_vl_7b_fp8_scaled.safetensors",
    ],
    "loras": ["ink.safetensors"],
    "vae": ["ae.safetensors", "qwen_image_vae.safetensors"],
    "upscale_models": ["4x.pth"],
    "embeddings": [],
}
SMALL = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dream.safetensors"},
          "_meta": {"title": "zosma: checkpoint"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 4},
          "_meta": {"title": "zosma: size"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a", "clip": ["4", 1]},
          "_meta": {"title": "zosma: prompt"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}, "_meta": {"title": "no"}},
    "3": {"class_type": "KSampler", "_meta": {"title": "Zosma: seed, steps"},
          "inputs": {"seed": 1, "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
                     "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}, "_meta": {"title": "x"}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "mine", "images": ["8", 0]}},
}  # fmt: skip


def small(**changes):
    """The small workflow with other nodes; None takes one away."""
    graph = copy.deepcopy(SMALL) | changes
    return {node: entry for node, entry in graph.items() if entry is not None}


def parsed(graph):
    return parse_workflow("mine", json.dumps(graph).encode())


def problems_of(graph):
    with pytest.raises(WorkflowError) as error:
        parsed(graph)
    return str(error.value)


def nodes(**files):
    return read_nodes(object_info(FILES | files))


# -- files ----------------------------------------------------------------------------------------------------------


def test_titles_name_the_places_and_an_own_file_goes_to_no_disk():
    workflow = parsed(small())

    graph = build(workflow, Picture(values={"prompt": "a cat", "seed": 7, "steps": 5}, size=(64, 96)), "mark")

    assert graph["6"]["inputs"]["text"] == "a cat"
    assert graph["7"]["inputs"]["text"] == "blurry"
    assert (graph["3"]["inputs"]["seed"], graph["3"]["inputs"]["steps"], graph["3"]["inputs"]["cfg"]) == (7, 5, 8)
    assert graph["5"]["inputs"] == {"width": 64, "height": 96, "batch_size": 1}
    assert graph["9"] == {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    assert workflow.graph["3"]["inputs"]["seed"] == 1


SECOND_OUTPUT = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
VIDEO = {"class_type": "SaveAnimatedWEBP", "inputs": {"images": ["8", 0]}}
SOUND = {"class_type": "SaveAudio", "inputs": {"audio": ["8", 0]}}
LOOPING = {"class_type": "VAEDecode", "inputs": {"samples": ["11", 0], "vae": ["4", 2]}}
LOOPED = {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 0], "vae": ["4", 2]}}
TWICE = {"class_type": "CLIPTextEncode", "inputs": {"text": "b", "clip": ["4", 1]}, "_meta": {"title": "zosma: prompt"}}

BAD = {
    "no output": (small(**{"9": None}), "has no output: add a PreviewImage"),
    "two outputs": (small(**{"10": SECOND_OUTPUT}), "has 2 outputs, node 9 (SaveImage) and node 10 (PreviewImage)"),
    "a video": (small(**{"9": VIDEO}), "node 9 (SaveAnimatedWEBP) makes a video: only pictures can be shown"),
    "sound": (small(**{"9": SOUND}), "node 9 (SaveAudio) makes sound: only pictures can be shown"),
    "a video beside": (small(**{"10": VIDEO}), "node 10 (SaveAnimatedWEBP) makes a video"),
    "a loop": (small(**{"8": LOOPING, "11": LOOPED}), "its links go in a circle: node 8 (VAEDecode) ← node 11"),
    "a link to nothing": (small(**{"4": None}), "takes something of node 4, which is not there"),
    "a place twice": (
        small(**{"12": TWICE}),
        "the place “prompt” is named twice: in node 6 (CLIPTextEncode) and node 12",
    ),
    "no prompt": (small(**{"6": {**SMALL["6"], "_meta": {}}}), "no node is titled “zosma: prompt”"),
    "no such place": (small(**{"6": {**SMALL["6"], "_meta": {"title": "zosma: promt"}}}), "there is no place “promt”"),
    "no such input": (
        small(**{"8": {**SMALL["8"], "_meta": {"title": "zosma: vae"}}}),
        "node 8 (VAEDecode) has no input",
    ),
    "the page's format": ({"nodes": [], "links": []}, "export it with File → Export (API)"),
    "a list": ([], "is no workflow"),
    "no nodes": ({}, "has no nodes"),
    "no class": ({"1": {}}, "node 1 has no class_type"),
    "an unknown setting": (small(zosma={"titel": "x"}), "its block “zosma”: titel"),
    "a wrong fact": (small(zosma={"facts": {"steps": 0}}), "its block “zosma”: facts.steps"),
    "an option into nothing": (
        small(zosma={"options": {"strength": {"input": "99.strength"}}}),
        "options.strength: there is no input 99.strength",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_with_the_node_and_the_fix(name):
    graph, words = BAD[name]

    assert words in problems_of(graph)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{" + b" " * 5_000_000 + b"}", "has more than 1,024 kB"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"1": {"class_type": "A", "inputs": {}}, "1": {}}', "has '1' twice in one object"),
    ],
    ids=["5 MB", "no text", "deep", "a name twice"],
)
def test_bytes_that_are_no_workflow_are_refused(raw, words):
    with pytest.raises(WorkflowError, match=words.replace("(", r"\(")):
        parse_workflow("mine", raw)


# -- servers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.json")), ids=lambda path: path.stem)
def test_each_workflow_that_comes_with_zosma_is_taken_in_all_its_forms(path):
    recipe = bind(read_workflow(path), nodes())

    assert recipe.abilities == {"img2img", "inpainting", "latent", "model", "resized", "loras"}
    second = Second(seed=2, steps=5, denoise=0.4, width=256, height=256)
    sample = Picture(
        values={
            "checkpoint": nodes()[recipe.workflow.graph["10"]["class_type"]].choices(recipe.loader)[0],
            "prompt": "a", "negative": "b", "seed": 1, "steps": 4, "guidance": 2.5, "sampler": "euler",
            "scheduler": "normal", "denoise": 0.5,
        },
        size=(128, 128),
    )  # fmt: skip
    forms = [
        {}, {"loras": (Lora(file="ink.safetensors", weight=1.0),) * 2}, {"clip_skip": 2}, {"vae": "ae.safetensors"},
        {"start": "a.png"}, {"start": "a.png", "mask": "b.png"}, {"second": second},
        {"second": Second(seed=2, steps=5, denoise=0.4, width=256, height=256, latent_method="bilinear")},
        {"second": Second(seed=2, steps=5, denoise=0.4, width=256, height=256, upscaler="4x.pth")},
    ]  # fmt: skip
    for form in forms:
        picture = Picture(**{"values": sample.values, "size": sample.size, **form})
        graph = build(recipe.workflow, picture, "mark")
        # The double checks as a real server does, and knows nothing of our check.
        refusal, errors, outputs = validated(graph, object_info(FILES), {"a.png": b"", "b.png": b""})
        assert (refusal, errors, len(outputs)) == (None, {}, 1), form


def test_nodes_that_are_missing_are_named():
    have = {name: info for name, info in nodes().items() if name != "FluxGuidance"}

    with pytest.raises(WorkflowError, match=r"node 32 \(FluxGuidance\): this ComfyUI has no such node"):
        bind(read_workflow(PACKAGED / "flux.json"), have)


def test_files_that_are_missing_are_named():
    with pytest.raises(WorkflowError, match=r"node 11 \(DualCLIPLoader\): clip_name1 has no file like t5xxl_fp16\*"):
        bind(read_workflow(PACKAGED / "flux.json"), nodes(text_encoders=["clip_l.safetensors"]))


def test_an_optional_part_that_is_missing_takes_only_its_ability():
    have = {name: info for name, info in nodes().items() if name != "ImageCompositeMasked"}

    assert "inpainting" not in bind(read_workflow(PACKAGED / "sd15.json"), have).abilities


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"8": {**SMALL["8"], "inputs": {"samples": ["4", 0], "vae": ["4", 2]}}},
            "takes LATENT, and node 4 .* gives MODEL",
        ),
        ({"8": {**SMALL["8"], "inputs": {"samples": ["3", 5], "vae": ["4", 2]}}}, r"takes output 5 of node 3 .*has 1"),
        ({"8": {**SMALL["8"], "inputs": {"samples": ["3", 0]}}}, r"node 8 \(VAEDecode\): its input vae is missing"),
        ({"3": {**SMALL["3"], "inputs": {**SMALL["3"]["inputs"], "cfg": 200}}}, "cfg is 200, at most 100 is possible"),
        (
            {"3": {**SMALL["3"], "inputs": {**SMALL["3"]["inputs"], "sampler_name": "Euler"}}},
            "sampler_name 'Euler' is not",
        ),
    ],
    ids=["type", "output", "missing", "number", "list"],
)
def test_what_a_server_would_refuse_is_refused_before(change, words):
    with pytest.raises(WorkflowError, match=words):
        bind(parsed(small(**change)), nodes())


# -- which makes what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "loader", "header", "name"),
    [
        ("dream.safetensors", "ckpt_name", None, "sd15"),
        ("dream.safetensors", "ckpt_name", "stable-diffusion-xl-v1-base", "sdxl"),
        ("SDXL\\juggernaut.safetensors", "ckpt_name", None, "sdxl"),
        ("ponyDiffusionV6XL.safetensors", "ckpt_name", None, "sdxl"),
        ("sd3.5_large.safetensors", "ckpt_name", None, "sd35"),
        ("sd3.5_medium_incl_clips_t5xxlfp8scaled.safetensors", "ckpt_name", None, "sd35-with-text-encoders"),
        ("flux1-dev-fp8.safetensors", "ckpt_name", None, "flux-all-in-one"),
        ("flux1-dev.safetensors", "unet_name", None, "flux"),
        ("flux1-schnell.safetensors", "unet_name", None, "flux-schnell"),
        ("wonder.safetensors", "unet_name", "flux-1-dev", "flux"),
        ("wan2.2.safetensors", "unet_name", None, None),
        ("stable-diffusion-3.5-large.safetensors", "ckpt_name", None, "sd35"),
        ("RealVisXLV50.safetensors", "ckpt_name", None, "sdxl"),
        # As Comfy-Org's templates name them.
        ("z_image_turbo_bf16.safetensors", "unet_name", None, "z-image-turbo"),
        ("z_image_bf16.safetensors", "unet_name", None, "z-image"),
        ("zImageTurbo_v10.safetensors", "unet_name", None, "z-image-turbo"),
        ("qwen_image_fp8_e4m3fn.safetensors", "unet_name", None, "qwen-image"),
        ("qwen_image_2512_fp8_e4m3fn.safetensors", "unet_name", None, "qwen-image"),
        # As kohya's and musubi's trainers write `modelspec.architecture`.
        ("wonder.safetensors", "ckpt_name", "stable-diffusion-v2-768-v", "sd15"),
        ("wonder.safetensors", "ckpt_name", "stable-diffusion-3-5-large", "sd35"),
        ("wonder.safetensors", "unet_name", "flux-1-schnell", "flux-schnell"),
        ("wonder.safetensors", "unet_name", "Z-Image", "z-image"),
        ("wonder.safetensors", "unet_name", "Qwen-Image", "qwen-image"),
        ("wonder.safetensors", "unet_name", "Qwen-Image-Edit-2511", None),
        ("wonder.safetensors", "unet_name", "Flux.2-klein-4b", None),
        ("wonder.safetensors", "ckpt_name", "lumina-2", None),
        # Alike by name alone.
        ("flux-2-klein-base-4b.safetensors", "unet_name", None, None),
        ("flux1-fill-dev.safetensors", "unet_name", None, None),
        ("qwen_image_edit_2511_bf16.safetensors", "unet_name", None, None),
        ("qwen_image_2.1_bf16.safetensors", "unet_name", None, None),
    ],
)
def test_a_checkpoint_gets_its_familys_workflow_by_path_or_header(path, loader, header, name):
    library = Library()
    library.read()
    recipes, refused = library.bound(nodes())

    found = choose(recipes, path, loader) or choose_by_header(recipes, header, loader)

    assert refused == {}
    assert (found and found.name) == name


def test_patterns_hold_in_any_case_and_with_either_separator():
    assert matches("Flux\\Dev.safetensors", "flux/*")
    assert matches("models/flux1.safetensors", "*flux*")
    assert not matches("dream.safetensors", "flux/*")


# -- an operator's own --------------------------------------------------------------------------------------------


@pytest.fixture(name="comfyui")
async def _comfyui():
    async with ScriptedComfyUI() as server:
        yield server


@pytest.fixture(name="folder")
def _folder(tmp_path):
    about = {
        "title": "Ink",
        "options": {
            "strength": {"input": "3.cfg", "type": "number", "min": 1, "max": 12, "default": 4},
            "look": {"input": "7.text", "type": "choice", "choices": ["soft", "hard"]},
        },
    }
    (tmp_path / "ink.json").write_text(json.dumps(small(zosma=about)))
    (tmp_path / "bad.json").write_text(json.dumps(small(**{"8": {"class_type": "Nope", "inputs": {}}})))
    return tmp_path


async def test_an_operators_workflow_is_offered_with_its_options_and_the_others_not(comfyui, join, folder, ann, queue):
    worker = await join(comfyui.address, workflows=folder)

    (ink,) = worker.about.workflows
    assert (ink.name, ink.title, ink.checkpoints) == ("ink", "Ink", ("dream",))
    assert [(one.name, one.type, one.choices) for one in ink.options] == [
        ("strength", "number", ()),
        ("look", "choice", ("soft", "hard")),
    ]
    job = await ann.gets(await ann.asks(workflow="Ink", workflow_options={"look": "HARD", "strength": "2.5"}))

    assert (job.state, job.result.checkpoint, job.request.workflow) == (State.DONE, "dream", "ink")
    made = comfyui.jobs[0].graph
    assert (made["3"]["inputs"]["cfg"], made["7"]["inputs"]["text"], made["6"]["inputs"]["text"]) == (
        2.5,
        "hard",
        "a cat",
    )


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"workflow": "oil"}, "unknown-name", "the nearest are ink"),
        ({"workflow": "ink", "checkpoint": "anime"}, "workflow-not-for-checkpoint", "those are dream"),
        ({"workflow": "ink", "workflow_options": {"strenght": 1}}, "no-such-option", "it has strength"),
        ({"workflow": "ink", "workflow_options": {"strength": 99}}, "malformed", "must be a number between 1 and 12"),
        ({"workflow": "ink", "workflow_options": {"look": "wet"}}, "malformed", "possible are soft, hard"),
        ({"workflow_options": {"look": "soft"}}, "options-without-workflow", "belongs to a workflow"),
    ],
)
async def test_a_wrong_choice_is_refused_by_name(fields, code, words, comfyui, join, folder, ann):
    await join(comfyui.address, workflows=folder)

    with pytest.raises(RequestRefusedError, match=words) as error:
        await ann.asks(**fields)

    assert error.value.code == code


async def test_a_workflow_that_is_dropped_in_or_mended_is_offered_without_a_restart(
    comfyui, join, tmp_path, ann, monkeypatch
):
    monkeypatch.setattr("zosma_worker.prober.LISTS_EVERY_S", 0.05)
    assert (await join(comfyui.address, workflows=tmp_path)).about.workflows == ()

    (tmp_path / "late.json").write_text(json.dumps(small()))

    async def offered():
        return [one.name for one in (await ann.worker(WorkerState.READY)).about.workflows] == ["late"]

    assert await until(offered)


def test_a_folder_that_is_not_there_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOSMA_WORKFLOWS", str(tmp_path / "none"))

    with pytest.raises(SettingsError, match=r"ZOSMA_WORKFLOWS=.* is wrong: is no folder: make it"):
        load(WorkerSettings)


async def test_an_output_of_another_kind_is_known_by_the_server_too(comfyui, join, tmp_path):
    comfyui.more_nodes["MyShow"] = node("MyShow", (), is_output=True, images=of("IMAGE"))
    (tmp_path / "own.json").write_text(
        json.dumps(small(**{"10": {"class_type": "MyShow", "inputs": {"images": ["8", 0]}}}))
    )

    assert (await join(comfyui.address, workflows=tmp_path)).about.workflows == ()
