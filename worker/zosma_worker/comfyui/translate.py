"""A request in A1111's words, as values for a workflow's places."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zosma_queue.embeddings import with_own_marks
from zosma_queue.needs import lora_tags, without_loras
from zosma_queue.request import Hires, Img2Img, Request
from zosma_queue.sandbox import SandboxError
from zosma_worker.backend import Order
from zosma_worker.comfyui import names
from zosma_worker.comfyui.graph import MARK, Lora, Picture, Second
from zosma_worker.comfyui.lists import Lists
from zosma_worker.comfyui.recipes import HIRES_LATENT, HIRES_MODEL, HIRES_RESIZED, IMG2IMG, INPAINTING, Recipe
from zosma_worker.comfyui.workflow import Graph
from zosma_worker.decoding import DECODING
from zosma_worker.errors import WebUILacks, WebUIRefused

#: A1111's default way to make latents larger, and to make pictures larger where latents can't be.
_LATENT, _RESIZER = "Latent", "Lanczos"
#: A1111 runs one step less than this of a whole denoising.
_WHOLE = 0.999
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


@dataclass(frozen=True)
class Uploads:
    """Pictures to start from, as the server calls them."""

    start: str | None = None
    mask: str | None = None


def pictures(order: Order, recipe: Recipe, path: str, lists: Lists, uploads: Uploads) -> list[Picture]:
    """One for each seed of a request, on the checkpoint in the file `path`.

    Raises:
      WebUIRefused: when this can't be made of the request.
    """
    _check(order.request, recipe)
    return [_picture(part, recipe, path, lists, uploads) for part in parts(order.request)]


def parts(request: Request) -> list[Request]:
    """The request for each of its pictures."""
    return [request.part(index, 1) for index in range(request.count)]


def _picture(request: Request, recipe: Recipe, path: str, lists: Lists, uploads: Uploads) -> Picture:
    return Picture(
        values={**_values(request, recipe, path, lists), "seed": request.seed},
        size=(request.width, request.height),
        loras=_loras(request, lists),
        clip_skip=request.clip_skip or 1,
        vae=_own(lists.vaes, request.vae, "VAE") if request.vae else None,
        start=uploads.start,
        mask=uploads.mask,
        second=_second(request.hires, request, recipe, lists) if request.hires else None,
        inputs=_options(request, recipe),
    )


def resolved(request: Request, recipe: Recipe) -> Request:
    """The request with the sampler and scheduler that its pictures are made with."""
    facts = recipe.workflow.about.facts
    sampler = request.sampler or facts.sampler
    return request.model_copy(
        update={
            "cfg_scale": guidance(request, recipe),
            "sampler": sampler,
            "scheduler": request.scheduler or facts.scheduler or names.automatic(sampler),
        }
    )


def _values(request: Request, recipe: Recipe, path: str, lists: Lists) -> dict[str, Any]:
    settled = resolved(request, recipe)
    values: dict[str, Any] = {
        "checkpoint": path,
        "prompt": _words(request.prompt, lists.embeddings),
        "negative": _words(request.negative_prompt, lists.embeddings),
        "steps": request.steps,
        "guidance": guidance(request, recipe),
    }
    if settled.sampler:
        values["sampler"] = _own(lists.samplers, settled.sampler, "sampler")
    # A scheduler that A1111 would take by itself need not be here.
    if settled.scheduler in lists.schedulers or request.scheduler:
        values["scheduler"] = _own(lists.schedulers, settled.scheduler or "", "scheduler")
    again = {f"hires-{name}": values[name] for name in ("guidance", "sampler", "scheduler") if name in values}
    if request.img2img:
        values |= _part_of_the_steps(request.img2img, request.steps)
    return values | again


def guidance(request: Request, recipe: Recipe) -> float:
    """The number that the model follows: Forge's own field for it goes before the CFG scale, which is 1 then."""
    distilled = request.a1111.get("distilled_cfg_scale") if recipe.workflow.about.facts.distilled else None
    return float(distilled) if isinstance(distilled, int | float) else request.cfg_scale


def _options(request: Request, recipe: Recipe) -> dict[str, Any]:
    """`node id.input` → value, of the options that the workflow has."""
    known = recipe.workflow.about.options
    defaults = {option.input: option.default for option in known.values() if option.default is not None}
    given = {known[name].input: value for name, value in request.workflow_options.items() if name in known}
    return defaults | given


def _part_of_the_steps(start: Img2Img, steps: int) -> dict[str, Any]:
    """A1111 makes a schedule of `steps` and runs the share of them that the strength asks for; ComfyUI runs all."""
    strength = start.denoising_strength
    return {"denoise": strength, "steps": max(1, min(int(min(strength, _WHOLE) * steps) + 1, steps))}


def _words(prompt: str, embeddings: tuple[str, ...]) -> str:
    """A prompt as ComfyUI reads it: without tags for LoRAs, embeddings by their kind."""
    plain = without_loras(prompt).strip()
    known = {name.casefold(): name for name in (one.replace("\\", "/").rpartition("/")[2] for one in embeddings)}
    if not known:
        return plain

    def named(match: re.Match[str]) -> str:
        own = known.get(match[0].casefold())
        return f"embedding:{own}" if own else match[0]

    return re.sub(r"(?<![\w:/-])[\w.-]*\w(?![\w-])", named, with_own_marks(plain, known))


