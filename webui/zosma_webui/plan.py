"""A request made definite: sizes, seeds, sampler and checkpoint as they will be used, and the texts that say so."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps

from . import catalogue, infotext
from .bodies import Generation, Img2Img, Txt2Img
from .catalogue import Checkpoint
from .errors import STAND_IN, HTTPError, OutOfMemoryError
from .options import Options
from .painting import Motif, paint

Find = Callable[[object], Checkpoint | None]

MAX_IMAGE_PIXELS = 2**23
"""One picture may have this many pixels (2896 x 2896); a larger one is "out of memory"."""

MAX_BATCH_PIXELS = 2**26
"""So many pixels may be drawn at the same time."""


@cache
def server_version() -> str:
    """What `Version` in infotexts says: the fingerprint of this server."""
    return f"zosma-webui {version('zosma')}"


@dataclass(frozen=True)
class Hires:
    """The second pass of a hires fix. Size in pixels."""

    width: int
    height: int
    steps: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class Start:
    """Where img2img starts from: one picture for each of a batch, already at the plan's size."""

    images: tuple[Image.Image, ...]
    mask: Image.Image | None
    """white where the new picture goes"""


@dataclass(frozen=True)
class Plan:
    """One generation. `seeds` and `subseeds` have an entry for each of the `batch_size * n_iter` pictures."""

    prompt: str
    negative: str
    seeds: tuple[int, ...]
    subseeds: tuple[int, ...]
    subseed_strength: float
    width: int
    height: int
    batch_size: int
    n_iter: int
    steps: int
    sampling_steps: int
    """steps of the first pass: fewer than `steps` in img2img"""
    cfg_scale: float
    sampler: str
    scheduler: str
    checkpoint: Checkpoint
    clip_skip: int
    denoising_strength: float | None
    restore_faces: bool
    tiling: bool
    styles: tuple[str, ...]
    hires: Hires | None = None
    start: Start | None = None

    @property
    def passes(self) -> int:
        """Sampling passes of the whole job: progress counts these."""
        return self.n_iter * (2 if self.hires else 1)

    def picture(self, index: int, *, hires: bool, thumbnail: bool = False) -> Image.Image:
        """Picture `index`, finished; `hires` gives it the second pass's size."""
        width, height = (self.hires.width, self.hires.height) if hires and self.hires else (self.width, self.height)
        motif = Motif(
            prompt=self.prompt,
            negative=self.negative,
            seed=self.seeds[index],
            width=width,
            height=height,
            checkpoint=self.checkpoint.file,
            manner=repr((self.sampler, self.scheduler, self.clip_skip, self._variation(index), self.tiling)),
            steps=self.steps,
            cfg_scale=self.cfg_scale,
        )
        drawn = paint(motif, thumbnail=thumbnail)
        return self._over(self.start, drawn, index) if self.start else drawn

    def _variation(self, index: int) -> tuple[int, float] | None:
        return (self.subseeds[index], self.subseed_strength) if self.subseed_strength else None

    def _over(self, start: Start, drawn: Image.Image, index: int) -> Image.Image:
        first = start.images[index % self.batch_size % len(start.images)].resize(drawn.size)
        mixed = Image.blend(first, drawn, min(1.0, max(0.0, self.denoising_strength or 0.0)))
        return mixed if start.mask is None else Image.composite(mixed, first, start.mask.resize(drawn.size))

    def infotext(self, index: int) -> str:
        """The text of picture `index`."""
        return infotext.write(self.prompt, self.negative, self._values(index))

    def _values(self, index: int) -> dict[str, Any]:
        varied = bool(self.subseed_strength)
        return {
            "Steps": self.steps,
            "Sampler": self.sampler,
            "Schedule type": self.scheduler,
            "CFG scale": _plain(self.cfg_scale),
            "Seed": self.seeds[index],
            "Face restoration": "CodeFormer" if self.restore_faces else None,
            "Size": f"{self.width}x{self.height}",
            "Model hash": self.checkpoint.short_hash,
            "Model": self.checkpoint.model_name,
            "Variation seed": self.subseeds[index] if varied else None,
            "Variation seed strength": _plain(self.subseed_strength) if varied else None,
            "Denoising strength": None if self.denoising_strength is None else _plain(self.denoising_strength),
            "Clip skip": self.clip_skip if self.clip_skip > 1 else None,
            "Tiling": "True" if self.tiling else None,
            **self.extra_facts,
            "Version": server_version(),
        }

    @property
    def extra_facts(self) -> dict[str, Any]:
        """`extra_generation_params`: the hires fix, and that a stand-in made this."""
        return {**(self.hires.facts if self.hires else {}), "Stand-in": STAND_IN}

    def info(self, texts: Sequence[str], timestamp: str) -> str:
        """The `info` string of the answer. `texts` has one infotext for each picture made, maybe fewer than asked."""
        count = len(self.seeds)
        facts = {
            "prompt": self.prompt,
            "all_prompts": [self.prompt] * count,
            "negative_prompt": self.negative,
            "all_negative_prompts": [self.negative] * count,
            "seed": self.seeds[0],
            "all_seeds": list(self.seeds),
            "subseed": self.subseeds[0],
            "all_subseeds": list(self.subseeds),
            "subseed_strength": self.subseed_strength,
            "width": self.width,
            "height": self.height,
            "sampler_name": self.sampler,
            "cfg_scale": self.cfg_scale,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "restore_faces": self.restore_faces,
            "face_restoration_model": "CodeFormer" if self.restore_faces else None,
            "sd_model_name": self.checkpoint.model_name,
            "sd_model_hash": self.checkpoint.short_hash,
            "sd_vae_name": None,
            "sd_vae_hash": None,
            "seed_resize_from_w": -1,
            "seed_resize_from_h": -1,
            "denoising_strength": self.denoising_strength,
            "extra_generation_params": self.extra_facts,
            "index_of_first_image": 0,
            "infotexts": list(texts),
            "styles": list(self.styles),
            "job_timestamp": timestamp,
            "clip_skip": self.clip_skip,
            "is_using_inpainting_conditioning": False,
            "version": server_version(),
        }
        return json.dumps(facts, ensure_ascii=False)


