"""Request bodies. Field names, defaults and nullability are A1111's; unknown keys are ignored as there.

There are no range checks: what A1111 lets through and then fails on, fails here in the same place (`generation`).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Generation(BaseModel):
    """Fields that txt2img and img2img share. Sizes in pixels."""

    model_config = ConfigDict(extra="ignore")

    prompt: str | None = ""
    negative_prompt: str | None = ""
    styles: list[str] | None = None
    seed: int | None = -1
    subseed: int | None = -1
    subseed_strength: float | None = 0
    seed_resize_from_h: int | None = -1
    seed_resize_from_w: int | None = -1
    sampler_name: str | None = None
    scheduler: str | None = None
    batch_size: int | None = 1
    n_iter: int | None = 1
    steps: int | None = 50
    cfg_scale: float | None = 7.0
    width: int | None = 512
    height: int | None = 512
    restore_faces: bool | None = None
    tiling: bool | None = None
    do_not_save_samples: bool | None = False
    do_not_save_grid: bool | None = False
    eta: float | None = None
    s_min_uncond: float | None = None
    s_churn: float | None = None
    s_tmax: float | None = None
    s_tmin: float | None = None
    s_noise: float | None = None
    override_settings: dict[str, Any] | None = None
    override_settings_restore_afterwards: bool | None = True
    refiner_checkpoint: str | None = None
    refiner_switch_at: float | None = None
    disable_extra_networks: bool | None = False
    comments: dict[str, Any] | None = None
    sampler_index: str = "Euler"
    script_name: str | None = None
    script_args: list[Any] = []
    send_images: bool = True
    save_images: bool = False
    alwayson_scripts: dict[str, Any] = {}
    force_task_id: str | None = None
    infotext: str | None = None


class Txt2Img(Generation):
    """Body of POST txt2img."""

    enable_hr: bool | None = False
    denoising_strength: float | None = 0.75
    firstphase_width: int | None = 0
    firstphase_height: int | None = 0
    hr_scale: float | None = 2.0
    hr_upscaler: str | None = None
    hr_second_pass_steps: int | None = 0
    hr_resize_x: int | None = 0
    hr_resize_y: int | None = 0
    hr_checkpoint_name: str | None = None
    hr_sampler_name: str | None = None
    hr_scheduler: str | None = None
    hr_prompt: str | None = ""
    hr_negative_prompt: str | None = ""


class Img2Img(Generation):
    """Body of POST img2img. Pictures are base64, with or without a `data:` prefix."""

    init_images: list[str] | None = None
    denoising_strength: float = 0.75
    resize_mode: int | None = 0
    mask: str | None = None
    mask_blur: int | None = None
    mask_blur_x: int | None = 4
    mask_blur_y: int | None = 4
    mask_round: bool | None = True
    inpainting_fill: int | None = 0
    inpaint_full_res: bool | None = True
    inpaint_full_res_padding: int | None = 0
    inpainting_mask_invert: int | None = 0
    initial_noise_multiplier: float | None = None
    image_cfg_scale: float | None = None
    include_init_images: bool = False


class Upscale(BaseModel):
    """Body of POST extra-single-image. `resize_mode` 0: by `upscaling_resize`; 1: to width and height in pixels."""

    image: str = ""
    resize_mode: int = Field(default=0, ge=0, le=1)
    show_extras_results: bool = True
    upscaling_resize: float = Field(default=2, gt=0)
    upscaling_resize_w: int = Field(default=512, ge=1)
    upscaling_resize_h: int = Field(default=512, ge=1)
    upscaling_crop: bool = True
    upscaler_1: str = "None"
    upscaler_2: str = "None"
    extras_upscaler_2_visibility: float = Field(default=0, ge=0, le=1)
    gfpgan_visibility: float = Field(default=0, ge=0, le=1)
    codeformer_visibility: float = Field(default=0, ge=0, le=1)
    codeformer_weight: float = Field(default=0, ge=0, le=1)
    upscale_first: bool = False


class Interrogate(BaseModel):
    """Body of POST interrogate."""

    image: str = ""
    model: str = "clip"


class PngInfo(BaseModel):
    """Body of POST png-info."""

    image: str


class TaskQuestion(BaseModel):
    """Body of POST /internal/progress."""

    id_task: str
    id_live_preview: int | None = -1
    live_preview: bool = True


class Settings(BaseModel):
    """Body of POST options: any keys."""

    model_config = ConfigDict(extra="allow")


class FaultOrder(BaseModel):
    """Body of POST /zosma/faults: a fault's name, how many generations it hits (null: all), and its parameters."""

    model_config = ConfigDict(extra="allow")

    fault: str
    times: int | None = Field(default=None, ge=1)
