"""`override_settings`: what of A1111's options a request may set, and what changes nothing because it is so anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zosma_bot.http.a1111_fields import is_nothing
from zosma_queue.errors import RequestRefusedError

FIELD = "override_settings"
#: Options that are fields of our own requests.
HONOURED = ("sd_model_checkpoint", "CLIP_stop_at_last_layers", "sd_vae")
#: They touch no picture: how it is saved, shown or told about.
_HARMLESS = frozenset(
    {"samples_format", "save_images", "samples_save", "grid_save", "return_grid", "return_mask", "enable_pnginfo",
     "return_mask_composite", "do_not_show_images", "live_previews_enable", "show_progress_every_n_steps",
     "save_txt", "add_model_hash_to_info", "add_model_name_to_info", "live_preview_content", "jpeg_quality"}
)  # fmt: skip
#: What A1111 does anyway. A client that sends these asks for nothing.
_DEFAULTS: Mapping[str, Any] = {
    "always_discard_next_to_last_sigma": False,
    "code_former_weight": 0.5,
    "comma_padding_backtrack": 20,
    "ddim_discretize": "uniform",
    "emphasis": "Original",
    "enable_batch_seeds": True,
    "enable_emphasis": True,
    "enable_quantization": False,
    "eta_ancestral": 1.0,
    "eta_ddim": 0.0,
    "eta_noise_seed_delta": 0,
    "ESRGAN_tile": 192,
    "ESRGAN_tile_overlap": 8,
    "face_restoration": False,
    "face_restoration_model": "CodeFormer",
    "img2img_background_color": "#ffffff",
    "img2img_color_correction": False,
    "img2img_fix_steps": False,
    "img2img_extra_noise": 0.0,
    "initial_noise_multiplier": 1.0,
    "inpainting_mask_weight": 1.0,
    "k_sched_type": "Automatic",
    "no_dpmpp_sde_batch_determinism": False,
    "pad_cond_uncond": False,
    "randn_source": "GPU",
    "rho": 0.0,
    "s_churn": 0.0,
    "s_min_uncond": 0.0,
    "s_noise": 1.0,
    "s_tmax": 0.0,
    "s_tmin": 0.0,
    "sd_hypernetwork": "None",
    "sd_hypernetwork_strength": 1.0,
    "sd_lora": "None",
    "sd_noise_schedule": "Default",
    "sd_unet": "Automatic",
    "sd_vae_as_default": True,
    "sd_vae_overrides_per_model_preferences": True,
    "sgm_noise_multiplier": False,
    "sigma_max": 0.0,
    "sigma_min": 0.0,
    "tiling": False,
    "token_merging_ratio": 0.0,
    "token_merging_ratio_hr": 0.0,
    "token_merging_ratio_img2img": 0.0,
    "uni_pc_lower_order_final": True,
    "uni_pc_order": 3,
    "uni_pc_skip_type": "time_uniform",
    "uni_pc_variant": "bh1",
    "upcast_attn": False,
    "upscaler_for_img2img": None,
    "use_old_emphasis_implementation": False,
    "use_old_karras_scheduler_sigmas": False,
}
#: Beginnings of those that act on the WebUI's disk or process.
_ON_ITS_MACHINE = (
    "outdir_",
    "directories_",
    "temp_dir",
    "clean_temp_dir",
    "save_",
    "memmon",
    "sd_checkpoints_",
    "hide_",
)


def override_fields(given: Any) -> dict[str, Any]:
    """The fields of our request that the overrides mean.

    Raises:
      RequestRefusedError: for one that can't be honoured; names it and says why.
    """
    if not isinstance(given, dict):
        raise RequestRefusedError(f"{FIELD} must be an object", field=FIELD)
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name == "sd_model_checkpoint":
            fields |= {} if is_nothing(value) else {"checkpoint": value}
        elif name == "CLIP_stop_at_last_layers":
            fields |= {} if value is None else {"clip_skip": value}
        elif name == "sd_vae":
            fields |= {} if is_nothing(value) else {"vae": value}
        elif value is not None and name not in _HARMLESS and not _is_default(name, value):
            raise _refused(name)
    return fields


def _is_default(name: str, value: Any) -> bool:
    if name not in _DEFAULTS:
        return False
    default = _DEFAULTS[name]
    if isinstance(default, str) or default is None:
        return is_nothing(value) if is_nothing(default) else str(value).casefold() == str(default).casefold()
    return not isinstance(value, str) and bool(value == default)


def _refused(name: str) -> RequestRefusedError:
    if name.startswith(_ON_ITS_MACHINE):
        why = "would act on the disk or process of the machine that makes the picture: leave it out"
    elif name in _DEFAULTS:
        default = _DEFAULTS[name]
        why = f"can't be set here: leave it out, or at A1111's default {default!r}"
    else:
        why = f"can't be set here: leave it out; {', '.join(HONOURED)} can"
    return RequestRefusedError(f"{FIELD}.{name[:100]} {why}", field=f"{FIELD}.{name[:100]}")
