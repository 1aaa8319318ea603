"""AUTOMATIC1111's bodies as the fields of our `Request`. Pure functions.

Its clients send many fields at their defaults and nulls everywhere; those mean nothing. A field that would change the
picture and that the fleet can't honour is refused: a picture made by other rules than asked is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zosma_queue.errors import RequestRefusedError

#: A1111's API takes this many steps when none are named.
DEFAULT_STEPS = 50
_SAME_NAME = (
    "prompt", "negative_prompt", "width", "height", "cfg_scale", "scheduler", "seed", "subseed", "subseed_strength",
)  # fmt: skip
_IMG2IMG = (
    "denoising_strength", "resize_mode", "mask", "mask_blur", "inpainting_fill", "inpaint_full_res",
    "inpaint_full_res_padding", "inpainting_mask_invert",
)  # fmt: skip
#: What A1111's API takes for these when they are not named; its page, and we, start from others.
_IMG2IMG_DEFAULTS = {"inpainting_fill": 0, "inpaint_full_res": True, "inpaint_full_res_padding": 0}
_UPSCALE = ("resize_mode", "upscaling_resize", "upscaling_resize_w", "upscaling_resize_h")
_FACES = ("gfpgan_visibility", "codeformer_visibility", "extras_upscaler_2_visibility")
#: Would change the picture; refused unless they say "off".
_UNSUPPORTED = (
    "alwayson_scripts", "script_name", "tiling", "restore_faces", "refiner_checkpoint", "firstphase_width",
    "firstphase_height", "infotext",
)  # fmt: skip
_OVERRIDES = ("sd_model_checkpoint", "CLIP_stop_at_last_layers", "sd_vae")
#: Overrides that don't touch the picture, or whose value here is what every WebUI does anyway.
_HARMLESS_OVERRIDES = frozenset(
    {"samples_format", "save_images", "return_grid", "enable_pnginfo", "live_previews_enable",
     "show_progress_every_n_steps"}
)  # fmt: skip


def txt2img_fields(body: dict[str, Any], default_checkpoint: str | None = None) -> dict[str, Any]:
    """The request's fields in a txt2img body.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    given = _given(body)
    fields = _common(given, default_checkpoint)
    if given.get("enable_hr"):
        fields["hires"] = _hires(given, fields)
    return fields


def img2img_fields(body: dict[str, Any], default_checkpoint: str | None = None) -> dict[str, Any]:
    """The request's fields in an img2img body; pictures stay base64.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    given = _given(body)
    images = given.get("init_images")
    if not isinstance(images, list) or len(images) != 1:
        raise RequestRefusedError("init_images must be a list of one picture in base64", field="init_images")
    fields = _common(given, default_checkpoint)
    blur = given.get("mask_blur_x")
    start = {**_IMG2IMG_DEFAULTS, **({"mask_blur": blur} if blur is not None else {}), "image": images[0]}
    fields["img2img"] = {**start, **{name: given[name] for name in _IMG2IMG if name in given}}
    return fields


def upscale_fields(body: dict[str, Any]) -> dict[str, Any]:
    """The request's fields in an extra-single-image body; the picture stays base64.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    given = _given(body)
    for name in _FACES:
        _refuse(given, name)
    if given.get("resize_mode") == 1 and given.get("upscaling_crop") is False:
        raise RequestRefusedError("upscaling_crop must be true with resize_mode 1", field="upscaling_crop")
    upscale = {"image": given.get("image", ""), **{name: given[name] for name in _UPSCALE if name in given}}
    if given.get("upscaler_1") not in (None, "", "None"):
        upscale["upscaler_1"] = given["upscaler_1"]
    return {"upscale": upscale}


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _refuse(given: dict[str, Any], name: str) -> None:
    if given.get(name):
        raise RequestRefusedError(f"{name} is not supported by this server: leave it out", field=name)


def _common(given: dict[str, Any], default_checkpoint: str | None) -> dict[str, Any]:
    """What txt2img and img2img share."""
    for name in _UNSUPPORTED:
        _refuse(given, name)
    fields = {name: given[name] for name in _SAME_NAME if name in given}
    fields["steps"] = given.get("steps", DEFAULT_STEPS)
    sampler = given.get("sampler_name") or given.get("sampler_index")
    if sampler:
        fields["sampler"] = sampler
    fields["count"] = _count(given)
    if given.get("styles"):
        fields["styles"] = given["styles"]
    fields |= _overrides(given.get("override_settings") or {})
    if default_checkpoint:
        fields.setdefault("checkpoint", default_checkpoint)
    return {"prompt": "", **fields}


def _whole(given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    try:
        if isinstance(value, bool):
            raise TypeError
        return int(value)
    except (TypeError, ValueError):
        raise RequestRefusedError(f"{name} is {str(value)[:60]!r}: it must be a whole number", field=name) from None


def _count(given: dict[str, Any]) -> int:
    batch_size, n_iter = _whole(given, "batch_size", 1), _whole(given, "n_iter", 1)
    for name, value in (("batch_size", batch_size), ("n_iter", n_iter)):
        if value < 1:
            raise RequestRefusedError(f"{name} is {value}: it must be 1 or more", field=name)
    return batch_size * n_iter


def _hires(given: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    wide, high = _whole(given, "hr_resize_x", 0), _whole(given, "hr_resize_y", 0)
    if wide or high:
        raise RequestRefusedError("hr_resize_x and hr_resize_y are not supported: use hr_scale", field="hr_resize_x")
    hires = {"scale": given.get("hr_scale", 2.0), "denoise": given.get("denoising_strength", 0.75)}
    if given.get("hr_second_pass_steps"):
        hires["steps"] = given["hr_second_pass_steps"]
    if given.get("hr_upscaler"):
        hires["upscaler"] = given["hr_upscaler"]
    for name in ("hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt"):
        _refuse(given, name)
    return hires


def _overrides(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise RequestRefusedError("override_settings must be an object", field="override_settings")
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or name in _HARMLESS_OVERRIDES or (name == "sd_vae" and value in ("Automatic", "")):
            continue
        if name not in _OVERRIDES:
            raise RequestRefusedError(
                f"override_settings.{name} is not supported: {', '.join(_OVERRIDES)} are",
                field=f"override_settings.{name}",
            )
        if name == "sd_model_checkpoint" and value:
            fields["checkpoint"] = value
        elif name == "CLIP_stop_at_last_layers":
            fields["clip_skip"] = value
        elif name == "sd_vae":
            fields["vae"] = value
    return fields


_A1111_NAMES = {
    "sampler": "sampler_name",
    "checkpoint": "override_settings.sd_model_checkpoint",
    "clip_skip": "override_settings.CLIP_stop_at_last_layers",
    "count": "batch_size × n_iter",
    "hires.scale": "hr_scale",
    "hires.steps": "hr_second_pass_steps",
    "hires.denoise": "denoising_strength",
    "hires.upscaler": "hr_upscaler",
    "vae": "override_settings.sd_vae",
    "img2img.image": "init_images",
}


@contextmanager
def in_a1111s_words() -> Iterator[None]:
    """Refusals in this block name A1111's fields."""
    try:
        yield
    except RequestRefusedError as error:
        raise _renamed(error) from None


def _renamed(error: RequestRefusedError) -> RequestRefusedError:
    """The same refusal in A1111's words."""
    if error.field is None:
        return error
    name = _A1111_NAMES.get(error.field) or error.field.removeprefix("img2img.").removeprefix("upscale.")
    if name == error.field:
        return error
    return RequestRefusedError(error.under(name), detail=error.detail, code=error.code, field=name, values=error.values)
