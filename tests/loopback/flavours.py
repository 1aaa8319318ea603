"""Scripted WebUIs of each kind, with the shapes, the limits and the quirks that were seen on real ones.

Where they differ from A1111 they do so without mercy: what a real one ignores is ignored, and what it chokes on is
answered as it does.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from PIL import Image

from loopback.webui import INTERROGATE, Json, ScriptedWebUI, Turn, encoded, good_answer, picture

#: What Ultimate SD upscale takes, as `script-info` tells it.
ULTIMATE_ARGUMENTS = (
    "", "Tile width", "Tile height", "Mask blur", "Padding", "Width", "Denoise", "Padding", "Upscaler", "Upscaled",
    "Type", "Seams fix", "Mask blur", "Type", "Target size type", "Custom width", "Custom height", "Scale",
)  # fmt: skip
#: A1111's lists beyond those that every scripted WebUI has.
MORE_LISTS = {
    "/sdapi/v1/loras": [{"name": "lighthouses", "alias": "lh", "path": "/models/lighthouses.safetensors"}],
    "/sdapi/v1/prompt-styles": [{"name": "misty", "prompt": "{prompt}, misty", "negative_prompt": ""}],
    "/sdapi/v1/face-restorers": [{"name": "CodeFormer", "cmd_dir": "/m"}, {"name": "GFPGAN", "cmd_dir": None}],
    "/sdapi/v1/embeddings": {
        "loaded": {"EasyNegative": {"shape": 768, "vectors": 8}},
        "skipped": {"ngTI": {"shape": 2048, "vectors": 4}},
    },
    "/sdapi/v1/hypernetworks": [{"name": "ink", "path": "/models/hypernetworks/ink.pt"}],
    "/sdapi/v1/script-info": [
        {"name": "x/y/z plot", "is_alwayson": False, "is_img2img": False, "args": []},
        {"name": "sd upscale", "is_alwayson": False, "is_img2img": True, "args": []},
        {
            "name": "ultimate sd upscale",
            "is_alwayson": False,
            "is_img2img": True,
            "args": [{"label": label} for label in ULTIMATE_ARGUMENTS],
        },
    ],
    "/sdapi/v1/sd-vae": [{"model_name": "soft.safetensors", "filename": "/models/VAE/soft.safetensors"}],
}

#: Options that every A1111 has, whether or not a scripted one lists them.
_ALWAYS = frozenset(
    {"CLIP_stop_at_last_layers", "sd_model_checkpoint", "sd_vae", "return_mask", "return_mask_composite"}
)


def opened(encoded_image: str) -> Image.Image:
    """A picture out of a request; it must be bare base64."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded_image, validate=True)))
    image.load()
    return image


