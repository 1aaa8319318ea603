"""Families of models: which checkpoint is of which, and what suits it where a request says nothing."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from zosma_queue.request import CFG_MAX, LATENT_PX, SIDE_MAX_PX, SIDE_MIN_PX, STEPS_MAX

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Facts(BaseModel):
    """What suits the checkpoints of a family. None: nothing special."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int | None = Field(None, ge=SIDE_MIN_PX, le=SIDE_MAX_PX)
    height: int | None = Field(None, ge=SIDE_MIN_PX, le=SIDE_MAX_PX)
    steps: int | None = Field(None, ge=1, le=STEPS_MAX)
    guidance: float | None = Field(None, ge=0, le=CFG_MAX)
    negative: bool = True
    """False: a negative prompt does nothing."""
    distilled: bool = False
    """The guidance is a number that the model was taught to follow (Flux), and no CFG scale."""
    sampler: Label | None = None
    scheduler: Label | None = None

    def over(self, other: Facts) -> Facts:
        """These, and where they say nothing those of the other."""
        return other.model_copy(update=self.model_dump(exclude_unset=True))


@dataclass(frozen=True)
class Family:
    """Checkpoints that are used alike."""

    paths: tuple[str, ...]
    """Patterns of their files, with or without folder."""
    architectures: tuple[str, ...]
    """Patterns of `modelspec.architecture` in their headers."""
    facts: Facts
    forge_preset: str = ""
    """What Forge calls it; '' for nothing."""
    modules: tuple[tuple[str, ...], ...] = ()
    """For each text encoder or VAE that its files come without: patterns of names, best first."""


_SD3 = Facts(width=1024, height=1024, steps=28, guidance=4.5, sampler="Euler", scheduler="SGM Uniform")
_FLUX = Facts(
    width=1024, height=1024, steps=20, guidance=3.5, negative=False, distilled=True, sampler="Euler", scheduler="Simple"
)
_SCHNELL = Facts(width=1024, height=1024, steps=4, guidance=1.0, negative=False, sampler="Euler", scheduler="Simple")

_Z_TURBO = Facts(width=1024, height=1024, steps=8, guidance=1.0, negative=False, sampler="Euler", scheduler="Simple")
_Z = Facts(width=1024, height=1024, steps=30, guidance=4.0, sampler="Euler", scheduler="Simple")
_QWEN = Facts(width=1328, height=1328, steps=20, guidance=4.0, sampler="Euler", scheduler="Simple")

_T5 = ("t5xxl_fp16*", "t5xxl*fp8*", "*t5xxl*")
_CLIP_L, _CLIP_G = ("clip_l*", "*clip_l*"), ("clip_g*", "*clip_g*")
_FLUX_VAE = ("ae.safetensors", "ae.sft", "flux*ae*", "*flux*vae*")
_FLUX_MODULES = (_CLIP_L, _T5, _FLUX_VAE)
_Z_MODULES = (("qwen_3_4b*", "*qwen*3*4b*"), _FLUX_VAE)
_QWEN_MODULES = (("qwen_2.5_vl_7b*", "*qwen*2*5*vl*7b*"), ("qwen_image_vae*", "*qwen*image*vae*"))

#: Named like one of the families, but made otherwise: with other text encoders, or from a picture. No family has them.
_APART = (
    "flux2/*", "*flux2*", "*flux.2*", "*flux-2*", "*flux_2*", "*chroma*", "*flux*fill*", "*flux*redux*", "*flux*canny*",
    "*flux*depth*", "*qwen*image*edit*", "*qwen*image*layered*", "*qwen*image*2.1*", "*qwen*image*2_1*",
    "*qwen*image*control*", "*z*image*control*",
)  # fmt: skip

