"""A worker beside a ComfyUI: jobs on a real worker, over the ComfyUI on loopback."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from loopback.comfyui.faults import OOM, Black, Fault, Hold, HoldsOthers, LosesSocket, Raises, Restarts
from loopback.comfyui.server import ScriptedComfyUI
from loopback.fleet import HASTY, until
from loopback.webui import ScriptedWebUI
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_worker.comfyui import watch
from zosma_worker.comfyui.backend import ComfyUIBackend
from zosma_worker.comfyui.failures import error_of
from zosma_worker.errors import NodesMissing, WebUIBroken, WebUIBusy, WebUIRefused


@pytest.fixture(name="comfyui")
async def _comfyui():
    async with ScriptedComfyUI() as server:
        yield server


def inputs_of(prompt, class_type):
    """The inputs of the one node of a class."""
    (found,) = [entry["inputs"] for entry in prompt.graph.values() if entry["class_type"] == class_type]
    return found


async def test_it_is_recognised_by_itself_and_lists_what_it_has_under_a1111s_names(comfyui, join):
    worker = await join(comfyui.address)

    about = worker.about
    assert (about.flavour, about.version) == ("comfyui", "0.3.64")
    assert [(one.name, one.title) for one in about.checkpoints] == [
        ("dream", "dream.safetensors"),
        ("anime", "anime.safetensors"),
    ]
    assert {"Euler", "Euler a", "DPM++ 2M", "DPM++ 2M SDE", "UniPC", "res_multistep"} <= set(about.samplers)
    assert ("karras", "Karras") in [(one.name, one.label) for one in about.schedulers]
    assert about.loras == ("ink", "grain")
    assert about.vaes == ("vae-ft-mse.safetensors",)
    assert about.enlargers == ("4x_foolhardy_Remacri", "Lanczos", "Nearest")
    assert "Latent" in about.upscalers
    assert (about.hires, about.img2img, about.inpainting, about.variations) == (True, True, True, False)


async def test_a_job_becomes_one_prompt_for_each_picture(comfyui, join, ann, queue):
    await join(comfyui.address)

    job_id = await ann.asks(count=2, sampler="DPM++ 2M Karras", negative_prompt="rain", cfg_scale=5.5)
    job = await ann.gets(job_id)

    assert (job.state, [one.seed for one in job.result.pictures]) == (State.DONE, [7, 8])
    assert [inputs_of(one, "KSampler")["seed"] for one in comfyui.jobs] == [7, 8]
    sampling = inputs_of(comfyui.jobs[0], "KSampler")
    assert {name: sampling[name] for name in ("steps", "cfg", "sampler_name", "scheduler", "denoise")} == {
        "steps": 4, "cfg": 5.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "denoise": 1.0,
    }  # fmt: skip
    text = job.result.pictures[1].parameters
    assert text.startswith(
        "a cat\nNegative prompt: rain\nSteps: 4, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale:"
    )
    assert text.endswith("Model: dream, Version: ComfyUI 0.3.64")
    for data in await queue.pictures(job):
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (64, 64)
            assert set(image.info) == {"parameters"}
            assert image.info["parameters"].startswith("a cat")
    assert not {one.id for one in comfyui.jobs} & comfyui.history.keys()
    assert (await ann.worker(WorkerState.READY)).loaded == "dream"


async def test_each_picture_has_its_own_prompt(comfyui, join, ann):
    await join(comfyui.address)

    job = await ann.gets(await ann.asks(prompt="a cat", prompts=["a cat", "a dog <lora:ink:1>"], count=2))

    texts = [inputs["text"] for one in comfyui.jobs for inputs in texts_of(one)]
    assert texts == ["a cat", "", "a dog", ""]
    assert [one.parameters.partition("\n")[0] for one in job.result.pictures] == ["a cat", "a dog <lora:ink:1>"]


def texts_of(prompt):
    return [entry["inputs"] for entry in prompt.graph.values() if entry["class_type"] == "CLIPTextEncode"]


async def test_loras_vae_and_clip_skip_become_nodes_of_their_own(comfyui, join, ann):
    await join(comfyui.address)

    prompt = "a cat <lora:ink:0.6> by EasyNegative <lora:grain>"
    await ann.gets(await ann.asks(prompt=prompt, vae="vae-ft-mse.safetensors", clip_skip=2))

    (made,) = comfyui.jobs
    loras = [entry for entry in made.graph.values() if entry["class_type"] == "LoraLoader"]
    assert [(one["inputs"]["lora_name"], one["inputs"]["strength_model"]) for one in loras] == [
        ("styles/ink.safetensors", 0.6),
        ("grain.safetensors", 1.0),
    ]
    first, second = [node for node, entry in made.graph.items() if entry["class_type"] == "LoraLoader"]
    assert made.graph[second]["inputs"]["model"] == [first, 0]
    assert inputs_of(made, "KSampler")["model"] == [second, 0]
    assert inputs_of(made, "CLIPSetLastLayer") == {"stop_at_clip_layer": -2, "clip": [second, 1]}
    assert inputs_of(made, "VAELoader")["vae_name"] == "vae-ft-mse.safetensors"
    texts = [entry["inputs"]["text"] for entry in made.graph.values() if entry["class_type"] == "CLIPTextEncode"]
    assert texts == ["a cat  by embedding:EasyNegative", ""]
    [worker] = await ann.queue.workers()
    assert worker.about.embedding_widths == {"EasyNegative": 0}
    await ann.gets(await ann.asks(prompt="a cat by Embedding:easynegative.pt"))
    texts = [one["inputs"]["text"] for one in comfyui.jobs[-1].graph.values() if one["class_type"] == "CLIPTextEncode"]
    assert texts == ["a cat by embedding:EasyNegative", ""]


async def test_without_them_the_graph_has_none_of_their_nodes(comfyui, join, ann):
    await join(comfyui.address)

    await ann.gets(await ann.asks())

    classes = sorted(entry["class_type"] for entry in comfyui.jobs[0].graph.values())
    assert classes == [
        "CLIPTextEncode", "CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "PreviewImage",
        "VAEDecode",
    ]  # fmt: skip
    assert inputs_of(comfyui.jobs[0], "VAEDecode")["vae"][1] == 2


@pytest.mark.parametrize(
    ("upscaler", "nodes"),
    [
        (None, {"LatentUpscale": "bilinear"}),
        ("Latent (nearest-exact)", {"LatentUpscale": "nearest-exact"}),
        ("Lanczos", {"ImageScale": "lanczos"}),
        ("4x_foolhardy_Remacri", {"ImageScale": "lanczos", "UpscaleModelLoader": None}),
    ],
    ids=["default", "latent", "resized", "model"],
)
async def test_a_hires_pass_is_a_second_sampler(upscaler, nodes, comfyui, join, ann):
    await join(comfyui.address)

    hires = {"scale": 2, "steps": 3, "denoise": 0.4, **({"upscaler": upscaler} if upscaler else {})}
    job = await ann.gets(await ann.asks(hires=hires))

    assert (job.state, job.result.pictures[0].width) == (State.DONE, 128)
    (made,) = comfyui.jobs
    found = {entry["class_type"]: entry["inputs"].get("upscale_method") for entry in made.graph.values()}
    assert {name: found[name] for name in found if "cale" in name and "With" not in name} == nodes
    first, second = [entry["inputs"] for entry in made.graph.values() if entry["class_type"] == "KSampler"]
    assert (first["steps"], first["denoise"], second["steps"], second["denoise"]) == (4, 1.0, 3, 0.4)
    assert first["seed"] == second["seed"] == 7


async def start_picture(queue, *, size=(64, 64), color=(9, 9, 9), mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, "PNG")
    return await queue.keep_input(out.getvalue(), owner="ann")


async def test_a_picture_to_start_from_is_laid_out_and_uploaded(comfyui, join, ann, queue):
    await join(comfyui.address)
    image = await start_picture(queue, size=(100, 40))

    job = await ann.gets(
        await ann.asks(img2img={"image": image, "denoising_strength": 0.5, "resize_mode": 1}, steps=20)
    )

    assert job.state is State.DONE
    sampling = inputs_of(comfyui.jobs[0], "KSampler")
    # A1111 runs a share of the steps, and ComfyUI all that it is told.
    assert (sampling["denoise"], sampling["steps"]) == (0.5, 11)
    name = inputs_of(comfyui.jobs[0], "LoadImage")["image"]
    assert name.startswith("zosma/")
    with Image.open(io.BytesIO(comfyui.inputs[name])) as uploaded:
        assert uploaded.size == (64, 64)


async def test_a_masked_part_is_repainted_and_the_rest_put_back(comfyui, join, ann, queue):
    await join(comfyui.address)
    image, mask = await start_picture(queue), await start_picture(queue, color=255, mode="L")

    job = await ann.gets(await ann.asks(img2img={"image": image, "mask": mask}))

    assert job.state is State.DONE
    made = comfyui.jobs[0]
    noise = next(node for node, entry in made.graph.items() if entry["class_type"] == "SetLatentNoiseMask")
    assert inputs_of(made, "KSampler")["latent_image"] == [noise, 0]
    pasted = next(node for node, entry in made.graph.items() if entry["class_type"] == "ImageCompositeMasked")
    assert inputs_of(made, "PreviewImage")["images"] == [pasted, 0]
    assert inputs_of(made, "LoadImageMask")["channel"] == "red"


async def test_a_picture_is_made_larger_by_a_model_and_brought_to_size(comfyui, join, ann, queue):
    await join(comfyui.address)
    image = await start_picture(queue, size=(64, 48))

    upscale = {"image": image, "source_width": 64, "source_height": 48, "upscaling_resize": 2.0}
    job = await ann.gets(await ann.asks(upscale=upscale, prompt=""))

    assert (job.state, job.result.pictures[0].width, job.result.pictures[0].height) == (State.DONE, 128, 96)
    assert inputs_of(comfyui.jobs[0], "UpscaleModelLoader")["model_name"] == "4x_foolhardy_Remacri.pth"
    assert "Postprocess upscaler: 4x_foolhardy_Remacri" in job.result.pictures[0].parameters


async def test_progress_and_previews_come_over_the_socket(comfyui, join, ann, queue):
    hold = Hold(at="VAEDecode")
    comfyui.script(hold)
    comfyui.previews = True
    await join(comfyui.address)
    job_id = await ann.asks()
    await hold.started.wait()

    async def shown():
        job = await ann.job(job_id)
        return job.progress == 1.0 and await queue.preview(job_id)

    assert (await until(shown)).startswith(b"\xff\xd8")
    hold.released.set()
    assert (await ann.gets(job_id)).state is State.DONE


async def test_flux_follows_its_guidance_and_no_negative_prompt(join, ann):
    async with ScriptedComfyUI() as comfyui:
        comfyui.files |= {"diffusion_models": ["flux1-dev.safetensors"], "vae": ["ae.safetensors"]}
        worker = await join(comfyui.address)
        facts = {one.name: one.facts for one in worker.about.checkpoints}["flux1-dev"]
        assert (facts.guidance, facts.negative, facts.width) == (3.5, False, 1024)

        job = await ann.gets(await ann.asks(checkpoint="flux1-dev", cfg_scale=3.0, negative_prompt="rain"))
        await ann.gets(await ann.asks(checkpoint="flux1-dev", cfg_scale=1.0, a1111={"distilled_cfg_scale": 2.5}))

        made, again = comfyui.jobs
        assert (inputs_of(made, "FluxGuidance")["guidance"], inputs_of(made, "KSampler")["cfg"]) == (3.0, 1.0)
        assert inputs_of(again, "FluxGuidance")["guidance"] == 2.5
        assert inputs_of(made, "KSampler")["sampler_name"] == "dpmpp_2m"
        assert inputs_of(made, "CLIPTextEncode")["text"] == "a cat"
        assert inputs_of(made, "DualCLIPLoader") == {
            "clip_name1": "t5xxl_fp8_e4m3fn.safetensors", "clip_name2": "clip_l.safetensors", "type": "flux",
        }  # fmt: skip
        assert "CFG scale: 1, Distilled CFG Scale: 3, Seed: 7" in job.result.pictures[0].parameters


@pytest.mark.parametrize(
    ("name", "facts", "encoder", "cfg"),
    [
        ("z_image_turbo_bf16", (8, 1.0, False, 1024), {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2"}, 1.0),
        ("z_image_bf16", (30, 4.0, True, 1024), {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2"}, 4.0),
        ("qwen_image_fp8_e4m3fn", (20, 4.0, True, 1328),
         {"clip_name": "qwen_2.5_vl_7b_fp8_scaled.safetensors", "type": "qwen_image"}, 4.0),
    ],
)  # fmt: skip
async def test_z_image_and_qwen_image_get_their_encoders_and_their_facts(name, facts, encoder, cfg, join, ann):
    async with ScriptedComfyUI() as comfyui:
        comfyui.files |= {
            "diffusion_models": [f"{name}.safetensors"],
            "text_encoders": ["qwen_3_4b.safetensors", "qwen_2.5_vl_7b_fp8_scaled.safetensors"],
            "vae": ["ae.safetensors", "qwen_image_vae.safetensors"],
        }
        worker = await join(comfyui.address)
        known = {one.name: one.facts for one in worker.about.checkpoints}[name]
        assert (known.steps, known.guidance, known.negative, known.width) == facts

        job = await ann.gets(await ann.asks(checkpoint=name, cfg_scale=cfg, sampler="Euler", scheduler="Simple"))

        assert job.state is State.DONE
        (made,) = comfyui.jobs
        assert inputs_of(made, "CLIPLoader") == encoder
        sampling = inputs_of(made, "KSampler")
        assert (sampling["cfg"], sampling["sampler_name"], sampling["scheduler"]) == (cfg, "euler", "simple")
        assert made.graph[sampling["model"][0]]["class_type"] == "ModelSamplingAuraFlow"
        assert ("qwen" in inputs_of(made, "VAELoader")["vae_name"]) == name.startswith("qwen")


async def test_a_family_whose_files_are_missing_is_not_offered_and_nothing_else_makes_its_pictures(join, ann, caplog):
    """Stable Diffusion's workflow would take the file, and make noise of it."""
    async with ScriptedComfyUI(
        "dream.safetensors", "z_image_turbo_bf16.safetensors", "flux-2-dev.safetensors"
    ) as comfyui:
        comfyui.files |= {"diffusion_models": ["z_image_turbo_bf16.safetensors"]}
        worker = await join(comfyui.address)

        assert [one.name for one in worker.about.checkpoints] == ["dream"]
        assert (
            "z-image-turbo is not offered: node 11 (CLIPLoader): clip_name has no file like qwen_3_4b*" in caplog.text
        )


