"""Drawing through the API: seeds, counts, sizes, overrides, progress, interrupts, formats."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import numpy as np
import pytest
from PIL import ExifTags, Image

from webui.client import SMALL, Client, Pause, base64_of, image, within

Start = Callable[..., Awaitable[Client]]

INFO_KEYS = """
    prompt all_prompts negative_prompt all_negative_prompts seed all_seeds subseed all_subseeds subseed_strength width
    height sampler_name cfg_scale steps batch_size restore_faces face_restoration_model sd_model_name sd_model_hash
    sd_vae_name sd_vae_hash seed_resize_from_w seed_resize_from_h denoising_strength extra_generation_params
    index_of_first_image infotexts styles job_timestamp clip_skip is_using_inpainting_conditioning version
"""


def difference(one: str | Image.Image, other: str | Image.Image) -> float:
    """Mean absolute difference of two pictures of the same size, 0..255."""
    a, b = (np.asarray(image(p) if isinstance(p, str) else p, dtype=float) for p in (one, other))
    return float(np.abs(a - b).mean())


async def test_an_answer_has_images_parameters_and_every_key_of_info(webui: Client) -> None:
    answer = await webui.draw()
    assert set(answer) == {"images", "parameters", "info"}
    assert set(answer["info"]) == set(INFO_KEYS.split())
    assert answer["parameters"].items() >= SMALL.items()
    assert image(answer["images"][0]).size == (64, 64)


async def test_the_same_request_gives_the_same_bytes_on_another_server(start: Start) -> None:
    one, other = await (await start()).draw(), await (await start()).draw()
    assert one["images"] == other["images"]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8}, {"prompt": "a cat in the forest"}, {"negative_prompt": "clouds"}, {"steps": 9},
        {"sampler_name": "DDIM"}, {"scheduler": "Karras"}, {"cfg_scale": 3}, {"subseed": 3, "subseed_strength": 0.4},
        {"override_settings": {"sd_model_checkpoint": "realistic"}},
        {"override_settings": {"CLIP_stop_at_last_layers": 2}},
    ],
)  # fmt: skip
async def test_whatever_a_request_changes_changes_the_picture(webui: Client, change: dict[str, Any]) -> None:
    plain, changed = await webui.draw(), await webui.draw(**change)
    assert difference(plain["images"][0], changed["images"][0]) > 0.2


async def test_a_random_seed_is_told_and_reproduces_the_picture(webui: Client) -> None:
    free = await webui.draw(seed=-1)
    assert 0 <= free["info"]["seed"] < 2**32
    assert (await webui.draw(seed=free["info"]["seed"]))["images"] == free["images"]


async def test_batches_count_the_seeds_up(webui: Client) -> None:
    many = await webui.draw(batch_size=2, n_iter=2)
    assert many["info"]["all_seeds"] == [7, 8, 9, 10]
    for seed, text in zip(range(7, 11), many["info"]["infotexts"], strict=True):
        assert f" Seed: {seed}, " in text
    alone = await webui.draw(seed=9)
    assert difference(many["images"][2], alone["images"][0]) == 0


async def test_variations_keep_the_seed_and_count_the_subseed(webui: Client) -> None:
    info = (await webui.draw(n_iter=2, subseed=5, subseed_strength=0.3))["info"]
    assert (info["all_seeds"], info["all_subseeds"]) == ([7, 7], [5, 6])
    assert "Variation seed: 6, Variation seed strength: 0.3" in info["infotexts"][1]


async def test_sides_are_rounded_down_to_whole_latents(webui: Client) -> None:
    answer = await webui.draw(width=100, height=71)
    assert image(answer["images"][0]).size == (96, 64)
    assert (answer["info"]["width"], answer["info"]["height"]) == (96, 64)


async def test_the_infotext_is_laid_out_as_a1111_does(webui: Client) -> None:
    answer = await webui.draw(negative_prompt="fog", sampler_name="DPM++ 2M Karras")
    lines = answer["info"]["infotexts"][0].split("\n")
    assert lines[:2] == ["a lighthouse at dusk", "Negative prompt: fog"]
    models = await webui.get("/sdapi/v1/sd-models")
    assert lines[2].startswith(
        "Steps: 4, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 7, Size: 64x64, "
        f"Model hash: {models[0]['hash']}, Model: dreamscape, "
        'Stand-in: "built-in WebUI, no diffusion model", Version: zosma-webui '
    )
    assert image(answer["images"][0]).info["parameters"] == answer["info"]["infotexts"][0]


async def test_prompts_beyond_latin_1_survive_in_the_picture(webui: Client) -> None:
    answer = await webui.draw(prompt="夕暮れの灯台 🌇")
    assert image(answer["images"][0]).info["parameters"].startswith("夕暮れの灯台 🌇\n")


@pytest.mark.parametrize(
    ("sampler", "scheduler", "expected"),
    [
        (None, None, ("Euler", "Automatic")),
        ("Nonsense", None, ("DPM++ 2M", "Automatic")),
        ("Euler a", "karras", ("Euler a", "Karras")),
        ("DPM++ 2M Karras", "automatic", ("DPM++ 2M", "Automatic")),
        ("Euler", "nonsense", ("Euler", "Automatic")),
    ],
)
async def test_samplers_are_resolved_as_a1111_does(
    webui: Client, sampler: str | None, scheduler: str | None, expected: tuple[str, str]
) -> None:
    info = (await webui.draw(sampler_name=sampler, scheduler=scheduler))["info"]
    assert info["sampler_name"] == expected[0]
    assert f"Schedule type: {expected[1]}, " in info["infotexts"][0]


async def test_styles_are_put_around_the_prompt(webui: Client) -> None:
    info = (await webui.draw(styles=["cinematic", "unknown"]))["info"]
    assert info["prompt"] == "cinematic light, dusk, a lighthouse at dusk"
    assert (info["negative_prompt"], info["styles"]) == ("flat light", ["cinematic", "unknown"])


async def test_images_are_left_out_on_request(webui: Client) -> None:
    answer = await webui.draw(send_images=False)
    assert (answer["images"], len(answer["info"]["infotexts"])) == ([], 1)


async def test_a_hires_fix_enlarges_the_picture_and_says_so(webui: Client) -> None:
    answer = await webui.draw(enable_hr=True, hr_scale=1.5, hr_second_pass_steps=2, denoising_strength=0.4)
    assert image(answer["images"][0]).size == (96, 96)
    assert answer["info"]["width"] == 64
    wanted = "Denoising strength: 0.4, Hires upscale: 1.5, Hires steps: 2, Hires upscaler: Latent, "
    assert wanted in answer["info"]["infotexts"][0]
    resized = await webui.draw(enable_hr=True, hr_resize_x=128)
    assert image(resized["images"][0]).size == (128, 128)


async def test_img2img_keeps_more_of_its_start_the_weaker_it_is(webui: Client) -> None:
    start = Image.new("RGB", (80, 40), (0, 200, 0))
    seen = []
    for strength in (0.1, 0.9):
        body = {**SMALL, "init_images": [base64_of(start)], "denoising_strength": strength}
        answer = await webui.post("/sdapi/v1/img2img", body)
        assert answer["parameters"]["init_images"] is None
        seen.append(difference(answer["images"][0], Image.new("RGB", (64, 64), (0, 200, 0))))
    assert seen[0] < seen[1] / 2


async def test_img2img_paints_only_under_the_mask(webui: Client) -> None:
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    body = {
        **SMALL, "init_images": [base64_of(Image.new("RGB", (64, 64), (0, 200, 0)))], "mask": base64_of(mask),
        "mask_blur": 0, "denoising_strength": 1,
    }  # fmt: skip
    pixels = np.asarray(image((await webui.post("/sdapi/v1/img2img", body))["images"][0]))
    assert (pixels[:, :32] == (0, 200, 0)).all()
    assert not (pixels[:, 32:] == (0, 200, 0)).all()


@pytest.mark.parametrize(
    ("init_images", "status", "told"),
    [
        (None, 404, "Init image not found"),
        ([], 500, "list index out of range"),
        (["bm90IGFuIGltYWdl"], 500, "Invalid encoded image"),
        (["http://127.0.0.1/x.png"], 500, "Requests not allowed"),
    ],
)
async def test_img2img_without_a_usable_start_is_refused(
    webui: Client, init_images: list[str] | None, status: int, told: str
) -> None:
    seen, body = await webui.fails("/sdapi/v1/img2img", init_images=init_images)
    assert (seen, body["errors"]) == (status, told)


async def test_more_starts_than_the_batch_holds_are_refused(webui: Client) -> None:
    one = base64_of(Image.new("RGB", (8, 8)))
    assert (await webui.fails("/sdapi/v1/img2img", init_images=[one, one]))[0] == 500
    answer = await webui.post("/sdapi/v1/img2img", {**SMALL, "init_images": [one, one], "batch_size": 2})
    assert len(answer["images"]) == 2


@pytest.mark.parametrize(("option", "kind"), [("jpg", "JPEG"), ("webp", "WEBP")])
async def test_the_format_option_is_honoured_with_the_infotext_in_exif(webui: Client, option: str, kind: str) -> None:
    await webui.post("/sdapi/v1/options", {"samples_format": option})
    answer = await webui.draw(prompt="Größe 灯台")
    picture = image(answer["images"][0])
    comment = picture.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert picture.format == kind
    assert comment == b"UNICODE\0" + answer["info"]["infotexts"][0].encode("utf-16-be")
    told = await webui.post("/sdapi/v1/png-info", {"image": answer["images"][0]})
    assert told["parameters"]["Prompt"] == "Größe 灯台"


async def test_a_format_override_comes_too_late_and_an_unknown_format_is_an_error(webui: Client) -> None:
    answer = await webui.draw(override_settings={"samples_format": "jpg"})
    assert image(answer["images"][0]).format == "PNG"
    await webui.post("/sdapi/v1/options", {"samples_format": "avif"})
    status, body = await webui.fails()
    assert (status, body["detail"]) == (500, "Invalid image format")


@pytest.mark.parametrize("name", ["title", "model_name", "hash", "sha256", "stem"])
async def test_a_checkpoint_is_found_by_each_of_its_names(webui: Client, name: str) -> None:
    model = (await webui.get("/sdapi/v1/sd-models"))[1] | {"stem": "realistic"}
    answer = await webui.draw(override_settings={"sd_model_checkpoint": model[name]})
    assert answer["info"]["sd_model_name"] == "photo_realistic"
    assert answer["info"]["sd_model_hash"] == model["hash"]


async def test_an_override_is_restored_and_the_next_job_loads_the_old_weights(start: Start) -> None:
    sleeps = Pause()
    client = await start(load_seconds=30.0, sleep=sleeps)
    before = (await client.get("/sdapi/v1/options"))["sd_model_checkpoint"]
    await client.draw(override_settings={"sd_model_checkpoint": "realistic"})
    assert sleeps.slept.count(30.0) == 1
    options = await client.get("/sdapi/v1/options")
    assert options["sd_model_checkpoint"] == before
    assert options["sd_checkpoint_hash"] == (await client.get("/sdapi/v1/sd-models"))[1]["sha256"]
    await client.draw(override_settings={"sd_model_checkpoint": "realistic"})
    assert sleeps.slept.count(30.0) == 1
    assert (await client.draw())["info"]["sd_model_name"] == "dreamscape"
    assert sleeps.slept.count(30.0) == 2


async def test_an_override_that_is_not_restored_stays_as_it_was_written(webui: Client) -> None:
    overrides = {"sd_model_checkpoint": "realistic"}
    await webui.draw(override_settings=overrides, override_settings_restore_afterwards=False)
    assert (await webui.get("/sdapi/v1/options"))["sd_model_checkpoint"] == "realistic"
    assert (await webui.draw())["info"]["sd_model_name"] == "photo_realistic"


async def test_an_unknown_checkpoint_in_an_override_is_ignored_without_a_word(webui: Client) -> None:
    answer = await webui.draw(override_settings={"sd_model_checkpoint": "nope"})
    assert answer["info"]["sd_model_name"] == "dreamscape"


async def test_a_checkpoint_set_by_options_is_loaded_by_the_next_job(start: Start) -> None:
    sleeps = Pause()
    client = await start(load_seconds=30.0, sleep=sleeps)
    await client.post("/sdapi/v1/options", {"sd_model_checkpoint": "realistic"})
    assert sleeps.slept == []
    assert (await client.draw())["info"]["sd_model_name"] == "photo_realistic"
    assert sleeps.slept.count(30.0) == 1


async def test_clip_skip_is_overridden_for_one_job(webui: Client) -> None:
    answer = await webui.draw(override_settings={"CLIP_stop_at_last_layers": 2})
    assert answer["info"]["clip_skip"] == 2
    assert "Clip skip: 2, " in answer["info"]["infotexts"][0]
    assert (await webui.draw())["info"]["clip_skip"] == 1


async def test_progress_while_weights_load_is_one_percent_of_minus_one_jobs(start: Start) -> None:
    pause = Pause(before=1)
    client = await start(sleep=pause)
    job = client.later(override_settings={"sd_model_checkpoint": "realistic"})
    await within(5, pause.reached.wait())
    now = await client.progress()
    assert (now["progress"], now["state"]["job_count"], now["state"]["job"]) == (0.01, -1, "scripts_txt2img")
    pause.go.set()
    await within(5, job)


async def test_progress_counts_steps_and_batches_and_falls_back_to_zero(start: Start) -> None:
    pause = Pause(before=4 + 3)  # in the second of two batches, after two of four steps
    client = await start(sleep=pause)
    job = client.later(n_iter=2)
    await within(5, pause.reached.wait())
    now = await client.progress()
    assert now["progress"] == pytest.approx(0.01 + 0.5 + 0.25)
    assert set(now) == {"progress", "eta_relative", "state", "current_image", "textinfo"}
    state = now["state"]
    assert (state["job"], state["job_no"], state["job_count"]) == ("Batch 2 out of 2", 1, 2)
    assert (state["sampling_step"], state["sampling_steps"]) == (2, 4)
    pause.go.set()
    await within(5, job)
    idle = await client.progress()
    assert (idle["progress"], idle["eta_relative"], idle["state"]["job_count"]) == (0.0, 0.0, 0)


async def test_a_hires_fix_counts_as_two_passes(start: Start) -> None:
    pause = Pause(before=4 + 1)
    client = await start(sleep=pause)
    job = client.later(enable_hr=True, hr_second_pass_steps=3)
    await within(5, pause.reached.wait())
    state = (await client.progress())["state"]
    assert (state["job_no"], state["job_count"], state["sampling_steps"]) == (1, 2, 3)
    pause.go.set()
    await within(5, job)


async def test_a_preview_comes_every_ten_steps_unless_it_is_declined(start: Start) -> None:
    pause = Pause(before=11)
    client = await start(sleep=pause)
    job = client.later(steps=20, width=512, height=256, force_task_id="mine")
    await within(5, pause.reached.wait())
    assert (await client.get("/sdapi/v1/progress?skip_current_image=true"))["current_image"] is None
    preview = image((await client.progress())["current_image"])
    assert preview.width == preview.height * 2
    told = await client.post("/internal/progress", {"id_task": "mine"})
    assert told["live_preview"].startswith("data:image/png;base64,")
    again = {"id_task": "mine", "id_live_preview": told["id_live_preview"]}
    assert (await client.post("/internal/progress", again))["live_preview"] is None
    pause.go.set()
    await within(5, job)
    assert (await client.progress())["current_image"] is None


@pytest.mark.parametrize(
    "options",
    [{"live_previews_enable": False}, {"show_progress_every_n_steps": -1}, {"show_progress_every_n_steps": 12}],
)
async def test_there_is_no_preview_where_options_say_so(start: Start, options: dict[str, Any]) -> None:
    pause = Pause(before=11)
    client = await start(sleep=pause)
    await client.post("/sdapi/v1/options", options)
    job = client.later(steps=20)
    await within(5, pause.reached.wait())
    assert (await client.progress())["current_image"] is None
    pause.go.set()
    await within(5, job)


async def test_an_interrupted_job_ends_200_with_a_half_finished_picture(start: Start) -> None:
    pause = Pause(before=3)
    client = await start(sleep=pause)
    job = client.later(steps=8, n_iter=2)
    await within(5, pause.reached.wait())
    assert await client.post("/sdapi/v1/interrupt") == {}
    pause.go.set()
    answer = await within(5, job)
    assert (len(answer["images"]), len(answer["info"]["all_seeds"]), answer["info"]["steps"]) == (1, 2, 8)
    assert (await client.progress())["state"]["interrupted"] is True
    whole = await client.draw(steps=8)
    assert difference(answer["images"][0], whole["images"][0]) > 10
    assert (await client.progress())["state"]["interrupted"] is False


async def test_a_skip_ends_only_the_running_batch(start: Start) -> None:
    pause = Pause(before=3)
    client = await start(sleep=pause)
    job = client.later(steps=8, n_iter=2)
    await within(5, pause.reached.wait())
    await client.post("/sdapi/v1/skip")
    pause.go.set()
    answer = await within(5, job)
    whole = await client.draw(steps=8, n_iter=2)
    assert difference(answer["images"][0], whole["images"][0]) > 10
    assert difference(answer["images"][1], whole["images"][1]) == 0


async def test_an_interrupt_when_idle_does_not_harm_the_next_job(webui: Client) -> None:
    whole = await webui.draw()
    await webui.post("/sdapi/v1/interrupt")
    assert (await webui.draw())["images"] == whole["images"]


async def test_a_caller_who_leaves_does_not_stop_the_job(start: Start) -> None:
    pause = Pause(before=2)
    client = await start(sleep=pause)
    async with aiohttp.ClientSession(client.url) as session:
        gone = asyncio.ensure_future(session.post("/sdapi/v1/txt2img", json=SMALL))
        await within(5, pause.reached.wait())
        gone.cancel()
    assert (await client.progress())["state"]["job_count"] == 1
    pause.go.set()
    assert (await within(5, client.draw()))["images"]
    assert len(pause.slept) == 8  # both jobs took all their steps


async def test_jobs_run_one_after_another_in_the_order_of_arrival(start: Start) -> None:
    pause = Pause(before=1)
    client = await start(sleep=pause)
    done: list[int] = []

    async def draw(seed: int) -> None:
        await client.draw(seed=seed)
        done.append(seed)

    jobs = []
    for waiting, seed in enumerate((3, 1, 2)):
        jobs.append(asyncio.create_task(draw(seed)))
        await within(5, pause.reached.wait())
        while (await client.get("/internal/pending-tasks"))["size"] < waiting:
            pass
    pause.go.set()
    await within(5, asyncio.gather(*jobs))
    assert done == [3, 1, 2]


async def test_info_is_a_string_of_json(webui: Client) -> None:
    answer = await webui.post("/sdapi/v1/txt2img", SMALL)
    assert isinstance(answer["info"], str)
    assert json.loads(answer["info"])["seed"] == 7
