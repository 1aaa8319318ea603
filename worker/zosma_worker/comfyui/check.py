"""Whether a server would take a graph: what its own check of a prompt looks at, said with the fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zosma_worker.comfyui.node_info import ANY, COMBO, Input, NodeInfo
from zosma_worker.comfyui.workflow import Graph, is_link, label

#: Folders of ComfyUI's models/ by the inputs that name a file in them.
_FOLDERS = {
    "ckpt_name": "checkpoints", "unet_name": "diffusion_models", "vae_name": "vae", "lora_name": "loras",
    "model_name": "upscale_models", "clip_name": "text_encoders", "clip_name1": "text_encoders",
    "clip_name2": "text_encoders", "clip_name3": "text_encoders", "control_net_name": "controlnet",
}  # fmt: skip
#: Whether these files are there is looked at only when the prompt comes.
_UPLOADED = ("LoadImage", "LoadImageMask")


def problems_in(graph: Graph, nodes: Mapping[str, NodeInfo]) -> list[str]:
    """What a server with these nodes has against a graph, by node; [] when it takes it."""
    problems: list[str] = []
    for node, entry in graph.items():
        info = nodes.get(entry["class_type"])
        if info is None:
            problems.append(f"{label(graph, node)}: this ComfyUI has no such node: install what brings it")
            continue
        for name, wanted in info.inputs.items():
            problem = _problem(graph, nodes, node, name, wanted)
            if problem:
                problems.append(f"{label(graph, node)}: {problem}")
    return problems


def _problem(graph: Graph, nodes: Mapping[str, NodeInfo], node: str, name: str, wanted: Input) -> str:
    inputs = graph[node]["inputs"]
    if name not in inputs:
        return f"its input {name} is missing" if wanted.required else ""
    value = inputs[name]
    if is_link(value):
        return _wrong_link(graph, nodes, value, name, wanted)
    if isinstance(value, list):
        return f"its input {name} is a list: only links may be"
    if wanted.choices is not None and graph[node]["class_type"] not in _UPLOADED:
        return _not_in_list(name, value, wanted.choices)
    if wanted.type in ("INT", "FLOAT"):
        return _wrong_number(name, value, wanted)
    return ""


def _wrong_link(graph: Graph, nodes: Mapping[str, NodeInfo], link: list[Any], name: str, wanted: Input) -> str:
    source, index = link
    given = nodes.get(graph[source]["class_type"])
    if given is None:
        return ""  # said of that node
    if not 0 <= index < len(given.outputs):
        return f"its input {name} takes output {index} of {label(graph, source)}, which has {len(given.outputs)}"
    kind = given.outputs[index]
    loose = ANY in (kind, wanted.type) or COMBO in (kind, wanted.type)
    if loose or set(kind.split(",")) & set(wanted.type.split(",")):
        return ""
    return f"its input {name} takes {wanted.type}, and {label(graph, source)} gives {kind}"


def _not_in_list(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if str(value) in choices:
        return ""
    folder = _FOLDERS.get(name)
    fix = f": put it into models/{folder}" if folder else f": possible are {', '.join(choices[:8]) or 'none'}"
    return f"{name} {str(value)[:120]!r} is not there{fix}"


def _wrong_number(name: str, value: Any, wanted: Input) -> str:
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return f"{name} is {str(value)[:60]!r}, and must be a number"
    if wanted.least is not None and number < wanted.least:
        return f"{name} is {number:g}, at least {wanted.least:g} is possible"
    if wanted.most is not None and number > wanted.most:
        return f"{name} is {number:g}, at most {wanted.most:g} is possible"
    return ""