# -- faults -------------------------------------------------------------------------------------------------------

FAULTS = {
    "oom": (OOM, "oom", 2),
    "exception": (Raises(kind="ValueError", message="at /home/ann/nodes.py"), "webui-broken", 3),
    "nan": (Raises(kind="modules.NansException", message="A tensor with all NaNs was produced"), "nan", 3),
    "black": (Black(), "black", 3),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_tried_again_and_then_told(name, comfyui, join, ann):
    fault, kind, tries = FAULTS[name]
    comfyui.script(*[fault] * tries)
    await join(comfyui.address)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.error_kind, len(comfyui.jobs)) == (State.FAILED, kind, tries)
    assert not any(secret in job.error for secret in ("127.0.0.1", "http", "/home"))
    assert not {one.id for one in comfyui.jobs} & comfyui.history.keys()


@pytest.mark.parametrize("name", FAULTS)
async def test_a_second_try_is_sampled_anew_with_the_same_seed(name, comfyui, join, ann):
    comfyui.script(FAULTS[name][0])
    await join(comfyui.address)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, job.result.pictures[0].seed) == (State.DONE, 1, 7)
    first, second = comfyui.jobs
    assert first.id != second.id
    assert inputs_of(first, "KSampler")["seed"] == inputs_of(second, "KSampler")["seed"]