def make(body: Generation, options: Options, find: Find, start: Start | None) -> Plan:
    """The plan of a request under the options as they are now.

    Raises what A1111 raises: AssertionError and TypeError for null prompts, IndexError for no pictures,
    ZeroDivisionError and RuntimeError for steps and sizes below 1, OutOfMemoryError for huge ones.
    """
    if body.prompt is None:
        raise AssertionError
    if body.negative_prompt is None:
        raise TypeError("object of type 'NoneType' has no len()")
    styles = tuple(body.styles or ())
    batch_size, n_iter = _whole(body.batch_size), _whole(body.n_iter)
    if batch_size < 1 or n_iter < 1:
        raise IndexError("list index out of range")
    width, height = _latent(_whole(body.width)), _latent(_whole(body.height))
    steps = _steps(_whole(body.steps))
    sampler, scheduler = catalogue.resolve_sampler(body.sampler_name or body.sampler_index, body.scheduler)
    if body.refiner_checkpoint and find(body.refiner_checkpoint) is None:
        raise RuntimeError(f"Could not find checkpoint with name {body.refiner_checkpoint}")
    hires = _hires(body, find, width, height, steps) if isinstance(body, Txt2Img) and body.enable_hr else None
    check_memory(max(width * height, hires.width * hires.height if hires else 0), batch_size)
    seed, subseed = _seed(body.seed), _seed(body.subseed)
    strength = body.subseed_strength or 0.0
    count = range(batch_size * n_iter)
    denoising = getattr(body, "denoising_strength", None) if hires or start else None
    return Plan(
        prompt=catalogue.styled(body.prompt, 0, styles),
        negative=catalogue.styled(body.negative_prompt, 1, styles),
        seeds=tuple(seed + (0 if strength else k) for k in count),
        subseeds=tuple(subseed + k for k in count),
        subseed_strength=strength,
        width=width,
        height=height,
        batch_size=batch_size,
        n_iter=n_iter,
        steps=steps,
        # img2img walks only the share of the steps that its strength asks for.
        sampling_steps=int(min(denoising or 0.0, 0.999) * steps) + 1 if start else steps,
        cfg_scale=7.0 if body.cfg_scale is None else body.cfg_scale,
        sampler=sampler,
        scheduler=scheduler,
        checkpoint=options.checkpoint,
        clip_skip=int(options["CLIP_stop_at_last_layers"]),
        denoising_strength=denoising,
        restore_faces=bool(options["face_restoration"] if body.restore_faces is None else body.restore_faces),
        tiling=bool(options["tiling"] if body.tiling is None else body.tiling),
        styles=styles,
        hires=hires,
        start=start,
    )


def with_checkpoint(plan: Plan, checkpoint: Checkpoint) -> Plan:
    """The same plan for other weights."""
    return replace(plan, checkpoint=checkpoint)


