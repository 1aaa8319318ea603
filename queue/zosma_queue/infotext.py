"""A1111's infotext, read: how a picture was made, as the picture itself tells it.

Strangers write these texts, so each is read once from left to right, and none that is longer than `TEXT_MAX_CHARS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

#: A longer text says something else than how a picture was made, and is not looked into.
TEXT_MAX_CHARS = 64_000
#: A1111's own reader tries `key: value` anew at each character, which is quadratic (16,000 spaces: 4 s). Here what is
#: no pair is a match, too, and nothing is given back (`++`), so that no character is looked at from two starts.
_PAIR = re.compile(r'\s++|(\w[\w \-/]++)(?::\s*+("(?:\\.|[^\\"])++"(?=,|$)|[^,]*+)(?:,|$))?+|.', re.DOTALL)
_NEGATIVE = "Negative prompt:"
_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
#: Fewer pairs than this make a last line that is part of the prompt, as in A1111's own reader.
_PAIRS_MIN = 3


def pairs(text: str) -> dict[str, str]:
    """The pairs of an infotext's line of parameters; {} when it has none."""
    return _parted(text)[1]


def _parted(text: str) -> tuple[list[str], dict[str, str]]:
    """The lines before the line of parameters, and its pairs.

    That line is mostly the last one; extensions (a template, a rating) write theirs after it.
    """
    if len(text) > TEXT_MAX_CHARS:
        return [], {}
    lines = text.strip().split("\n")
    for index in range(len(lines) - 1, -1, -1):
        if "Steps:" in lines[index] and "Seed:" in lines[index]:
            found = _pairs_of(lines[index])
            if {"Steps", "Seed"} <= found.keys():
                return lines[:index], found
    found = _pairs_of(lines[-1])
    return lines[:-1] if len(found) >= _PAIRS_MIN else lines, found


def _pairs_of(line: str) -> dict[str, str]:
    found = (match.groups() for match in _PAIR.finditer(line))
    return {key: _unquoted(value.strip()) for key, value in found if value is not None}


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"'):
        try:
            # Half of a surrogate pair is written as an escape, and can be stored and sent by nobody.
            return str(json.loads(value)).encode("utf-8", "replace").decode()
        except ValueError:
            return value.strip('"')
    return value


def words(text: str) -> tuple[str, str]:
    """The prompt and the negative prompt of an infotext."""
    lines, _ = _parted(text)
    prompt: list[str] = []
    negative: list[str] = []
    into = prompt
    for line in lines:
        if line.startswith(_NEGATIVE):
            into, line = negative, line.removeprefix(_NEGATIVE)
        into.append(line.strip())
    return "\n".join(prompt).strip(), "\n".join(negative).strip()


def request_fields(text: str) -> dict[str, Any]:
    """The fields of a request that makes the picture again; {} when the text doesn't say how it was made.

    Styles are left out: their words stand in the prompt already. Values are as they stand there, checked by nobody.
    """
    told = pairs(text)
    if "Steps" not in told or "Seed" not in told:
        return {}
    prompt, negative = words(text)
    fields: dict[str, Any] = {"prompt": prompt, "negative_prompt": negative}
    for field, key, read in _FIELDS:
        if told.get(key):
            try:
                fields[field] = read(told[key])
            except ValueError:
                continue
    size, hires = _sizes(told)
    if size:
        fields |= {"width": size[0], "height": size[1]}
    if checkpoint := told.get("Model") or told.get("Model hash"):
        fields["checkpoint"] = checkpoint
    if hires:
        fields["hires"] = hires
    return fields


def not_asked_for(text: str) -> tuple[str, ...]:
    """What else the picture was made with, by A1111's names, which `request_fields` has no fields for."""
    told = pairs(text)
    found = [name for name in _WITHOUT_FIELD if any(_means(key, name) and _is_on(told[key]) for key in told)]
    if _HIRES_KEYS & told.keys():
        if not _sizes(told)[1]:
            found.append("hires")
    elif "Denoising strength" in told:
        found.append("inpainting" if any(key.startswith("Mask") for key in told) else "img2img")
    return tuple(found)


def starts_from_picture(text: str) -> bool:
    """Whether the picture was made from another one, which its text doesn't hold."""
    return not {"img2img", "inpainting"}.isdisjoint(not_asked_for(text))


#: Keys that change the picture; a key with more words behind it counts as well ("ControlNet 0", "Refiner switch at").
_WITHOUT_FIELD = (
    "Refiner", "ControlNet", "Face restoration", "Tiling", "ENSD", "Eta", "VAE", "ADetailer", "Script", "Hypernet",
    "RNG", "Hires checkpoint", "Hires sampler", "Hires schedule type", "Hires prompt", "Hires negative prompt",
    "Token merging ratio", "FreeU", "Dynamic thresholding", "Postprocess upscale",
)  # fmt: skip
_HIRES_KEYS = frozenset(("Hires upscale", "Hires resize", "First pass size"))


def _means(key: str, name: str) -> bool:
    # "VAE hash" and its like say nothing new.
    return key == name or (key.startswith(f"{name} ") and not key.endswith(" hash"))


def _is_on(value: str) -> bool:
    return value not in ("", "0", "False", "None")


_FIELDS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("steps", "Steps", int),
    ("sampler", "Sampler", str),
    ("scheduler", "Schedule type", str),
    ("cfg_scale", "CFG scale", float),
    # Flux: the CFG scale is 1 then, and this is the guidance.
    ("cfg_scale", "Distilled CFG Scale", float),
    ("seed", "Seed", int),
    ("clip_skip", "Clip skip", int),
    ("subseed", "Variation seed", int),
    ("subseed_strength", "Variation seed strength", float),
)


def _size(text: str | None) -> tuple[int, int] | None:
    found = _SIZE.fullmatch(text or "")
    return (int(found[1]), int(found[2])) if found else None


def _sizes(told: Mapping[str, str]) -> tuple[tuple[int, int] | None, dict[str, Any]]:
    """The size before a hires pass, and that pass; {} where there was none that can be asked for."""
    size = _size(told.get("Size"))
    if "Hires upscale" in told:
        return size, _hires(told, told["Hires upscale"])
    first, larger = size, _size(told.get("Hires resize"))
    if old := _size(told.get("First pass size")):  # A1111 before 2023: `Size` is what came out
        first, larger = old, size
    scale = _scale(first, larger)
    return (first, _hires(told, scale)) if scale else (size, {})


def _scale(first: tuple[int, int] | None, larger: tuple[int, int] | None) -> float | None:
    """How many times larger the second pass was; None where it had another shape, and was cut to it.

    A side of 0 follows from the other one.
    """
    if not first or not larger or 0 in first:
        return None
    scales = [after / before for before, after in zip(first, larger, strict=True) if after]
    if not scales or any(abs(scales[0] - one) > _SHAPES_DIFFER for one in scales):
        return None
    return round(scales[0], 4)


#: WebUIs cut sides to whole latents, which bends a shape by a little.
_SHAPES_DIFFER = 0.02


def _hires(told: Mapping[str, str], scale: str | float) -> dict[str, Any]:
    try:
        found: dict[str, Any] = {"scale": float(scale)}
        if "Hires steps" in told:
            found["steps"] = int(told["Hires steps"])
        if "Denoising strength" in told:
            found["denoise"] = float(told["Denoising strength"])
    except ValueError:
        return {}
    if told.get("Hires upscaler"):
        found["upscaler"] = told["Hires upscaler"]
    return found