async def test_the_same_request_again_is_made_anew_and_not_served_from_the_cache(comfyui, join, ann):
    await join(comfyui.address)

    one = await ann.gets(await ann.asks())
    two = await ann.gets(await ann.asks())

    assert (one.state, two.state, len(comfyui.temp)) == (State.DONE, State.DONE, 2)


@pytest.mark.parametrize("at", ["KSampler", "end"])
async def test_a_socket_that_breaks_loses_no_picture(at, comfyui, join, ann):
    comfyui.script(LosesSocket(at=at))
    await join(comfyui.address)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, len(comfyui.jobs)) == (State.DONE, 0, 1)
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_without_a_socket_it_asks(comfyui, join, ann):
    comfyui.has_socket = False
    await join(comfyui.address)

    job = await ann.gets(await ann.asks(count=2))

    assert (job.state, len(job.result.pictures)) == (State.DONE, 2)


async def test_a_restart_in_mid_job_sends_the_job_round_once_more(comfyui, join, ann):
    restart = Restarts()
    comfyui.script(restart)
    await join(comfyui.address)
    job_id = await ann.asks()
    await ann.worker(WorkerState.AWAY)

    restart.back.set()

    job = await ann.gets(job_id)
    assert (job.state, len(comfyui.jobs)) == (State.DONE, 2)


