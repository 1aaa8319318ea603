"""What this server offers: checkpoints, samplers, schedulers, upscalers, styles. Shapes as in A1111's lists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

SAMPLERS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "DPM++ 2M": (["k_dpmpp_2m"], {"scheduler": "karras"}),
    "DPM++ SDE": (["k_dpmpp_sde"], {"scheduler": "karras", "second_order": True, "brownian_noise": True}),
    "DPM++ 2M SDE": (["k_dpmpp_2m_sde"], {"scheduler": "exponential", "brownian_noise": True}),
    "DPM++ 3M SDE": (["k_dpmpp_3m_sde"], {"scheduler": "exponential", "discard_next_to_last_sigma": True}),
    "Euler a": (["k_euler_a", "k_euler_ancestral"], {"uses_ensd": True}),
    "Euler": (["k_euler"], {}),
    "LMS": (["k_lms"], {}),
    "Heun": (["k_heun"], {"second_order": True}),
    "DPM2": (["k_dpm_2"], {"scheduler": "karras", "second_order": True}),
    "Restart": (["restart"], {"scheduler": "karras", "second_order": True}),
    "DDIM": (["ddim"], {}),
    "PLMS": (["plms"], {}),
    "UniPC": (["unipc"], {}),
    "LCM": (["k_lcm"], {}),
}
"""Aliases and options of each sampler; the first stands in for unknown ones, as in A1111."""

SCHEDULERS = {
    "automatic": "Automatic", "uniform": "Uniform", "karras": "Karras", "exponential": "Exponential",
    "polyexponential": "Polyexponential", "sgm_uniform": "SGM Uniform", "kl_optimal": "KL Optimal",
    "align_your_steps": "Align Your Steps", "simple": "Simple", "normal": "Normal", "ddim": "DDIM", "beta": "Beta",
}  # fmt: skip
"""Label of each scheduler."""

UPSCALERS = ("None", "Lanczos", "Nearest")
LATENT_UPSCALERS = ("Latent", "Latent (antialiased)", "Latent (bicubic)", "Latent (nearest)")

STYLES = {
    "cinematic": ("cinematic light, dusk, {prompt}", "flat light"),
    "misty": ("{prompt}, misty", ""),
}
"""Prompt and negative prompt of each style; `{prompt}` marks where the request's own prompt goes."""


@dataclass(frozen=True)
class Checkpoint:
    """One model on the list. `file` is its path below the model folder."""

    file: str

    @property
    def model_name(self) -> str:
        """Name without folder separators and extension."""
        return str(PurePosixPath(self.file).with_suffix("")).replace("/", "_")

    @property
    def sha256(self) -> str:
        """64 hex digits. There are no weights to hash, so the name is."""
        return hashlib.sha256(self.file.encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """10 hex digits."""
        return self.sha256[:10]

    @property
    def title(self) -> str:
        """`folder/name.safetensors [0123456789]`"""
        return f"{self.file} [{self.short_hash}]"

    @property
    def aliases(self) -> frozenset[str]:
        """Everything that names this checkpoint in a request."""
        stem = PurePosixPath(self.file).stem
        return frozenset({self.title, self.file, self.model_name, stem, self.short_hash, self.sha256})

    def listing(self) -> dict[str, Any]:
        """The item of `GET sd-models`."""
        return {
            "title": self.title,
            "model_name": self.model_name,
            "hash": self.short_hash,
            "sha256": self.sha256,
            "filename": f"/zosma/models/Stable-diffusion/{self.file}",
            "config": None,
        }


class Checkpoints:
    """The models of one server. Raises ValueError when there is none or one is named twice."""

    def __init__(self, names: Sequence[str]) -> None:
        endings = (".safetensors", ".ckpt")
        self.all = tuple(Checkpoint(n if n.endswith(endings) else f"{n}.safetensors") for n in names)
        if not self.all:
            raise ValueError("the built-in WebUI needs at least one model name")
        if len(set(self.all)) < len(self.all):
            raise ValueError(f"a model is named twice in {list(names)}")

    def find(self, name: object) -> Checkpoint | None:
        """The checkpoint that `name` (title, model name, file, stem or hash) means, None if it means none."""
        return next((c for c in self.all if name in c.aliases), None) if isinstance(name, str) else None

    def get(self, name: object) -> Checkpoint:
        """As `find`; raises RuntimeError for an unknown name."""
        found = self.find(name)
        if found is None:
            raise RuntimeError(f"model {name!r} not found")
        return found


def resolve_sampler(sampler: str | None, scheduler: str | None) -> tuple[str, str]:
    """Sampler name and scheduler label that a request gets: unknown ones are replaced silently, as in A1111.

    A schedule at the end of the sampler ("DPM++ 2M Karras") is split off; an explicit scheduler wins over it.
    """
    labels = SCHEDULERS | {label: label for label in SCHEDULERS.values()}
    name, schedule = sampler or "Euler", None
    for label in SCHEDULERS.values():
        if name.endswith(f" {label}"):
            name, schedule = name.removesuffix(f" {label}"), label
    if name not in SAMPLERS:
        name = next(iter(SAMPLERS))
    if scheduler:
        schedule = labels.get(scheduler, "Automatic")
    return name, schedule or "Automatic"


def samplers() -> list[dict[str, Any]]:
    """`GET samplers`."""
    return [
        {"name": name, "aliases": aliases, "options": {k: str(v) for k, v in options.items()}}
        for name, (aliases, options) in SAMPLERS.items()
    ]


def schedulers() -> list[dict[str, Any]]:
    """`GET schedulers`."""
    return [
        {"name": name, "label": label, "aliases": None, "default_rho": -1, "need_inner_model": False}
        for name, label in SCHEDULERS.items()
    ]


def upscalers() -> list[dict[str, Any]]:
    """`GET upscalers`."""
    blank = {"model_name": None, "model_path": None, "model_url": None, "scale": 4}
    return [{"name": name, **blank} for name in UPSCALERS]


def styles() -> list[dict[str, str]]:
    """`GET prompt-styles`."""
    return [{"name": name, "prompt": p, "negative_prompt": n} for name, (p, n) in STYLES.items()]


def styled(text: str, part: int, names: Sequence[str]) -> str:
    """`text` with the styles applied; `part` 0 for the prompt, 1 for the negative prompt. Unknown names do nothing."""
    for name in names:
        addition = STYLES.get(name, ("", ""))[part]
        if "{prompt}" in addition:
            text = addition.replace("{prompt}", text)
        elif addition:
            text = ", ".join(filter(None, (text, addition)))
    return text
