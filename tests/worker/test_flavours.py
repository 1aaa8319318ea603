"""Each kind of WebUI, with its limits and quirks: right pictures out of all of them, and nothing promised in vain."""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import replace

import pytest
from aiohttp import web
from PIL import Image

from loopback.flavours import (
    EVERY,
    A1111WebUI,
    ControlNetWebUI,
    ForgeControlNetWebUI,
    ForgeWebUI,
    KoboldWebUI,
    MinimalWebUI,
    NewKoboldWebUI,
    ReForgeWebUI,
    SDCppWebUI,
    SDNextWebUI,
    WindowsWebUI,
    opened,
)  # fmt: skip
from loopback.fleet import HASTY, until
from loopback.pictures import INFOTEXT, with_parameters
from loopback.webui import INTERROGATE, Hold, cut, encoded, picture, status, with_special
from zosma_queue.calls import Skipped
from zosma_queue.errors import InfeasibleError, RequestRefusedError
from zosma_queue.fleet import WorkerState
from zosma_queue.infotext import pairs
from zosma_queue.job import State
from zosma_queue.words import WordFinder
from zosma_worker.errors import PromptUnreadable
from zosma_worker.gate import Gate
from zosma_worker.layout import prepared_mask
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.koboldcpp import readable
from zosma_worker.webui.probe import probe

FULL = (A1111WebUI, ReForgeWebUI, ForgeWebUI, SDNextWebUI)
SMALL = (SDCppWebUI, KoboldWebUI)


@pytest.fixture(name="flavoured")
async def _flavoured(join):
    """Starts a WebUI of a kind with a worker on it."""
    started = []

    async def start(kind, **options):
        webui = kind()
        await webui.start()
        started.append(webui)
        return webui, await join(webui, **options)

    yield start
    for webui in started:
        if webui.held:
            webui.held.released.set()
        await webui.stop()


async def sends(queue, size=(96, 64), fmt="PNG", colour=(200, 40, 40)):
    """The id of a picture that a member sends."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, fmt)
    return await queue.keep_input(out.getvalue())


async def shown(queue, job):
    """The job's pictures, decoded."""
    images = []
    for data in await queue.pictures(job):
        image = Image.open(io.BytesIO(data))
        image.load()
        images.append(image)
    return images


@pytest.mark.parametrize("kind", EVERY)
async def test_each_kind_is_known_and_offers_only_what_it_has(kind, flavoured, queue):
    _, worker = await flavoured(kind)
    about = worker.about
    full = kind in FULL

    assert about.flavour == kind.flavour
    assert (about.mask_settings, about.variations, about.progress, about.large_seeds) == (full,) * 4
    assert (about.img2img, about.inpainting) == (True, kind is not KoboldWebUI)
    assert about.hires is (kind is not KoboldWebUI)
    assert (about.max_side, about.max_steps) == {
        SDCppWebUI: (None, 100), KoboldWebUI: (1024, 80),
    }.get(kind, (None, None))  # fmt: skip
    assert (bool(about.vaes), bool(about.styles), bool(about.enlargers)) == (full,) * 3
    assert not [name for name in about.enlargers if name.startswith("Latent")]
    assert {"DPM++ 2M", "Euler a"} <= set(about.samplers)
    assert not {"Default", "default", "euler_a"} & set(about.samplers)


@pytest.mark.parametrize(("kind", "hypernetworks"), [(A1111WebUI, ("ink",)), (ForgeWebUI, ()), (SDNextWebUI, ())])
async def test_what_prompts_may_name_is_told_where_it_has_its_effect(kind, hypernetworks, flavoured):
    _, worker = await flavoured(kind)

    assert (worker.about.embeddings, worker.about.hypernetworks) == (("EasyNegative", "ngTI"), hypernetworks)
    assert worker.about.embedding_widths == {"EasyNegative": 768, "ngTI": 2048}


@pytest.mark.parametrize("listed", [{"loaded": ["EasyNegative"]}, {"loaded": {"EasyNegative": {"shape": "wide"}}}, []])
async def test_embeddings_are_known_by_name_where_no_more_is_told(listed, flavoured):
    class Less(SDNextWebUI):
        def __init__(self):
            super().__init__()
            self.lists["/sdapi/v1/embeddings"] = listed

    _, worker = await flavoured(Less)
    assert worker.about.embedding_widths == ({"EasyNegative": 0} if listed else {})


async def test_an_embedding_that_is_marked_as_for_comfyui_is_written_as_the_webui_knows_it(flavoured, ann):
    webui, _ = await flavoured(A1111WebUI)
    words = {"prompt": "a cat, (embedding:ngTI:1.2)", "negative_prompt": "embedding:EasyNegative.pt, blurry"}
    second = {"a1111": {"hr_prompt": "embedding:ngTI"}, "hires": {}}
    job = await ann.gets(await ann.asks(**words, **second))

    assert job.state is State.DONE, job.error
    body = webui.jobs[0]
    assert (body["prompt"], body["negative_prompt"]) == ("a cat, (ngTI:1.2)", "EasyNegative, blurry")
    assert body["hr_prompt"] == "ngTI"


async def test_a_reforge_with_forges_options_but_a1111s_vaes_is_still_one(flavoured, ann):
    class Newer(ReForgeWebUI):
        def __init__(self):
            super().__init__()
            self.options |= {"forge_preset": "sd", "forge_additional_modules": []}

    webui, worker = await flavoured(Newer)
    await ann.gets(await ann.asks(vae="soft.safetensors"))

    assert worker.about.flavour == "reforge"
    assert webui.jobs[0]["override_settings"]["sd_vae"] == "soft.safetensors"


async def test_scripts_that_an_a1111_has_make_no_reforge_of_it(flavoured):
    class WithScripts(A1111WebUI):
        def __init__(self):
            super().__init__()
            names = ["prompt matrix", "x/y/z plot", "hypertile", "soft inpainting", "controlnet"]
            self.lists["/sdapi/v1/scripts"] = {"txt2img": names, "img2img": names}

    _, worker = await flavoured(WithScripts)

    assert worker.about.flavour == "a1111"


@pytest.mark.parametrize("kind", FULL)
async def test_a_seed_of_fifty_three_bits_comes_back_as_it_was_sent(kind, flavoured, ann):
    await flavoured(kind)

    job = await ann.gets(await ann.asks(seed=2**53 - 3, count=2))

    assert [one.seed for one in job.result.pictures] == [2**53 - 3, 2**53 - 2]


@pytest.mark.parametrize("kind", EVERY)
async def test_several_pictures_of_an_odd_size_come_out_as_asked_with_seeds_that_go_on(kind, flavoured, ann, queue):
    await flavoured(kind)

    job = await ann.gets(await ann.asks(count=3, width=72, height=104, sampler="Euler a"))

    assert job.state is State.DONE, job.error
    made = job.result.pictures
    assert [(one.seed, one.width, one.height) for one in made] == [(seed, 72, 104) for seed in (7, 8, 9)]
    assert [image.size for image in await shown(queue, job)] == [(72, 104)] * 3
    for one in made:
        told = pairs(one.parameters)
        assert (told["Seed"], told["Steps"], told["Model"]) == (str(one.seed), "4", "dream")
        assert "SDCPP" not in one.parameters
    assert job.result.info["all_seeds"] == [7, 8, 9]
    assert len(job.result.info["infotexts"]) == 3
    assert "8888888888" not in json.dumps(job.result.model_dump(mode="json"))


