"""What a ComfyUI has, under A1111's names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zosma_queue.families import Facts
from zosma_queue.fleet import Checkpoint
from zosma_worker.bounds import ENTRIES_MAX, NAME_MAX_CHARS
from zosma_worker.comfyui import names
from zosma_worker.comfyui.node_info import NodeInfo
from zosma_worker.comfyui.recipes import HIRES_LATENT, HIRES_MODEL, HIRES_RESIZED, Recipe

#: Class → input that lists files; read again and again, for files come and go.
FILE_LISTS = {
    "CheckpointLoaderSimple": "ckpt_name", "UNETLoader": "unet_name", "LoraLoader": "lora_name",
    "VAELoader": "vae_name", "UpscaleModelLoader": "model_name",
}  # fmt: skip
#: Classes that list text encoders, read again with them.
TEXT_ENCODERS = ("CLIPLoader", "DualCLIPLoader", "TripleCLIPLoader")
#: Loader's input → folder of models/.
FOLDERS = {"ckpt_name": "checkpoints", "unet_name": "diffusion_models"}
#: What VAELoader lists beside files.
_NO_VAES = re.compile(r"^(taesd|taesdxl|taesd3|taef1|pixel_space)", re.IGNORECASE)
_ENDING = re.compile(r"\.(safetensors|ckpt|gguf|sft|pth?|bin)$", re.IGNORECASE)


@dataclass(frozen=True)
class Lists:
    """Each maps A1111's name to the server's own."""

    samplers: Mapping[str, str] = field(default_factory=dict)
    schedulers: Mapping[str, str] = field(default_factory=dict)
    loras: Mapping[str, str] = field(default_factory=dict)
    vaes: Mapping[str, str] = field(default_factory=dict)
    latents: Mapping[str, str] = field(default_factory=dict)
    """Ways to resize latents."""
    resizers: Mapping[str, str] = field(default_factory=dict)
    """Ways to resize pictures without a model."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Models that make pictures larger."""
    embeddings: tuple[str, ...] = ()

    @property
    def enlargers(self) -> tuple[str, ...]:
        """What makes a finished picture larger."""
        return (*self.models, *self.resizers)


def read_lists(nodes: Mapping[str, NodeInfo], embeddings: tuple[str, ...]) -> Lists:
    """The lists in a server's nodes."""

    def choices(node: str, name: str) -> tuple[str, ...]:
        found = nodes[node].choices(name) if node in nodes else ()
        return tuple(one for one in found[:ENTRIES_MAX] if len(one) <= NAME_MAX_CHARS)

    latents = names.LATENT_METHODS
    methods = choices("ImageScale", "upscale_method")
    models = "ImageUpscaleWithModel" in nodes
    return Lists(
        samplers=names.a1111_names(choices("KSampler", "sampler_name"), names.SAMPLERS),
        schedulers=names.a1111_names(choices("KSampler", "scheduler"), names.SCHEDULERS),
        loras=by_stem(choices("LoraLoader", "lora_name")),
        vaes=_by_file(one for one in choices("VAELoader", "vae_name") if not _NO_VAES.match(one)),
        latents={latents[one]: one for one in choices("LatentUpscale", "upscale_method") if one in latents},
        resizers={name: own for name, own in names.PLAIN_UPSCALERS.items() if own in methods},
        models=by_stem(choices("UpscaleModelLoader", "model_name")) if models else {},
        embeddings=embeddings,
    )


def plain(path: str) -> str:
    """A path with `/`, also from a server on Windows."""
    return path.replace("\\", "/")


def by_stem(paths: Iterable[str]) -> dict[str, str]:
    """File name without folder and ending → path; a name that is taken keeps its folder."""
    found: dict[str, str] = {}
    for path in paths:
        whole = _ENDING.sub("", plain(path))
        name = whole.rpartition("/")[2]
        found.setdefault(whole if name in found else name, path)
    return found


def _by_file(paths: Iterable[str]) -> dict[str, str]:
    """File name → path, as A1111 names VAEs."""
    found: dict[str, str] = {}
    for path in paths:
        name = plain(path).rpartition("/")[2]
        found.setdefault(plain(path) if name in found else name, path)
    return found


def checkpoint(path: str, facts: Facts | None = None) -> Checkpoint:
    """A file as A1111 lists it: folders become part of the name. ComfyUI tells no hash."""
    return Checkpoint(name=_ENDING.sub("", plain(path).replace("/", "_")), title=plain(path), facts=facts)


def hires_upscalers(lists: Lists, recipes: Iterable[Recipe]) -> tuple[str, ...]:
    """What some recipe can use in a hires pass."""
    able = {ability for recipe in recipes for ability in recipe.abilities}
    found: list[str] = []
    found += lists.latents if HIRES_LATENT in able else ()
    found += lists.models if HIRES_MODEL in able else ()
    found += lists.resizers if HIRES_RESIZED in able else ()
    return tuple(found)
