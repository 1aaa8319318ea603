"""A1111's options: what they are by themselves, and which of them a single request may set (`override_settings`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The field of A1111's bodies, and of `Request.a1111`.
FIELD = "override_settings"
#: Forge's way to say `sd_vae`, and text encoders: a list of files' names.
MODULES = "forge_additional_modules"
#: Whether a WebUI keeps on its disk what a script puts together, whatever `save_images` says. No request sets it.
SAVES = "samples_save"
#: What A1111 does anyway.
DEFAULTS: Mapping[str, Any] = {
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
    "forge_unet_storage_dtype": "Automatic",
    "img2img_background_color": "#ffffff",
    "img2img_color_correction": False,
    "img2img_extra_noise": 0.0,
    "img2img_fix_steps": False,
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
#: Of these, what stays with the WebUI: files that it loads, its memory, and what no worker lists the names of.
_ITS_OWN = frozenset(
    {"ESRGAN_tile", "ESRGAN_tile_overlap", "forge_unet_storage_dtype", "sd_hypernetwork", "sd_hypernetwork_strength",
     "sd_lora", "sd_unet", "sd_vae_as_default", "sd_vae_overrides_per_model_preferences", "upcast_attn",
     "upscaler_for_img2img"}
)  # fmt: skip
#: Options that a request may set: they change its own picture, and neither its size nor the number of pictures.
PASSED = tuple(sorted(DEFAULTS.keys() - _ITS_OWN))
TEXT_MAX_CHARS = 100
NUMBER_MAX = 2**32


def option_token_name(name: str) -> str:
    """What a worker calls an option among the fields that it honours."""
    return f"{FIELD}.{name}"


def option_problem(name: str, value: Any) -> str:
    """What is wrong with a request's value for one of `PASSED`; '' when nothing is."""
    default = DEFAULTS[name]
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "must be true or false"
    if isinstance(default, str):
        fits = isinstance(value, str) and 0 < len(value) <= TEXT_MAX_CHARS
        return "" if fits else f"must be a text of at most {TEXT_MAX_CHARS} characters"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    if not abs(value) <= NUMBER_MAX:  # NaN isn't either
        return f"must be a number between -{NUMBER_MAX:,} and {NUMBER_MAX:,}"
    return "must be a whole number" if isinstance(default, int) and value != int(value) else ""