@pytest.mark.parametrize("kind", EVERY)
async def test_pictures_with_words_of_their_own_are_made_with_those_and_their_seeds(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    job = await ann.gets(await ann.asks(prompt="red", prompts=["red", "red", "blue"], count=3, template="{red|blue}"))

    assert job.state is State.DONE, job.error
    sent = [(body["prompt"], body["seed"], body.get("n_iter", 1)) for body in webui.jobs]
    assert sent == ([("red", 7, 2), ("blue", 9, 1)] if kind in FULL else [("red", 7, 1), ("red", 8, 1), ("blue", 9, 1)])
    assert [one.seed for one in job.result.pictures] == [7, 8, 9]
    assert [one.parameters.partition("\n")[0] for one in job.result.pictures] == ["red", "red", "blue"]


@pytest.mark.parametrize("kind", FULL)
async def test_what_follows_a_hash_is_no_comment(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    await ann.gets(await ann.asks(prompt="a #1 cat\n# and a dog"))

    assert "a #1 cat\n# and a dog" in webui.painted  # beside the worker's own


async def test_a_server_without_comments_is_told_nothing_of_them(flavoured, ann):
    class Older(A1111WebUI):
        def __init__(self):
            super().__init__()
            del self.options["enable_prompt_comments"]

    webui, _ = await flavoured(Older)
    await ann.gets(await ann.asks(prompt="a #1 cat"))

    assert "enable_prompt_comments" not in webui.jobs[0]["override_settings"]


@pytest.mark.parametrize("written", ["<Lora:lighthouses:0.8>", "<LORA: lighthouses :0.8>", "< lyco:lh: 0.8 >"])
async def test_a_lora_reaches_the_server_in_the_one_spelling_that_it_knows(written, flavoured, ann):
    webui, _ = await flavoured(A1111WebUI)

    await ann.gets(await ann.asks(prompt=f"a cat {written}"))

    assert webui.jobs[0]["prompt"] == "a cat <lora:lighthouses:0.8>"


async def test_what_the_server_would_drop_in_silence_is_refused_with_the_right_spelling(flavoured, ann):
    webui, _ = await flavoured(A1111WebUI)

    with pytest.raises(RequestRefusedError, match=re.escape("<lora:name:0.8>")):
        await ann.asks(prompt="a cat <lohra:lighthouses:0.8>")

    assert webui.jobs == []


@pytest.mark.parametrize("kind", SMALL)
async def test_a_picture_that_was_cut_says_so_and_its_file_too(kind, flavoured, ann, queue):
    await flavoured(kind)

    job = await ann.gets(await ann.asks(width=72, sampler="Euler a"))

    told = pairs(job.result.pictures[0].parameters)
    assert (told["Size"], told["Cut to"], told["Sampler"]) == ("128x64", "72x64", "Euler a")
    assert (await shown(queue, job))[0].info["parameters"] == job.result.pictures[0].parameters


@pytest.mark.parametrize("kind", EVERY)
async def test_nothing_that_is_sent_is_null(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    await ann.gets(await ann.asks(count=2))

    assert len(webui.jobs) == (1 if kind in FULL else 2)
    assert all(None not in body.values() for body in webui.jobs)


@pytest.mark.parametrize("kind", [*FULL, SDCppWebUI])
async def test_a_hires_pass_is_put_into_the_servers_own_words(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    job = await ann.gets(await ann.asks(hires={"scale": 2, "steps": 3, "denoise": 0.4}, cfg_scale=5))

    assert (job.state, job.result.pictures[0].width) == (State.DONE, 128)
    body = webui.jobs[0]
    assert (body["hr_scale"], body["denoising_strength"]) == (2, 0.4)
    if kind is SDCppWebUI:
        assert (body["hr_steps"], "hr_second_pass_steps" in body) == (3, False)
    else:
        assert body["hr_second_pass_steps"] == 3
    assert ("hr_cfg" in body) is (kind is ForgeWebUI)
    if kind is SDNextWebUI:
        assert (body["hr_force"], body["hr_denoising_strength"], body["hr_upscaler"]) == (True, 0.4, "Latent Nearest")


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        (KoboldWebUI, {"hires": {}}, "hires"),
        (KoboldWebUI, {"width": 1088}, "sides over 1024 px"),
        (KoboldWebUI, {"steps": 81}, "more than 80 steps"),
        (KoboldWebUI, {"cfg_scale": 0.5}, "a CFG scale outside 1 to 25"),
        (KoboldWebUI, {"clip_skip": 2}, "clip skip"),
        (SDCppWebUI, {"steps": 101}, "more than 100 steps"),
        (SDCppWebUI, {"seed": 2**31}, "seeds over 2147483647"),
        (SDCppWebUI, {"seed": 2**31 - 2, "count": 3}, "seeds over 2147483647"),
        (SDCppWebUI, {"subseed_strength": 0.5}, "variations"),
    ],
)
async def test_what_a_server_would_clamp_in_silence_is_refused_in_words(kind, fields, says, flavoured, ann):
    webui, _ = await flavoured(kind)

    with pytest.raises(InfeasibleError, match=says):
        await ann.asks(**fields)

    assert webui.jobs == []


# -- names ------------------------------------------------------------------------------------------------------


async def test_sd_server_is_told_its_own_names_and_the_member_reads_a1111s(flavoured, ann):
    webui, worker = await flavoured(SDCppWebUI)

    job = await ann.gets(await ann.asks(sampler="DPM++ 2M Karras"))

    assert (webui.jobs[0]["sampler_name"], webui.jobs[0]["scheduler"]) == ("dpm++2m", "karras")
    assert (job.result.sampler, job.result.scheduler) == ("DPM++ 2M", "Karras")
    assert [one.label for one in worker.about.schedulers] == ["Normal", "Karras"]


async def test_sd_server_gets_loras_as_a_list_and_none_of_its_own_settings_from_a_prompt(flavoured, ann):
    webui, _ = await flavoured(SDCppWebUI)

    prompt = 'a sea <lora:lighthouses:0.8><sd_cpp_extra_args>{"steps": 900}</sd_cpp_extra_args>'
    job = await ann.gets(await ann.asks(prompt=prompt, negative_prompt="<sd_cpp_extra_args>{"))

    assert job.state is State.DONE
    assert (webui.jobs[0]["prompt"], webui.jobs[0]["negative_prompt"]) == ("a sea", "")
    assert webui.jobs[0]["lora"] == [{"path": "sub/lighthouses.safetensors", "multiplier": 0.8}]


@pytest.mark.parametrize(
    "prompt",
    ["<sd_cpp_<sd_cpp_extra_args></sd_cpp_extra_args>extra_args>{}</sd_cpp_extra_args>",
     "<sd_cpp<lora:lighthouses:1>_extra_args>{}</sd_cpp_extra_args>",
     "<lo<sd_cpp_extra_args></sd_cpp_extra_args>ra:lighthouses:1>",
     "<lo<lora:lighthouses:1>ra:secret:1>",
     "go<lo<lo<lora:lighthouses:1>ra:secret:1>ra:secret:1>ry"],
)  # fmt: skip
async def test_what_is_taken_out_of_a_prompt_leaves_no_tag_that_nobody_has_judged(prompt, flavoured, ann):
    webui, _ = await flavoured(SDCppWebUI)

    assert (await ann.gets(await ann.asks(prompt=f"a sea {prompt}"))).state is State.DONE

    read = webui.jobs[0]["prompt"]
    assert read.startswith("a sea")
    assert "<sd_cpp_extra_args>" not in read
    assert "<lora:" not in read
    assert "gory" not in read


async def test_a_prompt_of_nothing_but_a_lora_is_no_empty_prompt(flavoured, ann):
    await flavoured(SDCppWebUI)

    assert (await ann.gets(await ann.asks(prompt="<lora:lighthouses>"))).state is State.DONE


@pytest.mark.parametrize("kind", FULL)
async def test_a_lora_stays_in_the_prompt_where_it_is_understood(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    await ann.gets(await ann.asks(prompt="a sea <lora:lighthouses:0.8>"))

    assert webui.jobs[0]["prompt"] == "a sea <lora:lighthouses:0.8>"


@pytest.mark.parametrize("kind", FULL)
async def test_styles_and_vae_are_asked_for_by_their_names(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    job = await ann.gets(await ann.asks(styles=["MISTY"], vae="soft.safetensors"))
    await ann.gets(await ann.asks())

    assert job.state is State.DONE, job.error
    first, second = (body["override_settings"] for body in webui.jobs)
    assert webui.jobs[0]["styles"] == ["misty"]
    if kind is ForgeWebUI:
        assert first["forge_additional_modules"] == ["soft.safetensors"]
        assert second["forge_additional_modules"] == ["/models/VAE/own.safetensors"]
    else:
        # What the operator has set comes back with the next job: A1111 itself would not see to that.
        assert (first["sd_vae"], second["sd_vae"]) == ("soft.safetensors", "Automatic")


@pytest.mark.parametrize("kind", [A1111WebUI, ReForgeWebUI, ForgeWebUI])
async def test_an_option_that_a_request_sets_is_its_own(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    job = await ann.gets(await ann.asks(a1111={"override_settings": {"eta_noise_seed_delta": 31337}}))
    assert (job.state, webui.options["eta_noise_seed_delta"]) == (State.DONE, 31337)
    await ann.gets(await ann.asks())

    assert webui.options["eta_noise_seed_delta"] == 7


async def test_a_picture_made_with_another_vae_is_no_result(flavoured, ann):
    webui, _ = await flavoured(A1111WebUI)

    async def forgets(turn):
        answer = webui.answer(turn)
        answer["info"] = json.dumps({**json.loads(answer["info"]), "sd_vae_name": None})
        return web.json_response(answer)

    webui.script(forgets)
    job = await ann.gets(await ann.asks(vae="soft.safetensors"))

    assert (job.state, job.failures) == (State.DONE, 1)


@pytest.mark.parametrize(("fields", "field"), [({"vae": "sofd"}, "vae"), ({"styles": ["mystic"]}, "styles")])
async def test_names_that_nobody_has_are_refused_with_the_nearest(fields, field, flavoured, ann):
    await flavoured(A1111WebUI)

    with pytest.raises(RequestRefusedError, match=r"nearest are (soft|misty)") as refused:
        await ann.asks(**fields)
    assert refused.value.field == field


@pytest.mark.parametrize("kind", FULL)
async def test_variations_keep_their_seed_and_count_the_subseed_on(kind, flavoured, ann):
    webui, _ = await flavoured(kind)

    job = await ann.gets(await ann.asks(count=2, subseed=40, subseed_strength=0.3))

    assert (webui.jobs[0]["subseed"], webui.jobs[0]["subseed_strength"]) == (40, 0.3)
    assert [one.seed for one in job.result.pictures] == [7, 7]
    told = [pairs(one.parameters) for one in job.result.pictures]
    assert [one["Variation seed"] for one in told] == ["40", "41"]
    assert told[0]["Variation seed strength"] == "0.3"


# -- from pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVERY)
async def test_a_picture_is_made_from_another(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    start = await sends(queue)

    job = await ann.gets(
        await ann.asks(width=72, height=64, img2img={"image": start, "denoising_strength": 0.4, "resize_mode": 1})
    )

    assert (job.state, job.result.pictures[0].width) == (State.DONE, 72), job.error
    assert [seen.path for seen in webui.seen if "img2img" in seen.path] == ["/sdapi/v1/img2img"]
    body = webui.jobs[0]
    assert body["denoising_strength"] == 0.4
    assert opened(body["init_images"][0]).size == ((96, 64) if kind in FULL else (128, 64))
    assert opened(body["init_images"][0]).convert("RGB").getpixel((0, 0)) == (200, 40, 40)


async def test_a_large_picture_to_start_from_reaches_the_webui(flavoured, ann, queue):
    await flavoured(A1111WebUI)
    out = io.BytesIO()
    Image.effect_noise((1200, 1200), 90).save(out, "PNG")
    assert len(out.getvalue()) > 1_200_000

    job = await ann.gets(await ann.asks(img2img={"image": await queue.keep_input(out.getvalue())}))

    assert job.state is State.DONE, job.error


@pytest.mark.parametrize("kind", FULL)
async def test_the_masked_part_is_painted_anew(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    start, mask = await sends(queue), await sends(queue, colour=(255, 255, 255))

    job = await ann.gets(await ann.asks(img2img={"image": start, "mask": mask, "mask_blur": 8, "inpainting_fill": 2}))

    assert job.state is State.DONE, job.error
    body = webui.jobs[0]
    assert opened(body["mask"]).convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert (body["mask_blur"], body["inpainting_fill"], body["inpainting_mask_invert"]) == (8, 2, 0)


async def test_inpainting_is_not_sent_to_a_server_that_would_ignore_the_mask(flavoured, ann, queue):
    await flavoured(KoboldWebUI)

    with pytest.raises(InfeasibleError, match="inpainting"):
        await ann.asks(img2img={"image": await sends(queue), "mask": await sends(queue)})


@pytest.mark.parametrize("kind", [SDCppWebUI, NewKoboldWebUI])
@pytest.mark.parametrize("invert", [False, True])
async def test_a_small_server_gets_its_mask_as_large_as_its_picture_and_the_right_way_round(
    kind, invert, flavoured, ann, queue
):
    webui, _ = await flavoured(kind)
    start, mask = await sends(queue), await sends(queue, colour=(255, 255, 255))

    fields = {"image": start, "mask": mask, "mask_blur": 2, "inpainting_mask_invert": invert}
    job = await ann.gets(await ann.asks(width=72, img2img=fields))

    assert job.state is State.DONE, job.error
    sent = opened(webui.jobs[0]["mask"])
    assert (sent.mode, sent.size) == ("L", opened(webui.jobs[0]["init_images"][0]).size)
    assert sent.getpixel((0, 0)) == sent.getpixel((64, 32)) == (0 if invert else 255)


@pytest.mark.parametrize("kind", [SDCppWebUI, NewKoboldWebUI])
@pytest.mark.parametrize("invert", [False, True])
async def test_what_a_mask_does_not_cover_comes_out_as_it_was_also_from_a_small_server(
    kind, invert, flavoured, ann, queue
):
    await flavoured(kind)
    before, mask = Image.effect_noise((72, 64), 90).convert("RGB"), Image.new("L", (72, 64))
    mask.paste(255, (0, 0, 24, 64))
    ids = {}
    for name, image in (("image", before), ("mask", mask)):
        out = io.BytesIO()
        image.save(out, "PNG")
        ids[name] = await queue.keep_input(out.getvalue())

    fields = {**ids, "mask_blur": 2, "inpainting_mask_invert": invert}
    job = await ann.gets(await ann.asks(width=72, height=64, img2img=fields))

    assert job.state is State.DONE, job.error
    (data,) = await queue.pictures(job)
    with Image.open(io.BytesIO(data)) as made:
        kept, painted = ((0, 0, 12, 64), (36, 0, 72, 64)) if invert else ((36, 0, 72, 64), (0, 0, 12, 64))
        assert made.crop(kept).tobytes() == before.crop(kept).tobytes()
        assert made.crop(painted).tobytes() != before.crop(painted).tobytes()
        assert made.info["parameters"] == job.result.pictures[0].parameters


@pytest.mark.parametrize("fields", [{"inpaint_full_res": True}, {"inpainting_fill": 2}])
async def test_mask_settings_that_a_small_server_would_ignore_are_refused_in_words(fields, flavoured, ann, queue):
    await flavoured(SDCppWebUI)

    with pytest.raises(InfeasibleError, match="the masked part alone, or with another fill"):
        await ann.asks(img2img={"image": await sends(queue), "mask": await sends(queue), **fields})


def test_a_mask_drawn_on_nothing_is_what_was_drawn():
    canvas = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    canvas.putpixel((3, 3), (0, 0, 0, 255))
    out = io.BytesIO()
    canvas.save(out, "PNG")

    mask = Image.open(io.BytesIO(prepared_mask(out.getvalue(), invert=False, blur=0)))

    assert [mask.getpixel(at) for at in ((0, 0), (3, 3))] == [0, 255]


async def test_a_newer_koboldcpp_offers_what_it_can_do_and_gets_it_in_its_own_words(flavoured, ann):
    webui, worker = await flavoured(NewKoboldWebUI)
    about = worker.about
    assert (about.flavour, about.loras, about.clip_skip, about.hires) == ("koboldcpp", ("lighthouses",), True, False)

    job = await ann.gets(await ann.asks(prompt="a sea <lora:lighthouses>", clip_skip=2))

    assert job.state is State.DONE, job.error
    body = webui.jobs[0]
    assert (body["prompt"], body["clip_skip"]) == ("a sea", 2)
    assert body["lora"] == [{"path": "lighthouses.gguf", "multiplier": 1.0}]


@pytest.mark.parametrize(
    ("how", "factor", "size"),
    [
        ({"upscaling_resize": 2}, 2, (192, 128)),
        ({"upscaling_resize": 1.5}, 2, (144, 96)),
        ({"resize_mode": 1, "upscaling_resize_w": 200, "upscaling_resize_h": 200}, 4, (200, 200)),
    ],
)
async def test_a_server_that_enlarges_by_whole_factors_still_makes_every_size(how, factor, size, flavoured, ann, queue):
    webui, _ = await flavoured(NewKoboldWebUI)
    upscale = {"image": await sends(queue), "source_width": 96, "source_height": 64, **how}

    job = await ann.gets(await ann.asks(prompt="", upscale=upscale))

    assert job.state is State.DONE, job.error
    assert set(webui.jobs[0]) == {"image", "upscaling_resize"}
    assert webui.jobs[0]["upscaling_resize"] == factor
    assert [image.size for image in await shown(queue, job)] == [size]


@pytest.mark.parametrize("kind", FULL)
@pytest.mark.parametrize(
    ("how", "size"),
    [
        ({"upscaling_resize": 3}, (288, 192)),
        ({"resize_mode": 1, "upscaling_resize_w": 200, "upscaling_resize_h": 100}, (200, 100)),
    ],
)
async def test_a_picture_is_made_larger(kind, how, size, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    image = await sends(queue)

    upscale = {"image": image, "source_width": 96, "source_height": 64, **how}
    job = await ann.gets(await ann.asks(prompt="", upscale=upscale))

    assert job.state is State.DONE, job.error
    made = job.result.pictures[0]
    assert (made.width, made.height) == size
    upscaler = "RealESRGAN 4x" if kind is SDNextWebUI else "Lanczos"
    assert f"Postprocess upscaler: {upscaler}" in made.parameters
    assert webui.jobs[0]["upscaler_1"] == upscaler


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_larger_picture_says_how_it_was_made_before(kind, flavoured, ann, queue):
    await flavoured(A1111WebUI)
    image = await queue.keep_input(with_parameters(kind=kind, size=(96, 64)).data)

    upscale = {"image": image, "source_width": 96, "source_height": 64}
    job = await ann.gets(await ann.asks(prompt="", upscale=upscale))

    assert job.result.pictures[0].parameters.startswith(f"{INFOTEXT}, Postprocess upscale")


@pytest.mark.parametrize("kind", SMALL)
async def test_upscaling_is_not_offered_by_servers_without_it(kind, flavoured, ann, queue):
    await flavoured(kind)

    with pytest.raises(RequestRefusedError, match="upscale is not possible"):
        await ann.asks(prompt="", upscale={"image": await sends(queue), "source_width": 96, "source_height": 64})


async def test_a_picture_that_is_no_longer_stored_is_asked_for_again(flavoured, ann, queue, raw):
    webui, _ = await flavoured(A1111WebUI)
    start = await sends(queue)
    hold = Hold()
    webui.script(hold)
    first = await ann.asks()
    await hold.started.wait()
    waiting = await ann.asks(img2img={"image": start})
    raw.delete(f"{{zosma}}:input:{start}")
    hold.released.set()
    await ann.gets(first)

    job = await ann.gets(waiting)

    assert (job.state, job.error_kind) == (State.FAILED, "refused")
    assert "no longer stored: send it again" in job.error
    with pytest.raises(RequestRefusedError, match="no longer stored"):
        await ann.asks(img2img={"image": start})


async def test_an_input_is_kept_for_a_day_once_it_is_queued_and_not_after_a_refusal(flavoured, ann, queue, raw):
    await flavoured(KoboldWebUI)
    good, bad = await sends(queue), await sends(queue)

    await ann.gets(await ann.asks(img2img={"image": good}))
    with pytest.raises(InfeasibleError):
        await ann.asks(img2img={"image": bad}, steps=100)

    assert raw.ttl(f"{{zosma}}:input:{good}") > 80_000
    assert raw.ttl(f"{{zosma}}:input:{bad}") <= 600


# -- how far it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SMALL)
async def test_progress_of_a_silent_server_is_an_estimate_and_marked_as_one(kind, flavoured, ann):
    webui, _ = await flavoured(kind)
    holds = Hold(then=webui.usual), Hold(then=webui.usual)
    webui.script(*holds)
    job_id = await ann.asks(count=2)

    async def estimated():
        job = await ann.job(job_id)
        return job if job.estimated and job.progress else None

    first = await until(estimated)
    assert 0 < first.progress < 0.5
    holds[0].released.set()
    await holds[1].started.wait()
    await until(lambda: _beyond(ann, job_id, 0.5))
    holds[1].released.set()
    assert (await ann.gets(job_id)).state is State.DONE


async def _beyond(ann, job_id, fraction):
    job = await ann.job(job_id)
    return (job.progress or 0) >= fraction


@pytest.mark.parametrize("kind", SMALL)
async def test_a_cancel_is_heard_between_two_pictures_of_a_server_that_can_t_be_interrupted(
    kind, flavoured, ann, queue
):
    webui, _ = await flavoured(kind)
    hold = Hold(then=webui.usual)
    webui.script(hold)
    job_id = await ann.asks(count=5)
    await hold.started.wait()

    await queue.cancel(job_id)
    await until(lambda: _cancelling(webui))
    hold.released.set()
    job = await ann.gets(job_id)

    assert (job.state, len(webui.jobs)) == (State.CANCELLED, 1)


async def _cancelling(webui):
    return "/sdapi/v1/interrupt" in webui.paths()


async def test_a_scripts_picture_reaches_the_webui_and_what_it_adds_is_left_out(flavoured, ann, queue):
    class WithControlNet(A1111WebUI):
        def __init__(self):
            super().__init__()
            listed = {"name": "controlnet", "is_alwayson": True, "is_img2img": False, "args": []}
            self.lists["/sdapi/v1/script-info"] = [listed]
            self.lists["/controlnet/model_list"] = {"model_list": ["control_canny [d14c016b]"]}
            self.lists["/controlnet/module_list"] = {"module_list": ["none", "canny"], "module_detail": {}}

        def answer(self, turn):
            good = super().answer(turn)
            [unit] = turn.body["alwayson_scripts"]["ControlNet"]["args"]
            return {**good, "images": [*good["images"], unit["image"]]}  # as ControlNet hands over what it looked at

    webui, worker = await flavoured(WithControlNet)
    assert (worker.about.controlnet_models, worker.about.controlnet_modules) == (
        ("control_canny [d14c016b]",), ("none", "canny"),
    )  # fmt: skip
    image = await sends(queue)
    units = [{"image": f"zosma-input:{image}", "module": "canny", "model": "Control_Canny"}]

    job = await ann.gets(await ann.asks(count=2, a1111={"alwayson_scripts": {"ControlNet": {"args": units}}}))

    assert (job.state, len(job.result.pictures)) == (State.DONE, 2), job.error
    [unit] = webui.jobs[0]["alwayson_scripts"]["ControlNet"]["args"]
    assert opened(unit["image"]).size == (96, 64)


@pytest.mark.parametrize("kind", [A1111WebUI, ForgeWebUI])
async def test_two_upscalers_are_blended_and_what_stands_over_may_stay(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    name = webui._lists()["/sdapi/v1/upscalers"][1]["name"]
    upscale = {
        "image": await sends(queue), "source_width": 96, "source_height": 64, "resize_mode": 1, "upscaler_2": name,
        "upscaling_resize_w": 192, "upscaling_resize_h": 192, "upscaling_crop": False,
        "extras_upscaler_2_visibility": 0.3, "gfpgan_visibility": 1.0, "upscale_first": True, "upscaler_1": name,
    }  # fmt: skip

    job = await ann.gets(await ann.asks(prompt="", upscale=upscale))

    assert job.state is State.DONE, job.error
    [body] = webui.jobs
    assert (body["upscaler_2"], body["extras_upscaler_2_visibility"]) == (name, 0.3)
    assert (body["upscale_first"], body["upscaling_crop"]) == (True, False)
    assert (job.result.pictures[0].width, job.result.pictures[0].height) == (288, 192)
    assert f"Postprocess upscaler 2: {name}" in job.result.pictures[0].parameters


@pytest.mark.parametrize("kind", [A1111WebUI, ForgeWebUI, SDNextWebUI])
async def test_a_picture_that_its_sender_skips_is_kept_as_far_as_it_is(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)

    async def skipped(turn):
        # The flag stays until the next job.
        webui.progress = {**webui.progress, "state": {"job_count": 0, "skipped": True}}
        return await webui.usual(turn)

    hold = Hold(then=skipped)
    webui.script(hold)
    job_id = await ann.asks(count=2)
    await hold.started.wait()

    assert await queue.skip(job_id) is Skipped.SKIPPING
    job = await ann.gets(job_id)

    assert (job.state, job.failures, len(job.result.pictures)) == (State.DONE, 0, 2)
    assert (webui.paths().count("/sdapi/v1/skip"), webui.paths().count("/sdapi/v1/interrupt")) == (1, 0)


@pytest.mark.parametrize("kind", SMALL)
async def test_a_server_that_cant_skip_a_picture_is_not_asked_to(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    hold = Hold()
    webui.script(hold)
    job_id = await ann.asks()
    await hold.started.wait()

    assert await queue.skip(job_id) is Skipped.UNABLE
    hold.released.set()
    assert (await ann.gets(job_id)).state is State.DONE
    assert "/sdapi/v1/skip" not in webui.paths()


@pytest.mark.parametrize("button", ["interrupted", "skipped"])
async def test_half_a_picture_after_somebody_stopped_it_on_the_webuis_page_is_made_again(button, flavoured, ann):
    webui, _ = await flavoured(A1111WebUI)

    async def pressed(turn):
        webui.progress = {**webui.progress, "state": {"job_count": 0, button: True}}
        return await webui.usual(turn)

    async def whole(turn):
        webui.progress = {**webui.progress, "state": {"job_count": 0, button: False}}
        return await webui.usual(turn)

    webui.script(pressed, whole)
    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures, len(webui.jobs)) == (State.DONE, 1, 2)


# -- servers with few of A1111's addresses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "lists", [(), ("options",), ("sd-models",), ("sd-models", "options"), ("sd-models", "samplers", "progress")]
)
async def test_a_server_with_txt2img_and_few_lists_makes_pictures_and_offers_nothing_else(lists, join, ann):
    async with MinimalWebUI(*lists) as webui:
        about = (await join(webui)).about

        job = await ann.gets(await ann.asks(count=2))

        assert (about.flavour, about.hires, about.img2img, about.inpainting) == ("minimal", False, False, False)
        assert (about.variations, about.clip_skip, about.mask_settings, about.loras) == (False, False, False, ())
        named = {"sd-models": "dream", "options": "dream"}
        assert about.checkpoints[0].name == next((named[one] for one in lists if one in named), "default")
        assert about.samplers == (("DPM++ 2M", "Euler a") if "samplers" in lists else ())
        assert (job.state, [one.seed for one in job.result.pictures]) == (State.DONE, [7, 8])
        told = [body.get("override_settings") for body in webui.jobs]
        assert told == [{"sd_model_checkpoint": "dream.safetensors"} if "sd-models" in lists else None] * 2
        assert (await ann.gets(await ann.asks())).state is State.DONE


@pytest.mark.parametrize(("lists", "outcome"), [((), "done"), (("sd-models",), "wrong-checkpoint")])
async def test_a_checkpoint_that_we_had_to_name_may_be_called_otherwise(lists, outcome, join, ann):
    async with MinimalWebUI(*lists) as webui:
        webui.more = {"info": json.dumps({"sd_model_name": "flux-pro"})}
        await join(webui)

        job = await ann.gets(await ann.asks())

        assert outcome in (job.state.value, job.error_kind)


async def test_a_server_that_knows_post_alone_is_one_of_them():
    webui = MinimalWebUI()
    for path in ("/sdapi/v1/sd-models", "/sdapi/v1/options", "/sdapi/v1/samplers", "/sdapi/v1/txt2img"):
        webui.special[path] = with_special(path, 501, html="<title>Error response</title>").special[path]

    async with webui, Client(webui.address) as client:
        found = await probe(client)

    assert (found.about.flavour, [one.name for one in found.about.checkpoints]) == ("minimal", ["default"])


async def _shut_in_three_looks(webui, monkeypatch):
    """Why the worker took no jobs at any of the next three looks at its WebUI."""
    shut = []
    monkeypatch.setattr(Gate, "shut", lambda self, reason, level=0: shut.append(reason))
    looked = webui.paths("GET").count("/sdapi/v1/progress")

    async def has_looked_again():
        return webui.paths("GET").count("/sdapi/v1/progress") >= looked + 3

    await until(has_looked_again)
    return shut


async def test_what_a_small_server_goes_on_telling_of_its_progress_holds_nobody_up(join, ann, monkeypatch):
    async def all_done(turn):
        webui.progress = {"progress": 1.0}
        return await webui.usual(turn)

    async with MinimalWebUI("sd-models", "progress") as webui:
        await join(webui)
        webui.script(all_done)
        await ann.gets(await ann.asks())

        assert await _shut_in_three_looks(webui, monkeypatch) == []


async def test_a_small_server_that_has_img2img_starts_from_a_picture(join, ann, queue):
    async with MinimalWebUI("sd-models", img2img=True) as webui:
        assert (await join(webui)).about.img2img

        job = await ann.gets(await ann.asks(img2img={"image": await sends(queue, (64, 64))}))

        assert job.state is State.DONE
        assert opened(webui.jobs[0]["init_images"][0]).size == (64, 64)


# -- what SD.Next goes on telling of a job that has ended -------------------------------------------------------


async def _enlarges(ann, queue):
    upscale = {"image": await sends(queue), "source_width": 96, "source_height": 64}
    return await ann.asks(prompt="", upscale=upscale)


async def _draws(ann, queue):
    return await ann.asks()


@pytest.mark.parametrize("asks", [_draws, _enlarges])
async def test_what_an_sdnext_still_tells_of_our_last_job_is_not_taken_for_somebody_elses(
    asks, flavoured, ann, queue, monkeypatch
):
    webui, _ = await flavoured(SDNextWebUI)
    await ann.gets(await asks(ann, queue))
    assert webui.progress["progress"] or webui.progress["state"]["job_count"]

    assert await _shut_in_three_looks(webui, monkeypatch) == []


async def test_an_exception_of_an_sdnext_leaves_its_worker_at_work(flavoured, ann):
    webui, _ = await flavoured(SDNextWebUI)
    webui.script(webui.throw)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures) == (State.DONE, 1)


async def test_an_sdnext_that_failed_says_that_it_was_interrupted_and_is_not_believed(flavoured, ann):
    webui, _ = await flavoured(SDNextWebUI)

    async def out_of_memory(turn):
        webui.progress = {**webui.progress, "state": {"job_count": 0, "interrupted": True}}
        return web.json_response({"images": [], "parameters": {}, "info": ""})

    webui.script(*[out_of_memory] * 3)
    job = await ann.gets(await ann.asks())

    assert (job.state, job.error_kind) == (State.FAILED, "empty")


# -- faults -----------------------------------------------------------------------------------------------------


def _answers(images, **more):
    async def answer(turn):
        return web.json_response({"images": images, "parameters": {}, "info": "", **more})

    return answer


BUSY = status(503, {"detail": {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}})
#: Said once the picture is made: more than 60 in a minute from one address.
LIMITED = status(429, {"error": "HTTPException", "code": 429, "detail": "x: rate limit exceeded", "errors": "429"})
A1111_OOM = status(500, {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory. Tried"})
FORGE_OOM = status(500, {"error": "OutOfMemoryError", "detail": "", "body": "", "message": "CUDA out of memory. Tried"})
FAULTS = {
    "reforge out of memory": (ReForgeWebUI, A1111_OOM, "oom", "ran out of memory"),
    "forge out of memory": (ForgeWebUI, FORGE_OOM, "oom", "ran out of memory"),
    "forge black": (ForgeWebUI, _answers([encoded(picture(64, 64, None))]), "black", "all black"),
    "sdnext nothing": (SDNextWebUI, _answers([]), "empty", "no picture"),
    "sdnext a wrong size": (SDNextWebUI, _answers([encoded(picture(32, 32, 1))]), "wrong-size", "32x32 instead"),
    "sdcpp broken": (SDCppWebUI, status(500, {"error": "server_error", "message": "boom"}), "webui-broken", "broke"),
    "sdcpp empty 500": (SDCppWebUI, status(500, html=""), "webui-broken", "broke"),
    "sdcpp too large": (SDCppWebUI, _answers([encoded(picture(192, 64, 1))]), "wrong-size", "192x64 instead"),
    "kobold failed": (KoboldWebUI, _answers([""]), "empty", "no picture"),
    "kobold bad input": (KoboldWebUI, status(500, {"detail": {"msg": "x"}}), "webui-broken", "broke"),
    "kobold hangs up": (KoboldWebUI, cut(), "webui-broken", "broke off"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
async def test_each_servers_own_faults_end_in_words_and_no_picture(name, flavoured, ann):
    kind, answer, error_kind, words = FAULTS[name]
    webui, _ = await flavoured(kind)
    webui.script(answer, answer, answer)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.error_kind) == (State.FAILED, error_kind)
    assert words in job.error
    assert "127.0.0.1" not in job.error


async def test_a_refusal_of_sd_server_is_told_in_its_own_words(flavoured, ann):
    webui, _ = await flavoured(SDCppWebUI)
    webui.script(status(400, {"error": "invalid params"}))

    job = await ann.gets(await ann.asks())

    assert (job.state, job.error) == (State.FAILED, "the WebUI refused the request: invalid params")


async def test_koboldcpp_gets_a_phones_prompt_in_the_letters_that_it_reads(flavoured, ann):
    webui, _ = await flavoured(KoboldWebUI)

    fields = {"prompt": "ein “schöner” See – groß, weiß’s 🙂", "negative_prompt": "cafe\u0301 ≮lora:x:1≯"}
    job = await ann.gets(await ann.asks(**fields))

    assert job.state is State.DONE
    assert webui.jobs[0]["prompt"].strip() == 'ein "schoner" See - gross, weiss\'s'
    assert webui.jobs[0]["negative_prompt"].split() == ["cafe", "lora:x:1"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [({"prompt": "кот"}, "Latin letters only"), ({"negative_prompt": "犬"}, "Latin letters only"),
     ({"prompt": "a" * 801}, "800 characters")],
)  # fmt: skip
async def test_what_koboldcpp_would_leave_out_of_a_prompt_is_refused(prompt, words, flavoured, ann):
    webui, _ = await flavoured(KoboldWebUI)

    job = await ann.gets(await ann.asks(**prompt))

    assert (job.state, job.error_kind) == (State.FAILED, "refused")
    assert words in job.error
    assert not webui.jobs
    assert (await ann.gets(await ann.asks())).state is State.DONE


def test_no_letter_that_koboldcpp_reads_otherwise_spells_a_word_that_the_rules_have_not_seen():
    for sign in map(chr, range(0x80, 0x2500)):
        with contextlib.suppress(PromptUnreadable):
            letters = readable(sign)
            word = f"wab{letters}ken"
            assert not word.isalnum() or WordFinder([word]).find(f"wab{sign}ken"), sign


@pytest.mark.parametrize(("kind", "answer"), [(KoboldWebUI, BUSY), (SDNextWebUI, LIMITED)])
async def test_a_server_that_lets_nothing_in_for_now_makes_the_picture_later(kind, answer, flavoured, ann):
    webui, _ = await flavoured(kind)
    webui.script(answer)

    job = await ann.gets(await ann.asks())

    assert (job.state, job.failures) == (State.DONE, 0)


# -- Windows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["sd15/dream.safetensors", "xl\\dream", "XL_dream", None])
async def test_checkpoints_in_folders_of_a_windows_webui_are_made_with(asked, flavoured, ann):
    _, worker = await flavoured(WindowsWebUI)
    assert [one.name for one in worker.about.checkpoints] == ["sd15_dream", "xl_dream"]

    job = await ann.gets(await ann.asks(**({"checkpoint": asked} if asked else {})))

    wanted = "xl_dream" if asked and asked.casefold().startswith("xl") else "sd15_dream"
    assert (job.state, job.failures, job.result.checkpoint) == (State.DONE, 0, wanted)


async def test_the_file_of_the_same_name_in_the_other_folder_is_caught(flavoured, ann):
    webui, _ = await flavoured(WindowsWebUI)
    webui.wrong = True

    job = await ann.gets(await ann.asks(checkpoint="xl_dream"))

    assert (job.state, job.error_kind) == (State.FAILED, "wrong-checkpoint")


# -- Forge ------------------------------------------------------------------------------------------------------


async def test_a_forge_loads_with_a_small_picture_before_its_first_job_and_after_each_restart(flavoured, ann, queue):
    webui, worker = await flavoured(ForgeWebUI)
    assert ([body["width"] for body in webui.canaries], worker.loaded) == ([64], "dream")

    await ann.gets(await ann.asks())
    assert len(webui.canaries) == 1

    async def loading(request):
        return web.json_response({"detail": {"msg": "starting"}}, status=503)

    webui.special["/sdapi/v1/options"] = loading
    await ann.worker(WorkerState.AWAY)
    del webui.special["/sdapi/v1/options"]

    assert (await ann.worker(WorkerState.READY)).loaded == "dream"
    assert [body["width"] for body in webui.canaries] == [64, 64]


async def test_what_a_forge_has_selected_is_used_for_jobs_that_name_none(flavoured, ann):
    class Anime(ForgeWebUI):
        def __init__(self):
            super().__init__()
            self.options["sd_model_checkpoint"] = "anime"

    await flavoured(Anime)

    assert (await ann.gets(await ann.asks())).result.checkpoint == "anime"


# -- A1111 before 1.9 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{"sampler": "DPM++ 2M Karras"}, {"sampler": "DPM++ 2M", "scheduler": "Karras"}])
async def test_an_old_a1111_is_asked_for_sampler_and_schedule_by_their_one_name(asked, flavoured, ann):
    class Old(A1111WebUI):
        def _lists(self):
            lists = {**super()._lists(), "/sdapi/v1/samplers": [{"name": "DPM++ 2M Karras"}, {"name": "DPM++ 2M"}]}
            del lists["/sdapi/v1/schedulers"]
            return lists

    webui, _ = await flavoured(Old)

    job = await ann.gets(await ann.asks(**asked))

    assert (job.state, job.failures) == (State.DONE, 0)
    assert (webui.jobs[0]["sampler_name"], "scheduler" in webui.jobs[0]) == ("DPM++ 2M Karras", False)
    assert (job.result.sampler, job.result.scheduler) == ("DPM++ 2M", "Karras")


# -- families ---------------------------------------------------------------------------------------------------

MODULES = ("own.pt", "ae.safetensors", "clip_l.safetensors", "t5xxl_fp16.safetensors")


class FluxForge(ForgeWebUI):
    """Forge with Flux beside others, set up for the others."""

    def __init__(self):
        super().__init__()
        self.lists["/sdapi/v1/sd-modules"] = [{"model_name": name, "filename": f"/models/{name}"} for name in MODULES]
        self.lists["/sdapi/v1/sd-models"] = [
            {"title": f"{name}.safetensors", "model_name": name, "hash": None} for name in ("dream", "flux1-dev")
        ]
        self.models = ["dream", "flux1-dev"]


async def test_forge_is_told_what_flux_needs_and_has_its_own_for_others(join, ann):
    async with FluxForge() as webui:
        await join(webui)

        await ann.gets(await ann.asks(checkpoint="flux1-dev", cfg_scale=3.0))
        await ann.gets(await ann.asks(checkpoint="dream", cfg_scale=7.5))

        flux, dream = webui.jobs
        assert (flux["cfg_scale"], flux["distilled_cfg_scale"]) == (1.0, 3.0)
        assert flux["override_settings"]["forge_preset"] == "flux"
        assert flux["override_settings"]["forge_additional_modules"] == [
            "clip_l.safetensors",
            "t5xxl_fp16.safetensors",
            "ae.safetensors",
        ]
        assert dream["cfg_scale"] == 7.5
        assert "distilled_cfg_scale" not in dream
        assert dream["override_settings"]["forge_additional_modules"] == ["/models/VAE/own.safetensors"]


async def test_a_distilled_guidance_that_was_sent_reaches_forge_as_it_is(join, ann):
    async with FluxForge() as webui:
        await join(webui)

        await ann.gets(await ann.asks(checkpoint="flux1-dev", cfg_scale=1.0, a1111={"distilled_cfg_scale": 2.5}))

        assert (webui.jobs[0]["cfg_scale"], webui.jobs[0]["distilled_cfg_scale"]) == (1.0, 2.5)


# -- words, faces, several pictures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "models", "sent"),
    [
        (A1111WebUI, ("clip", "deepdanbooru"), "clip"),
        (ReForgeWebUI, ("clip", "deepdanbooru"), "clip"),
        (SDNextWebUI, ("clip",), "ViT-L-14/openai"),
        (NewKoboldWebUI, ("clip",), "clip"),
    ],
)
async def test_a_picture_is_put_into_words_where_that_is_offered(kind, models, sent, flavoured, ann, queue):
    webui, worker = await flavoured(kind)
    image = await sends(queue)

    job = await ann.gets(await ann.asks(prompt="", interrogate={"image": image}))

    assert worker.about.interrogators == models
    assert job.state is State.DONE, job.error
    assert "lighthouse" in job.result.caption
    assert (job.result.pictures, job.result.checkpoint) == ((), "")
    [body] = [seen.body for seen in webui.seen if (seen.method, seen.path) == ("POST", INTERROGATE)]
    assert body["model"] == sent
    assert opened(body["image"]).size == (96, 64)


@pytest.mark.parametrize("kind", [ForgeWebUI, SDCppWebUI, KoboldWebUI])
async def test_who_finds_no_words_is_not_asked_for_any(kind, flavoured, ann, queue):
    webui, worker = await flavoured(kind)

    with pytest.raises(RequestRefusedError, match="no GPU here can put pictures into words") as refused:
        await ann.asks(prompt="", interrogate={"image": await sends(queue)})

    assert (refused.value.code, worker.about.interrogators) == ("interrogate-not-possible", ())
    assert "POST" not in [seen.method for seen in webui.seen if seen.path == INTERROGATE]


async def test_words_that_broke_off_are_asked_for_again_and_make_no_webui_sick(flavoured, ann, queue):
    webui, worker = await flavoured(A1111WebUI)
    webui.caption = "a lighthouse<error>"  # A1111's word for a model that it could not load

    job = await ann.gets(await ann.asks(prompt="", interrogate={"image": await sends(queue)}))

    assert (job.state, job.error_kind, job.failures) == (State.FAILED, "no-words", 3)
    assert (await ann.gets(await ann.asks())).state is State.DONE
    assert worker.state is not WorkerState.AWAY


async def test_an_interrupt_before_it_spoils_no_words(flavoured, ann, queue):
    webui, _ = await flavoured(A1111WebUI)
    webui.progress["state"] = {"job_count": 0, "interrupted": True}  # left by the job before

    job = await ann.gets(await ann.asks(prompt="", interrogate={"image": await sends(queue), "model": "deepdanbooru"}))

    assert job.state is State.DONE, job.error


WITH_CONTROLNET = [ControlNetWebUI, ForgeControlNetWebUI]


async def detects(queue, module, **fields):
    """What asks a preprocessor of ControlNet's to look at a picture."""
    image = await sends(queue)
    detect = {"image": image, "module": module, "source_width": 96, "source_height": 64, **fields}
    return {"prompt": "", "detect": detect}


@pytest.mark.parametrize("kind", WITH_CONTROLNET)
async def test_a_preprocessor_looks_at_a_picture_which_may_be_all_black(kind, flavoured, ann, queue):
    webui, worker = await flavoured(kind)

    job = await ann.gets(await ann.asks(**await detects(queue, "canny", processor_res=128, threshold_a=100)))

    assert job.state is State.DONE, job.error
    [body] = [seen.body for seen in webui.seen if (seen.method, seen.path) == ("POST", "/controlnet/detect")]
    assert {name: body[name] for name in body if name != "controlnet_input_images"} == {
        "controlnet_module": "canny", "controlnet_processor_res": 128, "controlnet_threshold_a": 100,
    }  # fmt: skip
    assert opened(body["controlnet_input_images"][0]).size == (96, 64)
    assert [image.size for image in await shown(queue, job)] == [(192, 128)]
    assert (job.result.pose, job.result.checkpoint, worker.about.controlnet.detects) == (None, "", True)


@pytest.mark.parametrize("kind", WITH_CONTROLNET)
async def test_a_preprocessors_own_settings_are_left_to_the_webui_and_a_pose_comes_with_the_picture(
    kind, flavoured, ann, queue
):
    await flavoured(kind)

    job = await ann.gets(await ann.asks(**await detects(queue, "OpenPose_full")))

    assert job.state is State.DONE, job.error
    assert job.result.pose == {"people": [{"pose_keypoints_2d": [1.0, 2.5, 0.123457]}], "canvas_width": 96}
    assert (job.result.pictures[0].width, job.result.pictures[0].height) == (192, 128)


@pytest.mark.parametrize("kind", WITH_CONTROLNET)
async def test_a_webui_that_answers_nothing_else_while_a_preprocessor_works_is_waited_for(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind, timeouts=replace(HASTY, deaf_s=0.0, loading_s=600.0))
    webui.keeps_on.clear()
    webui.hangs_up = True

    async def is_deaf():
        return webui.unanswered >= 3

    asked = await ann.asks(**await detects(queue, "depth_midas"))
    await until(is_deaf)
    webui.keeps_on.set()

    job = await ann.gets(asked)
    assert (job.state, job.attempt) == (State.DONE, 1), job.error


@pytest.mark.parametrize("kind", WITH_CONTROLNET)
@pytest.mark.parametrize("module", ["ip-adapter_clip_sd15", "t2ia_style_clipvision"])
async def test_what_is_no_picture_is_refused_once_and_speaks_against_nobody(kind, module, flavoured, ann, queue):
    _, worker = await flavoured(kind)

    job = await ann.gets(await ann.asks(**await detects(queue, module)))

    assert (job.state, job.error_kind, job.failures) == (State.FAILED, "refused", 1)
    assert "makes no picture" in job.error or "Module not supported" in job.error
    assert worker.state is not WorkerState.AWAY


async def test_more_poses_than_can_be_kept_are_refused(flavoured, ann, queue):
    webui, _ = await flavoured(ControlNetWebUI)
    webui.pose = {"people": [{"pose_keypoints_2d": [123.456789] * 54}] * 400}

    job = await ann.gets(await ann.asks(**await detects(queue, "openpose_full")))

    assert (job.state, "too many people" in job.error) == (State.FAILED, True), job.error


async def test_a_mask_goes_to_a_controlnet_that_takes_one(flavoured, ann, queue):
    await flavoured(ForgeControlNetWebUI)
    with pytest.raises(InfeasibleError, match="detect with a mask"):
        await ann.asks(**await detects(queue, "inpaint_only", mask=await sends(queue)))

    webui, _ = await flavoured(ControlNetWebUI)
    job = await ann.gets(await ann.asks(**await detects(queue, "inpaint_only", mask=await sends(queue))))

    assert job.state is State.DONE, job.error
    [body] = [seen.body for seen in webui.seen if (seen.method, seen.path) == ("POST", "/controlnet/detect")]
    assert len(body["controlnet_masks"]) == 1


async def test_what_a_controlnet_tells_of_itself_is_told(flavoured):
    _, worker = await flavoured(ControlNetWebUI)
    about = worker.about

    assert (about.controlnet.version, about.controlnet.units, about.controlnet.detects_masked) == (3, 4, True)
    assert about.controlnet.modules["depth"].label == "depth_midas"
    assert about.controlnet.modules["canny"].sliders[1].name == "Canny Low Threshold"
    assert about.controlnet.modules["canny"].sliders[2] is None
    assert about.controlnet.modules["none"].model_free
    assert about.controlnet.types["Canny"].default_option == "canny"
    assert {"4 units of controlnet", "detect:depth", "detect:depth_midas"} <= set(about.tokens())
    assert "5 units of controlnet" not in about.tokens()


async def test_who_has_no_preprocessors_is_asked_for_none(flavoured, ann, queue):
    _, worker = await flavoured(A1111WebUI)
    with pytest.raises(RequestRefusedError, match="'canny' is not known here: the fleet offers none"):
        await ann.asks(**await detects(queue, "canny"))
    assert not worker.about.controlnet.detects


async def test_units_beyond_those_that_a_webui_has_room_for_go_elsewhere(flavoured, ann):
    await flavoured(ForgeControlNetWebUI)
    units = [{"enabled": True, "module": "canny", "model": "None"}] * 4
    scripts = {"alwayson_scripts": {"ControlNet": {"args": units}}}
    with pytest.raises(InfeasibleError, match="4 units of controlnet"):
        await ann.asks(a1111=scripts)

    webui, _ = await flavoured(ControlNetWebUI)
    job = await ann.gets(await ann.asks(a1111=scripts))

    assert (job.state, len(webui.jobs[0]["alwayson_scripts"]["ControlNet"]["args"])) == (State.DONE, 4)


@pytest.mark.parametrize("kind", FULL)
async def test_faces_are_restored_where_that_is_offered(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    fields = {"image": await sends(queue), "source_width": 96, "source_height": 64, "gfpgan_visibility": 0.8}

    job = await ann.gets(await ann.asks(prompt="", upscale=fields))
    upscaler = "RealESRGAN 4x" if kind is SDNextWebUI else "lanczos"
    both = {**fields, "codeformer_visibility": 1, "codeformer_weight": 0.2, "upscaler_1": upscaler}
    larger = await ann.gets(await ann.asks(prompt="", upscale=both))

    assert job.state is State.DONE, job.error
    first, second = webui.jobs
    assert (first["upscaler_1"], first["gfpgan_visibility"], first["codeformer_visibility"]) == ("None", 0.8, 0)
    assert (second["codeformer_visibility"], second["codeformer_weight"]) == (1, 0.2)
    assert [image.size for image in await shown(queue, job)] == [(96, 64)]
    assert [image.size for image in await shown(queue, larger)] == [(192, 128)]
    told = job.result.pictures[0].parameters
    assert ("GFPGAN visibility: 0.8" in told, "upscale" in told) == (True, False)
    assert "CodeFormer weight: 0.2" in larger.result.pictures[0].parameters


@pytest.mark.parametrize("restorer", ["GFPGAN", "CodeFormer"])
async def test_a_face_restorer_that_nobody_has_is_refused_by_name(restorer, flavoured, ann, queue):
    class Without(A1111WebUI):
        def __init__(self):
            super().__init__()
            self.lists["/sdapi/v1/face-restorers"] = [{"name": "RestoreFormer"}]

    await flavoured(Without)
    field = f"{restorer.casefold()}_visibility"
    fields = {"image": await sends(queue), "source_width": 96, "source_height": 64, field: 1}

    with pytest.raises(RequestRefusedError, match=f"no GPU here has {restorer}") as refused:
        await ann.asks(prompt="", upscale=fields)

    assert (refused.value.code, refused.value.field) == ("restore-not-possible", f"upscale.{field}")


@pytest.mark.parametrize("kind", [A1111WebUI, ReForgeWebUI, ForgeWebUI])
async def test_several_pictures_to_start_from_are_a_batch_in_their_order(kind, flavoured, ann, queue):
    webui, _ = await flavoured(kind)
    first, second = await sends(queue), await sends(queue, colour=(10, 200, 10))

    job = await ann.gets(await ann.asks(count=4, img2img={"image": first, "more_images": [second]}))

    assert job.state is State.DONE, job.error
    [body] = webui.jobs
    assert (body["batch_size"], body["n_iter"]) == (2, 2)
    colours = [opened(one).convert("RGB").getpixel((0, 0)) for one in body["init_images"]]
    assert colours == [(200, 40, 40), (10, 200, 10)]
    assert [one.seed for one in job.result.pictures] == [7, 8, 9, 10]


@pytest.mark.parametrize("kind", [SDNextWebUI, SDCppWebUI, KoboldWebUI])
async def test_several_are_not_sent_to_a_server_that_would_take_the_first_alone(kind, flavoured, ann, queue):
    await flavoured(kind)

    with pytest.raises(InfeasibleError, match="several pictures to start from"):
        await ann.asks(count=2, img2img={"image": await sends(queue), "more_images": [await sends(queue)]})


async def test_pictures_that_their_starts_do_not_go_into_are_refused(ann):
    with pytest.raises(RequestRefusedError, match="a multiple of the 2 pictures") as refused:
        await ann.asks(count=3, img2img={"image": "0" * 20, "more_images": ["1" * 20]})
    assert refused.value.field == "count"


@pytest.mark.parametrize("kind", [A1111WebUI, ForgeWebUI, ReForgeWebUI])
async def test_sd_upscale_makes_a_picture_larger_in_tiles_and_leaves_none_on_the_webuis_disk(
    kind, flavoured, ann, queue
):
    webui, worker = await flavoured(kind)
    name = worker.about.enlargers[0]
    asked = {
        "img2img": {"image": await sends(queue), "denoising_strength": 0.3}, "count": 2, "seed": 7,
        "sd_upscale": {
            "upscaler": name, "scale_factor": 2.5, "overlap": 16, "source_width": 96, "source_height": 64,
        },
    }  # fmt: skip

    job = await ann.gets(await ann.asks(**asked))

    assert job.state is State.DONE, job.error
    [body] = webui.jobs
    assert (body["script_name"], body["script_args"]) == ("sd upscale", [None, 16, name, 2.5])
    assert (body["n_iter"], body["batch_size"], body["width"], body["height"]) == (2, 1, 64, 64)
    assert [(one.width, one.height, one.seed) for one in job.result.pictures] == [(240, 160, 7), (240, 160, 8)]
    for one in job.result.pictures:
        assert f"Seed: {one.seed}" in one.parameters
        assert f"SD upscale upscaler: {name}" in one.parameters
    assert webui.saved == 0
    await ann.gets(await ann.asks())
    assert webui.options["samples_save"]


@pytest.mark.parametrize("kind", [A1111WebUI, ForgeWebUI, ReForgeWebUI])
async def test_ultimate_sd_upscale_makes_each_picture_by_a_call_and_names_the_upscaler_by_the_webuis_own_number(
    kind, flavoured, ann, queue
):
    webui, worker = await flavoured(kind)
    name = worker.about.enlargers[0]
    asked = {
        "img2img": {"image": await sends(queue), "denoising_strength": 0.3}, "count": 2, "seed": 7,
        "ultimate_sd_upscale": {
            "upscaler": name, "scale_factor": 2.5, "padding": 16, "seams_fix_type": 3, "source_width": 96,
            "source_height": 64,
        },
    }  # fmt: skip

    job = await ann.gets(await ann.asks(**asked))

    assert job.state is State.DONE, job.error
    arguments = [None, 64, 64, 8, 16, 64, 0.35, 16, 1, False, 0, False, 4, 3, 1, 256, 192, 2.5]
    assert [(one["script_name"], one["script_args"]) for one in webui.jobs] == [("ultimate sd upscale", arguments)] * 2
    assert [(one.width, one.height, one.seed) for one in job.result.pictures] == [(256, 192, 7), (256, 192, 8)]
    for one, data in zip(job.result.pictures, await queue.pictures(job), strict=True):
        assert f"Seed: {one.seed}" in one.parameters
        assert "Size: 256x192" in one.parameters  # and not a tile's
        assert f"Ultimate SD upscale upscaler: {name}" in one.parameters
        with Image.open(io.BytesIO(data)) as image:
            # Its last: the one before still has its seams.
            assert image.getpixel((0, 0)) == Image.open(io.BytesIO(picture(8, 8, one.seed))).getpixel((0, 0))
    assert webui.saved == 0


async def test_ultimate_sd_upscale_without_an_upscaler_only_resizes(flavoured, ann, queue):
    webui, _ = await flavoured(A1111WebUI)
    tiles = {"target_width": 200, "target_height": 120, "source_width": 96, "source_height": 64}

    job = await ann.gets(await ann.asks(img2img={"image": await sends(queue)}, ultimate_sd_upscale=tiles))

    assert job.state is State.DONE, job.error
    assert (webui.jobs[0]["script_args"][8], job.result.pictures[0].width) == (0, 200)


async def test_an_ultimate_sd_upscale_with_other_arguments_is_none(flavoured):
    class Older(A1111WebUI):
        def __init__(self):
            super().__init__()
            old = {"name": "ultimate sd upscale", "is_alwayson": False, "is_img2img": True, "args": [{}] * 17}
            self.lists["/sdapi/v1/script-info"] = [old]

    _, worker = await flavoured(Older)
    assert "Ultimate SD upscale" not in worker.about.fields


async def test_sd_upscale_goes_to_nobody_whose_webui_does_not_have_it(flavoured, ann, queue):
    class Bare(A1111WebUI):
        def __init__(self):
            super().__init__()
            del self.lists["/sdapi/v1/script-info"]

    await flavoured(Bare)
    asked = {
        "img2img": {"image": await sends(queue)},
        "sd_upscale": {"upscaler": "Lanczos", "source_width": 96, "source_height": 64, "overlap": 0},
    }

    with pytest.raises(RequestRefusedError, match="SD upscale"):
        await ann.asks(**asked)