def check_scripts(body: Generation) -> None:
    """Raises HTTPError 422 for any script: this server has none."""
    for name in [*([body.script_name] if body.script_name else []), *body.alwayson_scripts]:
        raise HTTPError(422, f"Script '{name}' not found")


def read_start(body: Img2Img) -> Start:
    """The pictures that img2img starts from, at the size asked for.

    Raises HTTPError 404 when there are none, 500 for what is not a picture; IndexError for an empty list;
    RuntimeError for more pictures than the batch has room for.
    """
    if body.init_images is None:
        raise HTTPError(404, "Init image not found")
    images = [infotext.decode(encoded).convert("RGB") for encoded in body.init_images]
    if not images:
        raise IndexError("list index out of range")
    if len(images) > max(1, body.batch_size or 1):
        raise RuntimeError(f"bad number of images passed: {len(images)}; expecting {body.batch_size} or less")
    size = _latent(_whole(body.width)), _latent(_whole(body.height))
    check_memory(size[0] * size[1], 1)
    mask = _mask(body).resize(size) if body.mask else None
    return Start(tuple(_fit(image, size, body.resize_mode or 0) for image in images), mask)


def _mask(body: Img2Img) -> Image.Image:
    mask = infotext.decode(body.mask or "")
    has_alpha = mask.mode == "RGBA" and mask.getchannel("A").getextrema() != (255, 255)
    grey = mask.getchannel("A") if has_alpha else mask.convert("L")
    if body.inpainting_mask_invert:
        grey = ImageChops.invert(grey)
    radius = body.mask_blur if body.mask_blur is not None else max(body.mask_blur_x or 0, body.mask_blur_y or 0)
    return grey.filter(ImageFilter.GaussianBlur(radius)) if radius > 0 else grey


def _fit(image: Image.Image, size: tuple[int, int], mode: int) -> Image.Image:
    """`resize_mode`: 1 crops, 2 fills the rest, any other squashes."""
    if mode == 1:
        return ImageOps.fit(image, size)
    if mode == 2:
        return ImageOps.pad(image, size)
    return image.resize(size)


def _hires(body: Txt2Img, find: Find, width: int, height: int, steps: int) -> Hires:
    upscaler = body.hr_upscaler or "Latent"
    if upscaler not in catalogue.LATENT_UPSCALERS and upscaler not in catalogue.UPSCALERS:
        raise Exception(f"could not find upscaler named {upscaler}")
    if body.hr_checkpoint_name and find(body.hr_checkpoint_name) is None:
        raise Exception(f"Could not find checkpoint with name {body.hr_checkpoint_name}")
    x, y, scale = body.hr_resize_x or 0, body.hr_resize_y or 0, body.hr_scale or 2.0
    facts: dict[str, Any] = {"Hires upscale": _plain(scale)}
    if x or y:
        facts = {"Hires resize": f"{x}x{y}"}
        x, y = x or y * width // height, y or x * height // width
    else:
        x, y = int(width * scale), int(height * scale)
    second = body.hr_second_pass_steps or 0
    facts.update({"Hires steps": second or None, "Hires upscaler": upscaler})
    return Hires(_latent(x), _latent(y), second or steps, {k: v for k, v in facts.items() if v is not None})


def _whole(value: int | None) -> int:
    if value is None:
        raise TypeError("unsupported operand type(s) for //: 'NoneType' and 'int'")
    return value


def _latent(pixels: int) -> int:
    """A side rounded down to whole latents of 8 pixels."""
    if pixels < 8:
        raise RuntimeError(f"Trying to create tensor with negative or zero dimension: {pixels // 8}")
    return pixels // 8 * 8


def _steps(steps: int) -> int:
    if steps == 0:
        raise ZeroDivisionError("division by zero")
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    return steps


def check_memory(pixels: int, batch_size: int) -> None:
    """Raises OutOfMemoryError when so many pictures of so many pixels each are too much."""
    if pixels > MAX_IMAGE_PIXELS or pixels * batch_size > MAX_BATCH_PIXELS:
        raise OutOfMemoryError(pixels * batch_size)


def _seed(seed: int | None) -> int:
    return random.randrange(2**32) if seed is None or seed == -1 else seed


def _plain(number: float) -> str:
    """7.0 as "7.0", 0.70000001 as "0.7": the way Python prints a rounded float."""
    return re.sub(r"^(-?\d+)$", r"\1.0", f"{round(number, 6)}")