def _loras(request: Request, lists: Lists) -> tuple[Lora, ...]:
    return tuple(
        Lora(file=_own(lists.loras, tag.name, "LoRA"), weight=_weight(tag.weight)) for tag in lora_tags(request.prompt)
    )


def _weight(text: str) -> float:
    found = _NUMBER.match(text.strip())
    return float(found[0]) if found else 1.0


def _own(known: Mapping[str, str], name: str, kind: str) -> str:
    """The server's own name.

    Raises:
      WebUILacks: when it is there no longer.
    """
    found = known.get(name)
    if found is None:
        raise WebUILacks(f"the {kind} {name} is not there", detail=f"the {kind} {name!r} is no longer there")
    return found


def _check(request: Request, recipe: Recipe) -> None:
    wants = {IMG2IMG: request.img2img is not None and not request.img2img.mask}
    wants[INPAINTING] = request.img2img is not None and bool(request.img2img.mask)
    words = {IMG2IMG: "start from a picture", INPAINTING: "repaint a part of a picture"}
    for ability, wanted in wants.items():
        if wanted and ability not in recipe.abilities:
            title = recipe.workflow.title
            raise WebUIRefused(f"{title} can't {words[ability]}", detail=f"{title} can't {words[ability]}")


def _second(hires: Hires, request: Request, recipe: Recipe, lists: Lists) -> Second:
    wide, high = request.output_size
    second = Second(
        seed=request.seed, steps=hires.steps or request.steps, denoise=hires.denoise, width=wide, height=high
    )
    name = hires.upscaler or (_LATENT if HIRES_LATENT in recipe.abilities and _LATENT in lists.latents else _RESIZER)
    if name in lists.latents and HIRES_LATENT in recipe.abilities:
        return replace(second, latent_method=lists.latents[name])
    if name in lists.resizers and HIRES_RESIZED in recipe.abilities:
        return replace(second, plain_method=lists.resizers[name])
    if name in lists.models and HIRES_MODEL in recipe.abilities:
        return replace(second, upscaler=lists.models[name])
    title = recipe.workflow.title
    raise WebUIRefused(f"{title} has no hires pass with {name}", detail=f"{title} has no hires pass with {name!r}")


# -- pictures to start from -------------------------------------------------------------------------------------


def prepared(order: Order) -> list[tuple[str, bytes]]:
    """(name, PNG) of what is uploaded: the picture in the request's size, and the mask. Blocks: call it in a thread.

    Names tell the content, so that the same picture is stored once, and never another under its name.

    Raises:
      WebUIRefused: when one can't be decoded.
    """
    request = order.request
    if request.upscale:
        return [_named(order.inputs[request.upscale.image])]
    start = request.img2img
    if start is None:
        return []
    size = (request.width, request.height)
    place = {"size": size, "whole": size, "mode": start.resize_mode}
    made = [_named(_laid_out("start", place, order.inputs[start.image]))]
    if start.mask:
        how = {"invert": bool(start.inpainting_mask_invert), "blur": start.mask_blur}
        made.append(_named(_laid_out("mask", {**place, **how}, order.inputs[start.mask])))
    return made


def _named(data: bytes) -> tuple[str, bytes]:
    return f"{hashlib.sha256(data).hexdigest()[:32]}.png", data


def _laid_out(work: str, args: dict[str, Any], data: bytes) -> bytes:
    try:
        _, (made,) = DECODING.call(f"zosma_worker.layout:{work}", args, [data])
    except SandboxError as error:
        raise WebUIRefused("", detail="the picture to start from can't be decoded: send another") from error
    return made


# -- upscaling --------------------------------------------------------------------------------------------------


def enlarging(request: Request, lists: Lists, image: str, mark: str) -> Graph:
    """The graph that makes an uploaded picture larger.

    Raises:
      WebUIRefused: when the upscaler is there no longer.
    """
    upscale = request.upscale
    if upscale is None:
        raise TypeError("the order is for something else")
    name = upscale.upscaler_1 or next(iter(lists.enlargers), _RESIZER)
    wide, high = upscale.size
    graph: Graph = {"1": {"class_type": "LoadImage", "inputs": {"image": image}}}
    source = ["1", 0]
    if name not in lists.resizers:
        model = _own(lists.models, name, "upscaler")
        graph["2"] = {"class_type": "UpscaleModelLoader", "inputs": {"model_name": model}}
        inputs = {"upscale_model": ["2", 0], "image": source}
        graph["3"] = {"class_type": "ImageUpscaleWithModel", "inputs": inputs}
        source = ["3", 0]
    scale = {
        "image": source, "upscale_method": lists.resizers.get(name, "lanczos"), "width": wide, "height": high,
        "crop": "center" if upscale.resize_mode else "disabled", MARK: mark,
    }  # fmt: skip
    graph["4"] = {"class_type": "ImageScale", "inputs": scale}
    graph["5"] = {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}}
    return graph
