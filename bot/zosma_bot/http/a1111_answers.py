"""What A1111 answers: `parameters`, `info`, `progress`. Pure functions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from zosma_bot.http.a1111_fields import with_defaults
from zosma_queue.forecast import Place
from zosma_queue.job import Job, Result, State
from zosma_queue.picture_headers import format_of
from zosma_queue.request import Request

_IDLE_STATE: Mapping[str, Any] = {
    "skipped": False, "interrupted": False, "stopping_generation": False, "job": "", "job_count": 0,
    "job_timestamp": "0", "job_no": 0, "sampling_step": 0, "sampling_steps": 0,
}  # fmt: skip
#: A1111's `progress` when nothing runs.
IDLE: Mapping[str, Any] = {
    "progress": 0.0, "eta_relative": 0.0, "state": dict(_IDLE_STATE), "current_image": None, "textinfo": None,
}  # fmt: skip


def progress_view(job: Job, preview: bytes | None, place: Place | None, paused: bool) -> dict[str, Any]:
    """`progress` for a job that waits or runs."""
    steps = job.request.steps if job.request else 0
    state = {
        **_IDLE_STATE,
        "job": job.id,
        "job_count": 1,
        "sampling_steps": steps,
        "sampling_step": int(steps * (job.progress or 0)),
    }
    return {
        "progress": job.progress or 0.0,
        "eta_relative": job.eta_s or 0.0,
        "state": state,
        "current_image": b64encode(preview).decode() if preview else None,
        "textinfo": "Paused by an admin" if paused else f"In queue: {place.position}" if place else None,
    }


def task_view(job: Job | None, preview: bytes | None, line: str | None, *, has_ended: bool) -> dict[str, Any]:
    """What A1111's own page is told of a request by the name that its client gave it; None for one that isn't open.

    `line`: what to say while it waits.
    """
    running = job is not None and job.state is State.RUNNING
    waiting = job is not None and not running and not job.state.ended
    picture = f"data:image/{format_of(preview)};base64,{b64encode(preview).decode()}" if preview else None
    return {
        "active": running,
        "queued": waiting,
        "completed": has_ended or (job is not None and job.state.ended),
        "progress": job.progress if job and running else None,
        "eta": job.eta_s if job and running else None,
        "live_preview": picture,
        "id_live_preview": crc32(preview) if preview else -1,
        "textinfo": line or "Waiting..." if waiting else None,
    }


def echo(given: Mapping[str, Any], table: Mapping[str, tuple[str, Any]], job: Job) -> dict[str, Any]:
    """The request as it was understood: every field that A1111 has, with what the open ones came to."""
    fields, asked = with_defaults(given, table), job.request
    if asked is None:
        return fields
    return fields | {
        "prompt": asked.prompt,
        "negative_prompt": asked.negative_prompt,
        "width": asked.width,
        "height": asked.height,
        "steps": asked.steps,
        "cfg_scale": asked.cfg_scale,
        "seed": asked.seed,
        "sampler_name": asked.sampler,
        "scheduler": asked.scheduler or "Automatic",
        "subseed": asked.subseed,
        "styles": list(asked.styles),
    }


def info(result: Result, given: Mapping[str, Any], asked: Request | None) -> dict[str, Any]:
    """A1111's `info`, as the worker completed it, true to the pictures that are sent."""
    starts = len(asked.img2img.images) if asked and asked.img2img else 1
    return {
        **result.info,
        # Several pictures to start from are the batch.
        "batch_size": starts if starts > 1 else given.get("batch_size", 1),
        "index_of_first_image": 0,
        "all_seeds": [picture.seed for picture in result.pictures],
        "infotexts": [picture.parameters for picture in result.pictures],
    }


def interrupted_info(job: Job, pictures: int) -> dict[str, Any]:
    """A1111's `info` for a job that was interrupted: what was asked, for nothing is known of the pictures.

    All of A1111's fields are there, since its clients check them.
    """
    asked = job.request
    if asked is None:
        return {"infotexts": []}
    count, strength = asked.count, asked.subseed_strength
    return {
        "prompt": asked.prompt,
        "all_prompts": list(asked.prompts or (asked.prompt,) * count),
        "negative_prompt": asked.negative_prompt,
        "all_negative_prompts": [asked.negative_prompt] * count,
        "seed": asked.seed,
        "all_seeds": asked.seeds,
        "subseed": asked.subseed,
        "all_subseeds": [asked.subseed + index if strength else -1 for index in range(count)],
        "subseed_strength": strength,
        "width": asked.width,
        "height": asked.height,
        "sampler_name": asked.sampler or "",
        "cfg_scale": asked.cfg_scale,
        "steps": asked.steps,
        "batch_size": 1,
        "restore_faces": bool(asked.a1111.get("restore_faces")),
        "face_restoration_model": None,
        "sd_model_name": asked.checkpoint or "",
        "sd_model_hash": "",
        "sd_vae_name": asked.vae,
        "sd_vae_hash": None,
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": asked.img2img.denoising_strength if asked.img2img else None,
        "extra_generation_params": {},
        "index_of_first_image": 0,
        "infotexts": [""] * pictures,
        "styles": list(asked.styles),
        "job_timestamp": "0",
        "clip_skip": asked.clip_skip or 1,
        "is_using_inpainting_conditioning": False,
        "version": "",
    }
