"""AUTOMATIC1111's bodies as the fields of our `Request`. Pure functions.

Its clients send many fields at their defaults and nulls everywhere; those mean nothing. What only some WebUIs have
travels on as it is, and finds its worker by it. A field that would change the picture and that nobody can honour is
refused: a picture made by other rules than asked is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from zosma_bot.http.a1111_fields import is_nothing
from zosma_bot.http.a1111_options import is_default, override_fields
from zosma_bot.http.a1111_scripts import ARGUMENTS, SELECTED, tile_script_fields, used_scripts
from zosma_queue.a1111_options import FIELD as OPTIONS
from zosma_queue.errors import RequestRefusedError
from zosma_queue.needs import CONTROLNET, DETECT_MASKED, SEVERAL_STARTS
from zosma_queue.request import COUNT_MAX, INTERROGATORS, SCRIPTS
from zosma_queue.sampler_names import parted
from zosma_queue.tiles import SD_UPSCALE, ULTIMATE_SD_UPSCALE

#: A1111's API takes this many steps when none are named.
DEFAULT_STEPS = 50
#: Seeds of A1111 below 0 are drawn.
_DRAWN = -1
_SAME_NAME = ("prompt", "negative_prompt", "width", "height", "cfg_scale", "subseed_strength")
_IMG2IMG = (
    "denoising_strength", "resize_mode", "mask_blur", "inpainting_fill", "inpaint_full_res",
    "inpaint_full_res_padding",
)  # fmt: skip
#: What A1111's API takes for these when they are not named; its page, and we, start from others.
_IMG2IMG_DEFAULTS = {"inpainting_fill": 0, "inpaint_full_res": True, "inpaint_full_res_padding": 0}
_UPSCALE = (
    "resize_mode", "upscaling_resize", "upscaling_resize_w", "upscaling_resize_h", "gfpgan_visibility",
    "codeformer_visibility", "codeformer_weight", "upscale_first", "extras_upscaler_2_visibility", "upscaling_crop",
)  # fmt: skip
#: Fields that reach the WebUI as they are, and the values beside null at which they change nothing.
_EXTRAS: Mapping[str, tuple[Any, ...]] = {
    "disable_extra_networks": (False,),
    "distilled_cfg_scale": (3.5,),
    "eta": (1.0,),
    "image_cfg_scale": (1.5,),
    "initial_noise_multiplier": (1.0,),
    "restore_faces": (False,),
    "s_churn": (0,),
    "s_min_uncond": (0,),
    "s_noise": (1.0,),
    "s_tmax": (0,),
    "s_tmin": (0,),
    "tiling": (False,),
}
#: Samplers that have no use for `eta`. Clients copy `"eta": 0` from the example in A1111's own description.
_WITHOUT_ETA = frozenset({"euler", "heun", "lms", "dpm2", "dpm++ 2m", "unipc", "plms", "restart"})
_HIRES_EXTRAS = ("hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt")
#: Would change the picture; refused unless they say "off".
_UNSUPPORTED = ("infotext", "latent_mask", "firstpass_image")


def txt2img_fields(given: Mapping[str, Any], chosen: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The request's fields in the fields of a txt2img body. `chosen` holds what its sender has set by options.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    tile_script_fields(given, (), starts=False)
    fields = _common(given, chosen)
    for name in ("firstphase_width", "firstphase_height"):
        _refuse(given, name)
    if given.get("enable_hr"):
        fields["hires"] = _hires(given)
        fields["a1111"] |= {name: given[name] for name in _HIRES_EXTRAS if not is_nothing(given.get(name))}
    return fields


def img2img_fields(given: Mapping[str, Any], chosen: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The request's fields in the fields of an img2img body; pictures stay base64. `chosen` is as in `txt2img_fields`.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    images = given.get("init_images")
    if not isinstance(images, list) or not 0 < len(images) <= COUNT_MAX:
        raise RequestRefusedError(
            f"init_images must be a list of 1 to {COUNT_MAX} pictures in base64", field="init_images"
        )
    fields = _common(given, chosen)
    start = {**_IMG2IMG_DEFAULTS, "image": images[0], **{name: given[name] for name in _IMG2IMG if name in given}}
    if len(images) > 1:
        if len(images) > given.get("batch_size", 1):
            raise RequestRefusedError(
                f"init_images has {len(images)} pictures: batch_size must be as many, for each starts one",
                field="init_images",
            )
        start["more_images"] = images[1:]
        fields["count"] = len(images) * given.get("n_iter", 1)
    if not is_nothing(given.get("mask")):
        start["mask"] = given["mask"]
        across, down = (given.get(name, 4) for name in ("mask_blur_x", "mask_blur_y"))
        if "mask_blur" not in given and across != down:
            fields["a1111"] |= {"mask_blur_x": across, "mask_blur_y": down}
        elif "mask_blur" not in given:
            start["mask_blur"] = across
        if not given.get("mask_round", True):
            fields["a1111"]["mask_round"] = False
    if in_tiles := tile_script_fields(given, chosen.get("upscalers", ()), starts=True):
        if len(images) > 1:
            raise RequestRefusedError(
                f"init_images has {len(images)} pictures: {given[SELECTED]!r} starts from one", field="init_images"
            )
        # A batch of the first is of tiles, and the other makes one picture whatever is asked for.
        fields |= {**in_tiles, "count": given.get("n_iter", 1) if "sd_upscale" in in_tiles else 1}
    start["inpainting_mask_invert"] = bool(given.get("inpainting_mask_invert"))
    fields["img2img"] = start
    return fields


def upscale_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The request's fields in the fields of an extra-single-image body; the picture stays base64.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    upscale = {"image": given.get("image", ""), **{name: given[name] for name in _UPSCALE if name in given}}
    upscale |= {name: given[name] for name in ("upscaler_1", "upscaler_2") if not is_nothing(given.get(name))}
    return {"upscale": upscale}


def interrogate_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The request's fields in the fields of an interrogate body; the picture stays base64."""
    return {"interrogate": {"image": given.get("image", ""), "model": given.get("model") or INTERROGATORS[0]}}


