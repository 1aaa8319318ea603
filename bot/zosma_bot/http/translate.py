"""AUTOMATIC1111's txt2img body as our `Request`. Pure functions.

Its clients send many fields at their defaults and nulls everywhere; those mean nothing. A field that would change the
picture and that the fleet can't honour is refused: a picture made by other rules than asked is worse than none.
"""

from __future__ import annotations

from typing import Any

from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import Request, parse_request

#: A1111's API takes this many steps when none are named.
DEFAULT_STEPS = 50
_SAME_NAME = ("prompt", "negative_prompt", "width", "height", "cfg_scale", "scheduler", "seed")
#: Would change the picture; refused unless they say "off".
_UNSUPPORTED = (
    "alwayson_scripts", "script_name", "styles", "subseed_strength", "tiling", "restore_faces", "refiner_checkpoint",
    "firstphase_width", "firstphase_height", "infotext",
)  # fmt: skip
_OVERRIDES = ("sd_model_checkpoint", "CLIP_stop_at_last_layers")
#: Overrides that don't touch the picture, or whose value here is what every WebUI does anyway.
_HARMLESS_OVERRIDES = frozenset(
    {"samples_format", "save_images", "return_grid", "enable_pnginfo", "live_previews_enable",
     "show_progress_every_n_steps"}
)  # fmt: skip


def request_of(body: dict[str, Any], default_checkpoint: str | None = None) -> Request:
    """The request in a txt2img body.

    Raises:
      RequestRefusedError: names the A1111 field that is at fault.
    """
    given = {name: value for name, value in body.items() if value is not None}
    for name in _UNSUPPORTED:
        if given.get(name):
            raise RequestRefusedError(f"{name} is not supported by this server: leave it out", field=name)
    fields = {name: given[name] for name in _SAME_NAME if name in given}
    fields["steps"] = given.get("steps", DEFAULT_STEPS)
    sampler = given.get("sampler_name") or given.get("sampler_index")
    if sampler:
        fields["sampler"] = sampler
    fields["count"] = _count(given)
    if given.get("enable_hr"):
        fields["hires"] = _hires(given, fields)
    fields |= _overrides(given.get("override_settings") or {})
    if default_checkpoint:
        fields.setdefault("checkpoint", default_checkpoint)
    try:
        return parse_request({"prompt": "", **fields})
    except RequestRefusedError as error:
        raise _renamed(error) from None


def _whole(given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    try:
        if isinstance(value, bool):
            raise TypeError
        return int(value)
    except (TypeError, ValueError):
        raise RequestRefusedError(f"{name} is {value!r}: it must be a whole number", field=name) from None


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
        if given.get(name):
            raise RequestRefusedError(f"{name} is not supported by this server: leave it out", field=name)
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
                f"override_settings.{name} is not supported: {' and '.join(_OVERRIDES)} are",
                field=f"override_settings.{name}",
            )
        if name == "sd_model_checkpoint" and value:
            fields["checkpoint"] = value
        elif name == "CLIP_stop_at_last_layers":
            fields["clip_skip"] = value
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
}


def _renamed(error: RequestRefusedError) -> RequestRefusedError:
    """The same refusal in A1111's words."""
    name = _A1111_NAMES.get(error.field or "")
    if name is None or error.field is None:
        return error
    return RequestRefusedError(str(error).replace(error.field, name, 1), field=name)