FAMILIES: Mapping[str, Family] = {
    "sd15": Family(
        ("sd15/*", "sd1.5/*", "*v1-5*", "*sd15*", "*sd_15*"),
        ("stable-diffusion-v1*", "stable-diffusion-v2*"),
        Facts(width=512, height=512, steps=20, guidance=7.0),
        "sd",
    ),
    "sdxl": Family(
        (
            "sdxl/*", "xl/*", "pony/*", "illustrious/*", "*sdxl*", "*_xl*", "*xl_*", "*-xl*", "*xlv*", "*pony*",
            "*illustrious*", "*noobai*",
        ),
        ("stable-diffusion-xl*",),
        Facts(width=1024, height=1024, steps=25, guidance=6.0),
        "xl",
    ),
    "sd35": Family(
        ("sd3/*", "sd3.5/*", "sd35/*", "*sd3*", "*sd_3*", "*stable?diffusion?3*"),
        ("stable-diffusion-3*", "stable-diffusion-v3*"), _SD3,
        modules=(_CLIP_L, _CLIP_G, _T5),
    ),
    "flux": Family(("flux/*", "*flux*"), ("flux-1*", "flux.1*"), _FLUX, "flux", _FLUX_MODULES),
    "flux-schnell": Family(("*flux*schnell*",), ("flux*schnell*",), _SCHNELL, "flux", _FLUX_MODULES),
    "z-image": Family(
        ("z-image/*", "z_image/*", "zimage/*", "*z-image*", "*z_image*", "*zimage*"), ("z-image*",), _Z,
        modules=_Z_MODULES,
    ),
    "z-image-turbo": Family(
        ("*z-image*turbo*", "*z_image*turbo*", "*zimage*turbo*"), ("z-image*turbo*",), _Z_TURBO, modules=_Z_MODULES
    ),
    "qwen-image": Family(
        ("qwen-image/*", "qwen_image/*", "*qwen-image*", "*qwen_image*", "*qwenimage*"),
        ("qwen-image", "qwen-image-2512*"), _QWEN, modules=_QWEN_MODULES,
    ),
}  # fmt: skip


def matches(path: str, pattern: str) -> bool:
    """Whether a file's path is of a pattern, in any case and with either separator; also by its name alone."""
    plain, wanted = path.replace("\\", "/").casefold(), pattern.casefold()
    return fnmatch.fnmatchcase(plain, wanted) or fnmatch.fnmatchcase(plain.rpartition("/")[2], wanted)


def is_apart(path: str) -> bool:
    """Whether a file's name is like a family's that it doesn't belong to: none of our workflows makes its pictures."""
    return any(matches(path, pattern) for pattern in _APART)


def family_of(path: str) -> str | None:
    """The family that a file's folder or name tells, by the pattern that says most; None when they tell none."""
    if is_apart(path):
        return None
    found = [
        (len(pattern.replace("*", "")), name)
        for name, family in FAMILIES.items()
        for pattern in family.paths
        if matches(path, pattern)
    ]
    return max(found)[1] if found else None


def modules_of(path: str, known: Iterable[str]) -> tuple[str, ...] | None:
    """Of these text encoders and VAEs those that a checkpoint needs; None when one of them is not there."""
    family = family_of(path)
    names = list(known)
    found = [
        next((name for pattern in patterns for name in names if matches(name, pattern)), None)
        for patterns in (FAMILIES[family].modules if family else ())
    ]
    return None if None in found else tuple(name for name in found if name)


def is_module_of_some(name: str) -> bool:
    """Whether a text encoder or VAE is one of those that some families need beside their checkpoint."""
    return any(
        matches(name, pattern) for family in FAMILIES.values() for patterns in family.modules for pattern in patterns
    )


def facts_of(path: str) -> Facts | None:
    """What suits a checkpoint, as far as its file's path tells."""
    family = family_of(path)
    return FAMILIES[family].facts if family else None


def suited(fields: Mapping[str, Any], facts: Facts, *, most_side: int = 0, most_steps: int = 0) -> dict[str, Any]:
    """A request's fields, with what suits its checkpoint where nothing was said.

    `most_side`, `most_steps`: what the rules allow, 0 for anything. What nobody has said must not be refused.
    """
    found: dict[str, Any] = {}
    if not {"width", "height", "img2img", "size"} & fields.keys() and facts.width and facts.height:
        share = min(1.0, most_side / max(facts.width, facts.height)) if most_side else 1.0
        sides = (int(side * share) // LATENT_PX * LATENT_PX for side in (facts.width, facts.height))
        found["width"], found["height"] = (max(side, SIDE_MIN_PX) for side in sides)
    if facts.steps is not None:
        found["steps"] = min(facts.steps, most_steps) if most_steps else facts.steps
    if facts.guidance is not None:
        found["cfg_scale"] = facts.guidance
    if not {"sampler", "scheduler"} & fields.keys():
        found |= {name: one for name, one in (("sampler", facts.sampler), ("scheduler", facts.scheduler)) if one}
    return found | dict(fields)


def moved(fields: Mapping[str, Any], before: Facts | None, after: Facts | None) -> dict[str, Any]:
    """A picture's fields for a checkpoint of another family: what only suited the one before suits the new one."""
    usual = FAMILIES["sd15"].facts
    old, new = suited({}, before or usual), suited({}, after or usual)
    if old == new:
        return dict(fields)
    kept = {name: value for name, value in fields.items() if name not in old or value != old[name]}
    if "sampler" in new:  # others make noise of it
        kept = {name: value for name, value in kept.items() if name not in ("sampler", "scheduler")}
    if ("width" in kept) != ("height" in kept):  # half a size would distort what was chosen
        kept |= {side: fields[side] for side in ("width", "height") if side in fields}
    return {**new, **kept}
