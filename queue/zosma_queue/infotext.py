"""A1111's infotext, read: how a picture was made, as the picture itself tells it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
_NEGATIVE = "Negative prompt:"
_SIZE = re.compile(r"(\d+)x(\d+)")
#: Fewer pairs than this make a last line that is part of the prompt, as in A1111's own reader.
_PAIRS_MIN = 3


def pairs(text: str) -> dict[str, str]:
    """The pairs of an infotext's last line; {} when it has none."""
    lines = text.strip().splitlines()
    return {key: _unquoted(value.strip()) for key, value in _PAIR.findall(lines[-1])} if lines else {}


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value.strip('"')
    return value


def words(text: str) -> tuple[str, str]:
    """The prompt and the negative prompt of an infotext."""
    lines = text.strip().splitlines()
    if len(pairs(text)) >= _PAIRS_MIN:
        lines = lines[:-1]
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
    if size := _SIZE.fullmatch(told.get("Size", "")):
        fields |= {"width": int(size[1]), "height": int(size[2])}
    if checkpoint := told.get("Model") or told.get("Model hash"):
        fields["checkpoint"] = checkpoint
    if hires := _hires(told):
        fields["hires"] = hires
    return fields


_FIELDS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("steps", "Steps", int),
    ("sampler", "Sampler", str),
    ("scheduler", "Schedule type", str),
    ("cfg_scale", "CFG scale", float),
    ("seed", "Seed", int),
    ("clip_skip", "Clip skip", int),
    ("subseed", "Variation seed", int),
    ("subseed_strength", "Variation seed strength", float),
)


def _hires(told: Mapping[str, str]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = {"scale": float(told["Hires upscale"])}
        if "Hires steps" in told:
            found["steps"] = int(told["Hires steps"])
        if "Denoising strength" in told:
            found["denoise"] = float(told["Denoising strength"])
    except (KeyError, ValueError):
        return {}
    if told.get("Hires upscaler"):
        found["upscaler"] = told["Hires upscaler"]
    return found
