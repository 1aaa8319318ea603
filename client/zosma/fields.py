"""What a request may say, as typed keywords, and how that becomes JSON. The server checks it; names are the API's."""

from __future__ import annotations

import datetime
import os
from base64 import b64encode
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, runtime_checkable

from zosma.models import Lane
from zosma.pictures import Picture


@runtime_checkable
class _Pillow(Protocol):
    """A `PIL.Image.Image`, without asking for Pillow."""

    mode: str

    def save(self, fp: Any, format: str) -> None:  # noqa: A002 - Pillow's name
        """Writes it."""


Image: TypeAlias = "bytes | os.PathLike[str] | Picture | _Pillow | str"
"""A picture to start from: its file's bytes, a `Path`, a `Picture`, a `PIL.Image.Image`, or base64 as a `str`."""


class Hires(TypedDict, total=False):
    """The hires fix: a second pass over the picture, made larger."""

    scale: float
    steps: int
    denoise: float
    upscaler: str
    width: int
    height: int


class _Img2ImgNeeds(TypedDict):
    image: Image


class Img2Img(_Img2ImgNeeds, total=False):
    """A picture to start from, and with `mask` the part of it to paint anew (white). Names are A1111's."""

    more_images: list[Image]
    """Others to start from: `count` is a multiple of all of them."""
    mask: Image
    denoising_strength: float
    resize_mode: int
    mask_blur: int
    inpainting_fill: int
    inpaint_full_res: bool
    inpaint_full_res_padding: int
    inpainting_mask_invert: bool


class _UpscaleNeeds(TypedDict):
    image: Image


class Upscale(_UpscaleNeeds, total=False):
    """A picture to make larger, and faces to restore; nothing is generated, so there is no prompt. A1111's names."""

    resize_mode: int
    upscaling_resize: float
    upscaling_resize_w: int
    upscaling_resize_h: int
    upscaler_1: str
    gfpgan_visibility: float
    codeformer_visibility: float
    codeformer_weight: float
    upscale_first: bool
    upscaler_2: str
    extras_upscaler_2_visibility: float
    upscaling_crop: bool


class _SDUpscaleNeeds(TypedDict):
    upscaler: str


class SDUpscale(_SDUpscaleNeeds, total=False):
    """The picture of `img2img` made larger, then painted anew in tiles of `width` × `height`, as by A1111's script."""

    scale_factor: float
    overlap: int


class UltimateSDUpscale(TypedDict, total=False):
    """The picture of `img2img` made larger, then painted anew in tiles of `width` × `height`, and at wish their seams
    once more, as by the script of that name, an extension of A1111's."""

    upscaler: str
    scale_factor: float
    target_width: int
    target_height: int
    redraw_mode: int
    mask_blur: int
    padding: int
    seams_fix_type: int
    seams_fix_width: int
    seams_fix_denoise: float
    seams_fix_mask_blur: int
    seams_fix_padding: int


class _InterrogateNeeds(TypedDict):
    image: Image


class Interrogate(_InterrogateNeeds, total=False):
    """A picture to be put into words: `job.result.caption` has them. Then there is no prompt."""

    model: str


class _DetectNeeds(TypedDict):
    image: Image
    module: str


class Detect(_DetectNeeds, total=False):
    """A picture to be looked at by one of ControlNet's preprocessors ("canny", "openpose_full", …); there is no
    prompt. `job.result.pose` has a pose."""

    mask: Image
    processor_res: int
    threshold_a: float
    threshold_b: float


class Compare(TypedDict):
    """One picture for each value of a field, with everything else alike."""

    field: Literal["checkpoint", "sampler", "cfg_scale"]
    values: list[str] | list[float]


class Webhook(TypedDict):
    """Where a job's end is told by POST."""

    url: str


class RequestFields(TypedDict, total=False):
    """What may be asked for beside the prompt. What is left out is as the server has it."""

    negative_prompt: str
    prompts: list[str]
    """The prompt of each picture, where they differ; `prompt` is the first of them."""
    template: str
    """What the prompts were drawn from; kept with the job, and not drawn from again."""
    negative_template: str
    """What the negative prompt was drawn from; kept with the job, and not drawn from again."""
    width: int
    height: int
    steps: int
    cfg_scale: float
    sampler: str
    scheduler: str
    seed: int
    """-1: a new one."""
    count: int
    """Pictures, with seeds seed, seed + 1, …"""
    checkpoint: str
    """Left out: whatever is loaded."""
    clip_skip: int
    hires: Hires
    vae: str
    styles: list[str]
    subseed: int
    subseed_strength: float
    img2img: Img2Img
    upscale: Upscale
    sd_upscale: SDUpscale
    ultimate_sd_upscale: UltimateSDUpscale
    interrogate: Interrogate
    detect: Detect
    compare: Compare
    workflow: str
    """An operator's own workflow, of ComfyUI."""
    workflow_options: dict[str, bool | int | float | str]
    """What the workflow lets be chosen, by its names."""
    a1111: dict[str, Any]
    """What only WebUIs of A1111's kind have, by its names."""
    delay_s: float
    """The job begins no earlier than so many seconds from now."""
    not_before: datetime.datetime | str | float
    """The job begins no earlier than then: a datetime (a naive one is local time), ISO 8601, or seconds since 1970."""
    lane: Lane
    webhook: Webhook | str
    """Where the job's end is told; a `str` is its address."""


def body_of(prompt: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a request. Reads pictures that are given as paths.

    Raises:
      OSError: when one can't be read.
      TypeError: when a picture is given as something else than `Image`.
    """
    is_wordless = any(fields.get(name) for name in ("upscale", "interrogate", "detect"))
    body = dict(fields) if is_wordless and not prompt else {"prompt": prompt, **fields}
    for name in ("img2img", "upscale", "interrogate", "detect"):
        if isinstance(body.get(name), Mapping):
            body[name] = {key: _encoded(f"{name}.{key}", key, value) for key, value in body[name].items()}
    if isinstance(body.get("not_before"), datetime.datetime):
        body["not_before"] = body["not_before"].astimezone().isoformat()
    if isinstance(body.get("webhook"), str):
        body["webhook"] = {"url": body["webhook"]}
    return body


def _encoded(field: str, key: str, value: Any) -> Any:
    if key == "more_images":
        return [_base64(f"{field}.{number}", one) for number, one in enumerate(value)]
    return _base64(field, value) if key in ("image", "mask") and value is not None else value


def _base64(field: str, image: Image) -> str:
    if isinstance(image, str):
        return image
    if isinstance(image, Picture):
        data = image.data
    elif isinstance(image, bytes | bytearray | memoryview):
        data = bytes(image)
    elif isinstance(image, os.PathLike):
        data = Path(image).read_bytes()
    elif isinstance(image, _Pillow):
        written = BytesIO()
        image.save(written, "PNG")
        data = written.getvalue()
    else:
        raise TypeError(f"{field} is a {type(image).__name__}: give bytes, a Path, a Picture or a PIL image")
    return b64encode(data).decode()
