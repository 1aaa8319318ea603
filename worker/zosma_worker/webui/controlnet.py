"""ControlNet's own addresses: the lists of A1111's extension and of Forge's built-in one, and its preprocessors.

Forge has three of them alone (the two lists and `detect`), and reForge's `control_types` besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from zosma_queue.controlnet import UNITS, UNITS_MAX, ControlNet, ControlType, Module
from zosma_queue.errors import ErrorKind
from zosma_queue.needs import CONTROLNET
from zosma_worker.bounds import number
from zosma_worker.errors import BadAnswer, WebUIRefused
from zosma_worker.webui.client import Client
from zosma_worker.webui.names import NAMES_MAX, names_in

DETECT_PATH = f"/{CONTROLNET}/detect"
#: The version of its API from which a mask may come with a picture.
_MASKS_SINCE = 3
_VERSION_MAX = 99
#: Nobody looks through more.
_TYPES_MAX, _SLIDERS_MAX = 100, 4
#: A body with hands and face is some 3 kB. What came of a job is kept for a month.
POSE_MAX_CHARS = 128_000


@dataclass(frozen=True)
class ControlNetLists:
    """ControlNet as a WebUI has it."""

    models: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    about: ControlNet = field(default_factory=ControlNet)


async def read_controlnet(client: Client, scripts: Iterable[str], options: Mapping[str, Any]) -> ControlNetLists:
    """What the WebUI has of it; nothing where it isn't among its scripts.

    Raises:
      WebUIError: when it doesn't answer.
    """
    if CONTROLNET not in (script.casefold() for script in scripts):
        return ControlNetLists()
    models = _names(_part(await client.get_or_none(f"/{CONTROLNET}/model_list"), "model_list"))
    listed = await client.get_or_none(f"/{CONTROLNET}/module_list")
    modules = _names(_part(listed, "module_list"))
    labelled = await client.get_or_none(f"/{CONTROLNET}/module_list?alias_names=true")
    types = _part(await client.get_or_none(f"/{CONTROLNET}/control_types"), "control_types")
    version = number(_part(await client.get_or_none(f"/{CONTROLNET}/version"), "version"))
    detects = await client.takes_posts(DETECT_PATH)
    units = number(options.get("control_net_unit_count"))
    about = ControlNet(
        version=min(max(int(version or 0), 0), _VERSION_MAX) or ControlNet().version,
        units=min(max(int(units), 1), UNITS_MAX) if units else UNITS,
        modules=_modules(modules, _names(_part(labelled, "module_list")), _part(listed, "module_detail")),
        types=_types(types),
        detects=detects,
        detects_masked=detects and (version or 0) >= _MASKS_SINCE,
    )
    return ControlNetLists(models, modules, about)


def _part(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _names(listed: Any) -> tuple[str, ...]:
    return names_in(listed)[:NAMES_MAX]


def _modules(names: tuple[str, ...], labels: tuple[str, ...], detail: Any) -> dict[str, Module]:
    """Both lists are in one order. What can't be read of a preprocessor isn't told of it."""
    found: dict[str, Module] = {}
    several = labels if len(labels) == len(names) else names
    for name, label in zip(names, several, strict=True):
        told = detail.get(name) if isinstance(detail, dict) else None
        told = told if isinstance(told, dict) else {}
        sliders = told.get("sliders")
        fields = {
            "label": label if label != name else "",
            "model_free": told.get("model_free") is True,
            "sliders": sliders[:_SLIDERS_MAX] if isinstance(sliders, list) else (),
        }
        try:
            module = Module.model_validate(fields)
        except ValidationError:
            module = Module(label=fields["label"], model_free=fields["model_free"])
        if module != Module():
            found[name] = module
    return found


def _types(listed: Any) -> dict[str, ControlType]:
    found: dict[str, ControlType] = {}
    for name, told in list(listed.items())[:_TYPES_MAX] if isinstance(listed, dict) else ():
        if isinstance(told, dict):
            defaults = {key: told[key] for key in ("default_option", "default_model") if isinstance(told.get(key), str)}
            lists = {key: _names(told.get(key)) for key in ("module_list", "model_list")}
            found[name] = ControlType(**lists, **defaults)
    return found


def detected(answer: Any) -> tuple[Any, dict[str, Any] | None]:
    """What an answer to `detect` for one picture has: the picture as it came, and the pose, if one was found.

    Raises:
      WebUIRefused: when the preprocessor makes something else than pictures, or more poses than can be kept.
      BadAnswer: when there is no picture.
    """
    if not isinstance(answer, dict):
        raise BadAnswer(ErrorKind.WEBUI_BROKEN, "the WebUI answered without pictures")
    images, poses = answer.get("images"), answer.get("poses")
    image = images[0] if isinstance(images, list) and images else None
    # Forge puts these words where the picture would be; A1111's extension sends a tensor.
    if image == "Detect result is not image" or (image is None and answer.get("tensor")):
        detail = "this preprocessor makes no picture, but something that is used inside"
        raise WebUIRefused("its ControlNet sent something else than a picture", detail=detail)
    if image is None:
        raise BadAnswer(ErrorKind.EMPTY)
    pose = poses[0] if isinstance(poses, list) and poses and isinstance(poses[0], dict) else None
    if pose is not None:
        pose = _rounded(pose)
        if len(json.dumps(pose)) > POSE_MAX_CHARS:
            detail = "there are too many people on the picture to tell all poses"
            raise WebUIRefused(f"its ControlNet sent poses of more than {POSE_MAX_CHARS:,} characters", detail=detail)
    return image, pose


def _rounded(value: Any) -> Any:
    """Numbers with six digits: a place on a picture has no more, and some come with seventeen."""
    if isinstance(value, float):
        return None if number(value) is None else float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