@pytest.mark.parametrize("at", ["CheckpointLoaderSimple", "CLIPTextEncode", "VAEDecode", "PreviewImage", "end"])
async def test_a_server_that_dies_in_any_phase_of_a_prompt_costs_no_job(at, comfyui, join, ann):
    restart = Restarts(at=at)
    comfyui.script(restart)
    await join(comfyui.address)
    job_id = await ann.asks()
    await until(lambda: _down(comfyui))

    restart.back.set()

    assert (await ann.gets(job_id)).state is State.DONE


async def _down(comfyui):
    return comfyui.restarting is not None


@pytest.mark.parametrize("path", ["/upload/image", "/prompt", "/view", "/history"])
async def test_a_server_that_dies_at_any_address_costs_no_job(path, comfyui, join, ann, queue):
    await join(comfyui.address)
    image = await start_picture(queue)
    comfyui.dies_at.add(path)

    job = await ann.gets(await ann.asks(img2img={"image": image}))

    assert (job.state, comfyui.dies_at) == (State.DONE, set())


async def test_what_answers_there_is_looked_at_anew_after_it_was_away(comfyui, join, ann):
    await join(comfyui.address)
    await comfyui.stop()
    await ann.worker(WorkerState.AWAY)

    webui = ScriptedWebUI()
    webui._port.number = int(comfyui.url.rpartition(":")[2])
    async with webui:
        back = await ann.worker(WorkerState.READY)

        assert back.about.flavour == "a1111"
        assert (await ann.gets(await ann.asks())).state is State.DONE
        await webui.stop()
        await ann.worker(WorkerState.AWAY)


