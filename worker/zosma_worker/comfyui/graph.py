"""The graph that makes one picture: a workflow with values in its places, and without what a request leaves out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_worker.comfyui.workflow import Graph, Workflow, is_link, sources

#: An input that no node knows. Servers drop it, but count it when they ask whether a node's result is in their cache.
MARK = "zosma"


@dataclass(frozen=True, kw_only=True)
class Lora:
    """A LoRA, as the server calls its file."""

    file: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Second:
    """The hires pass."""

    seed: int
    steps: int
    denoise: float
    width: int
    height: int
    latent_method: str | None = None
    """How latents are resized; None: the picture is made larger instead."""
    upscaler: str | None = None
    """A model that makes the picture larger; None: it is only resized."""
    plain_method: str = "lanczos"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture to make, in the server's own words. Files are as the server names them."""

    values: Mapping[str, Any]
    """Place → what stands there; places that the workflow doesn't have are left out."""
    size: tuple[int, int]
    loras: tuple[Lora, ...] = ()
    clip_skip: int = 1
    vae: str | None = None
    start: str | None = None
    """The uploaded picture that it starts from."""
    mask: str | None = None
    second: Second | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """`node id.input` → value: options."""


def build(workflow: Workflow, picture: Picture, mark: str) -> Graph:
    """The graph for `POST /prompt`. `mark` makes it another than any that ran before, for the server's cache."""
    editor = _Editor(workflow)
    for place, value in picture.values.items():
        editor.put(place, value)
    for where, value in picture.inputs.items():
        node, _, name = where.partition(".")
        editor.graph[node]["inputs"][name] = value
    _size(editor, picture)
    _start(editor, picture)
    _second(editor, picture)
    _around(editor, picture)
    return editor.finished(mark)


def _size(editor: _Editor, picture: Picture) -> None:
    wide, high = picture.size
    editor.change("size", width=wide, height=high)
    editor.change("size", only_there=True, batch_size=1)


def _start(editor: _Editor, picture: Picture) -> None:
    """Latents of a picture in place of empty ones; and the untouched part of it put back."""
    if picture.start is None:
        return
    editor.put("start-image", picture.start)
    latent = "latent-img2img"
    if picture.mask is not None:
        editor.put("mask", picture.mask)
        latent = "latent-inpaint"
        editor.redirect("picture", "picture-inpaint")
    editor.redirect("size", latent)


def _second(editor: _Editor, picture: Picture) -> None:
    second = picture.second
    if second is None:
        return
    editor.put("hires-seed", second.seed)
    editor.put("hires-steps", second.steps)
    editor.put("hires-denoise", second.denoise)
    _enlarge(editor, second)
    # Last: what the second pass is made of takes the first picture.
    editor.redirect("picture", "picture-hires")


def _enlarge(editor: _Editor, second: Second) -> None:
    """Latents resized, or the first picture resized or made larger by a model."""
    if second.latent_method is not None:
        editor.change("hires-latent", width=second.width, height=second.height)
        editor.change("hires-latent", only_there=True, upscale_method=second.latent_method)
        return
    editor.redirect("hires-latent", "hires-image")
    editor.change("hires-size", width=second.width, height=second.height)
    editor.change("hires-size", only_there=True, upscale_method=second.plain_method)
    if second.upscaler is None:
        editor.bypass("enlarged", {0: "image"})
    else:
        editor.put("upscaler", second.upscaler)


def _around(editor: _Editor, picture: Picture) -> None:
    """LoRAs, clip skip and VAE: nodes that are left out when nothing is asked of them."""
    if picture.clip_skip > 1:
        editor.put("clip-skip", -picture.clip_skip)
    else:
        editor.bypass("clip-skip", {0: "clip"})
    if picture.vae is not None:
        editor.put("vae", picture.vae)
    elif editor.value("vae") == "":
        editor.redirect_to("vae", editor.own_vae())
    editor.chain("loras", picture.loras)


