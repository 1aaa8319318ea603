"""A request in A1111's words."""

from __future__ import annotations

from typing import Any

from zosma_queue.fleet import Checkpoint
from zosma_queue.request import Hires, Request
from zosma_worker.webui.flavour import Flavour


def txt2img_body(request: Request, checkpoint: Checkpoint, flavour: Flavour, task_id: str) -> dict[str, Any]:
    """The body of `POST txt2img`. Nothing is null: servers differ in what they make of one."""
    settings: dict[str, Any] = {"sd_model_checkpoint": checkpoint.title}
    if flavour.clip_option:
        # Always: A1111 doesn't put back an option that was never set by hand, so one job's value stays for the next.
        settings["CLIP_stop_at_last_layers"] = request.clip_skip or 1
    body: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": request.width,
        "height": request.height,
        "steps": request.steps,
        "cfg_scale": request.cfg_scale,
        "seed": request.seed,
        "batch_size": 1,
        "n_iter": request.count,
        "override_settings": settings,
        "override_settings_restore_afterwards": False,
        "send_images": True,
        "save_images": False,
        "force_task_id": task_id,
    }
    if request.sampler:
        body["sampler_name"] = request.sampler
    if request.scheduler:
        body["scheduler"] = request.scheduler
    if request.hires:
        body |= _hires(request.hires, flavour, request.cfg_scale)
    return body


def _hires(hires: Hires, flavour: Flavour, cfg_scale: float) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "enable_hr": True,
        "hr_scale": hires.scale,
        "hr_second_pass_steps": hires.steps,
        "denoising_strength": hires.denoise,
    }
    if hires.upscaler:
        fields["hr_upscaler"] = hires.upscaler
    if flavour.forge:
        # Forge crashes on the default of the first, and takes 1.0 for the second.
        fields |= {"hr_additional_modules": ["Use same choices"], "hr_cfg": cfg_scale}
    return fields