def detect_fields(given: Mapping[str, Any], image: Any, mask: Any) -> dict[str, Any]:
    """The request's fields in the fields of a body of ControlNet's `detect`, for one of its pictures."""
    detect = {"image": image, "module": given.get("controlnet_module", "none")}
    if mask is not None:
        detect["mask"] = mask
    # Below 0 is the extension's word for a preprocessor's own; Forge would take it as it is.
    own = {name: given.get(f"controlnet_{name}", -1) for name in ("processor_res", "threshold_a", "threshold_b")}
    return {"detect": {**detect, **{name: value for name, value in own.items() if value >= 0}}}


def _refuse(given: Mapping[str, Any], name: str) -> None:
    if given.get(name) and not is_nothing(given[name]):
        raise RequestRefusedError(f"{name} is not supported by this server: leave it out", field=name)


def _common(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What txt2img and img2img share."""
    for name in _UNSUPPORTED:
        _refuse(given, name)
    fields = {"prompt": "", **{name: given[name] for name in _SAME_NAME if name in given}}
    fields["steps"] = given.get("steps", DEFAULT_STEPS)
    fields |= {name: max(_DRAWN, given[name]) for name in ("seed", "subseed") if name in given}
    named = next((given[name] for name in ("sampler_name", "sampler_index") if not is_nothing(given.get(name))), None)
    fields["sampler"] = named or chosen.get("sampler")
    if not is_nothing(given.get("scheduler")):
        fields["scheduler"] = given["scheduler"]
    fields["count"] = _count(given)
    fields["styles"] = _styles(given.get("styles"), chosen.get("styles", ()))
    overrides = given.get("override_settings") or {}
    own = override_fields(overrides)
    fields |= {name: own.get(name, chosen.get(name)) for name in ("checkpoint", "clip_skip", "vae")}
    fields["a1111"] = {**_extras(given), **own.get("a1111", {})}
    second = given.get("hr_sampler_name") if given.get("enable_hr") else None
    if _has_no_eta(fields["sampler"]) and (is_nothing(second) or _has_no_eta(second)):
        fields["a1111"].pop("eta", None)
    # What a body names holds, also where it names A1111's default and so asks for nothing.
    options = {
        name: value
        for name, value in chosen.get("options", {}).items()
        if name not in overrides and not is_default(name, value)
    }
    if options := {**options, **fields["a1111"].get(OPTIONS, {})}:
        fields["a1111"][OPTIONS] = options
    return fields


def _has_no_eta(sampler: str | None) -> bool:
    """True for one that draws no noise between its steps; False where nobody can say."""
    if sampler is None:
        return False
    name, _ = parted(sampler) or (sampler, "")
    return name.strip().casefold() in _WITHOUT_ETA


def _styles(given: Any, known: Any) -> list[Any]:
    """The styles that there are. A1111 takes no notice of others, and clients' menus begin with "None"."""
    if given is None:
        return []
    if not isinstance(given, list):
        raise RequestRefusedError("styles must be a list of names", field="styles")
    wrong = next((one for one in given if not (one is None or isinstance(one, str))), None)
    if wrong is not None:
        raise RequestRefusedError(f"styles has {str(wrong)[:60]!r}: it must be a list of names", field="styles")
    names = {name.casefold() for name in known}
    return [one for one in given if isinstance(one, str) and one.strip().casefold() in names]


def _extras(given: Mapping[str, Any]) -> dict[str, Any]:
    """What asks a WebUI for more than our own fields do."""
    extras = {name: given[name] for name, idle in _EXTRAS.items() if name in given and given[name] not in idle}
    extras |= {
        name: given[name] for name in ("seed_resize_from_w", "seed_resize_from_h") if given.get(name, _DRAWN) > 0
    }
    if not is_nothing(given.get("refiner_checkpoint")) and given.get("refiner_switch_at"):
        extras |= {name: given[name] for name in ("refiner_checkpoint", "refiner_switch_at")}
    if scripts := used_scripts(given.get(SCRIPTS)):
        extras[SCRIPTS] = {name: {"args": args} for name, args in scripts.items()}
    return extras


def _count(given: Mapping[str, Any]) -> int:
    batch_size, n_iter = given.get("batch_size", 1), given.get("n_iter", 1)
    for name, value in (("batch_size", batch_size), ("n_iter", n_iter)):
        if value < 1:
            raise RequestRefusedError(f"{name} is {value}: it must be 1 or more", field=name)
    return int(batch_size * n_iter)


def _hires(given: Mapping[str, Any]) -> dict[str, Any]:
    hires = {
        "scale": given.get("hr_scale", 2.0),
        "denoise": given.get("denoising_strength", 0.75),
        "width": given.get("hr_resize_x", 0),
        "height": given.get("hr_resize_y", 0),
    }
    if given.get("hr_second_pass_steps"):
        hires["steps"] = given["hr_second_pass_steps"]
    if not is_nothing(given.get("hr_upscaler")):
        hires["upscaler"] = given["hr_upscaler"]
    return hires


_A1111_NAMES = {
    "sampler": "sampler_name",
    "checkpoint": "override_settings.sd_model_checkpoint",
    "clip_skip": "override_settings.CLIP_stop_at_last_layers",
    "count": "batch_size × n_iter",
    "hires.scale": "hr_scale",
    "hires.steps": "hr_second_pass_steps",
    "hires.denoise": "denoising_strength",
    "hires.upscaler": "hr_upscaler",
    "hires.width": "hr_resize_x",
    "hires.height": "hr_resize_y",
    "vae": "override_settings.sd_vae",
    "img2img.image": "init_images",
    "img2img.more_images": "init_images",
    "interrogate": "/sdapi/v1/interrogate",
    "interrogate.image": "image",
    "interrogate.model": "model",
    "a1111": SCRIPTS,
    "detect.module": "controlnet_module",
    "detect.image": "controlnet_input_images",
    "detect.mask": "controlnet_masks",
    "detect.processor_res": "controlnet_processor_res",
    "detect.threshold_a": "controlnet_threshold_a",
    "detect.threshold_b": "controlnet_threshold_b",
    "sd_upscale": SELECTED,
    "ultimate_sd_upscale": SELECTED,
}
#: Begin what is among a script's arguments.
_OF_SCRIPTS = ("sd_upscale.", "ultimate_sd_upscale.")
#: Ends the name of a picture that stands in a list.
_LIST_ENTRY = re.compile(r"\.\d+$")


@contextmanager
def in_a1111s_words(*, options: bool = False) -> Iterator[None]:
    """Refusals in this block name A1111's fields. `options`: the body is one of options, with nothing around them."""
    try:
        yield
    except RequestRefusedError as error:
        if error.code == "infeasible-lacking":
            raise RequestRefusedError(
                str(error), code=error.code, field=_lacking_field(error.values), values=error.values
            ) from None
        if error.field is None:
            raise
        raise _renamed(error, options) from None


def _lacking_field(lacking: Mapping[str, Any]) -> str | None:
    """The field that asks for what nobody has."""
    if lacking["name"] in (SD_UPSCALE, ULTIMATE_SD_UPSCALE):
        return SELECTED
    kinds = {
        "field": str(lacking["name"]), "script": SCRIPTS, "controlnet": SCRIPTS, SEVERAL_STARTS: "init_images",
        DETECT_MASKED: "controlnet_masks",
    }  # fmt: skip
    kind = str(lacking["kind"])
    return SCRIPTS if kind.endswith(f"units of {CONTROLNET}") else kinds.get(kind)


def _renamed(error: RequestRefusedError, options: bool) -> RequestRefusedError:
    """The same refusal in A1111's words."""
    field = error.field or ""
    name = _A1111_NAMES.get(_LIST_ENTRY.sub("", field)) or field.removeprefix("img2img.").removeprefix("upscale.")
    name = ARGUMENTS if field.startswith(_OF_SCRIPTS) else name
    if options:
        name = name.removeprefix(f"{OPTIONS}.")
    if name == field:
        return error
    return RequestRefusedError(error.under(name), detail=error.detail, code=error.code, field=name, values=error.values)
