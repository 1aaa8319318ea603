"""The unmodified `webuiapi` from PyPI: its methods against the whole fleet, and against the WebUI itself beside it."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from PIL import Image

from loopback.webui import Address
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_queue.tasks import end
from zosma_webui.app import WebUI
from zosma_webui.app import serve as serve_webui

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its old string escapes
    import webuiapi

Api = Any


def picture(color: str = "red") -> Image.Image:
    return Image.new("RGB", (64, 64), color)


SMALL = {"width": 64, "height": 64, "steps": 2, "seed": 5}


def in_background(api: Api) -> Any:
    """`use_async` wants an event loop of its own."""

    async def ask() -> Any:
        return await api.txt2img(prompt="a cat", use_async=True, **SMALL)

    return asyncio.run(ask())


def set_model(api: Api) -> Any:
    api.util_set_model("anime")
    return api.util_get_current_model()


def set_model_by_title(api: Api) -> Any:
    api.util_set_model(api.util_get_model_names()[0], find_closest=False)
    return api.util_get_current_model()


#: What programs do with it, its defaults everywhere else.
CALLS: dict[str, Callable[[Api], Any]] = {
    "txt2img": lambda api: api.txt2img(prompt="a cat", **SMALL),
    "txt2img with nothing said": lambda api: api.txt2img(width=64, height=64),
    "txt2img, a set": lambda api: api.txt2img(prompt="a cat", batch_size=2, n_iter=2, **SMALL),
    "txt2img without pictures": lambda api: api.txt2img(prompt="a cat", send_images=False, **SMALL),
    "txt2img, other sampler": lambda api: api.txt2img(
        prompt="a cat", sampler_name="DPM++ 2M", scheduler="karras", cfg_scale=5, negative_prompt="dog", **SMALL
    ),
    "txt2img, restored faces": lambda api: api.txt2img(prompt="a cat", restore_faces=True, **SMALL),
    "txt2img, tiling": lambda api: api.txt2img(prompt="a cat", tiling=True, **SMALL),
    "txt2img, styles": lambda api: api.txt2img(prompt="a cat", styles=["misty", "None"], **SMALL),
    "txt2img, variation": lambda api: api.txt2img(prompt="a cat", subseed=3, subseed_strength=0.5, **SMALL),
    "txt2img, hires": lambda api: api.txt2img(prompt="a cat", enable_hr=True, hr_scale=1.5, **SMALL),
    "txt2img, hires to a size": lambda api: api.txt2img(
        prompt="a cat",
        enable_hr=True,
        hr_resize_x=96,
        hr_resize_y=128,
        hr_upscaler=webuiapi.HiResUpscaler.Latent,
        **SMALL,
    ),
    "txt2img, hires by None": lambda api: api.txt2img(
        prompt="a cat", enable_hr=True, hr_upscaler=webuiapi.HiResUpscaler.none, **SMALL
    ),
    "txt2img, checkpoint": lambda api: api.txt2img(
        prompt="a cat", override_settings={"sd_model_checkpoint": "anime"}, **SMALL
    ),
    "txt2img, async": in_background,
    "txt2img, no such sampler": lambda api: api.txt2img(prompt="a cat", sampler_name="Eular", **SMALL),
    "txt2img, a script": lambda api: api.txt2img(prompt="a cat", script_name="X/Y/Z plot", script_args=[1], **SMALL),
    "txt2img, ControlNet": lambda api: api.txt2img(
        prompt="a cat", controlnet_units=[webuiapi.ControlNetUnit(image=picture(), module="canny")], **SMALL
    ),
    "img2img": lambda api: api.img2img(images=[picture()], prompt="a cat", **SMALL),
    "img2img with nothing said": lambda api: api.img2img(images=[picture()], width=64, height=64),
    "img2img, inpainting": lambda api: api.img2img(images=[picture()], mask_image=picture("white"), **SMALL),
    "img2img, its pictures too": lambda api: api.img2img(images=[picture()], include_init_images=True, **SMALL),
    "img2img without a picture": lambda api: api.img2img(prompt="a cat", **SMALL),
    "extra_single_image": lambda api: api.extra_single_image(
        picture(), upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=2
    ),
    "extra_single_image to a size": lambda api: api.extra_single_image(
        picture(), resize_mode=1, upscaling_resize_w=100, upscaling_resize_h=80, upscaler_1="Lanczos"
    ),
    "extra_batch_images": lambda api: api.extra_batch_images(
        [picture(), picture("blue")], upscaler_1="Lanczos", upscaling_resize=2
    ),
    "png_info": lambda api: api.png_info(api.txt2img(prompt="a cat", **SMALL).image),
    "png_info of nothing": lambda api: api.png_info(picture()),
    "interrogate": lambda api: api.interrogate(picture()),
    "img2img of two pictures": lambda api: api.img2img(
        images=[picture(), picture("blue")], batch_size=2, prompt="a cat", **SMALL
    ),
    "interrupt": lambda api: api.interrupt(),
    "skip": lambda api: api.skip(),
    "get_options": lambda api: {
        name: api.get_options()[name] for name in ("sd_model_checkpoint", "CLIP_stop_at_last_layers", "samples_format")
    },
    "set_options": lambda api: api.set_options({"CLIP_stop_at_last_layers": 1}),
    "util_set_model": set_model,
    "util_set_model, by title": set_model_by_title,
    "get_cmd_flags": lambda api: type(api.get_cmd_flags()),
    "get_progress": lambda api: api.get_progress(),
    "get_samplers": lambda api: sorted(one["name"] for one in api.get_samplers()),
    "get_schedulers": lambda api: sorted(one["label"] for one in api.get_schedulers()),
    "get_sd_vae": lambda api: api.get_sd_vae(),
    "get_upscalers": lambda api: sorted(one["name"] for one in api.get_upscalers()),
    "get_latent_upscale_modes": lambda api: api.get_latent_upscale_modes(),
    "get_loras": lambda api: api.get_loras(),
    "get_sd_models": lambda api: sorted((one["title"], one["model_name"], one["hash"]) for one in api.get_sd_models()),
    "get_hypernetworks": lambda api: api.get_hypernetworks(),
    "get_face_restorers": lambda api: api.get_face_restorers(),
    "get_realesrgan_models": lambda api: api.get_realesrgan_models(),
    "get_prompt_styles": lambda api: api.get_prompt_styles(),
    "refresh_checkpoints": lambda api: api.refresh_checkpoints(),
    "get_scripts": lambda api: api.get_scripts(),
    "get_embeddings": lambda api: api.get_embeddings(),
    "get_memory": lambda api: sorted(api.get_memory()),
    "get_artists": lambda api: api.get_artists(),
    "get_artist_categories": lambda api: api.get_artist_categories(),
    "controlnet_version": lambda api: api.controlnet_version(),
    "controlnet_model_list": lambda api: api.controlnet_model_list(),
    "controlnet_module_list": lambda api: api.controlnet_module_list(),
    "controlnet_detect": lambda api: api.controlnet_detect([picture()]),
    "list_prompt_gen_models": lambda api: api.list_prompt_gen_models(),
    "prompt_gen": lambda api: api.prompt_gen("a cat"),
    "custom_get": lambda api: api.custom_get("internal/ping", baseurl=True),
    "custom_get, unknown": lambda api: api.custom_get("unheard-of"),
    "custom_post": lambda api: api.custom_post("refresh-loras"),
    "get_endpoint": lambda api: api.get_endpoint("controlnet/version", baseurl=True).partition("/controlnet")[2],
    "check_extensions": lambda api: api.check_extensions(),
    "set_auth": lambda api: api.set_auth("ann", "a password that nobody asks for"),
    "util_get_model_names": lambda api: api.util_get_model_names(),
    "util_get_current_model": lambda api: api.util_get_current_model(),
    "util_get_sampler_names": lambda api: api.util_get_sampler_names(),
    "util_get_scheduler_names": lambda api: api.util_get_scheduler_names(),
    "util_wait_for_ready": lambda api: api.util_wait_for_ready(check_interval=0.01),
}

#: Where the fleet answers otherwise than the WebUI alone (what it answers, what the WebUI does), and why that is meant.
MEANT = {
    # A1111 takes its default without a word; the picture would not be what was asked for.
    "txt2img, no such sampler": ("HTTP 422", "a result"),
    # A1111 breaks down on an empty list, and says this for none at all.
    "img2img without a picture": ("HTTP 404", "HTTP 500"),
    # The built-in WebUI has it not; the fleet makes it of single ones.
    "extra_batch_images": ("a result", "HTTP 404"),
    # A WebUI remembers that it was interrupted; a fleet has no state that is everybody's.
    "get_progress": ("a dict", "a dict"),
}


def seen(result: Any) -> Any:
    """What of a result can be compared."""
    if isinstance(result, dict) and result.get("detail") == "Not Found":
        return "HTTP 404"  # it looks at no status; our errors say more
    if not isinstance(result, webuiapi.WebUIApiResult):
        return result
    info = result.info if isinstance(result.info, dict) else {}
    parameters = result.parameters
    drawn = isinstance(parameters, dict) and parameters.get("steps") != SMALL["steps"]  # its seed is its own
    return {
        "pictures": [image.size for image in result.images],
        "pixels": [] if drawn else [image.convert("RGB").tobytes() for image in result.images],
        "parameters": sorted(parameters) if isinstance(parameters, dict) else parameters,
        "seeds": None if drawn else info.get("all_seeds"),
        "texts": len(info.get("infotexts", [])),
        "info": sorted(info),
    }


def does(call: Callable[[Api], Any], url: str) -> Any:
    """What a program sees; for an error, its status."""
    api = webuiapi.WebUIApi(baseurl=f"{url}/sdapi/v1")
    with closing(api.session):
        try:
            return seen(call(api))
        except RuntimeError as error:
            return f"HTTP {error.args[0]}"
        except KeyError as error:  # an error's body, in which it looks for what it asked for
            return f"no {error.args[0]}"


@pytest.fixture(name="urls")
async def _urls(queue, join):
    """(address of a fleet of one WebUI, address of another like it)."""
    hub = Hub(queue)
    listening = asyncio.create_task(hub.run())
    await hub.live.wait()
    builtin = {"load_seconds": 0.0, "step_seconds": 0.002}
    async with (
        serve_webui(WebUI(["dream", "anime"], **builtin)) as its_own,
        serve_webui(WebUI(["dream", "anime"], **builtin)) as beside,
    ):
        await join(Address(its_own))
        async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as fleet:
            yield fleet, beside
    await end(listening)


def kind(found: Any) -> str:
    if isinstance(found, str):
        return found
    return "a result" if isinstance(found, dict) and "pictures" in found else f"a {type(found).__name__}"


def test_every_method_is_called():
    #: What the methods themselves call.
    inner = {"async_post", "post_and_get_api_result"}
    public = {name for name, one in vars(webuiapi.WebUIApi).items() if callable(one) and not name.startswith("_")}
    called = {name.partition(",")[0].partition(" ")[0] for name in CALLS}

    assert public - inner <= called


async def test_every_method_does_on_the_fleet_what_it_does_on_a_webui(urls):
    different = {}
    for name, call in CALLS.items():
        ours, theirs = [await asyncio.to_thread(does, call, url) for url in urls]
        if name in MEANT:
            different[name] = (kind(ours), kind(theirs))
        else:
            assert ours == theirs, name

    assert different == MEANT
