"""The fields of A1111's bodies (v1.10): their kinds and defaults. They are read as A1111 reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from zosma_queue.errors import RequestRefusedError

#: Kind and default of what txt2img and img2img share.
_SHARED: dict[str, tuple[str, Any]] = {
    "prompt": ("text", ""),
    "negative_prompt": ("text", ""),
    "styles": ("any", None),
    "seed": ("whole", -1),
    "subseed": ("whole", -1),
    "subseed_strength": ("number", 0),
    "seed_resize_from_h": ("whole", -1),
    "seed_resize_from_w": ("whole", -1),
    "sampler_name": ("text", None),
    "scheduler": ("text", None),
    "batch_size": ("whole", 1),
    "n_iter": ("whole", 1),
    "steps": ("whole", 50),
    "cfg_scale": ("number", 7.0),
    "width": ("whole", 512),
    "height": ("whole", 512),
    "restore_faces": ("switch", None),
    "tiling": ("switch", None),
    "do_not_save_samples": ("switch", False),
    "do_not_save_grid": ("switch", False),
    "eta": ("number", None),
    "denoising_strength": ("number", None),
    "s_min_uncond": ("number", None),
    "s_churn": ("number", None),
    "s_tmax": ("number", None),
    "s_tmin": ("number", None),
    "s_noise": ("number", None),
    "override_settings": ("any", None),
    "override_settings_restore_afterwards": ("switch", True),
    "refiner_checkpoint": ("text", None),
    "refiner_switch_at": ("number", None),
    "disable_extra_networks": ("switch", False),
    "firstpass_image": ("any", None),
    "comments": ("any", None),
    "force_task_id": ("label", None),
    "sampler_index": ("text", "Euler"),
    "script_name": ("text", None),
    "script_args": ("any", []),
    "send_images": ("switch", True),
    "save_images": ("switch", False),
    "alwayson_scripts": ("any", {}),
    "infotext": ("text", None),
}
TXT2IMG: Mapping[str, tuple[str, Any]] = {
    **_SHARED,
    "enable_hr": ("switch", False),
    "firstphase_width": ("whole", 0),
    "firstphase_height": ("whole", 0),
    "hr_scale": ("number", 2.0),
    "hr_upscaler": ("text", None),
    "hr_second_pass_steps": ("whole", 0),
    "hr_resize_x": ("whole", 0),
    "hr_resize_y": ("whole", 0),
    "hr_checkpoint_name": ("text", None),
    "hr_sampler_name": ("text", None),
    "hr_scheduler": ("text", None),
    "hr_prompt": ("text", ""),
    "hr_negative_prompt": ("text", ""),
}
IMG2IMG: Mapping[str, tuple[str, Any]] = {
    **_SHARED,
    "init_images": ("any", None),
    "resize_mode": ("whole", 0),
    "image_cfg_scale": ("number", None),
    "mask": ("any", None),
    "mask_blur_x": ("whole", 4),
    "mask_blur_y": ("whole", 4),
    "mask_blur": ("whole", None),
    "mask_round": ("switch", True),
    "inpainting_fill": ("whole", 0),
    "inpaint_full_res": ("switch", True),
    "inpaint_full_res_padding": ("whole", 0),
    "inpainting_mask_invert": ("whole", 0),
    "initial_noise_multiplier": ("number", None),
    "latent_mask": ("any", None),
    "denoising_strength": ("number", 0.75),
    "include_init_images": ("switch", False),
}
UPSCALE: Mapping[str, tuple[str, Any]] = {
    "resize_mode": ("whole", 0),
    "show_extras_results": ("switch", True),
    "gfpgan_visibility": ("number", 0),
    "codeformer_visibility": ("number", 0),
    "codeformer_weight": ("number", 0),
    "upscaling_resize": ("number", 2),
    "upscaling_resize_w": ("whole", 512),
    "upscaling_resize_h": ("whole", 512),
    "upscaling_crop": ("switch", True),
    "upscaler_1": ("text", "None"),
    "upscaler_2": ("text", "None"),
    "extras_upscaler_2_visibility": ("number", 0),
    "upscale_first": ("switch", False),
    "image": ("any", ""),
}
INTERROGATE: Mapping[str, tuple[str, Any]] = {"image": ("any", ""), "model": ("text", "clip")}
#: Of ControlNet's `detect`; what it says of memory is the WebUI's own business.
DETECT: Mapping[str, tuple[str, Any]] = {
    "controlnet_module": ("text", "none"),
    "controlnet_input_images": ("any", []),
    "controlnet_masks": ("any", []),
    "controlnet_processor_res": ("whole", -1),
    "controlnet_threshold_a": ("number", -1),
    "controlnet_threshold_b": ("number", -1),
    "low_vram": ("switch", False),
}
#: Of `/internal/progress`.
TASK: Mapping[str, tuple[str, Any]] = {
    "id_task": ("text", ""), "id_live_preview": ("whole", -1), "live_preview": ("switch", True),
}  # fmt: skip
#: Not in A1111's answers.
_UNTOLD = frozenset({"firstpass_image", "latent_mask"})
#: No WebUI counts further; and a number of hundreds of digits is none that an error should repeat.
WHOLE_MAX = 2**63
#: Longer names of requests are nobody's, and those of a thousand that have ended are remembered.
LABEL_MAX_CHARS = 200
_ON, _OFF = ("true", "1", "on", "yes", "t", "y"), ("false", "0", "off", "no", "f", "n", "")
_WORDS = {
    "whole": "a whole number", "large": "a whole number of at most 18 digits", "number": "a number",
    "switch": "true or false", "text": "a text", "label": f"a text of at most {LABEL_MAX_CHARS} characters",
}  # fmt: skip
#: How menus say "not set". They stand in fields that name something.
_NOTHING = frozenset({"", "none", "null", "automatic", "use same checkpoint", "use same sampler", "use same scheduler"})


def read_fields(body: Mapping[str, Any], table: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """The fields that a body names, as A1111 would read them: "20" and 20.0 are 20, 100.7 is 100, "false" is false,
    and a prompt of 1984 is "1984".

    Null is as good as left out. Fields that A1111 doesn't know are not there.

    Raises:
      RequestRefusedError: when one can't be read; names it.
    """
    given = {name: body[name] for name in table if body.get(name) is not None}
    return {name: _read(name, table[name][0], value) for name, value in given.items()}


def with_defaults(given: Mapping[str, Any], table: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """Every field of the table that A1111 tells: as given, or as it is filled in."""
    return {name: given.get(name, default) for name, (_, default) in table.items() if name not in _UNTOLD}


def is_nothing(value: Any) -> bool:
    """True for what menus send when nothing is chosen: None, "None", "", "Use same sampler", …"""
    return value is None or (isinstance(value, str) and value.strip().casefold() in _NOTHING)


def _read(name: str, kind: str, value: Any) -> Any:
    try:
        if kind == "whole":
            return read_whole(value)
        if kind == "number":
            return _number(value)
        if kind == "switch":
            return _switch(value)
    except OverflowError:
        raise _unreadable(name, "large", value) from None
    except (TypeError, ValueError):
        raise _unreadable(name, kind, value) from None
    return _text(name, kind, value) if kind in ("text", "label") else value


def _text(name: str, kind: str, value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise _unreadable(name, kind, value)
    text = str(value)
    if kind == "label" and len(text) > LABEL_MAX_CHARS:
        raise _unreadable(name, kind, value)
    return text


def _number(value: Any) -> float:
    if isinstance(value, list | dict) or not math.isfinite(number := float(value)):
        raise ValueError
    return number


def read_whole(value: Any) -> int:
    """The whole number that a value means: cut off, as A1111 does, and not rounded.

    Raises:
      TypeError, ValueError, OverflowError: when it is none.
    """
    whole = value if isinstance(value, int) and not isinstance(value, bool) else int(_number(value))
    if abs(whole) >= WHOLE_MAX:
        raise OverflowError
    return whole


def _switch(value: Any) -> bool:
    if isinstance(value, str):
        word = value.strip().casefold()
        if word not in _ON and word not in _OFF:
            raise ValueError
        return word in _ON
    return bool(_number(value))


def _unreadable(name: str, kind: str, value: Any) -> RequestRefusedError:
    problem = f"it must be {_WORDS[kind]}"
    shown = str(value)[:60]
    return RequestRefusedError(
        f"{name} is {shown!r}: {problem}", code="malformed", field=name, values={"given": shown, "problem": problem}
    )
