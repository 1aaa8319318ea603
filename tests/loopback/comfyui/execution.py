"""How the ComfyUI on loopback checks a prompt and runs it: the answers and events are those of a real server."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, PngImagePlugin

Json = dict[str, Any]


def is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


# -- the check of POST /prompt --------------------------------------------------------------------------------------


def refused(kind: str, message: str, details: str = "", **more: Any) -> Json:
    """An error's body."""
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return {"error": error, "node_errors": more.get("node_errors", {})}


def validated(
    prompt: Any, nodes: Mapping[str, Json], inputs: Mapping[str, bytes]
) -> tuple[Json | None, Json, list[str]]:
    """(the refusal's body or None, node_errors, outputs that can run)."""
    for node, entry in prompt.items():
        name = entry.get("class_type") if isinstance(entry, dict) else None
        where = f"Node ID '#{node}'"
        if name is None:
            text = f"Node '{where}' has no class_type. The workflow may be corrupted or a custom node is missing."
            return refused("missing_node_type", text, where), {}, []
        if name not in nodes:
            title = entry.get("_meta", {}).get("title", name)
            text = f"Node '{title}' not found. The custom node may not be installed."
            return refused("missing_node_type", text, where), {}, []
    outputs = [node for node, entry in prompt.items() if nodes[entry["class_type"]]["output_node"]]
    if not outputs:
        return refused("prompt_no_outputs", "Prompt has no outputs"), {}, []
    errors: Json = {}
    good = []
    for output in outputs:
        wrong: dict[str, list[Json]] = {}
        for node in ancestors(prompt, output):
            found = _wrong_inputs(prompt, node, nodes, inputs)
            if found:
                wrong[node] = found
        for node, found in wrong.items():
            entry = errors.setdefault(
                node, {"errors": found, "dependent_outputs": [], "class_type": prompt[node]["class_type"]}
            )
            entry["dependent_outputs"].append(output)
        if not wrong:
            good.append(output)
    if not good:
        text = "Prompt outputs failed validation"
        return refused("prompt_outputs_failed_validation", text, node_errors=errors), errors, []
    return None, errors, good


def _wrong_inputs(prompt: Json, node: str, nodes: Mapping[str, Json], files: Mapping[str, bytes]) -> list[Json]:
    entry = prompt[node]
    found = []
    for group, members in nodes[entry["class_type"]]["input"].items():
        for name, config in members.items():
            value = entry["inputs"].get(name)
            wrong: tuple[str, str, str] | None = None
            if name not in entry["inputs"]:
                if group == "required":
                    wrong = ("required_input_missing", "Required input is missing", name)
            elif is_link(value):
                wrong = _wrong_link(name, config[0], nodes[prompt[value[0]]["class_type"]]["output"][value[1]])
            else:
                wrong = _wrong_value(name, config, value, files)
            if wrong:
                long = len(_choices(config)) > 20
                info = {"input_name": name, "input_config": None if long else config, "received_value": value}
                kind, message, details = wrong
                found.append({"type": kind, "message": message, "details": details, "extra_info": info})
    return found


def _wrong_link(name: str, kind: Any, given: str) -> tuple[str, str, str] | None:
    if given == kind:
        return None
    text = f"{name}, received_type({given}) mismatch input_type({kind})"
    return "return_type_mismatch", "Return type mismatch between linked nodes", text


def _choices(config: list[Any]) -> list[str]:
    options = config[1] if len(config) > 1 else {}
    found = config[0] if isinstance(config[0], list) else options.get("options", ())
    return list(found)


def _wrong_value(name: str, config: list[Any], value: Any, files: Mapping[str, bytes]) -> tuple[str, str, str] | None:
    kind, options = config[0], config[1] if len(config) > 1 else {}
    if "image_upload" in options:
        text = f"image - Invalid image file: {value}"
        return None if value in files else ("custom_validation_failed", "Custom validation failed for node", text)
    if isinstance(kind, list) or kind == "COMBO":
        choices = _choices(config)
        listed = f"(list of length {len(choices)})" if len(choices) > 20 else str(choices)
        text = f"{name}: '{value}' not in {listed}"
        return None if value in choices else ("value_not_in_list", "Value not in list", text)
    if kind in ("INT", "FLOAT") and value < options.get("min", value):
        return "value_smaller_than_min", f"Value {value} smaller than min of {options['min']}", name
    if kind in ("INT", "FLOAT") and value > options.get("max", value):
        return "value_bigger_than_max", f"Value {value} bigger than max of {options['max']}", name
    return None


def ancestors(prompt: Json, output: str) -> list[str]:
    """What an output needs, sources first."""
    order: list[str] = []

    def visit(node: str) -> None:
        if node in order:
            return
        for value in prompt[node]["inputs"].values():
            if is_link(value):
                visit(value[0])
        order.append(node)

    visit(output)
    return order


def signature(prompt: Json, node: str) -> str:
    """What a node's result is kept under: its class and all its inputs, also those that the node doesn't know."""
    entry = prompt[node]
    inputs = {
        name: ["link", signature(prompt, value[0]), value[1]] if is_link(value) else value
        for name, value in sorted(entry["inputs"].items())
    }
    return json.dumps([entry["class_type"], inputs])


# -- what nodes do ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Canvas:
    """A latent or a picture: its size, and of which seed it is."""

    width: int
    height: int
    seed: int | None = None


class Raised(Exception):
    """A node's exception, as `execution_error` tells it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def outcome(class_type: str, inputs: Json, files: Mapping[str, bytes]) -> tuple[Any, ...]:
    """A node's outputs. `inputs` with links followed."""
    if class_type in ("EmptyLatentImage", "EmptySD3LatentImage"):
        return (Canvas(inputs["width"] // 8 * 8, inputs["height"] // 8 * 8),)
    if class_type == "KSampler":
        before: Canvas = inputs["latent_image"]
        return (Canvas(before.width, before.height, inputs["seed"]),)
    if class_type in ("LatentUpscale", "ImageScale"):
        before = inputs.get("samples") or inputs["image"]
        return (Canvas(inputs["width"], inputs["height"], before.seed),)
    if class_type == "ImageUpscaleWithModel":
        before = inputs["image"]
        return (Canvas(before.width * 4, before.height * 4, before.seed),)
    if class_type in ("LoadImage", "LoadImageMask"):
        with Image.open(io.BytesIO(files[inputs["image"]])) as opened:
            canvas = Canvas(*opened.size, 1)
        return (canvas, canvas)
    if class_type == "ImageCompositeMasked":
        below: Canvas = inputs["destination"]
        return (Canvas(below.width, below.height, inputs["source"].seed),)
    if class_type in ("VAEDecode", "SetLatentNoiseMask"):
        return (inputs["samples"],)
    if class_type == "VAEEncode":
        return (inputs["pixels"],)
    return (class_type, class_type, class_type)


def encoded(canvas: Canvas, prompt: Json, *, black: bool) -> bytes:
    """The PNG that PreviewImage and SaveImage write: with the graph in it."""
    color = (0, 0, 0) if black else ((canvas.seed or 0) % 200 + 30, 90, 160)
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("prompt", json.dumps(prompt))
    out = io.BytesIO()
    Image.new("RGB", (canvas.width, canvas.height), color).save(out, "PNG", pnginfo=chunks, compress_level=1)
    return out.getvalue()