async def test_an_older_server_that_chooses_the_ids_and_stops_anybody_is_driven_as_well(comfyui, join, ann, queue):
    comfyui.chooses_ids = comfyui.stops_anybody = True
    hold = Hold()
    comfyui.script(Fault(), hold)
    await join(comfyui.address)

    assert (await ann.gets(await ann.asks())).state is State.DONE
    job_id = await ann.asks()
    await hold.started.wait()
    theirs = comfyui.foreign()
    await queue.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED
    await until(lambda: _ended(comfyui, theirs, "success"))


async def test_a_refusal_forgets_nothing_of_what_is_loaded(comfyui, join, ann):
    await join(comfyui.address)
    await ann.gets(await ann.asks(checkpoint="anime"))
    comfyui.files["loras"].remove("grain.safetensors")

    job = await ann.gets(await ann.asks(prompt="a cat <lora:grain:1>", checkpoint="anime"))

    assert (job.state, job.error_kind) == (State.FAILED, "refused")
    assert "'grain.safetensors' is no longer there" in job.error

    async def knows():
        worker = await ann.worker(WorkerState.READY)
        return (worker.loaded, worker.about.loras) == ("anime", ("ink",))

    assert await until(knows)


async def test_a_cancel_stops_our_prompt_and_leaves_others_alone(comfyui, join, ann, queue):
    hold = Hold()
    comfyui.script(hold)
    await join(comfyui.address)
    job_id = await ann.asks()
    await hold.started.wait()
    theirs = comfyui.foreign()

    await queue.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED
    await until(lambda: _ended(comfyui, theirs, "success"))
    assert (comfyui.jobs[0].id, "interrupted") in comfyui.ended
    await ann.worker(WorkerState.READY)