def enlarged(body: Json) -> Json:
    """A1111's answer to extra-single-image: sides are cut to whole latents."""
    image = opened(body["image"])
    if body["resize_mode"] == 1:
        size = body["upscaling_resize_w"], body["upscaling_resize_h"]
        if not body["upscaling_crop"]:
            factor = max(wanted / side for wanted, side in zip(size, image.size, strict=True))
            wide, high = (int(side * factor) // 8 * 8 for side in image.size)
            size = wide, high
    else:
        wide, high = (int(side * body["upscaling_resize"]) // 8 * 8 for side in image.size)
        size = wide, high
    out = io.BytesIO()
    image.resize(size).save(out, "PNG")
    return {"html_info": "", "image": encoded(out.getvalue())}


def enlarged_by(upscaler: str, body: Json) -> Json:
    """As A1111: without an upscaler nothing is resized, and faces are restored all the same."""
    if upscaler == "None":
        return {"html_info": "", "image": body["image"]}
    return enlarged(body)


class A1111WebUI(ScriptedWebUI):
    """AUTOMATIC1111, with a LoRA, a style and a VAE."""

    flavour = "a1111"
    caption = "a lighthouse on a cliff, trending on artstation"

    def __init__(self) -> None:
        super().__init__()
        self.options |= {"sd_vae": "Automatic", "enable_prompt_comments": True}
        self.options |= {"eta_noise_seed_delta": 7, "face_restoration_model": "CodeFormer", "samples_save": True}
        #: How many pictures a script has left in its folder.
        self.saved = 0
        self.lists: dict[str, Any] = dict(MORE_LISTS)
        #: What was left of each prompt once comments and extra networks had been taken out.
        self.painted: list[str] = []
        self.special[INTERROGATE] = self.interrogate

    def _lists(self) -> dict[str, Any]:
        return {**super()._lists(), **self.lists}

    async def usual(self, turn: Turn) -> web.StreamResponse:
        body = turn.body
        overrides = body.get("override_settings", {})
        if strange := overrides.keys() - self.options.keys() - _ALWAYS:
            answer = {"error": "KeyError", "detail": "", "body": "", "errors": f"{min(strange)!r}"}
            return web.json_response(answer, status=500)
        if not body.get("override_settings_restore_afterwards", True):
            self.options |= {name: value for name, value in overrides.items() if name in self.options}
        if turn.request.path.endswith("extra-single-image"):
            return web.json_response(enlarged_by(body["upscaler_1"], body))
        if turn.request.path.endswith("img2img"):
            for sent in (*body["init_images"], *([body["mask"]] if "mask" in body else [])):
                opened(sent)
            if (starts := len(body["init_images"])) > (most := body["batch_size"]):
                wrong = f"bad number of images passed: {starts}; expecting {most} or less"
                answer = {"error": "RuntimeError", "detail": "", "body": "", "errors": wrong}
                return web.json_response(answer, status=500)
        if body.get("script_name"):
            return self._scripted(turn)
        return web.json_response(self.answer(turn))

    def _scripted(self, turn: Turn) -> web.StreamResponse:
        """What a selected script answers; they work on a picture alone."""
        of_pictures = {"sd upscale": self._sd_upscale, "ultimate sd upscale": self._ultimate_sd_upscale}
        name = turn.body["script_name"]
        if name not in of_pictures or not turn.request.path.endswith("img2img"):
            return web.json_response({"detail": f"Script '{name}' not found"}, status=422)
        try:
            return of_pictures[name](turn)
        except (TypeError, ValueError, IndexError) as error:
            answer = {"error": type(error).__name__, "detail": "", "body": "", "errors": str(error)}
            return web.json_response(answer, status=500)

    def _ultimate_sd_upscale(self, turn: Turn) -> web.StreamResponse:
        """As that script: one picture whatever `n_iter` says; with its seams painted anew another before it. What
        stands in a picture is its last tile's, with the tile's size."""
        body = turn.body
        (
            _, tile_width, tile_height, mask_blur, padding, _, _, _, upscaler, saves, _, saves_seams, _, seams, sizing,
            wide, high, scale,
        ) = body["script_args"]  # fmt: skip
        upscalers = self._lists()["/sdapi/v1/upscalers"]
        [source] = body["init_images"]
        if sizing == 0:
            wide, high = body["width"], body["height"]
        elif sizing == 2:
            wide, high = (math.ceil(side * scale / 64) * 64 for side in opened(source).size)
        self.saved += saves + saves_seams
        tile = [math.ceil((side + padding) / 64) * 64 for side in (tile_width, tile_height or tile_width)]
        seed = body["seed"]
        more = (
            f", Ultimate SD upscale upscaler: {upscalers[upscaler]['name']}, Ultimate SD upscale tile_width:"
            f" {tile_width}, Ultimate SD upscale tile_height: {tile_height}, Ultimate SD upscale mask_blur:"
            f" {mask_blur}, Ultimate SD upscale padding: {padding}"
        )
        made = good_answer({**body, "n_iter": 1, "batch_size": 1}, turn.checkpoint)
        info = json.loads(made["info"])
        text = info["infotexts"][0]
        passes = 2 if seams else 1
        info |= {"infotexts": [f"{text}, Size: {wide}x{high}{more}"] * passes}
        told = f"{text}, Size: {tile[0]}x{tile[1]}{more}"
        images = [encoded(picture(wide, high, seed + number, text=told)) for number in reversed(range(passes))]
        return web.json_response({**made, "images": images, "info": json.dumps(info)})

    def _sd_upscale(self, turn: Turn) -> web.StreamResponse:
        """As A1111's `SD upscale`: nothing stands in its pictures, and the seed that it tells is its last tile's."""
        body = turn.body
        _, overlap, upscaler, factor = body["script_args"]
        [source] = body["init_images"]
        wide, high = (int(side * factor // 8 * 8) for side in opened(source).size)
        count, seed = body["n_iter"], body["seed"]
        tiles = [
            math.ceil((side - overlap) / (body[tile] - overlap)) for side, tile in ((wide, "width"), (high, "height"))
        ]
        made = good_answer({**body, "n_iter": 1, "batch_size": 1}, turn.checkpoint)
        info = json.loads(made["info"])
        more = f", SD upscale overlap: {overlap}, SD upscale upscaler: {upscaler}"
        info |= {
            "all_seeds": [seed + count - 1 + math.prod(tiles) - 1],
            "infotexts": [info["infotexts"][0] + more] * count,
        }
        self.saved += count if self.options["samples_save"] else 0
        images = [encoded(picture(wide, high, seed + number)) for number in range(count)]
        return web.json_response({**made, "images": images, "info": json.dumps(info)})

    async def interrogate(self, request: web.Request) -> web.StreamResponse:
        """A1111 knows two models; FastAPI answers 405 to whoever only looks."""
        if request.method != "POST":
            return web.json_response({"detail": "Method Not Allowed"}, status=405)
        body = await request.json()
        if body["model"] not in ("clip", "deepdanbooru"):
            answer = {"error": "HTTPException", "detail": "Model not found", "body": "", "errors": ""}
            return web.json_response(answer, status=404)
        opened(body["image"])
        return web.json_response({"caption": self.caption})

    def _painted(self, body: Json) -> str:
        """As A1111 reads a prompt: whatever it doesn't know for an extra network goes without a word."""
        words = str(body["prompt"])
        if body["override_settings"].get("enable_prompt_comments", self.options.get("enable_prompt_comments")):
            words = re.sub(r"#[^\n]*(\n|$)", "\n", words)
        return re.sub(r"<(\w+):([^>]+)>", "", words)

    def answer(self, turn: Turn) -> Json:
        """To a generation."""
        self.painted.append(self._painted(turn.body))
        good = good_answer(turn.body, turn.checkpoint)
        info = json.loads(good["info"])
        if turn.body.get("subseed_strength"):
            count = len(info["all_seeds"])
            info["all_seeds"] = [turn.body["seed"]] * count
            info["all_subseeds"] = [turn.body["subseed"] + index for index in range(count)]
            info["infotexts"] = []
            good["images"] = [encoded(picture(turn.body["width"], turn.body["height"], 5))] * count
        vae = turn.body["override_settings"].get("sd_vae")
        info["sd_vae_name"] = None if vae == "Automatic" else vae
        good["info"] = json.dumps(info)
        return good


class _ControlNet(A1111WebUI):
    """With ControlNet. Its preprocessors work in the event loop, so that nothing else is answered meanwhile."""

    #: name → what its page calls it.
    preprocessors: Mapping[str, str] = {
        "none": "none",
        "canny": "canny",
        "depth": "depth_midas",
        "openpose_full": "openpose_full",
        "inpaint_only": "inpaint_only",
        "ip-adapter_clip_sd15": "ip-adapter_clip_sd15",
        "clip_vision": "t2ia_style_clipvision",
    }
    #: What it takes where nothing is asked for.
    usual_sliders: Mapping[str, float] = {"processor_res": -1, "threshold_a": -1, "threshold_b": -1}

    def __init__(self) -> None:
        super().__init__()
        script = {"name": "controlnet", "is_alwayson": True, "args": []}
        scripts = [{**script, "is_img2img": is_img2img} for is_img2img in (False, True)]
        self.lists["/sdapi/v1/script-info"] = [*self.lists["/sdapi/v1/script-info"], *scripts]
        self.lists["/controlnet/model_list"] = {"model_list": ["None", "control_v11p_sd15_canny [d14c016b]"]}
        self.special["/controlnet/module_list"] = self._module_list
        self.special["/controlnet/detect"] = self._detect
        self.pose: Json = {"people": [{"pose_keypoints_2d": [1.0, 2.5, 0.123456789]}], "canvas_width": 96}
        #: How many requests came meanwhile. Whoever sent them waits, or by `hangs_up` has waited too long at once.
        self.unanswered, self.hangs_up = 0, False
        self.keeps_on, self.detecting = asyncio.Event(), asyncio.Event()
        self.keeps_on.set()
        self._free = asyncio.Event()
        self._free.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if not self._free.is_set():
            self.unanswered += 1
            if self.hangs_up and request.transport:
                request.transport.abort()
            await self._free.wait()
        return await super()._handle(request)

    async def _module_list(self, request: web.Request) -> web.StreamResponse:
        by_labels = request.query.get("alias_names") == "true"
        detail = {
            "canny": {
                "model_free": False,
                "sliders": [
                    {"name": "Resolution", "value": 512, "min": 64, "max": 2048, "step": 8},
                    {"name": "Canny Low Threshold", "value": 100, "min": 1, "max": 255, "step": 1},
                    None,
                ],
            },
            "none": {"model_free": True, "sliders": []},
        }
        names = self.preprocessors.values() if by_labels else self.preprocessors
        return web.json_response({"module_list": list(names), "module_detail": detail})

    async def _detect(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.json_response({"detail": "Method Not Allowed"}, status=405)
        body = await request.json()
        wrong = self._wrong_with(body)
        if wrong:
            return web.json_response({"detail": wrong}, status=422)
        self._free.clear()
        self.detecting.set()
        try:
            await self.keeps_on.wait()
            return web.json_response(self._detected(body))
        except ValueError as error:  # a resolution below 0
            answer = {"error": "ValueError", "detail": "", "body": "", "errors": str(error)}
            return web.json_response(answer, status=500)
        finally:
            self._free.set()

    def _wrong_with(self, body: Json) -> str:
        name = self._name_of(body.get("controlnet_module", "none"))
        if name is None:
            return "Module not available"
        if name == "clip_vision":
            return "Module not supported"
        images, masks = body.get("controlnet_input_images", []), body.get("controlnet_masks", [])
        if not images:
            return "No image selected"
        if name == "inpaint_only" and len(masks) != len(images):
            return f"Preprocessor {name} requires `controlnet_masks` param."
        return ""

    def _name_of(self, module: str) -> str | None:
        return next((name for name, label in self.preprocessors.items() if module in (name, label)), None)

    def _detected(self, body: Json) -> Json:
        name = self._name_of(body["controlnet_module"])
        if name == "ip-adapter_clip_sd15":
            return {"info": "Success", "tensor": ["UEsDBA=="]}
        images = [self._seen(one, body) for one in body["controlnet_input_images"]]
        poses = {"poses": [self.pose] * len(images)} if name == "openpose_full" else {}
        return {"info": "Success", **poses, "images": images}

    def _seen(self, image: str, body: Json) -> str:
        """Of somebody of whom nothing is seen a picture is black."""
        asked = body.get("controlnet_processor_res", self.usual_sliders["processor_res"])
        shorter = 128 if asked == -1 else asked
        source = opened(image)
        factor = shorter / min(source.size)
        wide, high = (round(side * factor) for side in source.size)
        return encoded(picture(wide, high, None))


class ControlNetWebUI(_ControlNet):
    """A1111 with the extension."""

    def __init__(self) -> None:
        super().__init__()
        self.options |= {"control_net_unit_count": 4}
        self.lists["/controlnet/version"] = {"version": 3}
        self.lists["/controlnet/settings"] = {"control_net_unit_count": 4}
        self.lists["/controlnet/control_types"] = {
            "control_types": {
                "Canny": {
                    "module_list": ["none", "canny"],
                    "model_list": ["None", "control_v11p_sd15_canny [d14c016b]"],
                    "default_option": "canny",
                    "default_model": "control_v11p_sd15_canny [d14c016b]",
                }
            }
        }


class WindowsWebUI(A1111WebUI):
    """A1111 on Windows, with two files of one name in two folders. `wrong`: it takes the other one."""

    def __init__(self) -> None:
        super().__init__()
        self.hashes = {"sd15\\dream.safetensors": "0123456789", "xl\\dream.safetensors": "abcdefabcd"}
        self.options["sd_model_checkpoint"] = "sd15\\dream.safetensors [0123456789]"
        self.wrong = False
        self.lists["/sdapi/v1/sd-models"] = [
            {
                "title": f"{file} [{short}]",
                "model_name": file.replace("\\", "_").removesuffix(".safetensors"),
                "hash": short,
                "filename": f"C:\\sd\\models\\Stable-diffusion\\{file}",
            }
            for file, short in self.hashes.items()
        ]

    def answer(self, turn: Turn) -> Json:
        """It names the file without its folder, as `info` does, and its hash."""
        good = super().answer(turn)
        asked = turn.body["override_settings"]["sd_model_checkpoint"].partition(" [")[0]
        used = next(file for file in self.hashes if (file == asked) != self.wrong)
        info = {**json.loads(good["info"]), "sd_model_name": "dream", "sd_model_hash": self.hashes[used]}
        return {**good, "info": json.dumps(info)}


class ForgeWebUI(A1111WebUI):
    """Forge: VAEs are modules, and a hires pass without a word about them crashes it."""

    flavour = "forge"

    def __init__(self) -> None:
        super().__init__()
        self.options |= {"forge_preset": "sd", "forge_additional_modules": ["/models/VAE/own.safetensors"]}
        del self.special[INTERROGATE]  # as in Forge Neo, which has dropped it
        modules = self.lists.pop("/sdapi/v1/sd-vae")
        self.lists["/sdapi/v1/sd-modules"] = modules

    async def usual(self, turn: Turn) -> web.StreamResponse:
        if turn.body.get("enable_hr") and turn.body.get("hr_additional_modules") is None:
            error = {"error": "TypeError", "detail": "", "body": "", "message": "argument of type 'NoneType' is not"}
            return web.json_response(error, status=500)
        return await super().usual(turn)


class ForgeControlNetWebUI(ForgeWebUI, _ControlNet):
    """Forge has ControlNet built in, with other defaults, less to tell and no masks; for what is no picture it sends
    words."""

    usual_sliders = {"processor_res": 128, "threshold_a": 64, "threshold_b": 64}  # noqa: RUF012

    async def _module_list(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"module_list": [*self.preprocessors.values()]})

    def _wrong_with(self, body: Json) -> str:
        wrong = super()._wrong_with({**body, "controlnet_masks": body.get("controlnet_input_images", [])})
        return "" if wrong == "Module not supported" else wrong

    def _detected(self, body: Json) -> Json:
        if self._name_of(body["controlnet_module"]) in ("ip-adapter_clip_sd15", "clip_vision"):
            return {"images": ["Detect result is not image"], "info": "Success"}
        return super()._detected(body)

    def _seen(self, image: str, body: Json) -> str:
        if body.get("controlnet_processor_res", 1) < 0:
            raise ValueError("height and width must be > 0")
        return super()._seen(image, body)


class ReForgeWebUI(A1111WebUI):
    """reForge: A1111's API throughout, with the first Forge's built-in scripts in its list."""

    flavour = "reforge"

    def __init__(self) -> None:
        super().__init__()
        scripts = ["controlnet", "never oom integrated", "freeu integrated", "prompt matrix"]
        self.lists["/sdapi/v1/scripts"] = {"txt2img": scripts, "img2img": scripts}


class SDNextWebUI(A1111WebUI):
    """SD.Next: JPEG, no model name, no schedulers; null is an error, and so is an unknown sampler.

    What it tells of its progress is the last job's until the next one begins: done, with no job at hand; at work after
    it has enlarged a picture or failed with an exception, for nothing there ends what it has begun to count.
    """

    flavour = "sdnext"
    interrupts_with = 204
    clips = ("ViT-H-14/laion2b_s32b_b79k", "ViT-L-14/openai")

    def _lists(self) -> dict[str, Any]:
        lists = super()._lists()
        lists.pop("/sdapi/v1/latent-upscale-modes")
        return {
            **lists,
            # Files without their endings, and folders with their slashes.
            "/sdapi/v1/sd-models": [
                {"title": name, "model_name": name, "hash": None, "sha256": None, "type": "safetensors", "config": None}
                for name in self.models
            ],
            "/sdapi/v1/version": {"app": "sd.next", "updated": "2026-08-01", "hash": "abc"},
            "/sdapi/v1/samplers": [
                {"name": name, "options": {}} for name in ("Default", "UniPC", "DPM++ 2M", "Euler a")
            ],
            "/sdapi/v1/schedulers": [{"name": "UniPC", "cls": "UniPCMultistepScheduler", "options": {}}],
            "/sdapi/v1/upscalers": [{"name": "None"}, {"name": "Latent Nearest"}, {"name": "RealESRGAN 4x"}],
        }

    async def interrogate(self, request: web.Request) -> web.StreamResponse:
        """Its own names for what looks at pictures, which it lists to whoever only looks."""
        if request.method != "POST":
            return web.json_response(list(self.clips))
        if (await request.json())["model"] not in self.clips:
            return web.json_response({"detail": "Model not found"}, status=404)
        return web.json_response({"caption": self.caption, "medium": None, "artist": None})

    def leave_told(self, jobs: int, fraction: float) -> None:
        """What its state is from now on, whether or not anything runs."""
        state = {**self.progress["state"], "job": "Process" if jobs else "", "job_count": jobs, "sampling_step": 20}
        self.progress = {**self.progress, "progress": fraction, "state": state}

    async def throw(self, turn: Turn) -> web.StreamResponse:
        """As its handler does with a TypeError, whose words are all there is."""
        self.leave_told(1, 0.4)
        return web.json_response("'NoneType' object is not iterable", status=500)

    async def usual(self, turn: Turn) -> web.StreamResponse:
        answer = await self._answer(turn)
        enlarges = turn.request.path.endswith("extra-single-image")
        self.leave_told(1 if enlarges else 0, 0.0 if enlarges else 1.0)
        return answer

    async def _answer(self, turn: Turn) -> web.StreamResponse:
        body = turn.body
        if None in body.values():
            return web.json_response({"detail": [{"loc": ["body"], "msg": "none is not allowed"}]}, status=422)
        if body.get("sampler_name") not in (None, "UniPC", "DPM++ 2M", "Euler a"):
            answer = {"error": "HTTPException", "code": 404, "detail": "Sampler not found", "body": "", "errors": ""}
            return web.json_response(answer, status=404)
        return await super().usual(turn)

    def answer(self, turn: Turn) -> Json:
        good = super().answer(turn)
        info = {key: value for key, value in json.loads(good["info"]).items() if key != "sd_model_name"}
        pixels = [opened(image).size for image in good["images"]]
        seeds = info["all_seeds"]
        good["images"] = [encoded(picture(*size, seed, fmt="JPEG")) for size, seed in zip(pixels, seeds, strict=True)]
        return {**good, "info": json.dumps(info)}


def _up(side: int) -> int:
    return -(-side // 64) * 64


class SDCppWebUI(ScriptedWebUI):
    """sd-server: one model, its own names, sizes up to whole blocks of 64; hardly a word about what it made."""

    flavour = "sdcpp"

    def __init__(self) -> None:
        super().__init__(["dream"])
        self.options = {"samples_format": "png", "sd_model_checkpoint": "dream"}

    def _lists(self) -> dict[str, Any]:
        model = {"title": "dream", "model_name": "dream", "hash": "8888888888", "sha256": "8" * 64, "config": None}
        return {
            "/sdcpp/v1/capabilities": {"modes": ["txt2img"]},
            "/sdapi/v1/options": self.options,
            "/sdapi/v1/sd-models": [model],
            "/sdapi/v1/samplers": [
                {"name": name, "aliases": [], "options": {}} for name in ("default", "euler", "euler_a", "dpm++2m")
            ],
            "/sdapi/v1/schedulers": [{"name": name, "label": name} for name in ("default", "discrete", "karras")],
            "/sdapi/v1/loras": [{"name": "lighthouses", "path": "sub/lighthouses.safetensors"}],
            "/sdapi/v1/upscalers": [{"name": "None"}, {"name": "Lanczos"}],
        }

    async def usual(self, turn: Turn) -> web.StreamResponse:
        body = turn.body
        if None in body.values():
            return web.json_response({"error": "server_error", "message": "type_error.302"}, status=500)
        if not body.get("prompt"):
            return web.json_response({"error": "prompt required"}, status=400)
        known = [entry["name"] for entry in self._lists()["/sdapi/v1/samplers"]]
        sampler = body["sampler_name"] if body.get("sampler_name") in known else "NONE"
        seed = body["seed"] if body["seed"] < 2**31 else 123  # random
        scale = body.get("hr_scale", 1) if body.get("enable_hr") else 1
        wide, high = (int(_up(body[side]) * scale) for side in ("width", "height"))
        seeds = [seed + index for index in range(min(body.get("batch_size", 1), 8))]
        text = f'{body["prompt"]}\nSteps: {body["steps"]}, Seed: {seed}, Model: dream, SDCPP: {{"a": 1}}'
        info = {
            "prompt": body["prompt"], "seed": seed, "steps": min(body["steps"], 100), "all_seeds": seeds,
            "width": body["width"], "height": body["height"], "sampler_name": sampler, "infotexts": [text] * len(seeds),
            "sd_model_name": "dream.safetensors", "version": "stable-diffusion.cpp",
        }  # fmt: skip
        images = [encoded(picture(wide, high, one, text=text)) for one in seeds]
        return web.json_response({"images": images, "parameters": body, "info": json.dumps(info)})


class KoboldWebUI(ScriptedWebUI):
    """koboldcpp 1.76: one picture a call, sizes down to blocks of 64 and clamped, of prompts 800 ASCII letters; nothing
    said of it. `jobs` has the prompts as it reads them."""

    flavour = "koboldcpp"
    vision = False

    def __init__(self) -> None:
        super().__init__(["dream"])
        self.options = {"samples_format": "png", "sd_model_checkpoint": "dream"}

    def _lists(self) -> dict[str, Any]:
        model = {"title": "dream", "model_name": "dream", "hash": "8888888888", "sha256": "8" * 64, "config": None}
        return {
            "/api/extra/version": {"result": "KoboldCpp", "version": "1.76", "txt2img": True, "vision": self.vision},
            "/sdapi/v1/options": self.options,
            "/sdapi/v1/sd-models": [model],
            "/sdapi/v1/samplers": [
                {"name": name, "aliases": [], "options": {}} for name in ("Euler", "Euler a", "DPM++ 2M")
            ],
        }

    async def usual(self, turn: Turn) -> web.StreamResponse:
        body = turn.body
        if None in body.values():
            assert turn.request.transport is not None
            turn.request.transport.abort()
            return web.Response()
        body |= {name: body[name].encode("ascii", "ignore").decode()[:800] for name in ("prompt", "negative_prompt")}
        wide, high = (max(64, min(body[side] // 64 * 64, 1024)) for side in ("width", "height"))
        image = encoded(picture(wide, high, body["seed"], text=""))
        for sent in body.get("init_images", ()):
            try:
                opened(sent)
            except ValueError:
                image = ""
        return web.json_response({"images": [image], "parameters": {}, "info": ""})


class NewKoboldWebUI(KoboldWebUI):
    """koboldcpp of 2026: LoRAs, masks, clip skip, whole factors with --sdupscaler, words with a model that can see."""

    vision = True

    def _lists(self) -> dict[str, Any]:
        return {
            **super()._lists(),
            "/sdapi/v1/loras": [{"name": "lighthouses", "path": "lighthouses.gguf"}],
            "/sdapi/v1/upscalers": [{"name": "ESRGAN_4x", "model_name": "ESRGAN_4x", "scale": 4}],
        }

    async def usual(self, turn: Turn) -> web.StreamResponse:
        if turn.request.path == INTERROGATE:
            return web.json_response({"caption": "The picture shows a lighthouse."})
        if turn.request.path.endswith("extra-single-image"):
            image, factor = opened(turn.body["image"]), int(turn.body["upscaling_resize"])
            out = io.BytesIO()
            image.resize((image.width * factor, image.height * factor)).save(out, "PNG")
            return web.json_response({"html_info": "", "image": encoded(out.getvalue())})
        return await super().usual(turn)


class MinimalWebUI(ScriptedWebUI):
    """Somebody's own program: txt2img, whose answer is pictures and nothing else, and the lists that it is given."""

    flavour = "minimal"

    def __init__(self, *lists: str, img2img: bool = False) -> None:
        super().__init__()
        self.more: Json = {}
        """What its answers hold besides."""
        self._has = [f"/sdapi/v1/{name}" for name in lists]
        self._posts = ["/sdapi/v1/txt2img", *(["/sdapi/v1/img2img"] if img2img else [])]

    def _lists(self) -> dict[str, Any]:
        return {path: found for path, found in super()._lists().items() if path in self._has}

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path in self._posts and request.method != "POST":
            return web.Response(status=405, text="405: Method Not Allowed")
        if request.path.endswith(("/interrupt", "/skip")):
            return web.json_response({"detail": "Not Found"}, status=404)
        return await super()._handle(request)

    async def usual(self, turn: Turn) -> web.StreamResponse:
        body = turn.body
        images = [encoded(picture(body["width"], body["height"], body["seed"], text=None))]
        return web.json_response({"images": images, **self.more})


EVERY = (A1111WebUI, ReForgeWebUI, ForgeWebUI, SDNextWebUI, SDCppWebUI, KoboldWebUI)