class _Editor:
    """A copy of a workflow's graph, changed place by place. Places that it doesn't have are passed over."""

    def __init__(self, workflow: Workflow) -> None:
        self.graph: Graph = copy.deepcopy(workflow.graph)
        self._workflow = workflow

    def _node(self, place: str) -> str | None:
        found = self._workflow.places.get(place)
        return found.node if found else None

    def value(self, place: str) -> Any:
        found = self._workflow.places.get(place)
        return self.graph[found.node]["inputs"].get(found.input) if found else None

    def put(self, place: str, value: Any) -> None:
        found = self._workflow.places.get(place)
        if found:
            self.graph[found.node]["inputs"][found.input] = value

    def change(self, place: str, *, only_there: bool = False, **inputs: Any) -> None:
        """Sets inputs of a place's node; with `only_there` those that it has."""
        node = self._node(place)
        if node is not None:
            has = self.graph[node]["inputs"]
            has.update({name: value for name, value in inputs.items() if not only_there or name in has})

    def redirect(self, place: str, other: str) -> None:
        """What takes the first output of one place's node takes the other's, but the other itself."""
        node = self._node(other)
        if node is not None:
            self.redirect_to(place, [node, 0])

    def redirect_to(self, place: str, link: list[Any] | None) -> None:
        """What takes the first output of a place's node takes this link, but who gives it."""
        node = self._node(place)
        if node is None or link is None:
            return
        keep = self._before(link[0])
        self._relink(lambda taken, by: link if taken == [node, 0] and by not in keep else None)

    def bypass(self, place: str, ways: Mapping[int, str]) -> None:
        """Leaves a place's node out: what takes an output takes what this input takes."""
        node = self._node(place)
        if node is not None:
            inputs = self.graph[node]["inputs"]
            links = {index: inputs[name] for index, name in ways.items() if is_link(inputs.get(name))}
            self._relink(lambda taken, by: links.get(taken[1]) if taken[0] == node else None)

    def chain(self, place: str, loras: tuple[Lora, ...]) -> None:
        """One node for each LoRA, in the place of the one in the workflow."""
        node = self._node(place)
        if node is None:
            return
        if not loras:
            self.bypass(place, {0: "model", 1: "clip"})
            return
        own = self.graph[node]
        last = node
        for index, lora in enumerate(loras):
            name = node if index == 0 else f"{node}+{index}"
            entry = copy.deepcopy(own)
            entry["inputs"]["lora_name"] = lora.file
            for strength in ("strength_model", "strength_clip"):
                if strength in own["inputs"]:
                    entry["inputs"][strength] = lora.weight
            if index:
                entry["inputs"]["model"] = [last, 0]
                if "clip" in entry["inputs"]:
                    entry["inputs"]["clip"] = [last, 1]
            self.graph[name] = entry
            last = name
        links = {0: [last, 0], 1: [last, 1]}
        chained = {node, *(f"{node}+{index}" for index in range(len(loras)))}
        self._relink(lambda taken, by: links.get(taken[1]) if taken[0] == node and by not in chained else None)

    def own_vae(self) -> list[Any] | None:
        """The VAE inside the checkpoint; None when the loader gives none."""
        found = self._workflow.places["checkpoint"]
        return [found.node, 2] if found.input == "ckpt_name" else None

    def finished(self, mark: str) -> Graph:
        """What the output needs of the graph, with the sampler's node marked, and nothing left on the server's disk."""
        kept = self._before(self._workflow.output)
        graph = {node: entry for node, entry in self.graph.items() if node in kept}
        for place in ("seed", "hires-seed"):
            node = self._node(place)
            if node in graph:
                graph[node]["inputs"][MARK] = mark
        output = graph[self._workflow.output]
        output["class_type"] = "PreviewImage"
        output["inputs"] = {"images": output["inputs"].get("images")}
        return graph

    def _before(self, node: str) -> set[str]:
        """A node and everything that it needs."""
        found: set[str] = set()
        left = [node]
        while left:
            one = left.pop()
            if one in found:
                continue
            found.add(one)
            left.extend(sources(self.graph[one]))
        return found

    def _relink(self, changed: Callable[[list[Any], str], list[Any] | None]) -> None:
        """Replaces links by what `changed` (link, id of who takes it) says; None leaves one as it is."""
        for by, entry in self.graph.items():
            for name, value in entry["inputs"].items():
                if is_link(value):
                    other = changed(value, by)
                    if other is not None:
                        entry["inputs"][name] = list(other)