async def _ended(comfyui, prompt_id, how):
    return (prompt_id, how) in comfyui.ended


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
async def test_a_prompt_that_waits_behind_others_is_taken_out_of_the_queue_on_a_cancel(old, comfyui, join, ann, queue):
    comfyui.stops_anybody = old
    await join(comfyui.address)
    hold = HoldsOthers(comfyui)
    theirs = comfyui.foreign()
    job_id = await ann.asks()
    await until(lambda: _pending(comfyui))

    await queue.cancel(job_id)
    job = await ann.gets(job_id)
    hold.released.set()

    assert job.state is State.CANCELLED
    await until(lambda: _ended(comfyui, theirs, "success"))
    assert comfyui.jobs == []


async def _pending(comfyui):
    return comfyui.pending


async def test_what_somebody_stops_on_the_page_is_told_as_that(comfyui, join, ann):
    hold = Hold()
    comfyui.script(hold, Fault())
    await join(comfyui.address)
    job_id = await ann.asks()
    await hold.started.wait()

    comfyui.interrupted.set()

    job = await ann.gets(job_id)
    assert (job.state, job.failures, job.error_kind) == (State.DONE, 1, "interrupted")


async def test_other_programs_work_keeps_ours_away_and_what_it_loads_is_known(comfyui, join, ann):
    await join(comfyui.address)
    await ann.gets(await ann.asks(checkpoint="dream"))
    hold = HoldsOthers(comfyui)
    comfyui.foreign(checkpoint="anime.safetensors")

    away = await ann.worker(WorkerState.AWAY)
    hold.released.set()

    assert away.reason.startswith("busy elsewhere")

    async def knows():
        return (await ann.worker(WorkerState.READY)).loaded == "anime"

    assert await until(knows)


async def test_a_submit_whose_answer_is_lost_is_found_in_the_queue(comfyui, join, ann):
    comfyui.cuts_submits = 1
    await join(comfyui.address)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, len(comfyui.jobs)) == (State.DONE, 0, 1)


async def test_a_200_with_node_errors_is_a_refusal_and_nothing_of_it_runs_on(comfyui, join, ann):
    hold = Hold()
    comfyui.script(hold)
    errors = [{"type": "value_not_in_list", "message": "Value not in list", "details": "sampler_name: 'x' not in []",
               "extra_info": {"input_name": "sampler_name", "received_value": "x"}}]  # fmt: skip
    comfyui.node_errors.append({"50": {"errors": errors, "dependent_outputs": ["52"], "class_type": "KSampler"}})
    await join(comfyui.address)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.error_kind) == (State.FAILED, "refused")
    assert "'x' is no longer there" in job.error
    await until(lambda: _ended(comfyui, comfyui.jobs[0].id, "interrupted"))


async def test_a_broken_checkpoint_is_named_and_after_two_tries_not_offered(comfyui, join, ann):
    comfyui.broken.add("anime.safetensors")
    await join(comfyui.address)

    job = await ann.gets(await ann.asks(checkpoint="anime"))

    assert (job.state, job.error_kind) == (State.FAILED, "checkpoint-unusable")

    async def gone():
        return [one.name for one in (await ann.worker(WorkerState.READY)).about.checkpoints] == ["dream"]

    assert await until(gone)
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_a_checkpoint_that_was_deleted_meanwhile_is_named_too(comfyui, join, ann):
    await join(comfyui.address)
    comfyui.files["checkpoints"].remove("anime.safetensors")

    job = await ann.waits(await ann.asks(checkpoint="anime"))

    assert (job.failures, job.error_kind) == (1, "checkpoint-unusable")
    assert [one.name for one in (await ann.worker(WorkerState.READY)).about.checkpoints] == ["dream"]


async def test_nodes_that_are_gone_are_an_error_of_their_own(comfyui, join, ann):
    await join(comfyui.address)
    comfyui.lacking.add("LoraLoader")

    job = await ann.waits(await ann.asks(prompt="a cat <lora:ink:1>"))

    assert (job.failures, job.error_kind) == (1, "nodes-missing")
    assert (await ann.worker(WorkerState.READY)).about.loras == ()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing_node_type", "Node 'Ink' not found. The custom node may not be installed."),
        ("invalid_prompt", "Cannot execute because node Ink does not exist."),
    ],
)
def test_a_missing_node_is_known_by_what_new_servers_say_and_old_ones(kind, message):
    body = {"error": {"type": kind, "message": message, "details": "Node ID '#7'"}, "node_errors": {}}

    assert type(error_of("http://gpu:8188", 400, json.dumps(body).encode())) is NodesMissing


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (413, WebUIRefused, "--max-upload-size"),
        (429, WebUIBusy, "raise the limit"),
        (502, WebUIBroken, "failed (502): 502 Bad Gateway"),
    ],
)
def test_what_a_proxy_before_it_says_is_told_as_what_it_is(status, kind, words):
    error = error_of("http://gpu:8188", status, b"<html><head><title>502 Bad Gateway</title></head></html>")

    assert type(error) is kind
    assert words in str(error)


async def test_silence_during_a_load_is_no_stall(comfyui, join, ann, monkeypatch):
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(watch, "QUIET_S", 0.05)
    hold = Hold(at="CheckpointLoaderSimple")
    comfyui.script(hold)
    await join(comfyui.address, timeouts=replace(HASTY, stalled_s=0.1, floor_s=0.1))
    job_id = await ann.asks(checkpoint="anime")
    await hold.started.wait()

    async def looked_often():  # for far longer than a step may take
        return len([path for path in comfyui.paths("GET") if path.startswith("/history/")]) >= 6

    await until(looked_often)
    hold.released.set()

    job = await ann.gets(job_id)
    assert (job.state, job.failures) == (State.DONE, 0)


async def test_a_prompt_that_stands_still_is_stopped_and_tried_again(comfyui, join, ann):
    hold = Hold(at="VAEDecode")
    comfyui.script(hold)
    await join(comfyui.address, timeouts=replace(HASTY, stalled_s=0.2, floor_s=0.2))

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, job.error_kind) == (State.DONE, 1, "webui-hung")
    assert (comfyui.jobs[0].id, "interrupted") in comfyui.ended


async def test_a_server_that_is_gone_is_away_until_it_is_back(comfyui, join, ann):
    await join(comfyui.address)
    await comfyui.stop()
    await ann.worker(WorkerState.AWAY)

    await comfyui.start()

    await ann.worker(WorkerState.READY)
    assert (await ann.gets(await ann.asks())).state is State.DONE


async def test_an_idle_worker_asks_nothing_while_the_socket_is_open(comfyui, join, monkeypatch):
    looks = []

    async def counted(backend):
        looks.append(backend)
        return await foreign_work(backend)

    foreign_work = ComfyUIBackend.foreign_work
    monkeypatch.setattr(ComfyUIBackend, "foreign_work", counted)
    await join(comfyui.address)
    before, looked = len(comfyui.seen), len(looks)

    async def looked_often():
        return len(looks) >= looked + 10

    await until(looked_often)
    assert comfyui.seen[before:] == []
